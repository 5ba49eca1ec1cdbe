use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;

use super::decode;

#[test]
fn utf8_comes_first_and_loses_its_mark() {
    assert_eq!(decode("手帳 é".as_bytes()), "手帳 é");
    assert_eq!(decode(b"\xEF\xBB\xBFtecho"), "techo");
}

#[test]
fn shift_jis_is_known_by_its_japanese() {
    for text in ["今度のバージョンでは", "ﾃﾞｻﾞｲﾝQR\r\nhttp://example/", "東京都 1-2-3"] {
        assert_eq!(decode(&SHIFT_JIS.encode(text).0), text);
    }
}

#[test]
fn latin_letters_that_are_kanji_too_stay_latin() {
    for text in ["Général", "E=mc²", "Straße 5", "10 £"] {
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        assert_eq!(decode(&bytes), text);
    }
}

#[test]
fn utf16_is_known_by_its_mark() {
    assert_eq!(decode(b"\xFE\xFF\x62\x4B\x5E\x33"), "手帳");
    assert_eq!(decode(b"\xFF\xFE\x4B\x62\x33\x5E"), "手帳");
}

#[test]
fn what_is_neither_is_latin1() {
    assert_eq!(decode(b"caf\xE9"), "café");
    assert_eq!(decode(b"\x01\xFE\x90\x80"), "\u{1}\u{FE}\u{90}\u{80}");
}

proptest! {
    #[test]
    fn any_string_is_itself(text in "\\PC{0,60}") {
        prop_assert_eq!(decode(text.as_bytes()), text);
    }

    #[test]
    fn any_bytes_have_a_text(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(decode(&bytes).is_empty(), bytes.is_empty() || bytes == b"\xEF\xBB\xBF");
    }
}

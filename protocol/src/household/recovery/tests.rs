use proptest::prelude::*;

use super::*;
use crate::basics::random::SeededRandom;

fn words(language: Language, entropy: [u8; 16]) -> RecoveryWords {
    RecoveryWords {
        entropy: entropy.into(),
        language,
    }
}

fn parse(text: &str) -> Result<RecoveryWords, RecoveryError> {
    RecoveryWords::parse(None, text)
}

/// The first vectors of BIP-39 (trezor/python-mnemonic, `vectors.json`).
const ZEROES: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const SEVEN_FS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

#[test]
fn bip_39_vectors() {
    assert_eq!(*words(Language::English, [0; 16]).text(), ZEROES);
    assert_eq!(*words(Language::English, [0x7f; 16]).text(), SEVEN_FS);
    assert_eq!(parse(SEVEN_FS), Ok(words(Language::English, [0x7f; 16])));
}

#[test]
fn keys_vector() {
    let public = parse(SEVEN_FS).unwrap().keys().public();
    assert_eq!(hex::encode(public.locator), "c3d41cb23f69e5f42e108df481314383");
    assert_eq!(
        hex::encode(public.signing.0),
        "7f68a522f624aba2e38e77d93f16a942ccee11214fc2428d5dfe9a24dd175098"
    );
    assert_eq!(
        hex::encode(public.sealing),
        "cb3cca068b2fd25d3f20e5868c281c8b2fcc2a68ec866e2644e3b4d7f3d19e54"
    );
}

#[test]
fn a_text_in_each_language() {
    let texts = [
        (Language::English, SEVEN_FS),
        (
            Language::Japanese,
            "そつう れきだい ほんやく わかす りくつ ばいか ろせん やちん そつう れきだい ほんやく わかめ",
        ),
        (
            Language::Korean,
            "실장 활동 큰절 흔적 형제 제대로 훈련 한글 실장 활동 큰절 흔히",
        ),
        (Language::SimplifiedChinese, "枪 疫 霉 尝 俩 闹 饿 贤 枪 疫 霉 卿"),
    ];
    for (language, text) in texts {
        let words = words(language, [0x7f; 16]);
        assert_eq!(*words.text(), text);
        // The same entropy is the same household, whatever the list.
        assert_eq!(words.keys().public(), parse(SEVEN_FS).unwrap().keys().public());
        assert_eq!(parse(text).unwrap().language(), language);
    }
}

#[test]
fn is_forgiving_about_form() {
    let expected = words(Language::English, [0x7f; 16]);
    let wide: String = SEVEN_FS
        .chars()
        .map(|c| {
            if c == ' ' {
                '\u{3000}'
            } else {
                char::from_u32(c as u32 + 0xFEE0).unwrap()
            }
        })
        .collect();
    for text in [
        &SEVEN_FS.to_uppercase(),
        &format!("\u{3000}\n{}\t\r\n", SEVEN_FS.replace(' ', " \u{a0}\n")),
        &wide,
        &wide.to_uppercase(),
    ] {
        assert_eq!(parse(text), Ok(expected.clone()), "{text:?}");
    }
    for language in Language::ALL {
        let expected = words(language, [0x7f; 16]);
        let text = expected.text().to_string();
        assert_eq!(parse(&text.nfkd().collect::<String>()), Ok(expected.clone()));
        assert_eq!(parse(&text.replace(' ', "\u{3000}")), Ok(expected));
    }
    let chinese = words(Language::SimplifiedChinese, [0x7f; 16]);
    assert_eq!(parse(&chinese.text().replace(' ', "")), Ok(chinese));
}

#[test]
fn says_what_is_wrong_without_saying_a_word() {
    let swapped = SEVEN_FS.replace("legal winner thank year", "winner legal thank year");
    let misspelt = SEVEN_FS.replace("year", "yeer");
    let cases = [
        ("", RecoveryError::WrongCount { count: 0 }),
        ("legal winner thank", RecoveryError::WrongCount { count: 3 }),
        // A phrase of 15 words, as wallets have, is none of ours.
        (&"abandon ".repeat(15), RecoveryError::WrongCount { count: 15 }),
        (&misspelt, RecoveryError::UnknownWord { position: 4 }),
        (&swapped, RecoveryError::WrongChecksum),
    ];
    for (text, error) in cases {
        assert_eq!(parse(text), Err(error.clone()), "{text}");
        assert!(!format!("{error} {error:?}").contains("winner"));
    }
    // Words of two lists: the place is counted in the one that knows most.
    let mixed = SEVEN_FS.replace("thank", words(Language::Korean, [0; 16]).text().split(' ').next().unwrap());
    assert_eq!(parse(&mixed), Err(RecoveryError::UnknownWord { position: 3 }));
    assert_eq!(
        RecoveryWords::parse(Some(Language::Korean), SEVEN_FS),
        Err(RecoveryError::UnknownWord { position: 1 })
    );
}

#[test]
fn no_word_is_in_two_lists() {
    let mut seen = std::collections::BTreeSet::new();
    for language in Language::ALL {
        for word in language.list().word_list() {
            assert!(seen.insert(*word), "{word}");
        }
    }
    assert_eq!(seen.len(), Language::ALL.len() * 2_048);
}

#[test]
fn the_list_for_a_language() {
    for (tag, language) in [
        ("ja", Language::Japanese),
        ("ja_JP.UTF-8", Language::Japanese),
        ("ko-KR", Language::Korean),
        ("zh-Hans", Language::SimplifiedChinese),
        ("zh_CN", Language::SimplifiedChinese),
        ("zh-Hant-TW", Language::English),
        ("zh_TW", Language::English),
        ("vi", Language::English),
        ("en-GB", Language::English),
        ("", Language::English),
    ] {
        assert_eq!(Language::of_tag(tag), language, "{tag}");
    }
}

#[test]
fn debug_shows_neither_words_nor_keys() {
    let words = words(Language::English, [0x7f; 16]);
    assert_eq!(
        format!("{words:?}"),
        "RecoveryWords { entropy: Secret<16>(..), language: English }"
    );
}

#[test]
fn new_words_differ_and_open_what_is_sealed_to_them() {
    let random = SeededRandom::new(1);
    let one = RecoveryWords::generate(Language::English, &random).unwrap();
    let two = RecoveryWords::generate(Language::English, &random).unwrap();
    assert_ne!(one, two);
    let public = one.keys().public();
    let sealed = crate::basics::hpke_seal::seal_to(&public.sealing, b"info", b"", b"epoch", &random).unwrap();
    let again = parse(&one.text()).unwrap().keys();
    assert_eq!(
        *crate::basics::hpke_seal::open_with(&again.sealing, b"info", b"", &sealed).unwrap(),
        b"epoch"
    );
    assert_eq!(
        crate::basics::hpke_seal::open_with(&two.keys().sealing, b"info", b"", &sealed),
        None
    );
    assert!(public.signing.verifies(b"message", &again.signing.sign(b"message")));
}

proptest! {
    #[test]
    fn comes_back(entropy in any::<[u8; 16]>(), language in prop::sample::select(Language::ALL.to_vec())) {
        let words = words(language, entropy);
        prop_assert_eq!(parse(&words.text()), Ok(words.clone()));
        prop_assert_eq!(RecoveryWords::parse(Some(language), &words.text()), Ok(words.clone()));
        let mut bytes = Vec::new();
        let public = words.keys().public();
        ciborium::into_writer(&public, &mut bytes).unwrap();
        prop_assert_eq!(ciborium::from_reader::<RecoveryPublic, _>(&bytes[..]).unwrap(), public);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        if let Ok(words) = parse(&text) {
            prop_assert_eq!(parse(&words.text()), Ok(words));
        }
    }

    #[test]
    fn any_twelve_words_are_read_or_refused(indices in prop::collection::vec(0..2_048_usize, 12), language in prop::sample::select(Language::ALL.to_vec())) {
        let text: Vec<&str> = indices.iter().map(|at| language.list().word_list()[*at]).collect();
        match parse(&text.join(" ")) {
            Ok(words) => prop_assert_eq!(words.text().nfkd().collect::<String>(), text.join(" ")),
            Err(error) => prop_assert_eq!(error, RecoveryError::WrongChecksum),
        }
    }
}

use proptest::prelude::*;

use super::{Message, read};

/// Packs (value, width) pairs, first bit first.
fn pack(fields: &[(u32, usize)]) -> Vec<u8> {
    let bits: Vec<bool> = fields
        .iter()
        .flat_map(|&(value, width)| (0..width).rev().map(move |i| value >> i & 1 == 1))
        .collect();
    bits.chunks(8)
        .map(|byte| {
            byte.iter()
                .enumerate()
                .fold(0, |sum, (i, &bit)| sum | u8::from(bit) << (7 - i))
        })
        .collect()
}

fn said(fields: &[(u32, usize)], version: usize) -> String {
    read(&pack(fields), version).unwrap().text
}

#[test]
fn digits_of_the_standards_example() {
    // ISO/IEC 18004:2015, section 7.4.3: 01234567.
    assert_eq!(said(&[(1, 4), (8, 10), (12, 10), (345, 10), (67, 7), (0, 4)], 1), "01234567");
}

#[test]
fn letters_of_the_standards_example() {
    // ISO/IEC 18004:2015, section 7.4.4: AC-42.
    assert_eq!(said(&[(2, 4), (5, 9), (462, 11), (1849, 11), (2, 6), (0, 4)], 1), "AC-42");
}

#[test]
fn kanji_of_the_standards_example() {
    // ISO/IEC 18004:2015, section 7.4.6: 935F and E4AA.
    assert_eq!(said(&[(8, 4), (2, 8), (0xD9F, 13), (0x1AAA, 13), (0, 4)], 1), "点茗");
}

#[test]
fn hanzi_are_read() {
    // GB/T 18284-2000: B0A2 is 阿.
    let packed = (0xB0A2 - 0xA6A1) >> 8;
    let low = (0xB0A2 - 0xA6A1) & 0xFF;
    assert_eq!(said(&[(13, 4), (1, 4), (1, 8), (packed * 0x60 + low, 13), (0, 4)], 1), "阿");
}

#[test]
fn counts_are_wider_in_larger_versions() {
    assert_eq!(said(&[(1, 4), (1, 12), (7, 4), (0, 4)], 10), "7");
    assert_eq!(said(&[(1, 4), (1, 14), (7, 4), (0, 4)], 27), "7");
    assert_eq!(said(&[(4, 4), (1, 16), (0x41, 8), (0, 4)], 27), "A");
}

#[test]
fn fnc1_turns_a_per_cent_sign_into_the_separator() {
    // A%B%%C with FNC1 in first position, then without.
    let letters = [
        (2, 4),
        (6, 9),
        (10 * 45 + 38, 11),
        (11 * 45 + 38, 11),
        (38 * 45 + 12, 11),
        (0, 4),
    ];
    assert_eq!(said(&[&[(5, 4)], &letters[..]].concat(), 1), "A\u{1D}B%C");
    assert_eq!(said(&[&[(9, 4), (37, 8)], &letters[..]].concat(), 1), "A\u{1D}B%C");
    assert_eq!(said(&letters, 1), "A%B%%C");
}

#[test]
fn structured_append_gives_the_parts_text() {
    assert_eq!(
        said(
            &[(3, 4), (0x12, 8), (0xAB, 8), (4, 4), (2, 8), (0x48, 8), (0x69, 8), (0, 4)],
            1
        ),
        "Hi"
    );
}

#[test]
fn a_named_character_set_is_used() {
    let byte_e9 = [(4, 4), (2, 8), (0xC3, 8), (0xA9, 8), (0, 4)];
    assert_eq!(said(&[&[(7, 4), (3, 8)], &byte_e9[..]].concat(), 1), "Ã©", "Latin-1");
    assert_eq!(said(&[&[(7, 4), (26, 8)], &byte_e9[..]].concat(), 1), "é", "UTF-8");
    assert_eq!(
        said(
            &[&[(7, 4), (0x8014, 16)][..], &[(4, 4), (2, 8), (0x93, 8), (0x5F, 8), (0, 4)]].concat(),
            1
        ),
        "点",
        "Shift_JIS, two bytes"
    );
    assert_eq!(
        said(&[&[(7, 4), (0x00C0_001A, 24)], &byte_e9[..]].concat(), 1),
        "é",
        "UTF-8, three bytes"
    );
}

#[test]
fn each_stretch_has_its_own_character_set() {
    let fields = [
        (7, 4),
        (26, 8),
        (4, 4),
        (2, 8),
        (0xC3, 8),
        (0xA9, 8),
        (8, 4),
        (1, 8),
        (0xD9F, 13),
        (0, 4),
    ];
    assert_eq!(said(&fields, 1), "é点");
}

#[test]
fn kanji_and_bytes_of_one_japanese_text_go_together() {
    // Half-width katakana as bytes, alone too few to be known as Japanese, beside a kanji.
    let fields = [(4, 4), (1, 8), (0xB1, 8), (8, 4), (1, 8), (0xD9F, 13), (0, 4)];
    assert_eq!(said(&fields, 1), "ｱ点");
}

#[test]
fn a_segment_cut_short_is_refused() {
    assert_eq!(read(&pack(&[(4, 4), (200, 8), (0x41, 8)]), 1), None);
    assert_eq!(read(&pack(&[(6, 4)]), 1), None);
    assert_eq!(
        read(&[], 1),
        Some(Message {
            bytes: Vec::new(),
            text: String::new()
        })
    );
}

proptest! {
    #[test]
    fn any_data_is_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..300), version in 1_usize..41) {
        let _ = read(&data, version);
    }
}

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

use super::{
    VERSIONS, alignment_positions, format_code, known_modules, nearest_format, nearest_version, reserved, side, version_code,
};

#[test]
fn known_modules_are_those_of_a_drawn_code() {
    for version in VERSIONS {
        let fixed = Version::new(u8::try_from(version).unwrap());
        let code =
            QrCode::encode_segments_advanced(&[QrSegment::make_bytes(b"x")], QrCodeEcc::Low, fixed, fixed, None, false).unwrap();
        for known in known_modules(version, &super::alignment_centres(version)) {
            let (x, y) = (i32::try_from(known.x).unwrap(), i32::try_from(known.y).unwrap());
            assert_eq!(code.get_module(x, y), known.dark, "version {version}, column {x}, row {y}");
        }
    }
}

#[test]
fn alignment_positions_of_the_standards_table() {
    // ISO/IEC 18004:2015, Annex E.
    assert!(alignment_positions(1).is_empty());
    assert_eq!(alignment_positions(2), [6, 18]);
    assert_eq!(alignment_positions(7), [6, 22, 38]);
    assert_eq!(alignment_positions(32), [6, 34, 60, 86, 112, 138]);
    assert_eq!(alignment_positions(36), [6, 24, 50, 76, 102, 128, 154]);
    assert_eq!(alignment_positions(40), [6, 30, 58, 86, 114, 142, 170]);
}

#[test]
fn data_modules_are_as_many_as_the_standard_says() {
    // ISO/IEC 18004:2015, table 1: data modules except remainder bits, rounded to codewords.
    for (version, codewords) in [(1, 26), (2, 44), (6, 172), (7, 196), (14, 581), (27, 1828), (40, 3706)] {
        let free = reserved(version).iter().filter(|&&r| !r).count();
        assert_eq!(free / 8, codewords, "version {version}");
        assert_eq!(reserved(version).len(), side(version) * side(version));
    }
}

#[test]
fn format_words_of_the_standards_example() {
    // ISO/IEC 18004:2015, section 7.9.1: level M, mask 101.
    assert_eq!(format_code(0b00101), 0b100_0000_1100_1110);
}

#[test]
fn version_words_of_the_standards_example() {
    // ISO/IEC 18004:2015, section 7.10: version 7.
    assert_eq!(version_code(7), 0b00_0111_1100_1001_0100);
}

#[test]
fn three_wrong_bits_are_corrected() {
    for data in 0..32 {
        let code = format_code(data);
        assert_eq!(nearest_format([code ^ 0b100_0000_1000_0001, code ^ 0b11]), (data, 5));
        // One copy under a dark stain.
        assert_eq!(nearest_format([0x7FFF, code]).0, data);
    }
    for version in 7..=40 {
        let wrong = version_code(version) ^ 0b10_0000_0100_0000_0001;
        assert_eq!(nearest_version(wrong), (version as usize, 3));
    }
}

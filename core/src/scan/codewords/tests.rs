#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the numbers of a test are small"
)]

use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

use super::read;
use crate::scan::level::Level;
use crate::scan::sample::Bits;
use crate::scan::segments;

const LEVELS: [(QrCodeEcc, Level); 4] = [
    (QrCodeEcc::Low, Level::L),
    (QrCodeEcc::Medium, Level::M),
    (QrCodeEcc::Quartile, Level::Q),
    (QrCodeEcc::High, Level::H),
];

fn drawn(version: usize, ecc: QrCodeEcc, mask: u8) -> Bits {
    let fixed = Version::new(u8::try_from(version).unwrap());
    let segment = QrSegment::make_bytes(b"techo");
    let code = QrCode::encode_segments_advanced(&[segment], ecc, fixed, fixed, Some(Mask::new(mask)), false).unwrap();
    Bits::from_fn(17 + 4 * version, |x, y| code.get_module(x as i32, y as i32))
}

#[test]
fn every_version_and_level_is_read_as_rqrr_reads_it() {
    for version in 1..=40 {
        for (ecc, level) in LEVELS {
            let mask = u8::try_from(version % 8).unwrap();
            let bits = drawn(version, ecc, mask);
            let own = segments::read(&read(&bits, level, mask).unwrap(), version).unwrap();
            assert_eq!(own.text, "techo", "version {version} {level:?}");
            let grid = rqrr::SimpleGrid::from_func(bits.side(), |x, y| bits.dark(x, y));
            let mut by_rqrr = Vec::new();
            rqrr::Grid::new(grid).decode_to(&mut by_rqrr).unwrap();
            assert_eq!(own.bytes, by_rqrr, "version {version} {level:?}");
        }
    }
}

#[test]
fn a_stain_is_corrected() {
    let whole = drawn(10, QrCodeEcc::High, 3);
    let stained = Bits::from_fn(57, |x, y| {
        ((20..32).contains(&x) && (20..32).contains(&y)) || whole.dark(x, y)
    });
    assert_ne!(stained, whole);
    assert_eq!(read(&stained, Level::H, 3), read(&whole, Level::H, 3));
}

#[test]
fn a_code_half_covered_is_refused() {
    let whole = drawn(10, QrCodeEcc::Low, 3);
    assert_eq!(read(&Bits::from_fn(57, |x, y| x < 30 || whole.dark(x, y)), Level::L, 3), None);
    assert_eq!(read(&Bits::from_fn(3, |_, _| true), Level::L, 3), None);
}

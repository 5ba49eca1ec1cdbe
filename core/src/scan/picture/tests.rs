#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the numbers of a test are small"
)]

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgba, RgbaImage};
use proptest::prelude::*;

use super::decode;
use crate::scan::ScanError;

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Dark at the left, light at the right.
fn ramp(width: u32, height: u32) -> DynamicImage {
    GrayImage::from_fn(width, height, |x, _| Luma([(x * 255 / width) as u8])).into()
}

#[test]
fn every_kind_of_file_is_decoded() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        let picture = decode(&file(&ramp(40, 20).to_rgb8().into(), format)).unwrap();
        assert_eq!((picture.width(), picture.height()), (40, 20), "{format:?}");
        assert!(picture.row(10)[2] < 60 && picture.row(10)[37] > 190, "{format:?}");
    }
}

#[test]
fn what_is_transparent_is_white() {
    let clear: DynamicImage = RgbaImage::from_pixel(3, 2, Rgba([0, 0, 0, 0])).into();
    assert_eq!(decode(&file(&clear, ImageFormat::Png)).unwrap().row(0), [255; 3]);
    let half: DynamicImage = image::GrayAlphaImage::from_pixel(3, 2, LumaA([0, 128])).into();
    assert_eq!(decode(&file(&half, ImageFormat::Png)).unwrap().row(0), [127; 3]);
}

#[test]
fn sixteen_bits_are_brought_to_eight() {
    let deep: DynamicImage = image::ImageBuffer::<Luma<u16>, Vec<u16>>::from_pixel(2, 2, Luma([0x8000])).into();
    assert_eq!(decode(&file(&deep, ImageFormat::Png)).unwrap().row(1), [128; 2]);
}

#[test]
fn a_turned_photograph_stands_upright() {
    let jpeg = file(&ramp(40, 20), ImageFormat::Jpeg);
    // EXIF orientation 6: the first row is the right side (Exif 2.32, section 4.6.4).
    let exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let turned = [&jpeg[..2], &[0xFF, 0xE1], &length, exif, &jpeg[2..]].concat();
    let picture = decode(&turned).unwrap();
    assert_eq!((picture.width(), picture.height()), (20, 40));
    assert!(picture.row(2)[10] < 60 && picture.row(37)[10] > 190);
}

#[test]
fn a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() {
    // A PNG header that promises 30000 by 30000 pixels, and nothing more.
    let mut png = file(&ramp(1, 1), ImageFormat::Png);
    let side = 30_000_u32.to_be_bytes();
    png[16..20].copy_from_slice(&side);
    png[20..24].copy_from_slice(&side);
    let checksum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    assert_eq!(decode(&png).unwrap_err(), ScanError::PictureTooLarge);
}

/// The checksum of PNG chunks (PNG specification, Annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 },
        )
    })
}

#[test]
fn other_files_and_damaged_ones_are_told_apart() {
    assert_eq!(decode(b"no picture").unwrap_err(), ScanError::PictureFormat);
    assert_eq!(decode(b"").unwrap_err(), ScanError::PictureFormat);
    let png = file(&ramp(40, 20), ImageFormat::Png);
    assert_eq!(decode(&png[..png.len() / 2]).unwrap_err(), ScanError::PictureCorrupt);
}

proptest! {
    #[test]
    fn a_damaged_file_is_decoded_or_refused(at in any::<prop::sample::Index>(), value in any::<u8>(), kind in 0_usize..4) {
        let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif][kind];
        let mut bytes = file(&ramp(16, 16).to_rgb8().into(), format);
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = decode(&bytes);
    }
}

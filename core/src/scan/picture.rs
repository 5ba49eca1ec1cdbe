//! Picture files: PNG, JPEG, WebP and GIF, within limits that a hostile file cannot pass.

use std::io::Cursor;

use image::{DynamicImage, GrayAlphaImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::ScanError;
use super::luminance::{Luminance, MAX_SIDE};

/// Pixels a picture may have: more than any phone's camera makes.
const MAX_PIXELS: u64 = 120_000_000;
/// Memory a decoder may take, in bytes.
const MAX_MEMORY: u64 = 512 << 20;

/// Decodes a picture file, turned upright as its EXIF says; what is transparent is white.
///
/// ```
/// use techo_core::scan::{ScanError, picture};
///
/// let mut png = Vec::new();
/// image::GrayImage::from_raw(2, 1, vec![0, 200])
///     .expect("two pixels")
///     .write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)?;
/// assert_eq!(picture::decode(&png)?.row(0), [0, 200]);
/// assert_eq!(picture::decode(b"GPS").err(), Some(ScanError::PictureFormat));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ScanError::PictureFormat`] for a file of another kind, [`ScanError::PictureTooLarge`] beyond 120 million pixels,
/// [`ScanError::PictureCorrupt`] when it cannot be decoded.
pub fn decode(bytes: &[u8]) -> Result<Luminance<'static>, ScanError> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| ScanError::PictureCorrupt)?;
    if !matches!(
        reader.format(),
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif)
    ) {
        return Err(ScanError::PictureFormat);
    }
    let mut reader = reader;
    let mut limits = Limits::default();
    let side = u32::try_from(MAX_SIDE).unwrap_or(u32::MAX);
    limits.max_image_width = Some(side);
    limits.max_image_height = Some(side);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|e| refused(&e))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_MEMORY {
        return Err(ScanError::PictureTooLarge);
    }
    decoder.set_limits(limits).map_err(|e| refused(&e))?;
    // A file without a readable orientation is taken as it stands.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| refused(&e))?;
    picture.apply_orientation(orientation);
    Ok(grey(picture))
}

fn refused(error: &image::ImageError) -> ScanError {
    match error {
        image::ImageError::Limits(_) => ScanError::PictureTooLarge,
        image::ImageError::Unsupported(_) => ScanError::PictureFormat,
        _ => ScanError::PictureCorrupt,
    }
}

fn grey(picture: DynamicImage) -> Luminance<'static> {
    if picture.color().has_alpha() {
        let flat: GrayAlphaImage = picture.into_luma_alpha8();
        let (width, height) = (flat.width() as usize, flat.height() as usize);
        let bytes = flat.pixels().map(|p| over_white(p.0[0], p.0[1])).collect();
        return Luminance::packed(width, height, bytes);
    }
    let flat = picture.into_luma8();
    let (width, height) = (flat.width() as usize, flat.height() as usize);
    Luminance::packed(width, height, flat.into_raw())
}

/// A grey level of some opacity on white paper.
fn over_white(grey: u8, alpha: u8) -> u8 {
    let mixed = (u32::from(grey) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
    u8::try_from(mixed).unwrap_or(255)
}

#[cfg(test)]
mod tests;

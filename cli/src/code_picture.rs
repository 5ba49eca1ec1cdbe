//! A QR code as a PNG picture, for a phone's camera or a printer.

use std::path::Path;

use techo_protocol::basics::qr::Qr;

use crate::Failure;
use crate::failure::CliError;
use crate::file::write_private;

/// Pixels of one module.
const SCALE: usize = 6;

/// Draws a text's code into a file.
///
/// # Errors
/// The text is too long, or the file cannot be written.
pub fn write(text: &str, path: &Path) -> Result<(), Failure> {
    let (pixels, side) = Qr::of(text)?.to_grey(SCALE);
    let picture = encode(&pixels, side).ok_or(CliError::FileUnwritable)?;
    write_private(path, &picture)
}

fn encode(pixels: &[u8], side: usize) -> Option<Vec<u8>> {
    let side = u32::try_from(side).ok()?;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

//! Drawing QR codes (ISO/IEC 18004) at level M, trailing digits in numeric mode.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

/// Light modules around a code.
pub const QUIET_ZONE: usize = 4;

crate::coded_errors! {
    /// Why a QR code could not be drawn.
    pub enum QrError {
        /// The text does not fit the largest QR code.
        TooLong = "qr.too_long", "This text is too long for a QR code.", "Shorten it.";
    }
}

/// A QR code, not yet drawn at any size.
///
/// ```
/// use techo_protocol::basics::qr::{Qr, QrError};
/// let digits = Qr::of(&"7".repeat(371))?;
/// let letters = Qr::of(&"x".repeat(371))?;
/// assert_eq!((digits.version(), letters.version()), (9, 15), "digits cost less than half");
/// assert_eq!(digits.modules(), 17 + 4 * 9);
/// assert!(Qr::of(&"x".repeat(3_000)).is_err());
/// # Ok::<(), QrError>(())
/// ```
#[derive(Clone)]
pub struct Qr(QrCode);

impl Qr {
    /// The smallest code at level M that holds `text`.
    ///
    /// # Errors
    /// [`QrError::TooLong`] where none does.
    pub fn of(text: &str) -> Result<Self, QrError> {
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (head, tail) = text.split_at(text.len() - digits);
        // Only long runs pay for a segment of their own.
        let segments = if digits >= 16 && !head.is_empty() {
            vec![QrSegment::make_bytes(head.as_bytes()), QrSegment::make_numeric(tail)]
        } else {
            QrSegment::make_segments(text)
        };
        QrCode::encode_segments_advanced(&segments, QrCodeEcc::Medium, Version::MIN, Version::MAX, None, false)
            .map(Self)
            .map_err(|_| QrError::TooLong)
    }

    /// The version, 1 to 40.
    pub fn version(&self) -> u8 {
        self.0.version().value()
    }

    /// Modules a side, without the quiet zone.
    pub fn modules(&self) -> usize {
        usize::try_from(self.0.size()).unwrap_or(0)
    }

    /// Whether a module is dark; columns and rows from 0 at the top left. Outside the code everything is light.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        match (i32::try_from(column), i32::try_from(row)) {
            (Ok(x), Ok(y)) => self.0.get_module(x, y),
            _ => false,
        }
    }

    /// Grey pixels with the quiet zone, `scale` pixels a module, row by row; and the pixels a side.
    pub fn to_grey(&self, scale: usize) -> (Vec<u8>, usize) {
        let side = (self.modules() + 2 * QUIET_ZONE) * scale;
        let mut pixels = vec![255; side * side];
        for (index, pixel) in pixels.iter_mut().enumerate() {
            let (column, row) = (index % side / scale, index / side / scale);
            if column >= QUIET_ZONE && row >= QUIET_ZONE && self.is_dark(column - QUIET_ZONE, row - QUIET_ZONE) {
                *pixel = 0;
            }
        }
        (pixels, side)
    }

    /// The dark modules as the data of an SVG path, one unit a module, shifted by the quiet zone.
    pub fn to_svg_path(&self) -> String {
        let mut path = String::new();
        for row in 0..self.modules() {
            let mut column = 0;
            while column < self.modules() {
                let run = (column..self.modules()).take_while(|&c| self.is_dark(c, row)).count();
                if run > 0 {
                    // Writing to a string does not fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", column + QUIET_ZONE, row + QUIET_ZONE);
                }
                column += run.max(1);
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_go_in_numeric_mode() {
        let text = format!("https://techo.example/v#{}", "7".repeat(371));
        assert_eq!(Qr::of(&text).unwrap().version(), 9);
        assert_eq!(Qr::of(&"7".repeat(4_000)).unwrap().version(), 34);
        assert_eq!(Qr::of(&"x".repeat(3_000)).err(), Some(QrError::TooLong));
    }

    #[test]
    fn grey_and_path_show_the_same_modules() {
        let qr = Qr::of("techo").unwrap();
        let (pixels, side) = qr.to_grey(2);
        assert_eq!((pixels.len(), side), (58 * 58, 58));
        let dark = pixels.iter().map(|&pixel| usize::from(pixel == 0)).sum::<usize>() / 4;
        let path = qr.to_svg_path();
        let runs = path.split('M').skip(1).map(|run| {
            run.split_once('h')
                .unwrap()
                .1
                .split_once('v')
                .unwrap()
                .0
                .parse::<usize>()
                .unwrap()
        });
        assert_eq!(runs.sum::<usize>(), dark);
    }
}

//! The paper that a sheet is drawn on, pixel by pixel.

use super::layout::{HEIGHT, WIDTH};

/// White paper that letters are drawn on.
pub(super) struct Canvas(Vec<u8>);

impl Canvas {
    /// A white sheet.
    pub fn new() -> Self {
        Self(vec![255; WIDTH * HEIGHT])
    }

    /// The pixels, row by row, a byte of grey each.
    pub fn pixels(&self) -> &[u8] {
        &self.0
    }

    /// Darkens a pixel by `ink`, 0 to 255; outside the sheet nothing happens.
    pub fn darken(&mut self, x: i64, y: i64, ink: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x < WIDTH
            && let Some(pixel) = self.0.get_mut(y * WIDTH + x)
        {
            *pixel = pixel.saturating_sub(ink);
        }
    }
}

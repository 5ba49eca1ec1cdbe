//! A picture as the scanner sees it: one byte of grey a pixel.

use std::borrow::Cow;

use super::ScanError;

/// The longest side a picture may have, in pixels; keeps every coordinate exact in the arithmetic of the scanner.
pub const MAX_SIDE: usize = 1 << 15;

/// A grey picture: 0 is black, 255 white. Borrows a camera's plane, or owns its bytes.
#[derive(Debug, Clone)]
pub struct Luminance<'a> {
    width: usize,
    height: usize,
    stride: usize,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Luminance<'a> {
    /// A picture of `width` by `height` pixels over rows that start `stride` bytes apart.
    ///
    /// The Y plane of a camera's frame is such a picture and is not copied.
    ///
    /// ```
    /// use techo_core::scan::{Luminance, ScanError};
    ///
    /// // Two rows of three pixels; each row takes four bytes in the camera's buffer.
    /// let plane = [0, 128, 255, 0, 10, 20, 30, 0];
    /// let picture = Luminance::new(3, 2, 4, &plane[..])?;
    /// assert_eq!(picture.row(1), [10, 20, 30]);
    /// assert_eq!(Luminance::new(3, 3, 4, &plane[..]).err(), Some(ScanError::FrameShape));
    /// # Ok::<(), ScanError>(())
    /// ```
    ///
    /// # Errors
    /// [`ScanError::PictureTooLarge`] for a side over `MAX_SIDE`, [`ScanError::FrameShape`] when the bytes do not hold that many rows.
    pub fn new(width: usize, height: usize, stride: usize, bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, ScanError> {
        let bytes = bytes.into();
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(ScanError::PictureTooLarge);
        }
        let needed = match height.checked_sub(1) {
            Some(rows) => rows.checked_mul(stride).and_then(|n| n.checked_add(width)),
            None => Some(0),
        };
        if stride < width || needed.is_none_or(|n| n > bytes.len()) {
            return Err(ScanError::FrameShape);
        }
        Ok(Self {
            width,
            height,
            stride,
            bytes,
        })
    }

    /// A picture whose rows follow each other without a gap; `bytes` is cut or filled with white to fit.
    pub(crate) fn packed(width: usize, height: usize, mut bytes: Vec<u8>) -> Luminance<'static> {
        bytes.resize(width * height, 255);
        Luminance {
            width,
            height,
            stride: width,
            bytes: Cow::Owned(bytes),
        }
    }

    /// The number of pixels in a row, without padding.
    ///
    /// ```
    /// use techo_core::scan::{Luminance, ScanError};
    ///
    /// // The padding at the end of a camera's rows is no part of the picture.
    /// let picture = Luminance::new(3, 2, 4, vec![0; 8])?;
    /// assert_eq!((picture.width(), picture.height()), (3, 2));
    /// # Ok::<(), ScanError>(())
    /// ```
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// One row of pixels; empty below the picture.
    ///
    /// ```
    /// use techo_core::scan::Luminance;
    ///
    /// let picture = Luminance::new(2, 1, 2, vec![1, 2])?;
    /// assert_eq!((picture.row(0), picture.row(1)), (&[1, 2][..], &[][..]));
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    pub fn row(&self, y: usize) -> &[u8] {
        if y >= self.height {
            return &[];
        }
        let start = y * self.stride;
        // `new` and `packed` made sure that each row lies within the bytes.
        &self.bytes[start..start + self.width]
    }

    /// A part of the picture, not copied; what reaches beyond the picture is cut off.
    pub(super) fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Luminance<'_> {
        let (x, y) = (x.min(self.width), y.min(self.height));
        let start = (y * self.stride + x).min(self.bytes.len());
        Luminance {
            width: width.min(self.width - x),
            height: height.min(self.height - y),
            stride: self.stride,
            bytes: Cow::Borrowed(&self.bytes[start..]),
        }
    }

    /// The bytes and how the rows lie in them: (bytes, width, height, stride).
    pub(super) fn plane(&self) -> (&[u8], usize, usize, usize) {
        (&self.bytes, self.width, self.height, self.stride)
    }

    /// The picture at half the size, each pixel the mean of four. An odd last row or column is left out.
    ///
    /// ```
    /// use techo_core::scan::Luminance;
    ///
    /// let picture = Luminance::new(2, 2, 2, vec![10, 20, 30, 40])?;
    /// assert_eq!(picture.half().row(0), [25]);
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    #[allow(clippy::cast_possible_truncation, reason = "a mean of four bytes")]
    pub fn half(&self) -> Luminance<'static> {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut bytes = vec![0_u8; width * height];
        if width > 0 {
            for (y, out) in bytes.chunks_exact_mut(width).enumerate() {
                let (upper, lower) = (self.row(2 * y), self.row(2 * y + 1));
                for ((o, a), b) in out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                    let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
                    *o = ((sum + 2) >> 2) as u8;
                }
            }
        }
        Luminance::packed(width, height, bytes)
    }

    /// The picture at twice the size, interpolated; what a finder of modules under two pixels needs to be seen.
    ///
    /// ```
    /// use techo_core::scan::Luminance;
    ///
    /// let picture = Luminance::new(1, 1, 1, vec![90])?;
    /// assert_eq!(picture.double().row(1), [90, 90]);
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    #[allow(clippy::cast_possible_truncation, reason = "sixteenths of at most 255")]
    pub fn double(&self) -> Luminance<'static> {
        let mut bytes = Vec::with_capacity(self.width * self.height * 4);
        let mut mixed = vec![0_u16; self.width];
        for y in 0..self.height {
            let row = self.row(y);
            for other in [self.row(y.saturating_sub(1)), self.row((y + 1).min(self.height - 1))] {
                for ((out, &near), &far) in mixed.iter_mut().zip(row).zip(other) {
                    *out = 3 * u16::from(near) + u16::from(far);
                }
                for x in 0..self.width {
                    let near = 3 * mixed[x];
                    let left = mixed[x.saturating_sub(1)];
                    let right = mixed[(x + 1).min(self.width - 1)];
                    bytes.push(((near + left + 8) >> 4) as u8);
                    bytes.push(((near + right + 8) >> 4) as u8);
                }
            }
        }
        Luminance::packed(self.width * 2, self.height * 2, bytes)
    }
}

#[cfg(test)]
mod tests;

//! A picture as one code sees it: dark modules are low whether or not the code is printed light on dark.

use super::geometry::Point;
use super::luminance::Luminance;

/// A view of a picture, inverted for a light code on dark ground.
#[derive(Debug, Clone, Copy)]
pub struct Shade<'a> {
    bytes: &'a [u8],
    width: usize,
    height: usize,
    stride: usize,
    inverted: bool,
}

impl<'a> Shade<'a> {
    /// Looks at `picture`, inverted or not.
    pub fn new(picture: &'a Luminance<'_>, inverted: bool) -> Self {
        let (bytes, width, height, stride) = picture.plane();
        Self {
            bytes,
            width,
            height,
            stride,
            inverted,
        }
    }

    /// The grey at a place, low where the code is dark, by bilinear interpolation; beyond the picture it is the edge's.
    #[inline]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        clippy::many_single_char_names,
        reason = "clamped to the picture, whose sides are at most 2^15"
    )]
    pub fn at(&self, p: Point) -> f32 {
        if self.width == 0 || self.height == 0 {
            return 255.0;
        }
        // `max` comes second to turn a NaN into the edge.
        let x = (p.x - 0.5).min((self.width - 1) as f32).max(0.0);
        let y = (p.y - 0.5).min((self.height - 1) as f32).max(0.0);
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let right = usize::from(column + 1 < self.width);
        let at = row * self.stride + column;
        let below = if row + 1 < self.height { at + self.stride } else { at };
        // Column and row were clamped to the picture, and a `Luminance` made sure that its rows lie within the bytes.
        let (a, b) = (f32::from(self.bytes[at]), f32::from(self.bytes[at + right]));
        let (c, d) = (f32::from(self.bytes[below]), f32::from(self.bytes[below + right]));
        let top = a + (b - a) * fx;
        let bottom = c + (d - c) * fx;
        let grey = top + (bottom - top) * fy;
        if self.inverted { 255.0 - grey } else { grey }
    }

    /// Whether a place lies in the picture.
    #[allow(clippy::cast_precision_loss, reason = "a side is at most 2^15")]
    pub fn holds(&self, p: Point) -> bool {
        p.x >= 0.0 && p.y >= 0.0 && p.x <= self.width as f32 && p.y <= self.height as f32
    }

    /// How far the outer edge of a finder is from its middle along a ray through core, light ring and dark ring, in pixels: 3.5 modules.
    ///
    /// `module` is a guess, up to half too large; `direction` has length 1.
    pub fn outer_edge(&self, middle: Point, direction: Point, module: f32) -> Option<f32> {
        const SAMPLES: usize = 64;
        // 5.5 modules reach the light beyond the finder even where the guess is a third too small.
        let step = module * 5.5 / 64.0;
        let mut profile = [0.0_f32; SAMPLES];
        let mut place = middle;
        for value in &mut profile {
            *value = self.at(place);
            place = place + direction * step;
        }
        let low = profile.iter().copied().fold(f32::MAX, f32::min);
        let high = profile.iter().copied().fold(f32::MIN, f32::max);
        let noise = (high - low) * 0.15;
        if noise < 2.0 {
            return None;
        }
        // Alternating extremes: core, light ring, dark ring, light beyond. Each ends when the value has turned back by more than noise.
        let mut extremes = [(0_usize, profile[0]); 4];
        let mut kind = 0;
        for (i, &value) in profile.iter().enumerate() {
            let wants_low = kind % 2 == 0;
            let best = extremes[kind].1;
            if (wants_low && value < best) || (!wants_low && value > best) {
                extremes[kind] = (i, value);
            } else if (wants_low && value > best + noise) || (!wants_low && value < best - noise) {
                if kind == 3 {
                    break;
                }
                kind += 1;
                extremes[kind] = (i, value);
            }
        }
        if kind < 3 {
            return None;
        }
        let mut cuts = [0.0_f32; 3];
        for (n, cut) in cuts.iter_mut().enumerate() {
            let ((from, start), (to, end)) = (extremes[n], extremes[n + 1]);
            let level = (start + end) * 0.5;
            let i = (from..to).find(|&i| (profile[i] < level) != (profile[i + 1] < level))?;
            let (before, after) = (profile[i], profile[i + 1]);
            #[allow(clippy::cast_precision_loss, reason = "an index under 64")]
            let whole = i as f32;
            *cut = (whole + (level - before) / (after - before)) * step;
        }
        let size = cuts[2] / 3.5;
        let fits = (cuts[0] / size - 1.5).abs() < 0.8 && (cuts[1] / size - 2.5).abs() < 0.7;
        (fits && size > module * 0.3).then_some(cuts[2])
    }
}

//! A camera's frame without a code, the same on every run: a lit wall with a page of text, a fence, furniture and noise.

use techo_core::scan::Luminance;

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;

/// The frame, 1280 by 720.
///
/// # Panics
/// Never: the bytes are as many as the size says.
pub fn without_code() -> Luminance<'static> {
    let mut noise = Noise(0x5EED_7EC0);
    let mut canvas = Canvas {
        greys: vec![0.0; WIDTH * HEIGHT],
    };
    canvas.wall();
    canvas.furniture();
    canvas.page(&mut noise);
    canvas.fence();
    let bytes: Vec<u8> = canvas.blurred().into_iter().map(|grey| level(grey + noise.grain())).collect();
    Luminance::new(WIDTH, HEIGHT, WIDTH, bytes).expect("the bytes are as many as the size says")
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn level(grey: f32) -> u8 {
    grey.clamp(0.0, 255.0) as u8
}

/// A linear congruential generator (Numerical Recipes, section 7.1): the frame must be the same everywhere and for ever.
struct Noise(u32);

impl Noise {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % below
    }

    /// Grain of a sensor, about 3 levels of standard deviation.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn grain(&mut self) -> f32 {
        (self.next(9) + self.next(9)) as f32 - 8.0
    }
}

struct Canvas {
    greys: Vec<f32>,
}

impl Canvas {
    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, grey: f32) {
        for y in top..(top + height).min(HEIGHT) {
            for x in left..(left + width).min(WIDTH) {
                self.greys[y * WIDTH + x] = grey;
            }
        }
    }

    /// Light from the upper left.
    #[allow(clippy::cast_precision_loss, reason = "coordinates of the frame")]
    fn wall(&mut self) {
        for (i, grey) in self.greys.iter_mut().enumerate() {
            let (x, y) = ((i % WIDTH) as f32, (i / WIDTH) as f32);
            *grey = 205.0 - x * 0.05 - y * 0.09;
        }
    }

    fn furniture(&mut self) {
        self.fill(0, 560, WIDTH, 160, 92.0);
        self.fill(60, 420, 260, 220, 58.0);
        self.fill(80, 440, 220, 60, 120.0);
        self.fill(80, 520, 220, 60, 120.0);
        self.fill(560, 80, 120, 90, 40.0);
        self.fill(572, 92, 96, 66, 170.0);
    }

    /// Lines of words made of strokes, three sizes of print.
    fn page(&mut self, noise: &mut Noise) {
        self.fill(740, 50, 480, 560, 228.0);
        let mut top = 80;
        for (size, lines) in [(26_usize, 3), (14, 10), (9, 14)] {
            for _ in 0..lines {
                let mut left = 770;
                while left + size < 1190 {
                    if noise.next(6) > 0 {
                        self.letter(left, top, size, noise);
                    }
                    left += size * 3 / 4;
                }
                top += size * 3 / 2;
            }
        }
    }

    fn letter(&mut self, left: usize, top: usize, size: usize, noise: &mut Noise) {
        let stroke = (size / 7).max(1);
        let (width, shape) = (size / 2, noise.next(64));
        for (bit, (x, y, w, h)) in [
            (0, 0, stroke, size),
            (width - stroke, 0, stroke, size),
            (0, 0, width, stroke),
            (0, size / 2, width, stroke),
            (0, size - stroke, width, stroke),
            (width / 2, 0, stroke, size),
        ]
        .into_iter()
        .enumerate()
        {
            if shape >> bit & 1 == 1 {
                self.fill(left + x, top + y, w, h, 36.0);
            }
        }
    }

    /// Upright and level bars of growing width.
    fn fence(&mut self) {
        let mut left = 340;
        for i in 0..14 {
            let width = 3 + i / 2;
            self.fill(left, 300, width, 250, 66.0);
            left += 2 * width + 3;
        }
        for i in 0..10 {
            self.fill(340, 310 + 24 * i, 220, 5, 66.0);
        }
    }

    /// A lens out of focus by a pixel: the mean of three by three.
    fn blurred(&self) -> Vec<f32> {
        let at = |x: usize, y: usize| self.greys[y.min(HEIGHT - 1) * WIDTH + x.min(WIDTH - 1)];
        let mut out = Vec::with_capacity(self.greys.len());
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let mut sum = 0.0;
                for v in y.saturating_sub(1)..=y + 1 {
                    for u in x.saturating_sub(1)..=x + 1 {
                        sum += at(u, v);
                    }
                }
                let count = if x == 0 { 2.0 } else { 3.0 } * if y == 0 { 2.0 } else { 3.0 };
                out.push(sum / count);
            }
        }
        out
    }
}

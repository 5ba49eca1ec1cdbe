//! From a located code to the colour of each module.

use super::geometry::Point;
use super::patterns;
use super::shade::Shade;

/// How dark is told from light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// A module is compared with the mean of the modules around it.
    Neighbourhood,
    /// A module is compared so after the blur that its neighbours cause was taken back.
    Sharpened,
}

/// The grey of each module of a code, row by row.
#[derive(Debug, Clone)]
pub struct Modules {
    side: usize,
    greys: Vec<f32>,
}

impl Modules {
    /// Samples each module at five places around its middle. `place` says where in the picture a place of the code, in modules, lies.
    pub fn read(shade: &Shade<'_>, place: impl Fn(Point) -> Point, version: usize) -> Self {
        const AROUND: [Point; 4] = [
            Point::new(-0.22, -0.22),
            Point::new(0.22, -0.22),
            Point::new(-0.22, 0.22),
            Point::new(0.22, 0.22),
        ];
        let side = patterns::side(version);
        let mut greys = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                let middle = patterns::centre(x, y);
                let around: f32 = AROUND.iter().map(|&d| shade.at(place(middle + d))).sum();
                greys.push((around + 2.0 * shade.at(place(middle))) / 6.0);
            }
        }
        Self { side, greys }
    }

    /// Dark or light for each module.
    pub fn judge(&self, judge: Judge) -> Bits {
        let dark = match judge {
            Judge::Neighbourhood => against_surroundings(&self.greys, self.side),
            Judge::Sharpened => against_surroundings(&self.sharpened(), self.side),
        };
        Bits { side: self.side, dark }
    }

    /// The threshold of each module.
    pub fn levels(&self) -> Vec<f32> {
        surroundings(&self.greys, self.side)
    }

    /// Each module less a share of its four neighbours.
    fn sharpened(&self) -> Vec<f32> {
        const SHARE: f32 = 0.18;
        let side = self.side;
        let mut out = Vec::with_capacity(self.greys.len());
        for y in 0..side {
            for x in 0..side {
                let at = |x: usize, y: usize| self.greys[y.min(side - 1) * side + x.min(side - 1)];
                let own = at(x, y);
                let around = at(x.saturating_sub(1), y) + at(x + 1, y) + at(x, y.saturating_sub(1)) + at(x, y + 1);
                out.push(own + SHARE * (4.0 * own - around));
            }
        }
        out
    }
}

/// The modules of a code, dark or light, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    side: usize,
    dark: Vec<bool>,
}

impl Bits {
    /// The modules that a function of column and row calls dark.
    #[cfg(test)]
    pub fn from_fn(side: usize, mut dark: impl FnMut(usize, usize) -> bool) -> Self {
        Self {
            side,
            dark: (0..side * side).map(|i| dark(i % side, i / side)).collect(),
        }
    }

    /// Modules along a side.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Whether a module is dark; light outside the code.
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.side && self.dark.get(y * self.side + x).copied().unwrap_or(false)
    }

    /// The format information, read from both its copies at once, mirrored or not; `None` when the modules hold no format information.
    pub fn format(&self) -> Option<Format> {
        let read = |copy: usize, mirrored: bool| {
            (0..15).rev().fold(0, |bits, i| {
                let (x, y) = format_places(self.side, i)[copy];
                bits << 1 | u16::from(if mirrored { self.dark(y, x) } else { self.dark(x, y) })
            })
        };
        let tries = [false, true].map(|mirrored| {
            let (data, wrong) = patterns::nearest_format([read(0, mirrored), read(1, mirrored)]);
            (wrong, Format { data, mirrored })
        });
        let (wrong, format) = tries.into_iter().min_by_key(|t| t.0)?;
        (wrong <= patterns::FORMAT_ERRORS).then_some(format)
    }

    /// Writes both copies of the format information as they must be, so that whoever reads next reads the same.
    pub fn write_format(&mut self, data: u16) {
        let code = patterns::format_code(data);
        for i in 0..15 {
            for (x, y) in format_places(self.side, i) {
                if let Some(module) = self.dark.get_mut(y * self.side + x) {
                    *module = code >> i & 1 == 1;
                }
            }
        }
    }

    /// The same modules with rows for columns, as a mirror shows them.
    pub fn transposed(&self) -> Self {
        let side = self.side;
        let dark = (0..side * side).map(|i| self.dark(i / side, i % side)).collect();
        Self { side, dark }
    }
}

/// What the format information says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Five bits: level and mask.
    pub data: u16,
    /// Whether rows and columns are exchanged.
    pub mirrored: bool,
}

/// Column and row of a bit of the format information, in its two copies (ISO/IEC 18004:2015, figure 25).
fn format_places(side: usize, bit: usize) -> [(usize, usize); 2] {
    let first = match bit {
        0..=5 => (8, bit),
        6 => (8, 7),
        7 => (8, 8),
        8 => (7, 8),
        _ => (14 - bit, 8),
    };
    [first, if bit < 8 { (side - 1 - bit, 8) } else { (8, side - 15 + bit) }]
}

/// The mean of the modules around each.
fn surroundings(greys: &[f32], side: usize) -> Vec<f32> {
    // Wide enough that no run of one colour fills it, narrow enough to follow a shadow.
    const REACH: usize = 5;
    let mut sums = vec![0.0_f32; (side + 1) * (side + 1)];
    for y in 0..side {
        let mut across = 0.0;
        for x in 0..side {
            across += greys[y * side + x];
            sums[(y + 1) * (side + 1) + x + 1] = sums[y * (side + 1) + x + 1] + across;
        }
    }
    let mut means = Vec::with_capacity(greys.len());
    for y in 0..side {
        let (top, bottom) = (y.saturating_sub(REACH), (y + REACH + 1).min(side));
        for x in 0..side {
            let (left, right) = (x.saturating_sub(REACH), (x + REACH + 1).min(side));
            let at = |x: usize, y: usize| sums[y * (side + 1) + x];
            let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
            #[allow(clippy::cast_precision_loss, reason = "at most 121 modules")]
            let count = ((right - left) * (bottom - top)) as f32;
            means.push(sum / count);
        }
    }
    means
}

fn against_surroundings(greys: &[f32], side: usize) -> Vec<bool> {
    greys
        .iter()
        .zip(surroundings(greys, side))
        .map(|(&grey, mean)| grey < mean)
        .collect()
}

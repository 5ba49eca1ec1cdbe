//! A picture at several sizes, made when they are first needed.

use super::luminance::Luminance;

/// At what size finders are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Twice the size, for modules under two pixels.
    Double,
    /// The picture as it is.
    Full,
    /// Half, for modules over four pixels, noise and blur.
    Half,
    /// A quarter of its size.
    Quarter,
}

impl Scale {
    /// Pixels of the full picture to one of this scale.
    pub const fn pixels(self) -> f32 {
        match self {
            Self::Double => 0.5,
            Self::Full => 1.0,
            Self::Half => 2.0,
            Self::Quarter => 4.0,
        }
    }
}

/// A picture and its smaller copies, made when first asked for.
#[derive(Debug)]
pub struct Pyramid<'a> {
    full: Luminance<'a>,
    double: Option<Luminance<'static>>,
    half: Option<Luminance<'static>>,
    quarter: Option<Luminance<'static>>,
}

impl<'a> Pyramid<'a> {
    /// The sizes of a picture that is already no larger than is wanted.
    pub fn new(full: Luminance<'a>) -> Self {
        Self {
            full,
            double: None,
            half: None,
            quarter: None,
        }
    }

    /// The longer side of the picture.
    pub fn long_side(&self) -> usize {
        self.full.width().max(self.full.height())
    }

    /// Makes the copies that [`Pyramid::at`] is asked for next.
    pub fn prepare(&mut self, scale: Scale) {
        match scale {
            Scale::Double if self.double.is_none() => self.double = Some(self.full.double()),
            Scale::Half | Scale::Quarter => {
                let half = self.half.get_or_insert_with(|| self.full.half());
                if scale == Scale::Quarter && self.quarter.is_none() {
                    self.quarter = Some(half.half());
                }
            }
            _ => {}
        }
    }

    /// A prepared copy; the picture itself when it was not prepared.
    pub fn at(&self, scale: Scale) -> &Luminance<'_> {
        match scale {
            Scale::Double => self.double.as_ref().unwrap_or(&self.full),
            Scale::Full => &self.full,
            Scale::Half => self.half.as_ref().unwrap_or(&self.full),
            Scale::Quarter => self.quarter.as_ref().unwrap_or(&self.full),
        }
    }
}

//! Plane geometry: points and the projective map between a code's modules and a picture's pixels.

/// A point or a vector in a picture (pixels, the first pixel's centre at 0.5, 0.5) or in a code (modules).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// The distance to the right, in pixels or modules.
    pub x: f32,
    /// The distance downwards, in pixels or modules.
    pub y: f32,
}

impl Point {
    /// A point from its coordinates.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Distance from the origin.
    pub fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The length of the line between two points.
    pub fn distance(self, other: Self) -> f32 {
        (self - other).length()
    }

    /// The scalar product of two vectors.
    pub fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// The third component of the vector product: positive when `other` lies clockwise of `self` on a screen.
    pub fn cross(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }

    /// Whether both coordinates are numbers.
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

impl std::ops::Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl std::ops::Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl std::ops::Mul<f32> for Point {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// A projective map of the plane (Hartley and Zisserman, Multiple View Geometry, section 2.3), last coefficient 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography {
    c: [f32; 8],
}

impl Homography {
    /// The map that takes each of four points to its partner, or `None` when they are in no general position.
    pub fn from_pairs(from: &[Point; 4], to: &[Point; 4]) -> Option<Self> {
        Self::fit(from.iter().copied().zip(to.iter().copied()).map(|(f, t)| (f, t, 1.0)))
    }

    /// The map of least algebraic error over weighted pairs (from, to, weight), or `None` for fewer than four in general position.
    pub fn fit(pairs: impl Iterator<Item = (Point, Point, f32)>) -> Option<Self> {
        // Normal equations of x·(1 + g·u + h·v) = a·u + b·v + c and the same for y.
        let mut m = [[0.0_f64; 9]; 8];
        for (from, to, weight) in pairs {
            let (u, v, w) = (f64::from(from.x), f64::from(from.y), f64::from(weight));
            for (target, shift) in [(f64::from(to.x), 0), (f64::from(to.y), 3)] {
                let mut row = [0.0_f64; 9];
                row[shift] = u;
                row[shift + 1] = v;
                row[shift + 2] = 1.0;
                row[6] = -u * target;
                row[7] = -v * target;
                row[8] = target;
                for i in 0..8 {
                    for j in 0..9 {
                        m[i][j] += w * row[i] * row[j];
                    }
                }
            }
        }
        solve(m).map(|c| Self { c })
    }

    /// Where a point lands. A point on the horizon lands at no finite place.
    pub fn map(&self, p: Point) -> Point {
        let c = &self.c;
        let scale = 1.0 / (c[6] * p.x + c[7] * p.y + 1.0);
        Point::new(
            (c[0] * p.x + c[1] * p.y + c[2]) * scale,
            (c[3] * p.x + c[4] * p.y + c[5]) * scale,
        )
    }

    /// Whether the horizon stays clear of the square from 0 to `side`: no point of a code can lie behind the camera.
    pub fn sees(&self, side: f32) -> bool {
        [(0.0, 0.0), (side, 0.0), (0.0, side), (side, side)]
            .iter()
            .all(|&(u, v)| self.c[6] * u + self.c[7] * v + 1.0 > 0.1)
    }
}

/// Gaussian elimination with partial pivoting.
fn solve(mut m: [[f64; 9]; 8]) -> Option<[f32; 8]> {
    for k in 0..8 {
        let pivot = (k..8).max_by(|&a, &b| m[a][k].abs().total_cmp(&m[b][k].abs()))?;
        m.swap(k, pivot);
        // The scale of the numbers is that of pixels and modules, so an absolute bound is meaningful.
        if !m[k][k].is_finite() || m[k][k].abs() < 1e-9 {
            return None;
        }
        for i in k + 1..8 {
            let factor = m[i][k] / m[k][k];
            let base = m[k];
            for (value, above) in m[i].iter_mut().zip(base).skip(k) {
                *value -= factor * above;
            }
        }
    }
    let mut x = [0.0_f64; 8];
    for k in (0..8).rev() {
        let known: f64 = (k + 1..8).map(|j| m[k][j] * x[j]).sum();
        x[k] = (m[k][8] - known) / m[k][k];
    }
    let c = x.map(to_f32);
    c.iter().all(|v| v.is_finite()).then_some(c)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a coefficient keeps enough of its digits, and infinity is refused by the caller"
)]
fn to_f32(value: f64) -> f32 {
    value as f32
}

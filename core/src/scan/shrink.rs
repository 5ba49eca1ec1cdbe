//! Makes a picture smaller, each pixel the mean of the area that it covers.

use super::luminance::Luminance;

impl Luminance<'_> {
    /// The picture with no side longer than `side`, each pixel the mean of the area it covers; itself when it fits.
    ///
    /// ```
    /// use techo_core::scan::Luminance;
    ///
    /// let picture = Luminance::new(4, 2, 4, vec![0, 100, 200, 200, 100, 200, 200, 200])?;
    /// let small = picture.fit(2);
    /// assert_eq!((small.width(), small.height()), (2, 1));
    /// assert_eq!(small.row(0), [100, 200]);
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    pub fn fit(&self, side: usize) -> Luminance<'_> {
        let long = self.width().max(self.height());
        if long <= side || side == 0 {
            return self.part(0, 0, self.width(), self.height());
        }
        // A side of a few pixels beside a very long one keeps one.
        let scaled = |n: usize| (n * side / long).max(1).min(n.max(1));
        let (width, height) = (scaled(self.width()), scaled(self.height()));
        if self.width() == 0 || self.height() == 0 {
            return Luminance::packed(0, 0, Vec::new());
        }
        Luminance::packed(width, height, shrink(self, width, height))
    }
}

/// Which source pixels make up a target pixel along one axis: the first, and the share of each.
struct Span {
    first: usize,
    shares: Vec<f32>,
}

/// The bytes of the picture at another size, neither side larger than it was and none 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of bytes")]
fn shrink(picture: &Luminance<'_>, width: usize, height: usize) -> Vec<u8> {
    let columns = spans(picture.width(), width);
    let mut bytes = Vec::with_capacity(width * height);
    let mut sums = vec![0.0_f32; picture.width()];
    for rows in spans(picture.height(), height) {
        sums.fill(0.0);
        for (i, &share) in rows.shares.iter().enumerate() {
            for (sum, &grey) in sums.iter_mut().zip(picture.row(rows.first + i)) {
                *sum += share * f32::from(grey);
            }
        }
        for span in &columns {
            let mean: f32 = sums
                .iter()
                .skip(span.first)
                .zip(&span.shares)
                .map(|(sum, share)| sum * share)
                .sum();
            bytes.push((mean + 0.5) as u8);
        }
    }
    bytes
}

#[allow(clippy::cast_precision_loss, reason = "a side is at most 2^15")]
fn spans(source: usize, target: usize) -> Vec<Span> {
    let ratio = source as f64 / target as f64;
    let span = |i: usize| {
        let (start, end) = (i as f64 * ratio, (i + 1) as f64 * ratio);
        let first = floor(start).min(source - 1);
        let last = floor(end).min(source - 1);
        let shares = (first..=last).map(|p| (end.min(p as f64 + 1.0) - start.max(p as f64)).max(0.0) / ratio);
        Span {
            first,
            shares: shares.map(narrow).collect(),
        }
    };
    (0..target).map(span).collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a coordinate of a picture"
)]
fn floor(value: f64) -> usize {
    value as usize
}

#[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
fn narrow(value: f64) -> f32 {
    value as f32
}

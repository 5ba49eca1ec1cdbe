//! Black and white from grey, each block of pixels by the light around it.

use super::luminance::Luminance;

/// How the threshold of a block is chosen from the blocks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// The mean: robust to noise and to single bright spots.
    Mean,
    /// Half way between the darkest and the lightest: holds the width of the modules where dark and light are out of balance.
    Middle,
}

/// Side of a block in pixels: eight, so that a row of one is a byte of the bitmap.
const BLOCK: usize = 8;
/// Blocks on each side that count towards a block's threshold: 40 pixels hold a finder of modules up to 5 pixels.
const REACH: usize = 2;
/// Grey levels between the darkest and the lightest pixel below which a neighbourhood is called empty: the noise of a camera.
const FLAT: u8 = 24;

/// One bit a pixel, 1 is dark.
#[derive(Debug)]
pub struct Bitmap {
    width: usize,
    height: usize,
    words: usize,
    bits: Vec<u64>,
}

impl Bitmap {
    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether the pixel is dark; beyond the edge everything is light.
    #[inline]
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.bits[y * self.words + (x >> 6)] >> (x & 63) & 1 == 1
    }

    /// Fills `edges` with the columns at which the colour changes, a dark run after each even one.
    ///
    /// The sides of the picture are edges too, for a light code that touches them.
    pub fn edges(&self, y: usize, edges: &mut Vec<u16>) {
        edges.clear();
        if !self.dark(0, y) {
            edges.extend([0, 0]);
        }
        let mut carry = 0;
        let start = y * self.words;
        for (i, &word) in self
            .bits
            .get(start..start + self.words)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            let mut changes = word ^ (word << 1 | carry);
            carry = word >> 63;
            while changes != 0 {
                let column = i * 64 + changes.trailing_zeros() as usize;
                // A side is at most 2^15 and its double at most 2^16 - 1 where it is scanned.
                edges.push(u16::try_from(column).unwrap_or(u16::MAX));
                changes &= changes - 1;
            }
        }
        // The bits beyond the width are light, so that a dark run has ended there unless the width fills the words.
        let ends_dark = self.dark(self.width.saturating_sub(1), y);
        if !ends_dark || self.width.is_multiple_of(64) {
            edges.push(u16::try_from(self.width).unwrap_or(u16::MAX));
        }
    }
}

/// Means and extremes of the blocks of a picture.
struct Blocks {
    columns: usize,
    rows: usize,
    mean: Vec<u8>,
    low: Vec<u8>,
    high: Vec<u8>,
}

impl Blocks {
    fn measure(picture: &Luminance<'_>) -> Self {
        let columns = picture.width().div_ceil(BLOCK);
        let rows = picture.height().div_ceil(BLOCK);
        let mut blocks = Self {
            columns,
            rows,
            mean: Vec::with_capacity(columns * rows),
            low: Vec::with_capacity(columns * rows),
            high: Vec::with_capacity(columns * rows),
        };
        let mut sums = vec![0_u16; columns * BLOCK];
        let mut lows = vec![255_u8; columns * BLOCK];
        let mut highs = vec![0_u8; columns * BLOCK];
        for top in (0..picture.height()).step_by(BLOCK) {
            let bottom = (top + BLOCK).min(picture.height());
            sums.fill(0);
            lows.fill(255);
            highs.fill(0);
            for y in top..bottom {
                for (((&value, sum), low), high) in picture.row(y).iter().zip(&mut sums).zip(&mut lows).zip(&mut highs) {
                    *sum += u16::from(value);
                    *low = (*low).min(value);
                    *high = (*high).max(value);
                }
            }
            for column in 0..columns {
                let left = column * BLOCK;
                let right = (left + BLOCK).min(picture.width());
                let sum: usize = sums[left..right].iter().map(|&s| usize::from(s)).sum();
                blocks.mean.push(quotient(sum, (right - left) * (bottom - top)));
                blocks.low.push(lows[left..right].iter().copied().min().unwrap_or(0));
                blocks.high.push(highs[left..right].iter().copied().max().unwrap_or(255));
            }
        }
        blocks
    }

    /// One threshold a block: a pixel is dark when it is below it. 0 where there is nothing to see.
    fn thresholds(&self, rule: Threshold) -> Vec<u8> {
        let lows = spread(&self.low, self.columns, self.rows, Ord::min);
        let highs = spread(&self.high, self.columns, self.rows, Ord::max);
        let extremes = lows.iter().zip(&highs);
        match rule {
            Threshold::Middle => extremes
                .map(|(&low, &high)| if high - low < FLAT { 0 } else { low + (high - low) / 2 })
                .collect(),
            Threshold::Mean => {
                let means = self.smoothed_means();
                extremes
                    .zip(means)
                    .map(|((&low, &high), mean)| if high - low < FLAT { 0 } else { mean })
                    .collect()
            }
        }
    }

    /// Mean of the means within reach.
    fn smoothed_means(&self) -> Vec<u8> {
        let mut across = Vec::with_capacity(self.mean.len());
        for row in 0..self.rows {
            let line = &self.mean[row * self.columns..(row + 1) * self.columns];
            for column in 0..self.columns {
                let window = &line[column.saturating_sub(REACH)..(column + REACH + 1).min(self.columns)];
                let sum: usize = window.iter().map(|&v| usize::from(v)).sum();
                // In 64ths, so that the second division does not add to the rounding of the first.
                across.push(sum * 64 / window.len());
            }
        }
        let mut out = Vec::with_capacity(self.mean.len());
        for row in 0..self.rows {
            let span = row.saturating_sub(REACH)..(row + REACH + 1).min(self.rows);
            for column in 0..self.columns {
                let sum: usize = span.clone().map(|r| across[r * self.columns + column]).sum();
                out.push(quotient(sum, span.len() * 64));
            }
        }
        out
    }
}

/// A mean of bytes.
fn quotient(sum: usize, count: usize) -> u8 {
    u8::try_from(sum / count.max(1)).unwrap_or(255)
}

/// The extreme of each block's neighbourhood, one axis after the other.
fn spread(values: &[u8], columns: usize, rows: usize, pick: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let mut across = Vec::with_capacity(values.len());
    for row in 0..rows {
        let line = &values[row * columns..(row + 1) * columns];
        for column in 0..columns {
            let window = &line[column.saturating_sub(REACH)..(column + REACH + 1).min(columns)];
            across.push(window.iter().copied().reduce(&pick).unwrap_or(0));
        }
    }
    let mut out = Vec::with_capacity(values.len());
    for row in 0..rows {
        let span = row.saturating_sub(REACH)..(row + REACH + 1).min(rows);
        for column in 0..columns {
            out.push(span.clone().map(|r| across[r * columns + column]).reduce(&pick).unwrap_or(0));
        }
    }
    out
}

/// The picture in black and white.
pub fn binarize(picture: &Luminance<'_>, rule: Threshold) -> Bitmap {
    let (width, height) = (picture.width(), picture.height());
    let words = width.div_ceil(64);
    let mut bits = vec![0_u64; words * height];
    let blocks = Blocks::measure(picture);
    let thresholds = blocks.thresholds(rule);
    for y in 0..height {
        let row = picture.row(y);
        let limits = &thresholds[y / BLOCK * blocks.columns..][..blocks.columns];
        let out = &mut bits[y * words..(y + 1) * words];
        for ((word, pixels), limits) in out.iter_mut().zip(row.chunks(64)).zip(limits.chunks(8)) {
            *word = pack(pixels, limits);
        }
    }
    Bitmap {
        width,
        height,
        words,
        bits,
    }
}

/// Up to 64 pixels against the thresholds of their blocks, the first in the lowest bit.
fn pack(pixels: &[u8], limits: &[u8]) -> u64 {
    // Gathers the lowest bit of each of eight bytes into the top byte, first byte lowest.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut word = 0;
    for (i, (block, &limit)) in pixels.chunks(BLOCK).zip(limits).enumerate() {
        if limit == 0 {
            continue;
        }
        let mut flags = [0_u8; BLOCK];
        for (flag, &pixel) in flags.iter_mut().zip(block) {
            *flag = u8::from(pixel < limit);
        }
        word |= (u64::from_le_bytes(flags).wrapping_mul(GATHER) >> 56) << (8 * i);
    }
    word
}

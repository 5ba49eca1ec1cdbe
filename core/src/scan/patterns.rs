//! The modules of a code whose colour is known before it is read (ISO/IEC 18004:2015, section 6.3).

use super::geometry::Point;

/// Smallest and largest version of a QR code.
pub const VERSIONS: std::ops::RangeInclusive<usize> = 1..=40;

/// Modules along a side of a code of this version.
pub const fn side(version: usize) -> usize {
    17 + 4 * version
}

/// Row and column numbers of the alignment patterns' centres, ascending (ISO/IEC 18004:2015, Annex E). Empty for version 1.
pub fn alignment_positions(version: usize) -> Vec<usize> {
    if version < 2 {
        return Vec::new();
    }
    let count = version / 7 + 2;
    // Annex E is even spacing, rounded up to even numbers from the far end; version 32 alone breaks the rule.
    let step = if version == 32 {
        26
    } else {
        (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2
    };
    let far = side(version) - 7;
    let mut positions: Vec<usize> = (0..count - 1).map(|i| far.saturating_sub(i * step)).collect();
    positions.push(6);
    positions.reverse();
    positions
}

/// Centres of the alignment patterns, without the three places that the finders take.
pub fn alignment_centres(version: usize) -> Vec<(usize, usize)> {
    let positions = alignment_positions(version);
    let far = side(version) - 7;
    let mut centres = Vec::new();
    for &y in &positions {
        for &x in &positions {
            if !matches!((x, y), (6, 6)) && (x, y) != (6, far) && (x, y) != (far, 6) {
                centres.push((x, y));
            }
        }
    }
    centres
}

/// A module of known colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The column of the module, counted from 0.
    pub x: usize,
    /// The row of the module, counted from 0.
    pub y: usize,
    /// Centre of the module, in modules.
    pub at: Point,
    /// Whether the module is dark in every code of the version.
    pub dark: bool,
}

/// The modules of the finders with their separators, the timing patterns and the alignment patterns named.
pub fn known_modules(version: usize, alignments: &[(usize, usize)]) -> Vec<Known> {
    let side = side(version);
    let mut known = Vec::with_capacity(192 + 2 * (side - 16) + 25 * alignments.len());
    let mut push = |x: usize, y: usize, dark: bool| {
        known.push(Known {
            x,
            y,
            at: centre(x, y),
            dark,
        });
    };
    for (left, top) in [(0, 0), (side - 8, 0), (0, side - 8)] {
        // The separator lies right of and below the first finder, left of or above the others.
        let (fx, fy) = (left + usize::from(left > 0), top + usize::from(top > 0));
        for y in top..top + 8 {
            for x in left..left + 8 {
                let ring = (x + 1).abs_diff(fx + 4).max((y + 1).abs_diff(fy + 4));
                push(x, y, ring <= 1 || ring == 3);
            }
        }
    }
    for i in 8..side - 8 {
        push(i, 6, i % 2 == 0);
        push(6, i, i % 2 == 0);
    }
    for &(cx, cy) in alignments {
        for y in cy - 2..=cy + 2 {
            for x in cx - 2..=cx + 2 {
                push(x, y, x.abs_diff(cx).max(y.abs_diff(cy)) != 1);
            }
        }
    }
    known
}

/// Centre of a module, in modules.
pub fn centre(x: usize, y: usize) -> Point {
    Point::new(modules(x) + 0.5, modules(y) + 0.5)
}

/// A number of modules as a coordinate.
#[allow(clippy::cast_precision_loss, reason = "a code has at most 177 modules a side")]
pub fn modules(count: usize) -> f32 {
    count as f32
}

/// Wrong bits in both copies of the format information up to which it is believed. Each copy alone corrects three (ISO/IEC 18004:2015,
/// Annex C); chance comes within six of one of the 32 words in one of fifty random grids.
pub const FORMAT_ERRORS: u32 = 6;

/// The five bits of format information nearest to two copies of it, and the bits that differ.
///
/// A copy counts three wrong bits less than half at most: one that a finger hides must not outvote the other.
pub fn nearest_format(copies: [u16; 2]) -> (u16, u32) {
    (0..32)
        .map(|data| {
            let wrong = copies.map(|copy| (format_code(data) ^ copy).count_ones());
            (data, wrong[0].min(5) + wrong[1].min(5))
        })
        .min_by_key(|&(_, wrong)| wrong)
        .unwrap_or((0, 15))
}

/// The 15 bits of format information for five bits of level and mask.
pub fn format_code(data: u16) -> u16 {
    const GENERATOR: u16 = 0b101_0011_0111;
    const MASK: u16 = 0b101_0100_0001_0010;
    let mut rest = data << 10;
    for bit in (10..15).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= GENERATOR << (bit - 10);
        }
    }
    (data << 10 | rest) ^ MASK
}

/// The version whose 18 bits of version information are nearest to those read, as (version, bits that differ) (ISO/IEC 18004:2015, Annex D).
pub fn nearest_version(read: u32) -> (usize, u32) {
    (7..=40_u32)
        .map(|version| (version as usize, (version_code(version) ^ read).count_ones()))
        .min_by_key(|&(_, wrong)| wrong)
        .unwrap_or((7, 18))
}

fn version_code(version: u32) -> u32 {
    const GENERATOR: u32 = 0b1_1111_0010_0101;
    let mut rest = version << 12;
    for bit in (12..18).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= GENERATOR << (bit - 12);
        }
    }
    version << 12 | rest
}

/// Which modules hold no data, row by row.
pub fn reserved(version: usize) -> Vec<bool> {
    let side = side(version);
    let mut reserved = vec![false; side * side];
    let mut block = |left: usize, top: usize, width: usize, height: usize| {
        for y in top..top + height {
            reserved[y * side + left..y * side + left + width].fill(true);
        }
    };
    // Finders with separators and format information, then timing.
    block(0, 0, 9, 9);
    block(side - 8, 0, 8, 9);
    block(0, side - 8, 9, 8);
    block(0, 6, side, 1);
    block(6, 0, 1, side);
    if version >= 7 {
        block(side - 11, 0, 3, 6);
        block(0, side - 11, 6, 3);
    }
    for (x, y) in alignment_centres(version) {
        block(x - 2, y - 2, 5, 5);
    }
    reserved
}

#[cfg(test)]
mod tests;

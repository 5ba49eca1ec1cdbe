//! The corrected data codewords of a code, for what `rqrr` keeps to itself: its decoder gives the bytes of the plain modes alone, without
//! the character set that a code names, and refuses codes with FNC1, structured append or Hanzi after having corrected them.

use super::level::Level;
use super::patterns;
use super::reed_solomon;
use super::sample::Bits;

/// Check codewords of a block, by level and version (ISO/IEC 18004:2015, table 9).
#[rustfmt::skip]
const PARITY: [[u8; 40]; 4] = [
    [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
    [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28],
    [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
    [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
];

/// Blocks, by level and version (ISO/IEC 18004:2015, table 9).
#[rustfmt::skip]
const BLOCKS: [[u8; 40]; 4] = [
    [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25],
    [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49],
    [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68],
    [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81],
];

/// The data codewords of a code whose format information reads `level` and `mask`; `None` when it is too damaged.
pub fn read(bits: &Bits, level: Level, mask: u8) -> Option<Vec<u8>> {
    let version = bits.side().checked_sub(17)? / 4;
    if !patterns::VERSIONS.contains(&version) {
        return None;
    }
    let raw = zigzag(bits, version, mask);
    let row = match level {
        Level::L => 0,
        Level::M => 1,
        Level::Q => 2,
        Level::H => 3,
    };
    // The version is 1 to 40.
    let parity = usize::from(PARITY[row][version - 1]);
    let blocks = usize::from(BLOCKS[row][version - 1]);
    let short = raw.len() / blocks - parity;
    // The last blocks hold one data codeword more where the codewords do not divide evenly.
    let longer = raw.len() % blocks;
    let mut data = Vec::with_capacity(raw.len());
    for block in 0..blocks {
        let extra = usize::from(block >= blocks - longer);
        let mut codewords: Vec<u8> = (0..short).map(|i| raw[i * blocks + block]).collect();
        if extra == 1 {
            codewords.push(raw[short * blocks + block - (blocks - longer)]);
        }
        let start = short * blocks + longer;
        codewords.extend((0..parity).map(|i| raw[start + i * blocks + block]));
        reed_solomon::correct(&mut codewords, parity)?;
        data.extend_from_slice(&codewords[..short + extra]);
    }
    Some(data)
}

/// The codewords in the order of their modules, mask taken off (ISO/IEC 18004:2015, section 7.7.3).
fn zigzag(bits: &Bits, version: usize, mask: u8) -> Vec<u8> {
    let side = bits.side();
    let reserved = patterns::reserved(version);
    let mut codewords = Vec::new();
    let (mut byte, mut count) = (0_u8, 0);
    let columns = (0..side).rev().filter(|&x| x != 6).collect::<Vec<_>>();
    for (pair, columns) in columns.chunks(2).enumerate() {
        for i in 0..side {
            let y = if pair % 2 == 0 { side - 1 - i } else { i };
            for &x in columns {
                if reserved[y * side + x] {
                    continue;
                }
                byte = byte << 1 | u8::from(bits.dark(x, y) != masked(mask, x, y));
                count += 1;
                if count % 8 == 0 {
                    codewords.push(byte);
                }
            }
        }
    }
    codewords
}

/// Whether a mask turns a module over (ISO/IEC 18004:2015, table 10).
fn masked(mask: u8, x: usize, y: usize) -> bool {
    let product = x * y;
    0 == match mask {
        0 => (x + y) % 2,
        1 => y % 2,
        2 => x % 3,
        3 => (x + y) % 3,
        4 => (x / 3 + y / 2) % 2,
        5 => product % 2 + product % 3,
        6 => (product % 2 + product % 3) % 2,
        _ => ((x + y) % 2 + product % 3) % 2,
    }
}

#[cfg(test)]
mod tests;

//! The segments of a code's data: modes, counts, and the character set of each (ISO/IEC 18004:2015, section 7.4).

use super::text;

/// What the data of a code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The bytes of all segments.
    pub bytes: Vec<u8>,
    /// The text that those bytes are.
    pub text: String,
}

const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/// What stands for FNC1 between the fields of a GS1 element string (GS1 General Specifications, section 7.8.2).
const SEPARATOR: u8 = 0x1D;

/// Bits from the first of the first byte on.
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn left(&self) -> usize {
        self.data.len() * 8 - self.at
    }

    /// The next bits as a number, at most 16; `None` when fewer are left.
    fn take(&mut self, count: usize) -> Option<u16> {
        if self.left() < count {
            return None;
        }
        let mut value = 0;
        for _ in 0..count {
            let byte = self.data.get(self.at / 8)?;
            value = value << 1 | u16::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

/// Reads all segments; `None` when one is cut short or of an unknown mode.
///
/// Of a structured append the part's own text is given, without its place in the whole.
pub fn read(data: &[u8], version: usize) -> Option<Message> {
    let mut reader = Reader { data, at: 0 };
    let mut out = text::Collector::default();
    let mut gs1 = false;
    // The width of a count depends on the version (table 3).
    let size = if version < 10 {
        0
    } else if version < 27 {
        1
    } else {
        2
    };
    while reader.left() >= 4 {
        match reader.take(4)? {
            0 => break,
            1 => numeric(&mut reader, [10, 12, 14][size], &mut out)?,
            2 => alphanumeric(&mut reader, [9, 11, 13][size], gs1, &mut out)?,
            3 => {
                reader.take(16)?;
            }
            4 => {
                let count = reader.take([8, 16, 16][size])?;
                for _ in 0..count {
                    out.push(u8::try_from(reader.take(8)?).ok()?);
                }
            }
            5 => gs1 = true,
            9 => {
                gs1 = true;
                reader.take(8)?;
            }
            7 => {
                let designator = designator(&mut reader)?;
                out.switch(designator);
            }
            8 => {
                let count = reader.take([8, 10, 12][size])?;
                double_bytes(&mut reader, count, &mut out, text::Mode::Kanji)?;
            }
            13 => {
                // The subset, of which there is one: GB 2312 (GB/T 18284-2000).
                reader.take(4)?;
                let count = reader.take([8, 10, 12][size])?;
                double_bytes(&mut reader, count, &mut out, text::Mode::Hanzi)?;
            }
            _ => return None,
        }
    }
    let (bytes, text) = out.finish();
    Some(Message { bytes, text })
}

fn numeric(reader: &mut Reader<'_>, width: usize, out: &mut text::Collector) -> Option<()> {
    let mut count = usize::from(reader.take(width)?);
    while count > 0 {
        let digits = count.min(3);
        let value = reader.take([0, 4, 7, 10][digits])?;
        for place in [100, 10, 1].into_iter().skip(3 - digits) {
            out.push(b'0' + u8::try_from(value / place % 10).ok()?);
        }
        count -= digits;
    }
    Some(())
}

fn alphanumeric(reader: &mut Reader<'_>, width: usize, gs1: bool, out: &mut text::Collector) -> Option<()> {
    let mut count = usize::from(reader.take(width)?);
    let mut letters = Vec::with_capacity(count);
    while count > 1 {
        let pair = usize::from(reader.take(11)?);
        letters.push(*ALPHANUMERIC.get(pair / 45)?);
        letters.push(*ALPHANUMERIC.get(pair % 45)?);
        count -= 2;
    }
    if count == 1 {
        letters.push(*ALPHANUMERIC.get(usize::from(reader.take(6)?))?);
    }
    // With FNC1 a per cent sign is the separator, two are one per cent sign (section 7.4.8.2).
    let mut i = 0;
    while i < letters.len() {
        let doubled = gs1 && letters[i] == b'%';
        if doubled && letters.get(i + 1) == Some(&b'%') {
            out.push(b'%');
            i += 1;
        } else {
            out.push(if doubled { SEPARATOR } else { letters[i] });
        }
        i += 1;
    }
    Some(())
}

/// Characters of 13 bits that stand for two bytes.
fn double_bytes(reader: &mut Reader<'_>, count: u16, out: &mut text::Collector, mode: text::Mode) -> Option<()> {
    out.enter(mode);
    for _ in 0..count {
        let packed = reader.take(13)?;
        // Characters a row, the offset of the first rows, and where and with what offset the others start.
        let (row, low, split, high) = if mode == text::Mode::Kanji {
            (0xC0, 0x8140, 0x1F00, 0xC140)
        } else {
            (0x60, 0xA1A1, 0x0A00, 0xA6A1)
        };
        let pair = ((packed / row) << 8) | (packed % row);
        let pair = pair + if pair < split { low } else { high };
        for byte in pair.to_be_bytes() {
            out.push(byte);
        }
    }
    out.enter(text::Mode::Plain);
    Some(())
}

/// An ECI designator of one to three bytes (section 7.4.2.2).
fn designator(reader: &mut Reader<'_>) -> Option<u32> {
    let first = u32::from(reader.take(8)?);
    if first & 0x80 == 0 {
        return Some(first);
    }
    if first & 0x40 == 0 {
        return Some((first & 0x3F) << 8 | u32::from(reader.take(8)?));
    }
    Some((first & 0x1F) << 16 | u32::from(reader.take(16)?))
}

#[cfg(test)]
mod tests;

//! From the modules of a code to what it says. `rqrr` reads first, and a reader of our own what `rqrr` does not say (ADR 0019).

use super::codewords;
use super::level::Level;
use super::sample::Bits;
use super::segments::{self, Message};
use super::text;

/// What a code holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes and the text of all segments.
    pub message: Message,
    /// The version of the code, 1 to 40.
    pub version: u8,
    /// The level of the code's error correction.
    pub level: Level,
    /// Whether the code is printed as in a mirror.
    pub mirrored: bool,
}

/// Corrects and decodes; `None` when the modules are no code, or too damaged.
pub fn decode(bits: Bits) -> Option<Content> {
    // Most wrong guesses end here, before the cost of error correction.
    let format = bits.format()?;
    let mut bits = if format.mirrored { bits.transposed() } else { bits };
    bits.write_format(format.data);
    let version = (bits.side() - 17) / 4;
    let grid = rqrr::SimpleGrid::from_func(bits.side(), |x, y| bits.dark(x, y));
    let mut bytes = Vec::new();
    let plain = rqrr::Grid::new(grid).decode_to(&mut bytes);
    let level = Level::from_format(format.data >> 3);
    let message = match plain {
        Ok(_) if std::str::from_utf8(&bytes).is_ok() => Message {
            text: text::decode(&bytes),
            bytes,
        },
        // Corrected, but the text depends on the segments' modes and character sets.
        Ok(_) | Err(rqrr::DeQRError::UnknownDataType) => {
            let mask = u8::try_from(format.data & 7).ok()?;
            segments::read(&codewords::read(&bits, level, mask)?, version)?
        }
        Err(_) => return None,
    };
    // A code may be empty, and then it says nothing to anybody.
    let said = !message.bytes.is_empty();
    said.then_some(Content {
        message,
        version: u8::try_from(version).ok()?,
        level,
        mirrored: format.mirrored,
    })
}

//! A reader of the protobuf wire format, as much of it as posters need.
//!
//! A generated parser would bring a compiler and a runtime for two messages of a dozen fields. It goes through one
//! message in one pass, copies nothing, and never goes deeper by itself (protobuf.dev, "Encoding").

use techo_protocol::basics::reader::ByteReader;

/// The bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotProtobuf;

/// A field's value by wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Wire type 0: unsigned as it stands in the message.
    Varint(u64),
    /// Wire type 2: a string, bytes or another message.
    Bytes(&'a [u8]),
    /// Wire types 1 and 5, which no poster uses: 8 or 4 bytes, skipped.
    Fixed,
}

/// The fields of one message in their order; after an error there are no more.
pub(super) struct Fields<'a> {
    rest: ByteReader<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self {
            rest: ByteReader::new(message),
        }
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        // A number is 1 to 2^29 - 1.
        let number = Some(key >> 3).filter(|number| (1..1 << 29).contains(number))?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.rest.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.rest.take(usize::try_from(length).ok()?)?)
            }
            5 => self.rest.take(4).map(|_| Value::Fixed)?,
            // Groups (3, 4) are not part of proto3; 6 and 7 do not exist.
            _ => return None,
        };
        Some((number, value))
    }

    // Protobuf takes numbers that are written longer than they need, so the protocol's own reading of them is not for here.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.rest.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), NotProtobuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field().ok_or(NotProtobuf);
        if field.is_err() {
            self.rest = ByteReader::new(&[]);
        }
        Some(field)
    }
}

#[cfg(test)]
pub(super) mod tests;

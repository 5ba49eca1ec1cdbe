//! Takes the bytes of a format apart, front to back. Every parser of bytes uses this reader, so that a bound is checked in one place.
//!
//! A part that is not there gives `None`; each format turns that into its own "damaged".
//!
//! ```
//! use techo_protocol::basics::reader::ByteReader;
//! use techo_protocol::basics::reader::Unreadable;
//!
//! // magic:4 version:1 day:4 length:4 name
//! fn read(file: &[u8]) -> Result<(u32, &[u8]), Unreadable> {
//!     let mut reader = ByteReader::of_file(file, b"TEXA", 1)?;
//!     let parts = (|| Some((reader.u32()?, reader.counted()?)))().ok_or(Unreadable::Damaged)?;
//!     reader.end().map(|()| parts).ok_or(Unreadable::Damaged)
//! }
//!
//! let file = b"TEXA\x01\0\0\x4f\xc0\0\0\0\x03Aki";
//! assert_eq!(read(file), Ok((20_416, &b"Aki"[..])));
//! assert_eq!(read(&file[..15]), Err(Unreadable::Damaged));
//! assert_eq!(read(b"TEXA\x02"), Err(Unreadable::Newer));
//! assert_eq!(read(b"%PDF"), Err(Unreadable::Other));
//! ```

/// Why a file could not be read, before each format gives it its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The file begins with another magic: it is of another format.
    Other,
    /// The file is of a version that this program does not know.
    Newer,
    /// The file is larger than its format allows.
    TooLarge,
    /// The file ends early, goes on too long, or holds what no writer writes.
    Damaged,
}

/// What is left of some bytes that are taken apart.
#[derive(Debug, Clone, Copy)]
pub struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    /// A reader of all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A reader of what follows a file's magic and version.
    ///
    /// # Errors
    /// [`Unreadable::Other`], [`Unreadable::Newer`], or [`Unreadable::Damaged`] where no version follows the magic.
    pub fn of_file(file: &'a [u8], magic: &[u8], version: u8) -> Result<Self, Unreadable> {
        Self::of_version(file.strip_prefix(magic).ok_or(Unreadable::Other)?, version)
    }

    /// A reader of what follows a version, for formats that begin with one.
    ///
    /// # Errors
    /// [`Unreadable::Newer`], or [`Unreadable::Damaged`] where there is no byte.
    pub fn of_version(bytes: &'a [u8], version: u8) -> Result<Self, Unreadable> {
        let mut reader = Self(bytes);
        match reader.byte() {
            Some(read) if read == version => Ok(reader),
            Some(_) => Err(Unreadable::Newer),
            None => Err(Unreadable::Damaged),
        }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes by value.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next byte, or `None` where nothing is left.
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next two bytes, big endian.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next four bytes, big endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next eight bytes, big endian.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length of four bytes, big endian.
    pub fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// A length of four bytes, and as many bytes.
    pub fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no byte is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Some` where no byte is left: what follows a format's end is no part of it.
    ///
    /// ```
    /// use techo_protocol::basics::reader::ByteReader;
    /// let mut reader = ByteReader::new(&[0, 20, 7]);
    /// assert_eq!(reader.u16(), Some(20));
    /// assert_eq!(reader.end(), None, "a byte follows");
    /// ```
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// A number in as few bytes as it needs (LEB128); `None` where there is none, it is over 64 bits, or it is written longer than it needs.
    ///
    /// ```
    /// use techo_protocol::basics::reader::ByteReader;
    /// assert_eq!(ByteReader::new(&[0xAC, 0x02]).varint(), Some(300));
    /// assert_eq!(ByteReader::new(&[0x80, 0x00]).varint(), None, "0 in two bytes");
    /// ```
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for at in 0..MOST_VARINT_BYTES {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            let shift = 7 * at;
            if low.checked_shl(shift)? >> shift != low {
                return None;
            }
            number |= low << shift;
            if byte & 0x80 == 0 {
                return (at == 0 || byte != 0).then_some(number);
            }
        }
        None
    }
}

const MOST_VARINT_BYTES: u32 = 10;

/// Appends a number as [`ByteReader::varint`] reads it: seven bits a byte, the lowest first (LEB128).
pub fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    loop {
        // Seven bits fit a byte.
        let low = (number & 0x7f).to_le_bytes()[0];
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_in_one_way_only() {
        for bytes in [
            &[][..],
            &[0x80],
            &[0x80, 0],
            &[0xff; 10],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(ByteReader::new(bytes).varint(), None, "{bytes:?}");
        }
        let mut out = Vec::new();
        write_varint(300, &mut out);
        assert_eq!(out, [0xac, 2]);
    }

    #[test]
    fn what_is_not_there_is_not_taken() {
        let mut reader = ByteReader::new(&[1, 2, 3]);
        assert_eq!((reader.take(4), reader.u32(), reader.len()), (None, None, 3));
        assert_eq!((reader.u16(), reader.counted(), reader.end()), (Some(0x0102), None, None));
        assert_eq!((reader.byte(), reader.byte(), reader.end()), (Some(3), None, Some(())));
        let mut huge = ByteReader::new(&[0xff; 6]);
        assert_eq!(huge.counted(), None);
    }

    proptest! {
        #[test]
        fn numbers_come_back(number in any::<u64>()) {
            let mut out = Vec::new();
            write_varint(number, &mut out);
            out.push(7);
            let mut reader = ByteReader::new(&out);
            prop_assert_eq!(reader.varint(), Some(number));
            prop_assert_eq!(reader.rest(), &[7]);
        }
    }
}

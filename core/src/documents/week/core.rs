//! What never changes of a visit, and its bytes.

use techo_protocol::basics::reader::ByteReader;
use techo_protocol::basics::secret::Secret;

/// The version that this program writes.
const VERSION: u8 = 1;

/// Set in the source byte of a visit that came from an exported file.
const IMPORTED: u8 = 0x80;

/// The most keys that a core holds: two days, or the six slots of a rotating code, with room to spare.
pub const MOST_KEYS: usize = 48;

/// What never changes of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitCore {
    /// The check-in as it was first recorded, in Unix seconds, which decides the week.
    pub check_in: i64,
    /// After how many minutes a visit ends that nobody ends.
    pub default_stay_min: u16,
    /// Where the visit came from.
    pub source: Source,
    /// Whether the visit was taken from an exported file.
    pub imported: bool,
    /// The venue's name; empty for a visit that was typed, whose name can be edited and so is a field.
    pub name: String,
    /// The venue's address; empty where there is no address, or the address is a field.
    pub address: String,
    /// The keys that the code gave, by which exposures are found.
    pub keys: VisitKeys,
}

/// Where a visit came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A venue code of Techo whose signature was valid.
    Code {
        /// The authority's id: the first 16 bytes of SHA-256 of its root key.
        authority: [u8; 16],
        /// Which sort of venue code it was.
        kind: CodeKind,
    },
    /// Another country's poster, which nobody warns about here.
    Foreign(ForeignPoster),
    /// A person typed it, or the code is of an authority that is not known here.
    Manual,
}

/// How a venue shows its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// A printed poster, with the keys of whole days.
    Poster,
    /// A tablet's changing code, with the keys of the next hours only.
    Rotating,
}

/// The country, or its app, whose poster was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForeignPoster {
    /// New Zealand (NZ COVID Tracer).
    Nz,
    /// England and Wales (NHS COVID-19).
    Nhs,
    /// Germany (Corona-Warn-App).
    Cwa,
    /// Switzerland (NotifyMe and SwissCovid).
    NotifyMe,
}

/// The keys that a visit's code gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VisitKeys {
    /// The code gave no key, or there was no code: this visit is never matched.
    #[default]
    None,
    /// Day keys of a poster: UTC day, counted from 1970-01-01, and key.
    Days(Vec<(u32, Secret<16>)>),
    /// Slot keys of a rotating code: slot (hour of Unix time) and key.
    Slots(Vec<(u32, Secret<16>)>),
}

impl VisitKeys {
    /// The keys with their days or slots.
    pub fn as_slice(&self) -> &[(u32, Secret<16>)] {
        match self {
            Self::None => &[],
            Self::Days(keys) | Self::Slots(keys) => keys,
        }
    }
}

impl VisitCore {
    /// The bytes of the core; `None` if a text or the keys are longer than the format holds.
    ///
    /// ```
    /// use techo_core::documents::week::{Source, VisitCore, VisitKeys};
    ///
    /// let core = VisitCore {
    ///     check_in: 1_795_176_000,
    ///     default_stay_min: 60,
    ///     source: Source::Manual,
    ///     imported: false,
    ///     name: String::new(),
    ///     address: String::new(),
    ///     keys: VisitKeys::None,
    /// };
    /// let bytes = core.to_bytes().expect("it holds few keys");
    /// assert_eq!(VisitCore::from_bytes(&bytes), Some(core));
    /// ```
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let source = match self.source {
            Source::Manual => 0,
            Source::Code {
                kind: CodeKind::Poster, ..
            } => 1,
            Source::Code {
                kind: CodeKind::Rotating,
                ..
            } => 2,
            Source::Foreign(ForeignPoster::Nz) => 3,
            Source::Foreign(ForeignPoster::Nhs) => 4,
            Source::Foreign(ForeignPoster::Cwa) => 5,
            Source::Foreign(ForeignPoster::NotifyMe) => 6,
        };
        let mut out = vec![VERSION, source | if self.imported { IMPORTED } else { 0 }];
        out.extend_from_slice(&self.check_in.to_be_bytes());
        out.extend_from_slice(&self.default_stay_min.to_be_bytes());
        for text in [&self.name, &self.address] {
            out.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        if let Source::Code { authority, .. } = self.source {
            out.extend_from_slice(&authority);
        }
        out.push(match self.keys {
            VisitKeys::None => 0,
            VisitKeys::Days(_) => 1,
            VisitKeys::Slots(_) => 2,
        });
        let keys = self.keys.as_slice();
        out.push(u8::try_from(keys.len()).ok().filter(|_| keys.len() <= MOST_KEYS)?);
        for (number, key) in keys {
            out.extend_from_slice(&number.to_be_bytes());
            out.extend_from_slice(key.expose());
        }
        Some(out)
    }

    /// Reads a core; `None` where the bytes are no core, or one of a version or kind that this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = ByteReader::of_version(bytes, VERSION).ok()?;
        let source = reader.byte()?;
        let check_in = reader.array().map(i64::from_be_bytes)?;
        let default_stay_min = reader.u16()?;
        let name = text(&mut reader)?;
        let address = text(&mut reader)?;
        let foreign = Source::Foreign;
        let code = match source & !IMPORTED {
            0 => Ok(Source::Manual),
            1 => Err(CodeKind::Poster),
            2 => Err(CodeKind::Rotating),
            3 => Ok(foreign(ForeignPoster::Nz)),
            4 => Ok(foreign(ForeignPoster::Nhs)),
            5 => Ok(foreign(ForeignPoster::Cwa)),
            6 => Ok(foreign(ForeignPoster::NotifyMe)),
            _ => return None,
        };
        let code = match code {
            Ok(source) => source,
            Err(kind) => Source::Code {
                authority: reader.array()?,
                kind,
            },
        };
        let (kind, count) = (reader.byte()?, reader.byte()?);
        let mut keys = Vec::with_capacity(usize::from(count).min(MOST_KEYS));
        for _ in 0..count {
            keys.push((reader.u32()?, Secret::new(reader.array()?)));
        }
        let keys = match kind {
            0 if keys.is_empty() => VisitKeys::None,
            1 => VisitKeys::Days(keys),
            2 => VisitKeys::Slots(keys),
            _ => return None,
        };
        let core = Self {
            check_in,
            default_stay_min,
            source: code,
            imported: source & IMPORTED != 0,
            name,
            address,
            keys,
        };
        reader.end().map(|()| core)
    }
}

fn text(reader: &mut ByteReader<'_>) -> Option<String> {
    let length = usize::from(reader.u16()?);
    String::from_utf8(reader.take(length)?.to_vec()).ok()
}

//! What two devices say to each other once they are connected (CBOR).

use std::fmt;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::DirectError;
use crate::household::sync_api::{ChunkId, MOST_CHUNKS};

/// Most records in one message.
pub const MOST_RECORDS: usize = 1_024;

/// One message. They speak in turns, so neither ever waits for the other to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A round begins: the household's records, which decide what else can be read.
    Hello {
        /// Epoch records in their order, at most [`MOST_RECORDS`].
        #[serde(deserialize_with = "at_most::<_, MOST_RECORDS>")]
        records: Vec<ByteBuf>,
        /// The newest keyring that the device has, if it has one.
        keyring: Option<ByteBuf>,
    },
    /// What the device holds, once it has taken in the other's records.
    #[serde(rename = "held")]
    Have {
        /// The ids of the chunks that the device has.
        chunks: Vec<ChunkId>,
    },
    /// A page of what the other lacks. All pages before it have been taken in.
    Chunks {
        /// Whole chunks, at least one and at most [`MOST_CHUNKS`].
        #[serde(deserialize_with = "at_most::<_, MOST_CHUNKS>")]
        chunks: Vec<ByteBuf>,
    },
    /// Nothing is left to send, and all that came was taken in.
    Done,
}

impl Message {
    /// The message's bytes, in CBOR.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(self, &mut out).expect("writing to memory does not fail");
        out
    }

    /// From CBOR.
    ///
    /// ```
    /// use techo_protocol::household::direct::{DirectError, Message};
    /// assert_eq!(Message::read(&Message::Done.write()), Ok(Message::Done));
    /// assert_eq!(Message::read(b"\x64donE"), Err(DirectError::Misunderstood));
    /// ```
    ///
    /// # Errors
    /// [`DirectError::Misunderstood`].
    pub fn read(mut bytes: &[u8]) -> Result<Self, DirectError> {
        match ciborium::from_reader(&mut bytes) {
            Ok(message) if bytes.is_empty() => Ok(message),
            _ => Err(DirectError::Misunderstood),
        }
    }
}

/// A list that has too many entries is refused while it is read: an empty one takes one byte on the wire, and a good deal more in memory.
fn at_most<'de, D: Deserializer<'de>, const MOST: usize>(deserializer: D) -> Result<Vec<ByteBuf>, D::Error> {
    struct Few<const MOST: usize>;

    impl<'de, const MOST: usize> Visitor<'de> for Few<MOST> {
        type Value = Vec<ByteBuf>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST} byte strings")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<ByteBuf>, A::Error> {
            let mut out = Vec::new();
            while let Some(entry) = list.next_element()? {
                if out.len() == MOST {
                    return Err(A::Error::invalid_length(MOST + 1, &self));
                }
                out.push(entry);
            }
            Ok(out)
        }
    }

    deserializer.deserialize_seq(Few::<MOST>)
}

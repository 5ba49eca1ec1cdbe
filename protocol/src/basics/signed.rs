//! Signed CBOR files: the bytes that were signed are kept as they came, so nothing depends on how a reader would write them again.
//!
//! ```text
//! magic:4 version:1 length:4 body(CBOR) key_id:2 signature:64      signature over label || all before the signature
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};
use crate::basics::reader::{ByteReader, Unreadable};

/// What tells one kind of signed file from another.
pub(crate) struct Kind {
    /// First bytes of the file.
    pub magic: &'static [u8; 4],
    /// The version of the format, which follows the magic.
    pub version: u8,
    /// Goes before what is signed, so that no file passes for one of another kind.
    pub label: &'static [u8],
    /// Largest file that is read, in bytes.
    pub largest: usize,
}

/// A file whose structure was read and whose signature was not checked yet.
pub(crate) struct SignedFile<'a> {
    label: &'static [u8],
    signed: &'a [u8],
    body: &'a [u8],
    key_id: KeyId,
    signature: &'a [u8],
}

impl Kind {
    /// Writes and signs a file.
    pub fn write(&self, body: &impl Serialize, signer: &SigningKey) -> Vec<u8> {
        let mut content = Vec::new();
        ciborium::into_writer(body, &mut content).expect("writing to memory does not fail");
        let mut file = self.magic.to_vec();
        file.push(self.version);
        file.extend_from_slice(&u32::try_from(content.len()).expect("a body is far under 4 GB").to_be_bytes());
        file.extend_from_slice(&content);
        file.extend_from_slice(&signer.public().id().0);
        let signature = signer.sign(&[self.label, &file].concat());
        file.extend_from_slice(&signature);
        file
    }

    /// Reads the structure of a file.
    pub fn read<'a>(&self, file: &'a [u8]) -> Result<SignedFile<'a>, Unreadable> {
        let after_version = ByteReader::of_file(file, self.magic, self.version);
        if !matches!(after_version, Err(Unreadable::Other)) && file.len() > self.largest {
            return Err(Unreadable::TooLarge);
        }
        self.split(file, after_version?).ok_or(Unreadable::Damaged)
    }

    fn split<'a>(&self, file: &'a [u8], mut reader: ByteReader<'a>) -> Option<SignedFile<'a>> {
        let body = reader.counted()?;
        let key_id = KeyId(reader.array()?);
        let signed = file.get(..file.len().checked_sub(SIGNATURE_BYTES)?)?;
        let signature = reader.take(SIGNATURE_BYTES)?;
        reader.end()?;
        Some(SignedFile {
            label: self.label,
            signed,
            body,
            key_id,
            signature,
        })
    }
}

impl SignedFile<'_> {
    /// Whether one of `keys` signed the file.
    pub fn signed_by<'k>(&self, keys: impl IntoIterator<Item = &'k PublicKey>) -> bool {
        let message = [self.label, self.signed].concat();
        keys.into_iter()
            .any(|key| key.id() == self.key_id && key.verifies(&message, self.signature))
    }

    /// The short id of the key that the file says signed it.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The body; `None` where it cannot be read or something follows it.
    pub fn body<T: DeserializeOwned>(&self) -> Option<T> {
        let mut bytes = self.body;
        let body = ciborium::from_reader(&mut bytes).ok()?;
        bytes.is_empty().then_some(body)
    }
}

//! What both kinds of code share: prefix, texts, signature.

use super::{LONGEST_HOST, LONGEST_STAY_MINUTES, LONGEST_TEXT_BYTES, STAY_UNIT_MINUTES, VenueCodeError};
use crate::basics::decimal;
use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};
use crate::basics::reader::ByteReader;

/// A payload that ends early, goes on too long, or holds what no writer writes.
#[derive(Debug)]
pub(super) struct Malformed;

/// Whether `host` can stand in a code's URL.
pub(super) fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= LONGEST_HOST
        && host
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b))
}

/// The URL up to and with `#`.
pub(super) fn prefix(host: &str) -> String {
    format!("https://{host}/v#")
}

/// The whole text of a code.
pub(super) fn text(host: &str, unsigned: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> String {
    prefix(host) + &decimal::to_digits(&[unsigned, signature].concat())
}

/// The bytes that are signed: label, host and payload, so that a code counts for its host only.
fn message(label: &[u8], host: &str, unsigned: &[u8]) -> Vec<u8> {
    [label, prefix(host).as_bytes(), unsigned].concat()
}

pub(super) fn sign(label: &[u8], host: &str, unsigned: &[u8], signer: &SigningKey) -> [u8; SIGNATURE_BYTES] {
    signer.sign(&message(label, host, unsigned))
}

pub(super) fn verifies(label: &[u8], host: &str, unsigned: &[u8], signature: &[u8], key: &PublicKey) -> bool {
    key.verifies(&message(label, host, unsigned), signature)
}

/// The default stay in its unit, rounded up.
pub(super) fn stay_units(minutes: u32) -> Result<u8, VenueCodeError> {
    if minutes == 0 || minutes > LONGEST_STAY_MINUTES {
        return Err(VenueCodeError::CannotBeWritten);
    }
    u8::try_from(minutes.div_ceil(STAY_UNIT_MINUTES)).map_err(|_| VenueCodeError::CannotBeWritten)
}

/// Cuts name and address at characters to what a code carries together. An address gives way to a name of up to half.
pub(super) fn cut_texts(name: &str, address: &str) -> (String, String) {
    let name_room = (LONGEST_TEXT_BYTES / 2).max(LONGEST_TEXT_BYTES.saturating_sub(address.len()));
    let name = cut(name, name_room);
    let address = cut(address, LONGEST_TEXT_BYTES - name.len());
    (name.to_owned(), address.to_owned())
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Takes a payload apart.
pub(super) struct PayloadReader<'a>(ByteReader<'a>);

impl<'a> PayloadReader<'a> {
    /// A reader of what follows version and kind.
    pub fn new(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = ByteReader::new(payload);
        reader.byte().ok_or(Malformed)?;
        Ok(Self(reader))
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.0.byte().ok_or(Malformed)
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.0.u16().ok_or(Malformed)
    }

    pub fn u24(&mut self) -> Result<u32, Malformed> {
        let [high, middle, low] = self.array()?;
        Ok(u32::from_be_bytes([0, high, middle, low]))
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.0.u32().ok_or(Malformed)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.0.array().ok_or(Malformed)
    }

    pub fn key_id(&mut self) -> Result<KeyId, Malformed> {
        self.array().map(KeyId)
    }

    pub fn stay_minutes(&mut self) -> Result<u32, Malformed> {
        let minutes = u32::from(self.byte()?) * STAY_UNIT_MINUTES;
        if minutes == 0 || minutes > LONGEST_STAY_MINUTES {
            Err(Malformed)
        } else {
            Ok(minutes)
        }
    }

    /// All that is left but `after` bytes, as name and address; the name's length stands apart.
    pub fn texts(&mut self, name_length: u8, after: usize) -> Result<(String, String), Malformed> {
        let name = self.text(usize::from(name_length))?;
        let address = self.text(self.0.len().checked_sub(after).ok_or(Malformed)?)?;
        if name.is_empty() || name.len() + address.len() > LONGEST_TEXT_BYTES {
            Err(Malformed)
        } else {
            Ok((name, address))
        }
    }

    fn text(&mut self, length: usize) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.0.take(length).ok_or(Malformed)?).map_err(|_| Malformed)?;
        // A name with line breaks or other controls could pass for something else on a screen.
        if text.chars().any(char::is_control) {
            Err(Malformed)
        } else {
            Ok(text.to_owned())
        }
    }

    /// The signature, which ends the payload.
    pub fn signature(mut self) -> Result<[u8; SIGNATURE_BYTES], Malformed> {
        let signature = self.array()?;
        self.0.end().map(|()| signature).ok_or(Malformed)
    }
}

//! What both kinds of code share: prefix, texts, signature.

use super::{LONGEST_HOST, LONGEST_STAY_MINUTES, LONGEST_TEXT_BYTES, STAY_UNIT_MINUTES, VenueCodeError};
use crate::basics::decimal;
use crate::basics::keys::{KeyId, PublicKey, SIGNATURE_BYTES, SigningKey};

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

/// What is signed.
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
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self, length: usize) -> Result<u32, Malformed> {
        Ok(self
            .take(length)?
            .iter()
            .fold(0, |number: u32, &byte| (number << 8) | u32::from(byte)))
    }

    pub fn key_id(&mut self) -> Result<KeyId, Malformed> {
        self.take(2)?.try_into().map(KeyId).map_err(|_| Malformed)
    }

    pub fn stay_minutes(&mut self) -> Result<u32, Malformed> {
        let minutes = self.number(1)? * STAY_UNIT_MINUTES;
        if minutes == 0 || minutes > LONGEST_STAY_MINUTES {
            Err(Malformed)
        } else {
            Ok(minutes)
        }
    }

    /// All that is left but `after` bytes, as name and address; the name's length stands apart.
    pub fn texts(&mut self, name_length: usize, after: usize) -> Result<(String, String), Malformed> {
        let name = self.text(name_length)?;
        let address = self.text(self.0.len().checked_sub(after).ok_or(Malformed)?)?;
        if name.is_empty() || name.len() + address.len() > LONGEST_TEXT_BYTES {
            Err(Malformed)
        } else {
            Ok((name, address))
        }
    }

    fn text(&mut self, length: usize) -> Result<String, Malformed> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        // A name with line breaks or other controls could pass for something else on a screen.
        if text.chars().any(char::is_control) {
            Err(Malformed)
        } else {
            Ok(text.to_owned())
        }
    }

    pub fn signature(&mut self) -> Result<[u8; SIGNATURE_BYTES], Malformed> {
        let signature = self.take(SIGNATURE_BYTES)?.try_into().map_err(|_| Malformed)?;
        if self.0.is_empty() { Ok(signature) } else { Err(Malformed) }
    }
}

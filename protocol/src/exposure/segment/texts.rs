//! Texts: each sealed once under a key of its own, the key wrapped for every venue-hour that has the text.
//!
//! A wrap is `tag:8 || key:16 || number:4`, key and number masked. The table is sorted by tag and filled with random wraps to a power of
//! two, at least eight, so that its length does not tell how many hours one text is for.

use crate::basics::random::{Random, RandomError, random_bytes};
use crate::basics::reader::ByteReader;
use crate::basics::seal_once::OnceKey;
use crate::basics::secret::Secret;
use crate::exposure::notice::LocalisedText;
use crate::exposure::tag::{SALT_BYTES, SlotMac, TEXT_KEY_BYTES};

/// Length of a wrap in bytes.
pub(super) const WRAP_BYTES: usize = 8 + TEXT_KEY_BYTES + 4;
/// Longest text as CBOR, in bytes.
pub(super) const LONGEST_TEXT_BYTES: usize = 16_000;

const STEP: usize = 256;
const FEWEST_WRAPS: usize = 8;
const LABEL: &[u8] = b"techo text v1";

/// Texts and wraps of a segment that is being written.
#[derive(Default)]
pub(super) struct Texts {
    keys: Vec<Secret<TEXT_KEY_BYTES>>,
    wraps: Vec<[u8; WRAP_BYTES]>,
    sealed: Vec<u8>,
}

impl Texts {
    /// Seals `text`. `None` where it is too long.
    pub(super) fn add(&mut self, text: &LocalisedText, random: &dyn Random) -> Result<Option<()>, RandomError> {
        let mut content = vec![0; 2];
        ciborium::into_writer(text, &mut content).expect("writing to memory does not fail");
        let Some(length) = u16::try_from(content.len() - 2)
            .ok()
            .filter(|&n| usize::from(n) <= LONGEST_TEXT_BYTES)
        else {
            return Ok(None);
        };
        content[..2].copy_from_slice(&length.to_be_bytes());
        content.resize(content.len().next_multiple_of(STEP), 0);
        let key = Secret::generate(random)?;
        OnceKey::aes_128(&key)
            .seal(LABEL, &mut content)
            .expect("AES-GCM takes far more than 64 kB");
        // The content is under 17 kB.
        self.sealed
            .extend_from_slice(&u32::try_from(content.len()).unwrap_or(0).to_be_bytes());
        self.sealed.extend_from_slice(&content);
        self.keys.push(key);
        Ok(Some(()))
    }

    /// Wraps the key of text `number` for one entry. `None` where there is no such text.
    pub(super) fn wrap(&mut self, number: usize, mac: &SlotMac, salt: &[u8; SALT_BYTES], i: u32) -> Option<()> {
        let mut key = *self.keys.get(number)?.expose();
        let pad = mac.text_pad(salt, i);
        let mut masked_number = u32::try_from(number).ok()?.to_be_bytes();
        xor(&mut key, pad.key.expose());
        xor(&mut masked_number, &pad.number);
        let mut wrap = [0; WRAP_BYTES];
        wrap[..8].copy_from_slice(&pad.tag.to_be_bytes());
        wrap[8..8 + TEXT_KEY_BYTES].copy_from_slice(&key);
        wrap[8 + TEXT_KEY_BYTES..].copy_from_slice(&masked_number);
        self.wraps.push(wrap);
        Some(())
    }

    /// Fills and sorts the wraps; gives their number, the table, and the sealed texts.
    pub(super) fn finish(mut self, random: &dyn Random) -> Result<(usize, Vec<u8>, Vec<u8>), RandomError> {
        if !self.keys.is_empty() {
            let size = self.wraps.len().next_power_of_two().max(FEWEST_WRAPS);
            while self.wraps.len() < size {
                self.wraps.push(random_bytes(random)?);
            }
        }
        self.wraps.sort_unstable();
        Ok((self.wraps.len(), self.wraps.concat(), self.sealed))
    }
}

/// Finds and opens the text of one entry; `None` where there is none or it does not open.
pub(super) fn open(wraps: &[u8], texts: &[u8], mac: &SlotMac, salt: &[u8; SALT_BYTES], i: u32) -> Option<LocalisedText> {
    let pad = mac.text_pad(salt, i);
    let (table, _) = wraps.as_chunks::<WRAP_BYTES>();
    let wanted = pad.tag.to_be_bytes();
    let at = table.binary_search_by(|wrap| wrap[..8].cmp(&wanted)).ok()?;
    let wrap = table.get(at)?;
    let mut key: [u8; TEXT_KEY_BYTES] = wrap[8..8 + TEXT_KEY_BYTES].try_into().ok()?;
    let mut number: [u8; 4] = wrap[8 + TEXT_KEY_BYTES..].try_into().ok()?;
    xor(&mut key, pad.key.expose());
    xor(&mut number, &pad.number);
    let mut content = sealed_text(texts, u32::from_be_bytes(number))?.to_vec();
    let plain = OnceKey::aes_128(&key.into()).open(LABEL, &mut content)?;
    let mut plain = ByteReader::new(plain);
    let length = plain.u16()?;
    ciborium::from_reader(plain.take(usize::from(length))?).ok()
}

fn sealed_text(texts: &[u8], number: u32) -> Option<&[u8]> {
    let mut texts = ByteReader::new(texts);
    for _ in 0..number {
        texts.counted()?;
    }
    texts.counted()
}

fn xor(bytes: &mut [u8], mask: &[u8]) {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

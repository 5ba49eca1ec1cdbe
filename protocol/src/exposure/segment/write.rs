//! Writing a segment: entries, dummies, texts, recalls, signature.

use std::collections::HashMap;

use super::recalls::Recall;
use super::texts::Texts;
use super::{FEWEST_ENTRIES, HEADER_BYTES, LABEL, MAGIC, MOST_ENTRIES, SegmentError, VERSION, recalls};
use crate::basics::elias_fano;
use crate::basics::keys::SigningKey;
use crate::basics::padme::padme;
use crate::basics::random::{Random, RandomError, random_bytes};
use crate::exposure::notice::{BODY_BYTES, Body, LocalisedText};
use crate::exposure::tag::{SALT_BYTES, SlotKey, SlotMac, TAG_BITS};
use crate::trust::AuthorityId;

/// One exposed venue-hour under one of the venue's codes.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key of the venue's code for that hour.
    pub key: SlotKey,
    /// What to say. [`Body::has_text`] is set by the writer from `text`.
    pub body: Body,
    /// Which of [`NewSegment::texts`] it has.
    pub text: Option<usize>,
}

/// What a segment is made from.
#[derive(Debug, Clone)]
pub struct NewSegment {
    /// The authority that publishes the segment.
    pub authority: AuthorityId,
    /// Counts up from 1 within the authority.
    pub sequence: u64,
    /// When it is signed, in Unix seconds.
    pub issued_at: i64,
    /// The area it is for; 0 for all.
    pub area: u16,
    /// The UTC day of publication, counted from 1970-01-01.
    pub day: u32,
    /// The exposed venue-hours, in any order.
    pub entries: Vec<Entry>,
    /// Texts that entries name by position.
    pub texts: Vec<LocalisedText>,
    /// Recalled vaccine lots, which are published in the clear.
    pub recalls: Vec<Recall>,
}

crate::coded_union! {
    /// Why a segment could not be written.
    pub enum WriteError {
        /// The content does not fit the format.
        Segment(SegmentError);
        /// The source of randomness failed: no salt, dummy or text key could be drawn.
        Random(RandomError);
    }
}

/// Draws of a salt before writing gives up; two of a million tags meet once in 100,000 files.
const SALT_DRAWS: usize = 4;

struct Row {
    tag: u64,
    /// Sorts behind a real entry of the same tag, and is dropped there.
    dummy: bool,
    body: [u8; BODY_BYTES],
}

impl NewSegment {
    /// Writes and signs the file.
    ///
    /// # Errors
    /// [`WriteError`]: too many entries, a text too long, an entry that names a text that is not there, or no randomness.
    pub fn write(&self, signer: &SigningKey, random: &dyn Random) -> Result<Vec<u8>, WriteError> {
        let count = padme(self.entries.len() as u64).max(u64::from(FEWEST_ENTRIES));
        let count = u32::try_from(count)
            .ok()
            .filter(|&n| n <= MOST_ENTRIES)
            .ok_or(SegmentError::TooManyEntries)?;
        for _ in 0..SALT_DRAWS {
            if let Some(file) = self.write_under_new_salt(count, signer, random)? {
                return Ok(file);
            }
        }
        Err(RandomError::Unavailable.into())
    }

    /// `None` where two tags met under the salt that was drawn.
    fn write_under_new_salt(&self, count: u32, signer: &SigningKey, random: &dyn Random) -> Result<Option<Vec<u8>>, WriteError> {
        let mut texts = Texts::default();
        for text in &self.texts {
            texts.add(text, random)?.ok_or(SegmentError::TextTooLong)?;
        }
        let salt = random_bytes(random)?;
        let Some(rows) = self.rows(&salt, count as usize, &mut texts, random)? else {
            return Ok(None);
        };
        let (wraps, wrap_table, sealed_texts) = texts.finish(random)?;
        let recalls = recalls::write(&self.recalls);

        let mut file = Vec::with_capacity(HEADER_BYTES + rows.len() * 17 + wrap_table.len() + sealed_texts.len() + recalls.len());
        let length = |n: usize| u32::try_from(n).map(u32::to_be_bytes).map_err(|_| SegmentError::TooLarge);
        file.extend_from_slice(MAGIC);
        file.push(VERSION);
        file.extend_from_slice(&self.authority.0);
        file.extend_from_slice(&self.sequence.to_be_bytes());
        file.extend_from_slice(&self.issued_at.to_be_bytes());
        file.extend_from_slice(&self.area.to_be_bytes());
        file.extend_from_slice(&self.day.to_be_bytes());
        file.extend_from_slice(&salt);
        file.extend_from_slice(&count.to_be_bytes());
        file.extend_from_slice(&length(wraps)?);
        file.extend_from_slice(&length(sealed_texts.len())?);
        file.extend_from_slice(&length(recalls.len())?);
        file.extend_from_slice(&signer.public().id().0);
        let tags: Vec<u64> = rows.iter().map(|row| row.tag).collect();
        elias_fano::write(&tags, count, TAG_BITS, &mut file);
        for row in &rows {
            file.extend_from_slice(&row.body);
        }
        file.extend_from_slice(&wrap_table);
        file.extend_from_slice(&sealed_texts);
        file.extend_from_slice(&recalls);
        let signature = signer.sign(&[LABEL, &file].concat());
        file.extend_from_slice(&signature);
        Ok(Some(file))
    }

    /// Entries and dummies, sorted by tag. `None` where two entries have one tag.
    fn rows(
        &self,
        salt: &[u8; SALT_BYTES],
        count: usize,
        texts: &mut Texts,
        random: &dyn Random,
    ) -> Result<Option<Vec<Row>>, WriteError> {
        let mut rows = Vec::with_capacity(count);
        let mut next: HashMap<&SlotKey, u32> = HashMap::with_capacity(self.entries.len());
        for entry in &self.entries {
            let mac = SlotMac::new(&entry.key);
            let i = next.entry(&entry.key).or_default();
            if let Some(number) = entry.text {
                texts.wrap(number, &mac, salt, *i).ok_or(SegmentError::Damaged)?;
            }
            let mut body = Body {
                has_text: entry.text.is_some(),
                ..entry.body
            }
            .to_bytes();
            for (byte, mask) in body.iter_mut().zip(mac.body_pad(salt, *i)) {
                *byte ^= mask;
            }
            rows.push(Row {
                tag: mac.tag(salt, *i),
                dummy: false,
                body,
            });
            *i += 1;
        }
        rows.sort_unstable_by_key(|row| row.tag);
        if rows.windows(2).any(|pair| pair[0].tag == pair[1].tag) {
            return Ok(None);
        }
        // One random draw for all dummies: a source that is asked a million times is slow.
        while rows.len() < count {
            let mut noise = vec![0; (count - rows.len()) * (8 + BODY_BYTES)];
            random.fill(&mut noise)?;
            let (dummies, _) = noise.as_chunks::<{ 8 + BODY_BYTES }>();
            rows.extend(dummies.iter().map(|dummy| {
                let (tag, body) = dummy.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
                Row {
                    tag: u64::from_be_bytes(*tag) >> (64 - TAG_BITS),
                    dummy: true,
                    body: body.try_into().unwrap_or_default(),
                }
            }));
            rows.sort_unstable_by_key(|row| (row.tag, row.dummy));
            rows.dedup_by_key(|row| row.tag);
        }
        Ok(Some(rows))
    }
}

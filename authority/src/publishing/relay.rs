//! Handing what was signed to a relay.

use std::collections::HashSet;

use techo_protocol::basics::http::HttpError;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest};
use techo_protocol::exposure::relay_api::{manifest_path, publish_segment_path, trust_path};
use techo_protocol::trust::Role;

use super::PublishError;
use crate::store::narrow;
use crate::{Authority, Error};

/// One relay, as the caller reaches it. Paths are those of `techo_protocol::exposure::relay_api`.
pub trait RelayPort {
    /// Fetches `path`; `None` where there is nothing. An answer of more than `most` bytes is an error.
    ///
    /// # Errors
    /// What the relay or the way to it says.
    fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError>;

    /// Puts `body` at `path`. The same bytes again are no error.
    ///
    /// # Errors
    /// What the relay or the way to it says.
    fn put(&self, path: &str, body: Vec<u8>) -> Result<(), HttpError>;

    /// Posts `body` to `path` and gives the answer. An answer of more than `most` bytes is an error.
    ///
    /// # Errors
    /// What the relay or the way to it says.
    fn post(&self, path: &str, body: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError>;
}

/// What a relay got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The manifest's sequence number.
    pub sequence: u64,
    /// Segments that the relay lacked.
    pub segments: usize,
    /// Length of all that was sent, in bytes; 0 where it had everything.
    pub bytes: usize,
}

/// A signed segment and its name.
struct SegmentFile {
    hash: [u8; 32],
    bytes: Vec<u8>,
}

impl Authority {
    /// Sends the newest manifest, and before it the segments that the relay lacks.
    ///
    /// # Errors
    /// [`PublishError`]: nothing was signed, or the relay holds what contradicts this profile. [`Error::Relay`]: what the relay says.
    pub fn send(&mut self, relay: &dyn RelayPort) -> Result<Sent, Error> {
        let authority = self.id();
        let (sequence, file) = self.newest_manifest_file()?.ok_or(PublishError::NothingSigned)?;
        let held = relay.get(&manifest_path(authority), LARGEST_MANIFEST_BYTES)?;
        let mut sent = Sent {
            sequence,
            segments: 0,
            bytes: 0,
        };
        if held.as_ref() != Some(&file) {
            let held = held
                .map(|held| self.segments_in(&held, sequence))
                .transpose()?
                .unwrap_or_default();
            // A relay that was away while a key changed learns the new one here, before anything that it signed.
            let trust = Manifest::read(&file)?.trust_list().to_vec();
            relay.put(&trust_path(authority), trust)?;
            for SegmentFile { hash, bytes } in self.segments_without(&held)? {
                sent.segments += 1;
                sent.bytes += bytes.len();
                relay.put(&publish_segment_path(authority, &hash), bytes)?;
            }
            sent.bytes += file.len();
            relay.put(&manifest_path(authority), file)?;
        }
        self.db
            .execute("UPDATE manifest SET taken = 1 WHERE sequence = ?1", [sequence.cast_signed()])?;
        Ok(sent)
    }

    /// The newest manifest and its sequence number; `None` before the first publishing.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn newest_manifest_file(&self) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let mut query = self
            .db
            .prepare_cached("SELECT sequence, file FROM manifest WHERE file IS NOT NULL ORDER BY sequence DESC LIMIT 1")?;
        let mut rows = query.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((narrow(row.get::<_, i64>(0)?)?, row.get(1)?)))
    }

    /// The segments and files that the relay's manifest lists, where that is an earlier one of ours; of anything else nothing is believed.
    fn segments_in(&self, held: &[u8], ours: u64) -> Result<HashSet<[u8; 32]>, Error> {
        let list = self.trust_list()?;
        // The revoked ones too: what they signed was ours.
        let keys = list.keys.iter().filter(|key| key.role == Role::Manifest).map(|key| &key.key);
        let Ok(manifest) = Manifest::read(held).and_then(|manifest| manifest.verify(keys)) else {
            return Ok(HashSet::new());
        };
        match manifest.sequence.cmp(&ours) {
            std::cmp::Ordering::Greater => Err(PublishError::RelayAhead.into()),
            std::cmp::Ordering::Equal => Err(PublishError::RelayDisagrees.into()),
            std::cmp::Ordering::Less => Ok(hashes(&manifest).collect()),
        }
    }

    /// The segments that the newest manifest lists and then the public files whose hashes are not among `held`, oldest first.
    fn segments_without(&self, held: &HashSet<[u8; 32]>) -> Result<Vec<SegmentFile>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT * FROM (SELECT file FROM segment WHERE file IS NOT NULL AND listed_until >
                     (SELECT signed_at FROM manifest ORDER BY sequence DESC LIMIT 1) ORDER BY sequence)
                 UNION ALL SELECT file FROM public_file",
        )?;
        let mut rows = query.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let file: Vec<u8> = row.get(0)?;
            let hash = sha256(&file);
            if !held.contains(&hash) {
                out.push(SegmentFile { hash, bytes: file });
            }
        }
        Ok(out)
    }
}

fn hashes(manifest: &Manifest) -> impl Iterator<Item = [u8; 32]> {
    let files = manifest.files.iter().map(|file| file.hash);
    manifest.segments.iter().map(|segment| segment.hash).chain(files)
}

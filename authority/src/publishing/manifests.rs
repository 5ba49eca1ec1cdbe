//! Signing the list of segments.

use rusqlite::Connection;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest, VALID_SECONDS};
use techo_protocol::trust::TrustList;

use super::segments::{self, Written};
use super::signers::{announced, signs_now};
use super::{Prepared, PublishError, PublishWarning, public_files};
use crate::keys::KeyRole;
use crate::store::{array, narrow, write};
use crate::{Authority, Error, audit, pending, recalls, trust};

/// For how long a manifest that no relay has is sent as it is instead of being signed anew, in seconds.
const REUSE_SECONDS: i64 = 600;
/// How long before its end a trust list is warned of, in seconds.
const EXPIRES_SOON_SECONDS: i64 = 60 * DAY_SECONDS;

/// What is kept of the newest manifest that was signed.
pub(super) struct Newest {
    pub sequence: u64,
    pub hash: [u8; 32],
    pub signed_at: i64,
    pub trust_list: u32,
    pub taken: bool,
}

impl Authority {
    /// Signs all that is pending, and a manifest, and stores them. Nothing is sent.
    ///
    /// The notice key is opened only where there is something to sign with it.
    ///
    /// # Errors
    /// [`PublishError::ClockBehind`]; [`KeyError`](crate::keys::KeyError) for keys that are missing or do not open; [`StoreError`](crate::store::StoreError).
    pub fn prepare(&mut self, now: i64, random: &dyn Random) -> Result<Prepared, Error> {
        let authority = self.id();
        let db = write(&mut self.db)?;
        let last = newest(&db)?;
        if last.as_ref().is_some_and(|last| now < last.signed_at) {
            return Err(PublishError::ClockBehind.into());
        }
        let (list, list_file) = trust::newest(&db)?;
        let warnings = warnings(&list, now);
        let notices = pending::pending(&db, now, None)?;
        let recalls = recalls::pending(&db, now)?;
        let is_pending = !notices.is_empty() || !recalls.is_empty();
        let announced = announced(&db)?;
        let files = public_files::refresh(&db, &self.keys, &list, &announced, now, random)?;
        if let Some(last) = &last
            && !is_pending
            && !files.changed
            && !last.taken
            && last.trust_list == list.number
            && now.saturating_sub(last.signed_at) < REUSE_SECONDS
        {
            return Ok(prepared(
                last.sequence,
                last.signed_at,
                &Written::default(),
                warnings,
                (true, false),
            ));
        }

        let mut written = Written::default();
        let mut deferred = files.deferred;
        if is_pending {
            let (public, is_announced) = signs_now(&list, &announced, KeyRole::Notice)?;
            deferred |= !is_announced;
            if is_announced {
                let signer = self.keys.signing_key(KeyRole::Notice, &public)?;
                written = segments::write(&db, authority, segments::plan(notices, recalls)?, &signer, now, random)?;
            }
        }

        let sequence = last.as_ref().map_or(0, |last| last.sequence).saturating_add(1);
        let manifest = Manifest {
            authority,
            sequence,
            previous: last.map_or([0; 32], |last| last.hash),
            signed_at: now,
            valid_until: now.saturating_add(VALID_SECONDS),
            audit_head: audit::last(&db)?.1,
            segments: segments::listed(&db, now)?,
            trust_list: list_file,
            files: public_files::listed(&db)?,
        };
        let (public, _) = signs_now(&list, &announced, KeyRole::Manifest)?;
        let file = manifest.write(&self.keys.signing_key(KeyRole::Manifest, &public)?);
        if file.len() > LARGEST_MANIFEST_BYTES {
            return Err(PublishError::ManifestTooLarge.into());
        }
        db.execute("UPDATE manifest SET file = NULL WHERE file IS NOT NULL", [])?;
        db.execute(
            "INSERT INTO manifest (sequence, hash, signed_at, trust_list, file) VALUES (?1, ?2, ?3, ?4, ?5)",
            (sequence.cast_signed(), sha256(&file), now, list.number, &file),
        )?;
        audit::append(&db, now, "manifest.signed", &sequence.to_string())?;
        db.commit()?;
        Ok(prepared(sequence, now, &written, warnings, (false, deferred)))
    }
}

fn prepared(
    sequence: u64,
    signed_at: i64,
    written: &Written,
    warnings: Vec<PublishWarning>,
    (reused, deferred): (bool, bool),
) -> Prepared {
    Prepared {
        sequence,
        signed_at,
        segments: written.segments,
        notices: written.notices,
        recalls: written.recalls,
        entries: written.entries,
        bytes: written.bytes,
        reused,
        deferred,
        warnings,
    }
}

/// The newest manifest; `None` before the first.
pub(super) fn newest(db: &Connection) -> Result<Option<Newest>, Error> {
    let mut query =
        db.prepare_cached("SELECT sequence, hash, signed_at, trust_list, taken FROM manifest ORDER BY sequence DESC LIMIT 1")?;
    let mut rows = query.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Newest {
        sequence: narrow(row.get::<_, i64>(0)?)?,
        hash: array(row.get_ref(1)?.as_blob().unwrap_or(&[]))?,
        signed_at: row.get(2)?,
        trust_list: row.get(3)?,
        taken: row.get(4)?,
    }))
}

fn warnings(list: &TrustList, now: i64) -> Vec<PublishWarning> {
    let left = list.expires_at.saturating_sub(now);
    if left <= 0 {
        vec![PublishWarning::TrustListExpired]
    } else if left < EXPIRES_SOON_SECONDS {
        vec![PublishWarning::TrustListExpiresSoon {
            days: left / DAY_SECONDS,
        }]
    } else {
        Vec::new()
    }
}

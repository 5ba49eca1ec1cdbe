//! Gathering what is pending into files.

use std::collections::HashMap;

use rusqlite::Connection;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::{PublicKey, SigningKey, sha256};
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::manifest::{LISTED_SECONDS, SegmentRef};
use techo_protocol::exposure::notice::{LocalisedText, NoticeId};
use techo_protocol::exposure::segment::{Entry, NewSegment, Recall};
use techo_protocol::trust::AuthorityId;

use crate::pending::PendingNotice;
use crate::store::{array, narrow};
use crate::{Error, audit, confirmed_time, recalls};

/// Entries after which a new file is begun: a quarter of what fits, which keeps a file well under the largest that is taken.
const MOST_ENTRIES: usize = 1 << 20;
/// Bytes of texts after which a new file is begun.
const MOST_TEXT_BYTES: usize = 16 << 20;

/// What goes into one file.
#[derive(Default)]
pub(super) struct Plan {
    entries: Vec<Entry>,
    texts: Vec<LocalisedText>,
    text_numbers: HashMap<String, usize>,
    text_bytes: usize,
    notices: Vec<(NoticeId, u32, u8)>,
    recalls: Vec<Recall>,
    listed_until: i64,
}

impl Plan {
    fn is_full(&self) -> bool {
        self.entries.len() >= MOST_ENTRIES || self.text_bytes >= MOST_TEXT_BYTES
    }

    fn add(&mut self, pending: PendingNotice) -> Result<(), Error> {
        let with_text = pending.entries.iter().any(|entry| entry.text.is_some());
        let number = if with_text { Some(self.text(pending.text)?) } else { None };
        self.entries.extend(pending.entries.into_iter().map(|entry| Entry {
            text: entry.text.and(number),
            ..entry
        }));
        self.notices.push((pending.notice, pending.code, pending.revision));
        self.listed_until = self.listed_until.max(pending.listed_until);
        Ok(())
    }

    /// The number of a text in this file: one that several notices have is sealed once.
    fn text(&mut self, text: LocalisedText) -> Result<usize, Error> {
        let key = serde_json::to_string(&text).map_err(|_| crate::store::StoreError::Damaged)?;
        if let Some(number) = self.text_numbers.get(&key) {
            return Ok(*number);
        }
        let number = self.texts.len();
        self.text_bytes += key.len();
        self.texts.push(text);
        self.text_numbers.insert(key, number);
        Ok(number)
    }
}

/// Puts all that is pending into as few files as can be.
pub(super) fn plan(notices: Vec<PendingNotice>, recalls: Vec<(Recall, i64)>) -> Result<Vec<Plan>, Error> {
    let mut plans = vec![Plan::default()];
    for notice in notices {
        if plans.last().is_none_or(Plan::is_full) {
            plans.push(Plan::default());
        }
        if let Some(plan) = plans.last_mut() {
            plan.add(notice)?;
        }
    }
    if let Some(plan) = plans.last_mut() {
        for (recall, made_at) in recalls {
            plan.recalls.push(recall);
            plan.listed_until = plan.listed_until.max(made_at.saturating_add(LISTED_SECONDS));
        }
    }
    plans.retain(|plan| !plan.entries.is_empty() || !plan.recalls.is_empty());
    Ok(plans)
}

/// How much the segments that were written hold.
#[derive(Default)]
pub(super) struct Written {
    pub segments: usize,
    pub notices: usize,
    pub recalls: usize,
    pub entries: usize,
    pub bytes: usize,
}

/// Signs the files and stores them, in the caller's transaction.
pub(super) fn write(
    db: &Connection,
    authority: AuthorityId,
    plans: Vec<Plan>,
    signer: &SigningKey,
    now: i64,
    random: &dyn Random,
) -> Result<Written, Error> {
    let mut written = Written::default();
    let mut sequence: u64 = narrow(db.query_row("SELECT coalesce(max(sequence), 0) FROM segment", [], |row| {
        row.get::<_, i64>(0)
    })?)?;
    let mut notices = std::collections::BTreeSet::new();
    for plan in plans {
        sequence = sequence.saturating_add(1);
        // A recall that is published again is listed for a whole term from now on.
        let listed_until = if plan.recalls.is_empty() {
            plan.listed_until
        } else {
            plan.listed_until.max(now.saturating_add(LISTED_SECONDS))
        };
        let day = narrow(now.div_euclid(DAY_SECONDS))?;
        let new = NewSegment {
            authority,
            sequence,
            issued_at: now,
            area: 0,
            day,
            entries: plan.entries,
            texts: plan.texts,
            recalls: plan.recalls,
        };
        let file = new.write(signer, random)?;
        db.prepare_cached(
            "INSERT INTO segment (sequence, hash, bytes, day, listed_until, signer, file) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            sequence.cast_signed(),
            sha256(&file),
            narrow::<_, u32>(file.len())?,
            day,
            listed_until,
            signer.public().0,
            &file,
        ))?;
        let mut publish =
            db.prepare_cached("INSERT OR REPLACE INTO published (notice, code, revision, segment) VALUES (?1, ?2, ?3, ?4)")?;
        for (notice, code, revision) in &plan.notices {
            publish.execute((notice.number(), code, revision, sequence.cast_signed()))?;
            notices.insert(notice.number());
        }
        for recall in &new.recalls {
            recalls::set_published(db, recall, sequence)?;
        }
        audit::append(db, now, "segment.signed", &sequence.to_string())?;
        written.segments += 1;
        written.recalls += new.recalls.len();
        written.entries += new.entries.len();
        written.bytes += file.len();
    }
    written.notices = notices.len();
    Ok(written)
}

/// The segments that a manifest signed at `now` lists, oldest first. The files of those that no manifest will list again are dropped: which are of
/// a revoked key, or were to be listed until before a time that is confirmed.
pub(super) fn listed(db: &Connection, now: i64) -> Result<Vec<SegmentRef>, Error> {
    db.prepare_cached("UPDATE segment SET file = NULL WHERE (listed_until <= ?1 OR revoked = 1) AND file IS NOT NULL")?
        .execute([confirmed_time::read(db, now)?.up_to(now)])?;
    let mut query = db.prepare_cached(
        "SELECT sequence, hash, bytes, day, listed_until FROM segment WHERE file IS NOT NULL AND listed_until > ?1 ORDER BY sequence",
    )?;
    let mut rows = query.query([now])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(SegmentRef {
            sequence: narrow(row.get::<_, i64>(0)?)?,
            hash: array(row.get_ref(1)?.as_blob().unwrap_or(&[]))?,
            bytes: row.get(2)?,
            area: 0,
            day: row.get(3)?,
            listed_until: row.get(4)?,
        });
    }
    Ok(out)
}

/// After a notice key was revoked: what it signed is listed no more, and has to be published again.
pub(super) fn forget_of(db: &mut Connection, signer: &PublicKey) -> Result<(), Error> {
    db.execute("UPDATE segment SET revoked = 1 WHERE signer = ?1", [signer.0])?;
    Ok(())
}

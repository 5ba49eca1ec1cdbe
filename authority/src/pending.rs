//! What has to be said under which code (docs/exposure.md#notices).
//!
//! The newest revision of a notice goes out under every code of the venue that had not expired before the window began, once under each; so a
//! code that is issued later gets it too. Under a code, it names every hour that any revision named that went out under it: an hour that is no
//! longer covered is withdrawn, so that a window that moved also reaches those whom it first named.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::manifest::LISTED_SECONDS;
use techo_protocol::exposure::notice::{Body, LocalisedText, Minutes, NoticeId, Window};
use techo_protocol::exposure::segment::{Entry, NewSegment};
use techo_protocol::exposure::slot::slot_start;
use techo_protocol::trust::AuthorityId;

use crate::Error;
use crate::store::{StoreError, narrow, severity};
use crate::venues::read_poster;

/// The newest revision of a notice, for one code that it has to go out under.
pub(crate) struct PendingNotice {
    /// The notice that has to go out.
    pub notice: NoticeId,
    /// The number of the notice's newest revision.
    pub revision: u8,
    /// The serial of the code that the notice goes out under.
    pub code: u32,
    /// What to say of each hour; `text` of an entry is always 0 or none, and stands for [`Self::text`].
    pub entries: Vec<Entry>,
    /// What people who were there are told, in every language.
    pub text: LocalisedText,
    /// How long the segment has to be listed for its sake, in Unix seconds.
    pub listed_until: i64,
}

/// What publishing a change takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// Hours that are named, the tail's and those no longer covered included.
    pub hours: usize,
    /// Codes under which they are.
    pub codes: usize,
    /// Venue-hours: one for each hour and code.
    pub entries: usize,
    /// Length in bytes of a segment with nothing else in it.
    pub bytes: usize,
}

/// All that is pending at `now`, or what is of one notice.
pub(crate) fn pending(db: &Connection, now: i64, only: Option<NoticeId>) -> Result<Vec<PendingNotice>, Error> {
    let mut query = db.prepare_cached(
        "SELECT n.id, n.revision, c.serial, c.text, r.from_time, r.to_time, r.tail, r.severity, r.advice, r.text, r.withdrawn, r.made_at
         FROM notice n
         JOIN revision r ON r.notice = n.id AND r.revision = n.revision
         JOIN code c ON c.venue = n.venue AND c.expires_at > n.earliest_from
         WHERE (?1 IS NULL OR n.id = ?1)
           AND NOT EXISTS (SELECT 1 FROM published p JOIN segment s ON s.sequence = p.segment
                           WHERE p.notice = n.id AND p.code = c.serial AND p.revision = n.revision AND s.revoked = 0)
           AND (r.withdrawn = 0 OR EXISTS (SELECT 1 FROM published p WHERE p.notice = n.id AND p.code = c.serial))
         ORDER BY n.id, c.serial",
    )?;
    let mut rows = query.query([only.map(NoticeId::number)])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let pending = from_row(db, row)?;
        if pending.listed_until > now {
            out.push(pending);
        }
    }
    Ok(out)
}

fn from_row(db: &Connection, row: &Row<'_>) -> Result<PendingNotice, Error> {
    let notice = NoticeId::from_low_bits(narrow(row.get::<_, i64>(0)?)?);
    let (revision, code): (u8, u32) = (row.get(1)?, row.get(2)?);
    let seed = read_poster(&row.get::<_, String>(3)?)?.seed();
    let window = Window {
        from: row.get(4)?,
        to: row.get(5)?,
        tail: row.get(6)?,
    };
    let severity = severity(&row.get::<_, String>(7)?)?;
    let advice = row.get(8)?;
    let text: LocalisedText = serde_json::from_str(&row.get::<_, String>(9)?).map_err(|_| StoreError::Damaged)?;
    let covered = (!row.get::<_, bool>(10)?).then_some(window);
    let hours = hours(covered, &windows_published(db, notice, code, revision)?);
    let last_hour_ends = hours.keys().last().map_or(0, |last| slot_start(last.saturating_add(1)));
    let made_at: i64 = row.get(11)?;
    let entries = hours
        .into_iter()
        .map(|(slot, minutes)| Entry {
            key: seed.slot_key(slot),
            body: Body {
                minutes: minutes.unwrap_or(Minutes { from: 0, to: 0, tail: 0 }),
                severity,
                advice,
                notice,
                revision,
                withdrawn: minutes.is_none(),
                has_text: false,
            },
            text: (minutes.is_some() && !text.0.is_empty()).then_some(0),
        })
        .collect();
    Ok(PendingNotice {
        notice,
        revision,
        code,
        entries,
        text,
        listed_until: last_hour_ends.max(made_at).saturating_add(LISTED_SECONDS),
    })
}

/// The hours that a revision has to name: those that it covers, with their minutes, and those that an earlier window covered and it does not.
fn hours(covered: Option<Window>, earlier: &[Window]) -> BTreeMap<u32, Option<Minutes>> {
    let mut hours: BTreeMap<u32, Option<Minutes>> =
        earlier.iter().flat_map(Window::hours).map(|(slot, _)| (slot, None)).collect();
    hours.extend(
        covered
            .iter()
            .flat_map(Window::hours)
            .map(|(slot, minutes)| (slot, Some(minutes))),
    );
    hours
}

/// The windows of the earlier revisions of a notice that went out under a code.
fn windows_published(db: &Connection, notice: NoticeId, code: u32, before: u8) -> Result<Vec<Window>, Error> {
    let mut query = db.prepare_cached(
        "SELECT r.from_time, r.to_time, r.tail FROM published p JOIN revision r ON r.notice = p.notice AND r.revision = p.revision
         WHERE p.notice = ?1 AND p.code = ?2 AND p.revision <= ?3",
    )?;
    let rows = query.query_map((notice.number(), code, before), |row| {
        Ok(Window {
            from: row.get(0)?,
            to: row.get(1)?,
            tail: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What publishing the newest revision of a notice takes.
pub(crate) fn effect(
    db: &Connection,
    authority: AuthorityId,
    notice: NoticeId,
    now: i64,
    random: &dyn Random,
) -> Result<Effect, Error> {
    let pending = pending(db, now, Some(notice))?;
    let Some(first) = pending.first() else {
        return Ok(Effect::default());
    };
    let with_text = pending
        .iter()
        .any(|each| each.entries.iter().any(|entry| entry.text.is_some()));
    let texts = if with_text { vec![first.text.clone()] } else { Vec::new() };
    let entries: Vec<Entry> = pending.iter().flat_map(|each| each.entries.clone()).collect();
    let codes = pending.iter().map(|each| each.code).collect::<BTreeSet<_>>().len();
    let segment = NewSegment {
        authority,
        sequence: 0,
        issued_at: now,
        area: 0,
        day: 0,
        entries,
        texts,
        recalls: Vec::new(),
    };
    // Only its length is asked for: signed by no key of anybody's.
    let bytes = segment.write(&SigningKey::from_seed(&[0; 32]), random)?.len();
    let entries = segment.entries.len();
    Ok(Effect {
        hours: entries / codes.max(1),
        codes,
        entries,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn window(from: i64, to: i64) -> Window {
        Window { from, to, tail: 0 }
    }

    #[test]
    fn an_hour_no_longer_covered_is_withdrawn() {
        let hours = hours(Some(window(7_200, 10_800)), &[window(0, 7_200), window(3_600, 10_800)]);
        let covered = Minutes {
            from: 0,
            to: 60,
            tail: 60,
        };
        assert_eq!(
            hours.into_iter().collect::<Vec<_>>(),
            [(0, None), (1, None), (2, Some(covered))]
        );
    }

    #[test]
    fn a_withdrawal_names_every_hour_there_ever_was() {
        let hours = hours(None, &[window(0, 3_600), window(7_200, 10_800)]);
        assert_eq!(hours.into_iter().collect::<Vec<_>>(), [(0, None), (2, None)]);
    }
}

//! What the authority says of its venues: notices, their revisions, their withdrawal.
//!
//! A notice keeps its number; each change is a new revision that replaces the one before. A withdrawal is the last: who was wrong to withdraw
//! makes a new notice.

use rusqlite::{Connection, Row};
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::random::{Random, random_bytes};
use techo_protocol::exposure::notice::{LocalisedText, NoticeId, Severity, Window};

use crate::pending::{self, Effect};
use crate::store::{StoreError, narrow, severity, write};
use crate::venues::{self, VenueNumber};
use crate::{Authority, Error, audit};

/// Longest window, in seconds: as far back as the longest diary goes. A place may have been a source for a month ("source investigation").
pub const LONGEST_WINDOW_SECONDS: i64 = 60 * DAY_SECONDS;
/// Longest tail, in seconds.
pub const LONGEST_TAIL_SECONDS: i64 = DAY_SECONDS;
/// How far ahead of the clock a window may begin, in seconds: a day takes in every time zone.
pub const MOST_AHEAD_SECONDS: i64 = DAY_SECONDS;
/// Longest text in all languages together, in bytes; a segment carries a little more.
pub const LONGEST_TEXT_BYTES: usize = 15_000;

/// Draws before the numbers are called used up.
const DRAWS: usize = 1_000;

techo_protocol::coded_errors! {
    /// Why a notice cannot be made or changed so.
    pub enum NoticeChangeError {
        /// No notice has this number.
        Unknown = "notice.unknown", "There is no notice with this number.", "`authority notice list` shows the notices.";
        /// `to` is not later than `from`.
        EndsBeforeStart = "notice.ends_before_start", "The notice ends before it starts.", "Correct --from or --to.";
        /// The window is longer than [`LONGEST_WINDOW_SECONDS`].
        TooLong = "notice.too_long", "The notice is longer than 60 days, the longest that a diary reaches back.", "Correct --from or --to.";
        /// Longer than [`LONGEST_TAIL_SECONDS`], or negative.
        Tail = "notice.tail", "A tail is 0 to 24 hours.", "Give another tail.";
        /// Begins later than [`MOST_AHEAD_SECONDS`] from now, or before 1970.
        InFuture = "notice.in_future", "The notice begins more than a day from now.", "Check the date and the time zone of --from.";
        /// The window begins before 1970.
        InPast = "notice.in_past", "The notice begins before 1970.", "Check the year of --from.";
        /// The texts of all languages together are longer than [`LONGEST_TEXT_BYTES`].
        TextTooLong = "notice.text_too_long", "The texts are longer than 15,000 bytes together.", "Shorten them.";
        /// A withdrawal is the last word.
        Withdrawn = "notice.withdrawn", "This notice was withdrawn.", "Make a new one with `authority notice add`.";
        /// The format counts revisions to 255.
        TooManyRevisions = "notice.too_many_revisions", "This notice has been revised 254 times, which is as often as can be.", "Withdraw it and make a new one.";
        /// All numbers that were drawn are taken.
        NumbersTaken = "notice.numbers_taken", "There is no free number for a notice.", "Try again; if this stays, the authority has published too many notices.";
    }
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// When the venue was an exposure.
    pub window: Window,
    /// How serious it is.
    pub severity: Severity,
    /// The authority's advice, a number of its own list.
    pub advice: u8,
    /// What people who were there are told.
    pub text: LocalisedText,
}

/// What is to be changed of a notice; `None` leaves a thing as it is. Times in Unix seconds, the tail in seconds.
#[derive(Debug, Clone, Default)]
pub struct Revision {
    /// Start of the window.
    pub from: Option<i64>,
    /// End of the window.
    pub to: Option<i64>,
    /// How long after the end people are still warned.
    pub tail: Option<i64>,
    /// How serious it is.
    pub severity: Option<Severity>,
    /// The authority's other advice, a number of its own list.
    pub advice: Option<u8>,
    /// What people who were there are told.
    pub text: Option<LocalisedText>,
}

/// One change of what is said.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new notice about a venue.
    Add(VenueNumber, Content),
    /// A new revision of a notice, which says some things anew.
    Revise(NoticeId, Revision),
    /// The last revision: it was wrong.
    Withdraw(NoticeId),
}

/// What a change did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The notice that was changed, or would be.
    pub notice: NoticeId,
    /// Its revision after the change.
    pub revision: u8,
    /// What publishing it takes.
    pub effect: Effect,
}

/// A notice as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The notice's number within its authority.
    pub id: NoticeId,
    /// The number of the venue that the notice is about.
    pub venue: VenueNumber,
    /// The venue's name, as the registry has it.
    pub venue_name: String,
    /// The number of the notice's newest revision.
    pub revision: u8,
    /// What the newest revision says.
    pub content: Content,
    /// The notice was withdrawn: it was wrong.
    pub withdrawn: bool,
    /// When the newest revision was made, in Unix seconds.
    pub made_at: i64,
    /// The newest revision went out under one code at least.
    pub published: bool,
}

impl Authority {
    /// Makes, revises or withdraws a notice, and says what publishing that takes. With `dry_run` nothing is kept.
    ///
    /// # Errors
    /// [`NoticeChangeError`]; [`crate::venues::VenueError::Unknown`] for a venue that is not registered.
    pub fn change_notice(&mut self, change: &Change, dry_run: bool, now: i64, random: &dyn Random) -> Result<Changed, Error> {
        let authority = self.id();
        let transaction = write(&mut self.db)?;
        let (notice, revision) = match change {
            Change::Add(venue, content) => (add(&transaction, *venue, content, now, random)?, 1),
            Change::Revise(notice, revision) => {
                let before = read(&transaction, *notice)?;
                let content = revised(before.content.clone(), revision);
                (*notice, append_revision(&transaction, &before, &content, false, now)?)
            }
            Change::Withdraw(notice) => {
                let before = read(&transaction, *notice)?;
                (*notice, append_revision(&transaction, &before, &before.content, true, now)?)
            }
        };
        let effect = pending::effect(&transaction, authority, notice, now, random)?;
        if !dry_run {
            transaction.commit()?;
        }
        Ok(Changed {
            notice,
            revision,
            effect,
        })
    }

    /// All notices, newest window first.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn notices(&self) -> Result<Vec<Notice>, Error> {
        let mut query = self.db.prepare(&format!("{SELECT} ORDER BY r.from_time DESC, n.id"))?;
        let mut rows = query.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(from_row(row)?);
        }
        Ok(out)
    }

    /// One notice.
    ///
    /// # Errors
    /// [`NoticeChangeError::Unknown`] where there is none.
    pub fn notice(&self, notice: NoticeId) -> Result<Notice, Error> {
        read(&self.db, notice)
    }
}

/// Makes a notice, in the caller's transaction.
pub(crate) fn add(
    db: &Connection,
    venue: VenueNumber,
    content: &Content,
    now: i64,
    random: &dyn Random,
) -> Result<NoticeId, Error> {
    check(content, now)?;
    venues::read(db, venue)?;
    let id = draw_id(db, random)?;
    db.prepare_cached("INSERT INTO notice (id, venue, revision, earliest_from) VALUES (?1, ?2, 0, ?3)")?
        .execute((id.number(), venue.value(), content.window.from))?;
    insert_revision(db, id, 1, content, false, now)?;
    audit::append(db, now, "notice.added", &id.to_string())?;
    Ok(id)
}

/// Adds a revision, in the caller's transaction.
pub(crate) fn append_revision(
    db: &Connection,
    before: &Notice,
    content: &Content,
    withdrawn: bool,
    now: i64,
) -> Result<u8, Error> {
    if before.withdrawn {
        return Err(NoticeChangeError::Withdrawn.into());
    }
    let revision = before.revision.checked_add(1).ok_or(NoticeChangeError::TooManyRevisions)?;
    // The last number is kept, so that a notice can always be withdrawn.
    if revision == u8::MAX && !withdrawn {
        return Err(NoticeChangeError::TooManyRevisions.into());
    }
    if !withdrawn {
        check(content, now)?;
    }
    insert_revision(db, before.id, revision, content, withdrawn, now)?;
    let what = if withdrawn { "notice.withdrawn" } else { "notice.revised" };
    audit::append(db, now, what, &format!("{} {revision}", before.id))?;
    Ok(revision)
}

fn insert_revision(
    db: &Connection,
    id: NoticeId,
    revision: u8,
    content: &Content,
    withdrawn: bool,
    now: i64,
) -> Result<(), Error> {
    let text = serde_json::to_string(&content.text).map_err(|_| StoreError::Damaged)?;
    let window = content.window;
    db.prepare_cached(
        "INSERT INTO revision (notice, revision, from_time, to_time, tail, severity, advice, text, withdrawn, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        id.number(),
        revision,
        window.from,
        window.to,
        window.tail,
        content.severity.as_str(),
        content.advice,
        text,
        withdrawn,
        now,
    ))?;
    db.prepare_cached("UPDATE notice SET revision = ?2, earliest_from = min(earliest_from, ?3) WHERE id = ?1")?
        .execute((id.number(), revision, window.from))?;
    Ok(())
}

fn revised(content: Content, by: &Revision) -> Content {
    Content {
        window: Window {
            from: by.from.unwrap_or(content.window.from),
            to: by.to.unwrap_or(content.window.to),
            tail: by.tail.unwrap_or(content.window.tail),
        },
        severity: by.severity.unwrap_or(content.severity),
        advice: by.advice.unwrap_or(content.advice),
        text: by.text.clone().unwrap_or(content.text),
    }
}

/// Whether a notice may say this.
pub(crate) fn check(content: &Content, now: i64) -> Result<(), NoticeChangeError> {
    let Window { from, to, tail } = content.window;
    if to <= from {
        return Err(NoticeChangeError::EndsBeforeStart);
    }
    if from < 0 {
        return Err(NoticeChangeError::InPast);
    }
    if from > now.saturating_add(MOST_AHEAD_SECONDS) {
        return Err(NoticeChangeError::InFuture);
    }
    // Both are positive by now.
    if to - from > LONGEST_WINDOW_SECONDS {
        return Err(NoticeChangeError::TooLong);
    }
    if !(0..=LONGEST_TAIL_SECONDS).contains(&tail) {
        return Err(NoticeChangeError::Tail);
    }
    let text: usize = content
        .text
        .0
        .iter()
        .map(|(language, text)| language.len() + text.len() + 12)
        .sum();
    if text > LONGEST_TEXT_BYTES {
        return Err(NoticeChangeError::TextTooLong);
    }
    Ok(())
}

fn draw_id(db: &Connection, random: &dyn Random) -> Result<NoticeId, Error> {
    let mut taken = db.prepare_cached("SELECT 1 FROM notice WHERE id = ?1")?;
    for _ in 0..DRAWS {
        let id = NoticeId::from_low_bits(u32::from_be_bytes(random_bytes(random)?));
        if !taken.exists([id.number()])? {
            return Ok(id);
        }
    }
    Err(NoticeChangeError::NumbersTaken.into())
}

const SELECT: &str = "SELECT n.id, n.venue, v.name, r.revision, r.from_time, r.to_time, r.tail, r.severity, r.advice, r.text, r.withdrawn, r.made_at,
    EXISTS (SELECT 1 FROM published p WHERE p.notice = n.id AND p.revision = n.revision)
    FROM notice n JOIN revision r ON r.notice = n.id AND r.revision = n.revision JOIN venue v ON v.number = n.venue";

/// One notice, in the caller's transaction.
pub(crate) fn read(db: &Connection, notice: NoticeId) -> Result<Notice, Error> {
    let mut query = db.prepare_cached(&format!("{SELECT} WHERE n.id = ?1"))?;
    let mut rows = query.query([notice.number()])?;
    match rows.next()? {
        Some(row) => from_row(row),
        None => Err(NoticeChangeError::Unknown.into()),
    }
}

fn from_row(row: &Row<'_>) -> Result<Notice, Error> {
    let text: String = row.get(9)?;
    Ok(Notice {
        id: NoticeId::from_low_bits(narrow(row.get::<_, i64>(0)?)?),
        venue: VenueNumber::stored(row.get(1)?)?,
        venue_name: row.get(2)?,
        revision: row.get(3)?,
        content: Content {
            window: Window {
                from: row.get(4)?,
                to: row.get(5)?,
                tail: row.get(6)?,
            },
            severity: severity(&row.get::<_, String>(7)?)?,
            advice: row.get(8)?,
            text: serde_json::from_str(&text).map_err(|_| StoreError::Damaged)?,
        },
        withdrawn: row.get(10)?,
        made_at: row.get(11)?,
        published: row.get(12)?,
    })
}

#[cfg(test)]
pub(crate) mod tests;

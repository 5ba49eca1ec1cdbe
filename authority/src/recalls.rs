//! Recalled vaccine lots. They ride in segments in the clear: a recall is public, only who had the dose is private.
//!
//! A recall is published again whenever the segment that carries it falls off the list, until it is withdrawn.

use rusqlite::{Connection, Row};
use techo_protocol::basics::folding::folded;
use techo_protocol::exposure::notice::LocalisedText;
use techo_protocol::exposure::segment::Recall;
use techo_protocol::vaccination::lot::is_same as is_same_lot;

use crate::notices::LONGEST_TEXT_BYTES;
use crate::store::{StoreError, write};
use crate::{Authority, Error, audit};

/// The products that doses are recorded of. A recall of any other would reach nobody, and nobody would notice.
pub const PRODUCTS: [&str; 4] = ["pfizer", "moderna", "astrazeneca", "novavax"];
/// Longest lot, in characters.
pub const LONGEST_LOT: usize = 40;

techo_protocol::coded_errors! {
    /// Why a recall cannot be made or withdrawn so.
    pub enum RecallError {
        /// No recall has this number.
        Unknown = "recall.unknown", "There is no recall with this number.", "`authority recall list` shows the recalls.";
        /// A product that nobody records.
        UnknownProduct = "recall.unknown_product", "There is no such product.", "Give pfizer, moderna, astrazeneca or novavax.";
        /// No lot, or one that cannot be.
        Lot = "recall.lot", "A lot has 1 to 40 characters without spaces.", "Give the lot as it is printed.";
        /// Longer than a segment should carry.
        TextTooLong = "recall.text_too_long", "The texts are longer than 15,000 bytes together.", "Shorten them.";
        /// The lot is recalled already.
        AlreadyThere = "recall.already_there", "This lot is recalled already.", "Nothing needs to be done; withdraw it first to change its text.";
        /// It was withdrawn before.
        Withdrawn = "recall.withdrawn", "This recall was withdrawn.", "Nothing needs to be done.";
    }
}

/// A recall as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallState {
    /// What the segment carries.
    pub recall: Recall,
    /// When its newest revision was made, in Unix seconds.
    pub made_at: i64,
    /// That revision went out.
    pub published: bool,
}

impl Authority {
    /// Recalls a lot.
    ///
    /// # Errors
    /// [`RecallError`]: an unknown product, a lot that cannot be, a text too long, or a lot that is recalled already.
    pub fn add_recall(&mut self, product: &str, lot: &str, text: &LocalisedText, now: i64) -> Result<Recall, Error> {
        let product = product.trim().to_ascii_lowercase();
        let lot = folded(lot.trim());
        let lot = &*lot;
        if !PRODUCTS.contains(&product.as_str()) {
            return Err(RecallError::UnknownProduct.into());
        }
        if lot.is_empty() || lot.chars().count() > LONGEST_LOT || lot.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(RecallError::Lot.into());
        }
        if text.0.values().map(String::len).sum::<usize>() > LONGEST_TEXT_BYTES {
            return Err(RecallError::TextTooLong.into());
        }
        let transaction = write(&mut self.db)?;
        let same = |state: &RecallState| {
            !state.recall.withdrawn && state.recall.product == product && is_same_lot(&state.recall.lot, lot)
        };
        if all(&transaction)?.iter().any(same) {
            return Err(RecallError::AlreadyThere.into());
        }
        let id = transaction.query_row("SELECT coalesce(max(id), 0) + 1 FROM recall", [], |row| row.get(0))?;
        let recall = Recall {
            id,
            revision: 1,
            withdrawn: false,
            product,
            lot: lot.to_owned(),
            text: text.clone(),
        };
        insert(&transaction, &recall, now)?;
        audit::append(&transaction, now, "recall.added", &id.to_string())?;
        transaction.commit()?;
        Ok(recall)
    }

    /// Withdraws a recall.
    ///
    /// # Errors
    /// [`RecallError`]: unknown, or withdrawn before.
    pub fn withdraw_recall(&mut self, id: u32, now: i64) -> Result<Recall, Error> {
        let transaction = write(&mut self.db)?;
        let before = all(&transaction)?
            .into_iter()
            .find(|state| state.recall.id == id)
            .ok_or(RecallError::Unknown)?
            .recall;
        if before.withdrawn {
            return Err(RecallError::Withdrawn.into());
        }
        let recall = Recall {
            revision: before.revision.saturating_add(1),
            withdrawn: true,
            ..before
        };
        insert(&transaction, &recall, now)?;
        audit::append(&transaction, now, "recall.withdrawn", &id.to_string())?;
        transaction.commit()?;
        Ok(recall)
    }

    /// All recalls, by number.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn recalls(&self) -> Result<Vec<RecallState>, Error> {
        all(&self.db)
    }
}

fn insert(db: &Connection, recall: &Recall, now: i64) -> Result<(), Error> {
    let text = serde_json::to_string(&recall.text).map_err(|_| StoreError::Damaged)?;
    db.execute(
        "INSERT INTO recall (id, revision, product, lot, text, withdrawn, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            recall.id,
            recall.revision,
            &recall.product,
            &recall.lot,
            text,
            recall.withdrawn,
            now,
        ),
    )?;
    Ok(())
}

const SELECT: &str =
    "SELECT r.id, r.revision, r.withdrawn, r.product, r.lot, r.text, r.made_at, r.segment IS NOT NULL FROM recall r
    WHERE r.revision = (SELECT max(o.revision) FROM recall o WHERE o.id = r.id)";

/// All recalls, by number.
pub(crate) fn all(db: &Connection) -> Result<Vec<RecallState>, Error> {
    let mut query = db.prepare(&format!("{SELECT} ORDER BY r.id"))?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(from_row(row)?);
    }
    Ok(out)
}

fn from_row(row: &Row<'_>) -> Result<RecallState, Error> {
    let text: String = row.get(5)?;
    Ok(RecallState {
        recall: Recall {
            id: row.get(0)?,
            revision: row.get(1)?,
            withdrawn: row.get(2)?,
            product: row.get(3)?,
            lot: row.get(4)?,
            text: serde_json::from_str(&text).map_err(|_| StoreError::Damaged)?,
        },
        made_at: row.get(6)?,
        published: row.get(7)?,
    })
}

/// The recalls that have to go out at `now`, with the times they were made: those that never did, those whose segment counts no more, and
/// those that still hold and are no longer listed. What was withdrawn before it ever went out is not among them.
pub(crate) fn pending(db: &Connection, now: i64) -> Result<Vec<(Recall, i64)>, Error> {
    let mut query = db.prepare(&format!(
        "{SELECT} AND (
            (r.segment IS NULL AND (r.withdrawn = 0 OR EXISTS (SELECT 1 FROM recall o WHERE o.id = r.id AND o.segment IS NOT NULL)))
            OR EXISTS (SELECT 1 FROM segment s WHERE s.sequence = r.segment AND (s.revoked = 1 OR (r.withdrawn = 0 AND s.listed_until <= ?1))))
         ORDER BY r.id"
    ))?;
    let mut rows = query.query([now])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let state = from_row(row)?;
        out.push((state.recall, state.made_at));
    }
    Ok(out)
}

/// Remembers in which segment a recall went out.
pub(crate) fn set_published(db: &Connection, recall: &Recall, segment: u64) -> Result<(), Error> {
    db.prepare_cached("UPDATE recall SET segment = ?3 WHERE id = ?1 AND revision = ?2")?
        .execute((recall.id, recall.revision, segment.cast_signed()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use techo_protocol::Coded as _;

    use super::*;
    use crate::profile::tests::{NOW, authority};

    #[test]
    fn a_lot_is_recalled_once_and_withdrawn_once() {
        let (_folder, mut authority) = authority();
        let text = LocalisedText([("ja".to_owned(), "使わないでください".to_owned())].into());
        let recall = authority.add_recall("Pfizer", " EY0583 ", &text, NOW).unwrap();
        assert_eq!(
            (recall.id, recall.product.as_str(), recall.lot.as_str()),
            (1, "pfizer", "EY0583")
        );
        let again = authority.add_recall("pfizer", "EY0583", &text, NOW).unwrap_err();
        assert_eq!(again.code(), "recall.already_there");
        let withdrawn = authority.withdraw_recall(1, NOW + 1).unwrap();
        assert_eq!((withdrawn.revision, withdrawn.withdrawn), (2, true));
        assert_eq!(authority.withdraw_recall(1, NOW).unwrap_err().code(), "recall.withdrawn");
        assert_eq!(authority.withdraw_recall(2, NOW).unwrap_err().code(), "recall.unknown");
        assert_eq!(authority.add_recall("pfizer", "EY0583", &text, NOW).unwrap().id, 2);
        assert_eq!(authority.recalls().unwrap().len(), 2);
    }

    #[test]
    fn what_reaches_nobody_is_refused() {
        let (_folder, mut authority) = authority();
        let none = LocalisedText::default();
        let long = LocalisedText([("en".to_owned(), "x".repeat(15_001))].into());
        for (product, lot, text, code) in [
            ("phizer", "A", &none, "recall.unknown_product"),
            ("pfizer", " ", &none, "recall.lot"),
            ("pfizer", "A B", &none, "recall.lot"),
            ("pfizer", "A", &long, "recall.text_too_long"),
        ] {
            assert_eq!(authority.add_recall(product, lot, text, NOW).unwrap_err().code(), code);
        }
    }
}

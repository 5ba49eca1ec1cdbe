//! The hash-chained log of everything that was changed. Its head goes into every manifest, so that a log that was rewritten or cut
//! disagrees with what phones and relays hold.
//!
//! A row names what was done and to which number, never a person, a place or a text.
//!
//! ```text
//! hash = SHA-256("techo audit v1" || hash before || number:8 || at:8 || length of what:4 || what || length of about:4 || about)
//! ```
//! The hash before the first row is zeros.

use rusqlite::Connection;
use techo_protocol::basics::keys::sha256;

use crate::store::{array, narrow};
use crate::{Authority, Error};

const LABEL: &[u8] = b"techo audit v1";

techo_protocol::coded_errors! {
    /// What can be wrong with the log.
    pub enum AuditError {
        /// A row is missing, or does not follow from the one before.
        Broken { row: u64 } = "audit.broken", "The audit log was changed or cut at row {row}.", "Compare the profile with a backup, and find out who had access to it.";
    }
}

/// One row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Counts up from 1.
    pub number: u64,
    /// When it was done, in Unix seconds.
    pub at: i64,
    /// What was done, `area.what`.
    pub what: String,
    /// The number of what it was done to, such as a notice's or a site's.
    pub about: String,
    /// The chain's hash up to and with this row.
    pub hash: [u8; 32],
}

impl AuditRow {
    fn hash_after(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut bytes = LABEL.to_vec();
        bytes.extend_from_slice(before);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        for text in [&self.what, &self.about] {
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        sha256(&bytes)
    }
}

/// Adds a row, in the caller's transaction.
pub(crate) fn append(db: &Connection, at: i64, what: &str, about: &str) -> Result<(), Error> {
    let (number, before) = last(db)?;
    let mut row = AuditRow {
        number: number.saturating_add(1),
        at,
        what: what.to_owned(),
        about: about.to_owned(),
        hash: [0; 32],
    };
    row.hash = row.hash_after(&before);
    db.prepare_cached("INSERT INTO audit (number, at, what, about, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((number.saturating_add(1).cast_signed(), at, what, about, row.hash))?;
    Ok(())
}

/// The number and hash of the last row.
pub(crate) fn last(db: &Connection) -> Result<(u64, [u8; 32]), Error> {
    let mut query = db.prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?;
    let mut rows = query.query([])?;
    match rows.next()? {
        Some(row) => Ok((
            narrow(row.get::<_, i64>(0)?)?,
            array(row.get_ref(1)?.as_blob().unwrap_or(&[]))?,
        )),
        None => Ok((0, [0; 32])),
    }
}

impl Authority {
    /// The hash of the log's last row.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn audit_head(&self) -> Result<[u8; 32], Error> {
        Ok(last(&self.db)?.1)
    }

    /// The whole log, oldest first.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn audit_rows(&self) -> Result<Vec<AuditRow>, Error> {
        let mut query = self
            .db
            .prepare("SELECT number, at, what, about, hash FROM audit ORDER BY number")?;
        let mut rows = query.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(AuditRow {
                number: narrow(row.get::<_, i64>(0)?)?,
                at: row.get(1)?,
                what: row.get(2)?,
                about: row.get(3)?,
                hash: array(row.get_ref(4)?.as_blob().unwrap_or(&[]))?,
            });
        }
        Ok(out)
    }

    /// Checks that every row follows from the one before, and gives the head. A head that a manifest carries must be the hash of a row.
    ///
    /// # Errors
    /// [`AuditError::Broken`] with the first row that does not follow.
    pub fn verify_audit(&self) -> Result<[u8; 32], Error> {
        let mut head = [0; 32];
        for (expected, row) in (1..).zip(self.audit_rows()?) {
            if row.number != expected || row.hash != row.hash_after(&head) {
                return Err(AuditError::Broken { row: expected }.into());
            }
            head = row.hash;
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use techo_protocol::Coded as _;

    use crate::profile::tests::{NOW, authority};

    #[test]
    fn a_changed_row_and_a_missing_row_show() {
        let (folder, authority) = authority();
        for number in 0..3 {
            super::append(&authority.db, NOW, "test.done", &number.to_string()).unwrap();
        }
        assert_eq!(authority.verify_audit().unwrap(), authority.audit_head().unwrap());
        let rows = authority.audit_rows().unwrap().len();

        for spoil in [
            "UPDATE audit SET about = 'x' WHERE number = 2",
            "UPDATE audit SET at = at + 1 WHERE number = 2",
            "UPDATE audit SET what = 'x' WHERE number = 2",
            "DELETE FROM audit WHERE number = 2",
        ] {
            authority.db.execute_batch("SAVEPOINT s").unwrap();
            authority.db.execute(spoil, []).unwrap();
            assert_eq!(authority.verify_audit().unwrap_err().code(), "audit.broken", "{spoil}");
            authority.db.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        }
        authority
            .db
            .execute("DELETE FROM audit WHERE number = ?1", [i64::try_from(rows).unwrap()])
            .unwrap();
        assert!(
            authority.verify_audit().is_ok(),
            "a cut end only shows against a manifest's head"
        );
        drop(folder);
    }

    #[test]
    fn length_and_text_cannot_be_moved_between_fields() {
        let row = |what: &str, about: &str| super::AuditRow {
            number: 1,
            at: 0,
            what: what.into(),
            about: about.into(),
            hash: [0; 32],
        };
        assert_ne!(row("ab", "c").hash_after(&[0; 32]), row("a", "bc").hash_after(&[0; 32]));
    }
}

//! Small named records: what is neither a document nor a download, such as trust lists and the state of alerts.

use rusqlite::OptionalExtension;

use super::seal::{self, Key, Place};
use super::writer::Forgets;
use super::{DamagedKind, DamagedRow, Reader, Vault, VaultError, Writer};

/// What a record is about. Its number is fixed for life and reaches the disk only as a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RecordKind {
    /// A trust list, by authority id.
    TrustList = 1,
    /// The highest manifest seen and what else is known of an authority's lists, by authority id.
    ExposureList = 2,
    /// What the person has seen of an alert, by visit and notice.
    Alert = 3,
    /// A setting of this device alone, by its name. What the household shares is in the settings document.
    DeviceSetting = 4,
    /// What the sync engine keeps: account, epoch keys, device list, vector.
    Sync = 5,
    /// What vaccine records need and no document holds: key lists of issuers, rules, recalls.
    Vaccine = 6,
    /// What was sent or is waiting to be sent to a health authority.
    DiaryUpload = 7,
    /// What a vaccination site keeps: its licence, and the doses that it recorded.
    Clinic = 8,
}

/// A record's name and its content.
pub type NamedRecord = (Vec<u8>, Vec<u8>);

impl Vault {
    /// The content of the record that has this kind and name; `None` where there is no such record.
    ///
    /// # Errors
    /// [`super::StoreError::Damaged`] if it does not open; any other [`VaultError`] when the vault cannot be read.
    pub fn record(&mut self, kind: RecordKind, name: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        self.read(|reader| reader.record(kind, name))
    }

    /// All records of a kind, as pairs of name and content, in the order of the names.
    ///
    /// ```
    /// use techo_core::vault::RecordKind;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// vault.put_record(RecordKind::DeviceSetting, b"b", b"2")?;
    /// vault.put_record(RecordKind::DeviceSetting, b"a", b"1")?;
    /// vault.put_record(RecordKind::Alert, b"a", b"another kind")?;
    /// let names: Vec<Vec<u8>> = vault.records(RecordKind::DeviceSetting)?.into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, [b"a", b"b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::record`]: one damaged record is an error, because a list without it would look whole.
    pub fn records(&mut self, kind: RecordKind) -> Result<Vec<NamedRecord>, VaultError> {
        self.read(|reader| reader.records(kind))
    }

    /// Stores a record, in the place of the one that had its kind and name.
    ///
    /// # Errors
    /// A [`VaultError`]; nothing is changed then.
    pub fn put_record(&mut self, kind: RecordKind, name: &[u8], bytes: &[u8]) -> Result<(), VaultError> {
        self.write(|writer| writer.put_record(kind, name, bytes))
    }

    /// Deletes a record, really: all others get a new key. Deleting one that is not there changes nothing.
    ///
    /// ```
    /// use techo_core::vault::RecordKind;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut vault = techo_testing::vault(folder.path())?;
    /// vault.put_record(RecordKind::TrustList, b"osaka", b"first")?;
    /// vault.delete_record(RecordKind::TrustList, b"osaka")?;
    /// assert_eq!(vault.record(RecordKind::TrustList, b"osaka")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`VaultError`]; see [`Self::write`].
    pub fn delete_record(&mut self, kind: RecordKind, name: &[u8]) -> Result<(), VaultError> {
        self.write(|writer| writer.delete_record(kind, name))
    }
}

impl Reader<'_> {
    /// See [`Vault::record`].
    ///
    /// # Errors
    /// As there.
    pub fn record(&self, kind: RecordKind, name: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let (kind_tag, name_tag) = tags(&self.keyring.names, kind, name);
        let row = self
            .db
            .prepare_cached("SELECT sealed FROM record WHERE kind = ?1 AND name = ?2")?
            .query_row((kind_tag, name_tag), |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        let Some(sealed) = row else { return Ok(None) };
        let (_, bytes) =
            open(&self.keyring.records, kind_tag, &name_tag, sealed).ok_or_else(|| VaultError::damaged(&[damage(&name_tag)]))?;
        Ok(Some(bytes))
    }

    /// See [`Vault::records`].
    ///
    /// # Errors
    /// As there.
    pub fn records(&self, kind: RecordKind) -> Result<Vec<NamedRecord>, VaultError> {
        let kind_tag = kind_tag(&self.keyring.names, kind);
        let mut statement = self.db.prepare_cached("SELECT name, sealed FROM record WHERE kind = ?1")?;
        let rows = statement.query_map([kind_tag], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        let mut records = Vec::new();
        for row in rows {
            let (name_tag, sealed) = row?;
            records.push(
                open(&self.keyring.records, kind_tag, &name_tag, sealed)
                    .ok_or_else(|| VaultError::damaged(&[damage(&name_tag)]))?,
            );
        }
        records.sort();
        Ok(records)
    }

    pub(super) fn check_records(&self) -> Result<Vec<DamagedRow>, VaultError> {
        let mut damaged = Vec::new();
        let mut statement = self.db.prepare("SELECT kind, name, sealed FROM record")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for row in rows {
            let (kind_tag, name_tag, sealed) = row?;
            if open(&self.keyring.records, kind_tag, &name_tag, sealed).is_none() {
                damaged.push(damage(&name_tag));
            }
        }
        Ok(damaged)
    }
}

impl Writer<'_> {
    /// See [`Vault::put_record`].
    ///
    /// # Errors
    /// As there.
    pub fn put_record(&mut self, kind: RecordKind, name: &[u8], bytes: &[u8]) -> Result<(), VaultError> {
        let (kind_tag, name_tag) = tags(&self.keyring.names, kind, name);
        let length = u32::try_from(name.len()).map_err(|_| VaultError::too_large())?;
        let plain = [&length.to_be_bytes()[..], name, bytes].concat();
        let sealed = seal::seal(&self.keyring.records, self.random, Place::Record(kind_tag, &name_tag), &plain)?;
        self.db
            .prepare_cached("REPLACE INTO record (kind, name, sealed) VALUES (?1, ?2, ?3)")?
            .execute((kind_tag, name_tag, sealed))?;
        Ok(())
    }

    /// See [`Vault::delete_record`]. Several in one transaction cost as much as one.
    ///
    /// # Errors
    /// As there.
    pub fn delete_record(&mut self, kind: RecordKind, name: &[u8]) -> Result<(), VaultError> {
        let (kind_tag, name_tag) = tags(&self.keyring.names, kind, name);
        let deleted = self
            .db
            .prepare_cached("DELETE FROM record WHERE kind = ?1 AND name = ?2")?
            .execute((kind_tag, name_tag))?;
        if deleted > 0 {
            self.effects.forgets = Forgets::RecordsToo;
        }
        Ok(())
    }

    /// Seals every record anew under another key. One that is damaged is left as it is, to be reported.
    pub(super) fn move_records_to(&self, new: &Key) -> Result<(), VaultError> {
        let mut statement = self.db.prepare("SELECT kind, name, sealed FROM record")?;
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let mut update = self
            .db
            .prepare("UPDATE record SET sealed = ?3 WHERE kind = ?1 AND name = ?2")?;
        for (kind_tag, name_tag, sealed) in rows {
            let place = Place::Record(kind_tag, &name_tag);
            if let Some(plain) = seal::open(&self.keyring.records, place, sealed) {
                let sealed = seal::seal(new, self.random, place, &plain)?;
                update.execute((kind_tag, &name_tag, sealed))?;
            }
        }
        Ok(())
    }
}

fn kind_tag(names: &Key, kind: RecordKind) -> i64 {
    let tag = seal::tag(names, "record kind", &[&(kind as u16).to_be_bytes()]);
    let mut first = [0; 8];
    first.copy_from_slice(&tag[..8]);
    i64::from_be_bytes(first)
}

fn tags(names: &Key, kind: RecordKind, name: &[u8]) -> (i64, [u8; 16]) {
    (
        kind_tag(names, kind),
        seal::tag(names, "record", &[&(kind as u16).to_be_bytes(), name]),
    )
}

/// A record's name and content.
fn open(key: &Key, kind_tag: i64, name_tag: &[u8], sealed: Vec<u8>) -> Option<NamedRecord> {
    let plain = seal::open(key, Place::Record(kind_tag, name_tag), sealed)?;
    let (length, rest) = plain.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (name, bytes) = rest.split_at_checked(length)?;
    Some((name.to_vec(), bytes.to_vec()))
}

fn damage(name_tag: &[u8]) -> DamagedRow {
    DamagedRow {
        kind: DamagedKind::Record,
        document: None,
        row: hex::encode(name_tag),
    }
}

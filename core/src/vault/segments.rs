//! Downloaded segments, by the hash that names them. They are public, but which ones this device holds is sealed too.

use std::collections::HashSet;

use rusqlite::OptionalExtension;

use super::seal::{self, Key, Place};
use super::{DamagedKind, DamagedRow, Reader, Vault, VaultError, Writer};

impl Vault {
    /// A segment's bytes; `None` if it is not here, or is damaged and has to be downloaded again.
    ///
    /// ```
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut vault = techo_testing::vault(folder.path())?;
    /// vault.put_segments(&[([7; 32], b"a list")])?;
    /// assert_eq!(vault.segment(&[7; 32])?, Some(b"a list".to_vec()));
    /// assert_eq!(vault.retain_segments(&[])?, 1, "no authority lists it any more");
    /// assert!(!vault.has_segment(&[7; 32])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read.
    pub fn segment(&mut self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, VaultError> {
        self.read(|reader| reader.segment(hash))
    }

    /// Whether a segment is here; its bytes are not looked at.
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read.
    pub fn has_segment(&mut self, hash: &[u8; 32]) -> Result<bool, VaultError> {
        self.read(|reader| reader.has_segment(hash))
    }

    /// Stores segments, all in one transaction.
    ///
    /// # Errors
    /// A [`VaultError`]; nothing is changed then.
    pub fn put_segments(&mut self, segments: &[([u8; 32], &[u8])]) -> Result<(), VaultError> {
        self.write(|writer| segments.iter().try_for_each(|(hash, bytes)| writer.put_segment(hash, bytes)))
    }

    /// Removes every segment that is not named. They are public files, so they are removed without a new key.
    ///
    /// # Errors
    /// A [`VaultError`]; nothing is changed then.
    pub fn retain_segments(&mut self, keep: &[[u8; 32]]) -> Result<usize, VaultError> {
        self.write(|writer| writer.retain_segments(keep))
    }
}

impl Reader<'_> {
    /// See [`Vault::segment`].
    ///
    /// # Errors
    /// As there.
    pub fn segment(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, VaultError> {
        let tag = tag(&self.keyring.names, hash);
        let sealed = self
            .db
            .prepare_cached("SELECT sealed FROM segment WHERE name = ?1")?
            .query_row([tag], |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        Ok(sealed.and_then(|sealed| seal::open(&self.keyring.segments, Place::Segment(&tag), sealed)))
    }

    /// See [`Vault::has_segment`].
    ///
    /// # Errors
    /// As there.
    pub fn has_segment(&self, hash: &[u8; 32]) -> Result<bool, VaultError> {
        Ok(self
            .db
            .prepare_cached("SELECT 1 FROM segment WHERE name = ?1")?
            .exists([tag(&self.keyring.names, hash)])?)
    }

    pub(super) fn check_segments(&self) -> Result<Vec<DamagedRow>, VaultError> {
        let mut damaged = Vec::new();
        let mut statement = self.db.prepare("SELECT name, sealed FROM segment")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        for row in rows {
            let (name, sealed) = row?;
            if seal::open(&self.keyring.segments, Place::Segment(&name), sealed).is_none() {
                damaged.push(DamagedRow {
                    kind: DamagedKind::Segment,
                    document: None,
                    row: hex::encode(name),
                });
            }
        }
        Ok(damaged)
    }
}

impl Writer<'_> {
    /// Stores a segment under its hash, in the place of an earlier copy.
    ///
    /// # Errors
    /// A [`VaultError`]; the transaction must not be committed then.
    pub fn put_segment(&mut self, hash: &[u8; 32], bytes: &[u8]) -> Result<(), VaultError> {
        let tag = tag(&self.keyring.names, hash);
        let sealed = seal::seal(&self.keyring.segments, self.random, Place::Segment(&tag), bytes)?;
        self.db
            .prepare_cached("REPLACE INTO segment (name, sealed) VALUES (?1, ?2)")?
            .execute((tag, sealed))?;
        Ok(())
    }

    /// See [`Vault::retain_segments`]; answers how many were removed.
    ///
    /// # Errors
    /// As there.
    pub fn retain_segments(&mut self, keep: &[[u8; 32]]) -> Result<usize, VaultError> {
        let keep: HashSet<[u8; 16]> = keep.iter().map(|hash| tag(&self.keyring.names, hash)).collect();
        let held = self
            .db
            .prepare("SELECT name FROM segment")?
            .query_map([], |row| row.get::<_, Vec<u8>>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut delete = self.db.prepare_cached("DELETE FROM segment WHERE name = ?1")?;
        let mut removed = 0;
        for name in held {
            if !<[u8; 16]>::try_from(&name[..]).is_ok_and(|name| keep.contains(&name)) {
                removed += delete.execute([name])?;
            }
        }
        Ok(removed)
    }
}

fn tag(names: &Key, hash: &[u8; 32]) -> [u8; 16] {
    seal::tag(names, "segment", &[hash])
}

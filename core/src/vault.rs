//! The vault: one SQLite file in which every row's content is sealed, and from which what is deleted is really gone.
//!
//! The vault does the device's I/O and knows nothing of visits: it keeps documents as opaque snapshots and changes, small
//! named records, and downloaded segments. What is on the disk in the clear is listed in the `schema` module.
//!
//! **Several processes** may have one vault open. A write takes SQLite's write lock first, then sees everything that
//! others have written ([`Vault::write`]); a read sees one consistent state ([`Vault::read`]). What was read outside a
//! write is out of date once [`Vault::stamp`] has changed.
//!
//! **Deleting.** Each generation of a document has a row key of its own, and all row keys lie in one record under one
//! wrapping key. A deletion writes what is left under a new row key, writes the record under a new wrapping key, and then
//! destroys the old wrapping key: the bytes that a disk may still hold cannot be opened by anybody.
//!
//! **Durable writes.** A transaction that changes something is one `fsync`, of the write-ahead log; one that changes nothing is none. The log
//! stays when the vault is closed, and goes on where it was at the next opening (the `log` module).
//!
//! ```
//! use techo_core::vault::RecordKind;
//!
//! let folder = tempfile::tempdir()?;
//! let mut vault = techo_testing::vault(folder.path())?;
//! vault.put_record(RecordKind::TrustList, b"osaka", b"a signed list")?;
//! assert_eq!(vault.record(RecordKind::TrustList, b"osaka")?, Some(b"a signed list".to_vec()));
//!
//! // On the disk there is only what is sealed.
//! let file = std::fs::read(folder.path().join(techo_core::vault::VAULT_FILE))?;
//! assert!(!file.windows(13).any(|window| window == b"a signed list"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod forget;
pub mod key_file;
mod keyring;
mod log;
mod outbox;
mod reader;
mod records;
mod schema;
mod seal;
mod segments;
mod writer;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};

pub use error::{DamagedKind, DamagedRow, StoreError, VaultError};
pub use outbox::OutboxEntry;
pub use reader::{DocumentState, Reader, StoredDocument};
pub use records::{NamedRecord, RecordKind};
pub use schema::SCHEMA_VERSION;
pub use writer::{NewChange, Writer};

use crate::ports::{KeyError, KeyId, KeyKeeper, Random, WrappingKey};
use keyring::Keyring;

/// The vault's file name in the profile's folder.
pub const VAULT_FILE: &str = "vault.db";

/// How long a process waits for another one's write, unless [`Vault::set_busy_timeout`] says otherwise.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of a document, the same on all devices of a household.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DocumentName {
    /// The visits of one week: Unix day / 7 of the check-in, in UTC.
    #[serde(rename = "w")]
    Week(u32),
    /// The household's settings, and its people.
    #[serde(rename = "s")]
    Settings,
    /// One person's vaccine record, by the person's id.
    #[serde(rename = "p")]
    Person(#[serde(with = "serde_bytes")] [u8; 16]),
}

/// The sealed database of one profile.
pub struct Vault {
    db: Connection,
    keeper: Box<dyn KeyKeeper>,
    random: Box<dyn Random + Send + Sync>,
    folder: PathBuf,
    keys: OpenKeys,
    /// SQLite's count of other connections' commits, as of `keys`.
    data_version: i64,
    stamp: u64,
    busy_timeout: Duration,
    /// A deletion of this process whose old key is still to be destroyed.
    unfinished: bool,
    /// This process has changed a document.
    has_changed_documents: bool,
}

/// The keyring and the wrapping key it lies under.
#[derive(Clone)]
struct OpenKeys {
    id: KeyId,
    wrapping: WrappingKey,
    keyring: Keyring,
}

impl Vault {
    /// Whether there is a vault in the folder.
    ///
    /// ```
    /// use techo_core::vault::Vault;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let vault = techo_testing::vault(folder.path())?;
    /// assert!(Vault::exists(folder.path()));
    /// vault.destroy()?;
    /// assert!(!Vault::exists(folder.path()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exists(folder: &Path) -> bool {
        folder.join(VAULT_FILE).is_file()
    }

    /// Opens the folder's vault; makes the folder and an empty vault where there is none.
    ///
    /// A deletion that was cut short is finished first if it can be ([`Self::has_unfinished_deletion`]), and an older schema is brought forward.
    ///
    /// # Errors
    /// [`StoreError`]: `NewerVersion`, `NotAVault`, `Damaged` (the record of keys: nothing can be read without it),
    /// `Busy`, `Full`, `Io`; a [`KeyError`] when the key cannot be had.
    pub fn open(folder: &Path, keeper: Box<dyn KeyKeeper>, random: Box<dyn Random + Send + Sync>) -> Result<Self, VaultError> {
        // A key without its vault: the diary that was here is lost, and an empty one in its place would hide that. Whoever begins a vault writes
        // its file first and its key then, so the keys are asked first: a vault that is just being begun is not taken for a lost one.
        if !keeper.ids()?.is_empty() && is_empty(&folder.join(VAULT_FILE)) {
            return Err(StoreError::Missing.into());
        }
        make_private(folder)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(folder.join(VAULT_FILE), flags)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        schema::configure(&db)?;
        log::stays_when_closed(&db)?;
        let mut keeper = keeper;
        if schema::look(&db)? != schema::Found::Vault(SCHEMA_VERSION) {
            bring_forward(&mut db, &mut *keeper, &*random)?;
        }
        let (keys, data_version) = read_keys(&db, &*keeper)?;
        let unfinished = keeper.ids()?.len() > 1;
        let mut vault = Self {
            db,
            keeper,
            random,
            folder: folder.to_path_buf(),
            keys,
            data_version,
            stamp: 0,
            busy_timeout: BUSY_TIMEOUT,
            unfinished,
            has_changed_documents: false,
        };
        if unfinished {
            // A full disk must not keep a person from reading; `has_unfinished_deletion` says that it is still to be done.
            let _ = vault.finish_forgetting();
        }
        Ok(vault)
    }

    /// Sets how long to wait for another process's write before `vault.busy`.
    ///
    /// # Errors
    /// [`StoreError::Io`] if SQLite refuses the value.
    pub fn set_busy_timeout(&mut self, timeout: Duration) -> Result<(), VaultError> {
        self.db.busy_timeout(timeout)?;
        self.busy_timeout = timeout;
        Ok(())
    }

    /// Whether the key of something deleted could not be destroyed yet. Destroying the key is tried again with each write and opening.
    ///
    /// ```
    /// use techo_core::vault::RecordKind;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// vault.put_record(RecordKind::Alert, b"seen", b"Bar Yoru")?;
    /// vault.delete_record(RecordKind::Alert, b"seen")?;
    /// assert!(!vault.has_unfinished_deletion(), "the keeper has destroyed the old key at once");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn has_unfinished_deletion(&self) -> bool {
        self.unfinished
    }

    /// This install's Automerge actor: 16 random bytes made with the vault.
    ///
    /// ```
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    /// assert_ne!(techo_testing::vault(&one)?.actor(), techo_testing::vault(&other)?.actor(), "no two installs number alike");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn actor(&self) -> [u8; 16] {
        self.keys.keyring.actor
    }

    /// The random source that the vault was opened with.
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// A number that changes whenever a document may have changed, by this process or another.
    ///
    /// [`Self::read`] and [`Self::write`] bring the number up to date before they call back.
    ///
    /// ```
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut vault = techo_testing::vault(folder.path())?;
    /// let before = vault.stamp();
    /// vault.read(|reader| Ok::<_, techo_core::vault::VaultError>(reader.document_names()))?;
    /// assert_eq!(vault.stamp(), before, "reading changes nothing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Reads from one consistent state of the vault.
    ///
    /// ```
    /// use techo_core::vault::{RecordKind, VaultError};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// // Nobody can write between the two.
    /// let (lists, alerts) = vault.read(|reader| {
    ///     Ok::<_, VaultError>((reader.records(RecordKind::TrustList)?, reader.records(RecordKind::Alert)?))
    /// })?;
    /// assert!(lists.is_empty() && alerts.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `body` answers, or a [`VaultError`] where the state cannot be read.
    pub fn read<T, E: From<VaultError>>(&mut self, body: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut tries = 0;
        let tx = loop {
            let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Deferred).map_err(VaultError::from)?;
            match catch_up(&tx, &*self.keeper, &mut self.keys, &mut self.data_version, &mut self.stamp) {
                Ok(()) => break tx,
                // Another process has just destroyed the key that this state names; the next state names its new one.
                Err(VaultError::Key(KeyError::Missing)) if tries < 3 => tries += 1,
                Err(error) => return Err(error.into()),
            }
        };
        body(&Reader::new(&tx, &self.keys.keyring, self.stamp))
    }

    /// Changes the vault in one transaction: all that `body` writes is there afterwards, durably, or none of it.
    ///
    /// The write lock is taken first, so that `body` sees everything others have written and nobody writes in between.
    ///
    /// ```
    /// use techo_core::vault::{RecordKind, VaultError};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut vault = techo_testing::vault(folder.path())?;
    /// vault.write(|writer| {
    ///     writer.put_record(RecordKind::TrustList, b"osaka", b"first")?;
    ///     writer.put_record(RecordKind::TrustList, b"sakai", b"second")
    /// })?;
    /// assert_eq!(vault.records(RecordKind::TrustList)?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `body` answers (nothing is changed then), or a [`VaultError`]. After [`StoreError::NotYetForgotten`] alone the
    /// change *is* stored; only the destruction of the old key is still to be done, and is tried again.
    pub fn write<T, E: From<VaultError>>(&mut self, body: impl FnOnce(&mut Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate).map_err(VaultError::from)?;
        catch_up(&tx, &*self.keeper, &mut self.keys, &mut self.data_version, &mut self.stamp)?;
        let before = self.keys.clone();
        let mut writer = Writer::new(&tx, &mut self.keys.keyring, &*self.random, self.stamp);
        let written = body(&mut writer).and_then(|value| {
            writer.reseal_records()?;
            Ok((value, writer.effects()))
        });
        let stored = written.and_then(|(value, effects)| {
            if effects.forgets() {
                self.keys.id = crate::ports::random_bytes(&*self.random).map_err(VaultError::from)?;
                self.keys.wrapping = keyring::new_key(&*self.random)?;
                self.unfinished = true;
                self.keeper
                    .store(&self.keys.id, &self.keys.wrapping)
                    .map_err(VaultError::from)?;
            }
            if effects.forgets() || effects.keyring {
                write_keyring(&tx, &self.keys, &*self.random)?;
            }
            tx.commit().map_err(VaultError::from)?;
            Ok((value, effects))
        });
        let (value, effects) = match stored {
            Ok(done) => done,
            Err(error) => {
                self.keys = before;
                return Err(error);
            }
        };
        if effects.documents {
            self.stamp += 1;
            self.has_changed_documents = true;
        }
        if self.unfinished {
            // What an earlier deletion left to do is no failure of this write.
            let finished = self.finish_forgetting();
            if effects.forgets() {
                finished?;
            }
        }
        Ok(value)
    }

    /// Every row that is damaged, found by opening them all.
    ///
    /// ```
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut vault = techo_testing::vault(folder.path())?;
    /// assert!(vault.check()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`VaultError`] when the vault cannot be read at all.
    pub fn check(&mut self) -> Result<Vec<DamagedRow>, VaultError> {
        self.read(|reader| {
            let mut damaged = Vec::new();
            for (name, _) in reader.document_names() {
                damaged.extend(reader.document(&name)?.map(|document| document.damaged).unwrap_or_default());
            }
            damaged.extend(reader.check_records()?);
            damaged.extend(reader.check_segments()?);
            Ok(damaged)
        })
    }

    /// Destroys the vault: its keys first, so that nothing can be opened from then on, then its files.
    ///
    /// ```
    /// use techo_testing::MemoryKeeper;
    /// use techo_core::ports::{KeyKeeper as _, SystemRandom};
    /// use techo_core::vault::Vault;
    ///
    /// let (folder, keys) = (tempfile::tempdir()?, MemoryKeeper::default());
    /// let vault = Vault::open(folder.path(), Box::new(keys.clone()), Box::new(SystemRandom::new()))?;
    /// assert_eq!(keys.ids()?.len(), 1);
    /// vault.destroy()?;
    /// assert!(keys.ids()?.is_empty(), "a copy of the file opens no more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`KeyError`] or [`StoreError::Io`]; what was destroyed until then stays destroyed.
    pub fn destroy(mut self) -> Result<(), VaultError> {
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        self.keeper.delete_all()?;
        tx.finish()?;
        let folder = self.folder.clone();
        drop(self);
        remove_files(&folder)
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        if self.has_changed_documents {
            log::empty_if_long(&self.db);
        }
    }
}

/// Destroys a folder's vault whether or not it can be opened: its keys first, so that nothing can be opened from then on, then its files.
///
/// ```
/// use techo_core::vault::{Vault, key_file::KeyFile};
/// use techo_core::ports::SystemRandom;
///
/// let folder = tempfile::tempdir()?;
/// let keeper = || Box::new(KeyFile::new(folder.path(), None, Box::new(SystemRandom::new())));
/// drop(Vault::open(folder.path(), keeper(), Box::new(SystemRandom::new()))?);
/// std::fs::write(folder.path().join(techo_core::vault::key_file::KEY_FILE), "not a key any more")?;
/// assert!(Vault::open(folder.path(), keeper(), Box::new(SystemRandom::new())).is_err());
/// techo_core::vault::erase(folder.path(), &mut *keeper())?;
/// assert!(!Vault::exists(folder.path()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreError::Busy`] while another process is writing, and nothing is destroyed then; a [`KeyError`] or [`StoreError::Io`], and what was
/// destroyed until then stays destroyed.
pub fn erase(folder: &Path, keeper: &mut dyn KeyKeeper) -> Result<(), VaultError> {
    let file = folder.join(VAULT_FILE);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // What is no database any more has no lock to take.
    if let Ok(db) = Connection::open_with_flags(&file, flags) {
        db.busy_timeout(BUSY_TIMEOUT)?;
        match Transaction::new_unchecked(&db, TransactionBehavior::Immediate).map_err(VaultError::from) {
            Err(busy @ VaultError::Store(StoreError::Busy)) => return Err(busy),
            _lock => keeper.delete_all()?,
        }
    } else {
        keeper.delete_all()?;
    }
    remove_files(folder)
}

/// Whether there is nothing in a file, or no file. SQLite would take an empty one for a new database, and remove the log beside it.
fn is_empty(file: &Path) -> bool {
    std::fs::metadata(file).map_or(true, |file| file.len() == 0)
}

fn remove_files(folder: &Path) -> Result<(), VaultError> {
    for end in ["", "-wal", "-shm"] {
        match std::fs::remove_file(folder.join(format!("{VAULT_FILE}{end}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Makes the folder and the vault's file for their owner only; SQLite gives its other files the permissions of this one.
fn make_private(folder: &Path) -> Result<(), VaultError> {
    techo_files::make_private_folder(folder)?;
    Ok(techo_files::make_private_file(&folder.join(VAULT_FILE))?)
}

/// Makes the tables of a new vault with its keys, or migrates an older one.
fn bring_forward(db: &mut Connection, keeper: &mut dyn KeyKeeper, random: &dyn Random) -> Result<(), VaultError> {
    let give_up = Instant::now() + BUSY_TIMEOUT;
    schema::use_write_ahead_log(db, || {
        std::thread::sleep(Duration::from_millis(5));
        Instant::now() < give_up
    })?;
    schema::migrate(db, schema::MIGRATIONS, |db| {
        let keys = OpenKeys {
            id: crate::ports::random_bytes(random)?,
            wrapping: keyring::new_key(random)?,
            keyring: Keyring::new(random)?,
        };
        keeper.store(&keys.id, &keys.wrapping)?;
        write_keyring(db, &keys, random)
    })
}

fn write_keyring(db: &Connection, keys: &OpenKeys, random: &dyn Random) -> Result<(), VaultError> {
    let sealed = keys.keyring.seal(&keys.id, &keys.wrapping, random)?;
    db.execute(
        "REPLACE INTO keyring (one, wrapping, sealed) VALUES (1, ?1, ?2)",
        (keys.id, sealed),
    )?;
    Ok(())
}

fn read_keys(db: &Connection, keeper: &dyn KeyKeeper) -> Result<(OpenKeys, i64), VaultError> {
    let mut tries = 0;
    loop {
        let tx = Transaction::new_unchecked(db, TransactionBehavior::Deferred)?;
        let data_version = data_version(&tx)?;
        match load_keys(&tx, keeper) {
            Ok(keys) => return Ok((keys, data_version)),
            Err(VaultError::Key(KeyError::Missing)) if tries < 3 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn load_keys(db: &Connection, keeper: &dyn KeyKeeper) -> Result<OpenKeys, VaultError> {
    let row = db.query_row("SELECT wrapping, sealed FROM keyring", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let (id, sealed): (KeyId, Vec<u8>) = match row.optional() {
        Ok(Some(row)) => row,
        Ok(None) | Err(rusqlite::Error::FromSqlConversionFailure(..)) => {
            return Err(StoreError::Damaged {
                rows: "the record of keys".into(),
            }
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let wrapping = keeper.load(&id)?.ok_or(KeyError::Missing)?;
    let keyring = Keyring::open(&id, &wrapping, sealed)?;
    Ok(OpenKeys { id, wrapping, keyring })
}

fn data_version(db: &Connection) -> Result<i64, VaultError> {
    Ok(db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

/// Takes over what other processes have written; called first thing in a transaction.
fn catch_up(
    db: &Connection,
    keeper: &dyn KeyKeeper,
    keys: &mut OpenKeys,
    seen: &mut i64,
    stamp: &mut u64,
) -> Result<(), VaultError> {
    let found = data_version(db)?;
    if found != *seen {
        *keys = load_keys(db, keeper)?;
        *seen = found;
        *stamp += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

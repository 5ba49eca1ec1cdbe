//! The store as plain files:
//!
//! ```text
//! DIR/version                                             "1"
//! DIR/lock                                                held by the one process that writes here
//! DIR/public/v1/authorities/{authority}/manifest          the paths of the relay's own addresses: any web server
//! DIR/public/v1/segments/{hash}                           can serve `public` as it is
//! DIR/private/{authority}/trust                           trust list
//! DIR/private/{authority}/taken                           highest number of a request for diaries
//! DIR/private/{authority}/segments/{hash}                 an owned segment: "", or since when it is not listed
//! DIR/private/{authority}/diaries/{day}/{mailbox}-{hash}  sealed diaries by day of arrival
//! DIR/incoming                                            files that are being written
//! ```
//! A file is written under `incoming`, synced and renamed to its place, and its folder is synced: after a crash it is whole or not there.
//! What is newly listed loses its mark before the manifest is replaced, and what is not listed any more gets one after: a crash between
//! keeps a segment too long, until the next manifest, and never too short.

mod diaries;
mod files;

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hex::FromHex;
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::{
    Forgotten, PART_BYTES, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, StreamStore, Totals,
    UNLISTED_SECONDS, last_day_forgotten,
};
use files::{Incoming, length_if_there, names, read_if_there, remove_if_there};

const VERSION: u32 = 1;

/// The store as plain files. One process at a time, which holds a lock on it.
pub struct FolderStore {
    root: PathBuf,
    incoming: Incoming,
    /// Held by whoever writes; the value is how many diaries wait for each authority.
    waiting: Mutex<HashMap<AuthorityId, usize>>,
    _lock: File,
}

impl FolderStore {
    /// Opens the folder or makes it.
    ///
    /// # Errors
    /// [`StoreError`]: newer, something else, in use, full, or the disk does not answer.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root)?;
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let incoming = Incoming::new(root.join("incoming"))?;
        check_version(root, &incoming)?;
        fs::create_dir_all(root.join("public/v1/segments"))?;
        techo_files::make_private_folder(&root.join("private"))?;
        let store = Self {
            root: root.to_owned(),
            incoming,
            waiting: Mutex::default(),
            _lock: lock,
        };
        for authority in store.authorities()? {
            let count = diaries::count(&store.diaries(authority))?;
            store.writing().insert(authority, count);
        }
        Ok(store)
    }

    fn writing(&self) -> MutexGuard<'_, HashMap<AuthorityId, usize>> {
        // Files are whole whatever a thread that panicked was doing.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn authorities(&self) -> Result<Vec<AuthorityId>, StoreError> {
        Ok(names(&self.root.join("private"))?
            .iter()
            .filter_map(|name| AuthorityId::from_hex(name))
            .collect())
    }

    fn private(&self, authority: AuthorityId) -> PathBuf {
        self.root.join("private").join(authority.to_string())
    }

    fn diaries(&self, authority: AuthorityId) -> PathBuf {
        self.private(authority).join("diaries")
    }

    fn marks(&self, authority: AuthorityId) -> PathBuf {
        self.private(authority).join("segments")
    }

    fn manifest(&self, authority: AuthorityId) -> PathBuf {
        self.root.join(format!("public/v1/authorities/{authority}/manifest"))
    }

    fn segment_file(&self, hash: &[u8; 32]) -> PathBuf {
        self.root.join("public/v1/segments").join(hex::encode(hash))
    }

    /// Bytes of all segments of an authority.
    fn used(&self, authority: AuthorityId) -> Result<(u64, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        for hash in names(&self.marks(authority))?
            .iter()
            .filter_map(|name| FromHex::from_hex(name).ok())
        {
            if let Some(length) = length_if_there(&self.segment_file(&hash))? {
                count += 1;
                bytes += length;
            }
        }
        Ok((count, bytes))
    }

    fn mark(&self, authority: AuthorityId, hash: &[u8; 32], since: Option<i64>) -> Result<(), StoreError> {
        let text = since.map(|time| time.to_string()).unwrap_or_default();
        self.incoming
            .write(&self.marks(authority).join(hex::encode(hash)), text.as_bytes())
    }

    /// Since when a segment is not listed; `None` for one that is.
    fn unlisted_since(&self, authority: AuthorityId, name: &str) -> Result<Option<i64>, StoreError> {
        let text = read_if_there(&self.marks(authority).join(name))?.unwrap_or_default();
        Ok(std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()))
    }
}

/// A folder is there to be served by any web server; the compare-and-swap of streams needs a database.
impl StreamStore for FolderStore {}

impl Store for FolderStore {
    fn check(&self) -> Result<(), StoreError> {
        self.incoming
            .write(&self.root.join("version"), VERSION.to_string().as_bytes())?;
        names(&self.root.join("public/v1")).map(|_| ())
    }

    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError> {
        Ok(Published {
            trust_list: read_if_there(&self.private(authority).join("trust"))?,
            manifest: read_if_there(&self.manifest(authority))?,
        })
    }

    fn replace_trust_list(&self, authority: AuthorityId, held: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        let _writing = self.writing();
        if self.published(authority)?.trust_list.as_deref() != held {
            return Ok(Replaced::Raced);
        }
        self.incoming.write(&self.private(authority).join("trust"), newer)?;
        Ok(Replaced::Done)
    }

    fn publish(&self, authority: AuthorityId, held: &Published, next: Publication<'_>, now: i64) -> Result<Replaced, StoreError> {
        let _writing = self.writing();
        if self.published(authority)? != *held {
            return Ok(Replaced::Raced);
        }
        let owned = names(&self.marks(authority))?;
        for (hash, bytes) in next.listed {
            if !owned.contains(&hex::encode(hash)) || length_if_there(&self.segment_file(hash))? != Some(*bytes) {
                return Ok(Replaced::SegmentMissing);
            }
        }
        for (hash, _) in next.listed {
            if self.unlisted_since(authority, &hex::encode(hash))?.is_some() {
                self.mark(authority, hash, None)?;
            }
        }
        self.incoming.write(&self.private(authority).join("trust"), next.trust_list)?;
        self.incoming.write(&self.manifest(authority), next.manifest)?;
        for hash in owned.iter().filter_map(|name| FromHex::from_hex(name).ok()) {
            let listed = next.listed.iter().any(|(other, _)| *other == hash);
            if !listed && self.unlisted_since(authority, &hex::encode(hash))?.is_none() {
                self.mark(authority, &hash, Some(now))?;
            }
        }
        Ok(Replaced::Done)
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        let _writing = self.writing();
        let owned = names(&self.marks(authority))?.contains(&hex::encode(hash));
        let there = self.segment_file(hash);
        if owned && length_if_there(&there)?.is_some() {
            if self.unlisted_since(authority, &hex::encode(hash))?.is_some() {
                self.mark(authority, hash, Some(now))?;
            }
            return Ok(Put::Present);
        }
        if self.used(authority)?.1.saturating_add(file.len() as u64) > most {
            return Ok(Put::OverQuota);
        }
        // The mark first: a file without one would never be removed.
        self.mark(authority, hash, Some(now))?;
        self.incoming.write(&there, file)?;
        Ok(Put::New)
    }

    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        let Some(bytes) = length_if_there(&self.segment_file(hash))? else {
            return Ok(None);
        };
        let name = hex::encode(hash);
        let owner = self
            .authorities()?
            .into_iter()
            .find(|&authority| self.marks(authority).join(&name).exists());
        Ok(owner.map(|authority| StoredSegment { authority, bytes }))
    }

    fn segment_part(&self, hash: &[u8; 32], part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let mut file = match File::open(self.segment_file(hash)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(u64::from(part) * PART_BYTES as u64))?;
        let mut content = Vec::new();
        file.take(PART_BYTES as u64).read_to_end(&mut content)?;
        Ok((!content.is_empty()).then_some(content))
    }

    fn put_diary(
        &self,
        authority: AuthorityId,
        diary: &StoredDiary,
        sealed: &[u8],
        day: i64,
        most: usize,
    ) -> Result<Put, StoreError> {
        let mut writing = self.writing();
        let folder = self.diaries(authority);
        if diaries::find(&folder, diary)?.is_some() {
            return Ok(Put::Present);
        }
        let waiting = writing.entry(authority).or_default();
        if *waiting >= most {
            return Ok(Put::OverQuota);
        }
        self.incoming
            .write(&folder.join(day.to_string()).join(diaries::name(diary)), sealed)?;
        *waiting += 1;
        Ok(Put::New)
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        let mut writing = self.writing();
        let file = self.private(authority).join("taken");
        let before = match read_if_there(&file)? {
            None => None,
            Some(text) => Some(parse::<u64>(&text).ok_or(StoreError::Damaged)?),
        };
        if before.is_some_and(|before| number <= before) {
            return Ok(None);
        }
        self.incoming.write(&file, number.to_string().as_bytes())?;
        let folder = self.diaries(authority);
        let removed = diaries::remove(&folder, stored)?;
        let waiting = writing.entry(authority).or_default();
        *waiting = waiting.saturating_sub(removed);
        diaries::oldest(&folder, from, most).map(Some)
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        let _writing = self.writing();
        let file = self.root.join("clock");
        let before = ServerTime::from_bytes(&read_if_there(&file)?.unwrap_or_default());
        let mut time = before.clone();
        time.read(now);
        if time != before {
            self.incoming.write(&file, &time.to_bytes())?;
        }
        Ok(time)
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        let mut writing = self.writing();
        let mut forgotten = Forgotten::default();
        for authority in self.authorities()? {
            for name in names(&self.marks(authority))? {
                let due = self
                    .unlisted_since(authority, &name)?
                    .is_some_and(|since| since <= now.saturating_sub(UNLISTED_SECONDS));
                let Some(hash) = FromHex::from_hex(&name).ok().filter(|_| due) else {
                    continue;
                };
                forgotten.segments += u64::from(remove_if_there(&self.segment_file(&hash))?);
                remove_if_there(&self.marks(authority).join(&name))?;
            }
            let removed = diaries::forget(&self.diaries(authority), last_day_forgotten(now))?;
            let waiting = writing.entry(authority).or_default();
            *waiting = waiting.saturating_sub(removed);
            forgotten.diaries += removed as u64;
        }
        Ok(forgotten)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        let mut totals = Totals::default();
        for authority in self.authorities()? {
            let (count, bytes) = self.used(authority)?;
            totals.segments += count;
            totals.segment_bytes += bytes;
        }
        totals.diaries = self.writing().values().map(|&count| count as u64).sum();
        Ok(totals)
    }
}

fn check_version(root: &Path, incoming: &Incoming) -> Result<(), StoreError> {
    let file = root.join("version");
    if let Some(text) = read_if_there(&file)? {
        return match parse::<u32>(&text) {
            Some(VERSION) => Ok(()),
            Some(version) if version > VERSION => Err(StoreError::NewerVersion),
            _ => Err(StoreError::Damaged),
        };
    }
    // The version is the first thing that is written: a folder with anything else in it is not ours.
    if names(root)?.iter().any(|name| name != "lock" && name != "incoming") {
        return Err(StoreError::Damaged);
    }
    incoming.write(&file, VERSION.to_string().as_bytes())
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;

//! Segments in a folder or an S3 bucket of their own, where a CDN can fetch them without this relay: `{prefix}/v1/segments/{hash}`, the path that they
//! have here too. A file never changes, so nothing has to be invalidated. What is known of a segment stays in the database.

mod forwarding;
mod place;

use std::sync::{Arc, Mutex, PoisonError};

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;
use tokio::runtime::Runtime;

use super::{
    Forgotten, MailboxStore, PART_BYTES, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, Totals, Woken,
};
pub use place::{S3Settings, SegmentsPlace};

/// A store whose segments are elsewhere. Those that came into the database before are given from there.
pub struct SegmentsElsewhere {
    inner: Arc<dyn Store>,
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
    /// Held while a file is put or removed: one that is put again must not be removed as what it was before.
    changing: Mutex<()>,
    log: tracing::Dispatch,
}

impl SegmentsElsewhere {
    /// Puts the segments of `inner` there.
    ///
    /// # Errors
    /// [`StoreError::SegmentsPlaceInvalid`] for a place that cannot be used; or the disk's.
    pub fn new(inner: Arc<dyn Store>, place: &SegmentsPlace, log: &tracing::Dispatch) -> Result<Self, StoreError> {
        let (objects, prefix) = place.open()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("segments")
            .enable_all()
            .build()?;
        Ok(Self {
            inner,
            objects,
            prefix,
            runtime: Some(runtime),
            changing: Mutex::default(),
            log: log.clone(),
        })
    }

    fn path(&self, hash: &[u8; 32]) -> Path {
        self.prefix.clone().join("v1").join("segments").join(hex::encode(hash))
    }

    /// Waits for `work`, of which the outcome is one of the object store; `None` where there is no such object.
    fn wait<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> Result<Option<T>, StoreError> {
        let runtime = self.runtime.as_ref().ok_or(StoreError::Failed)?;
        match runtime.block_on(work) {
            Ok(done) => Ok(Some(done)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => {
                let kind = kind(&error);
                tracing::dispatcher::with_default(&self.log, || tracing::error!(kind, "the segments' place"));
                Err(StoreError::Failed)
            }
        }
    }

    /// A whole segment, if it is there.
    ///
    /// # Errors
    /// The place's.
    fn whole(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(hash);
        let bytes = self.wait(async { self.objects.get(&path).await?.bytes().await })?;
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }
}

impl Drop for SegmentsElsewhere {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last to hold a store may be a thread that drives an asynchronous runtime, which must not block.
            runtime.shutdown_background();
        }
    }
}

impl Store for SegmentsElsewhere {
    fn check(&self) -> Result<(), StoreError> {
        self.inner.check()?;
        // Whether it is there does not matter: an answer came.
        self.wait(self.objects.head(&self.path(&[0; 32]))).map(drop)
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(hash);
        let is_new = self.inner.segment(hash)?.is_none();
        if is_new {
            // The file first: what is known is there. One that nobody gets to know of is put again under the same name, or stays.
            let payload = PutPayload::from(file.to_vec());
            self.wait(self.objects.put(&path, payload))?.ok_or(StoreError::Failed)?;
        }
        let put = self.inner.note_segment(authority, hash, file.len() as u64, now, most)?;
        if is_new && put == Put::OverQuota {
            self.wait(self.objects.delete(&path))?;
        }
        Ok(put)
    }

    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        self.inner.note_segment(authority, hash, bytes, now, most)
    }

    fn segment_part(&self, hash: &[u8; 32], part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(content) = self.inner.segment_part(hash, part)? {
            return Ok(Some(content));
        }
        let Some(segment) = self.inner.segment(hash)? else {
            return Ok(None);
        };
        let from = u64::from(part).saturating_mul(PART_BYTES as u64);
        let to = from.saturating_add(PART_BYTES as u64).min(segment.bytes);
        if from >= to {
            return Ok(None);
        }
        let path = self.path(hash);
        let content = self.wait(self.objects.get_range(&path, from..to))?;
        Ok(content.map(|content| content.to_vec()))
    }

    fn segment_fault(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        if self.inner.segment_part(hash, 0)?.is_some() {
            return self.inner.segment_fault(hash);
        }
        let expected = self.inner.segment(hash)?.map(|segment| segment.bytes);
        Ok(self
            .whole(hash)?
            .is_none_or(|file| sha256(&file) != *hash || Some(file.len() as u64) != expected))
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        let due = self.inner.due_segments(now)?;
        let forgotten = self.inner.forget(now)?;
        for hash in due {
            let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.inner.segment(&hash)?.is_none() {
                self.wait(self.objects.delete(&self.path(&hash)))?;
            }
        }
        Ok(forgotten)
    }

    fn due_segments(&self, now: i64) -> Result<Vec<[u8; 32]>, StoreError> {
        self.inner.due_segments(now)
    }

    fn segments_after(&self, after: Option<[u8; 32]>, most: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        self.inner.segments_after(after, most)
    }

    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError> {
        self.inner.published(authority)
    }

    fn replace_trust_list(&self, authority: AuthorityId, held: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        self.inner.replace_trust_list(authority, held, newer)
    }

    fn publish(&self, authority: AuthorityId, held: &Published, next: Publication<'_>, now: i64) -> Result<Replaced, StoreError> {
        self.inner.publish(authority, held, next, now)
    }

    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        self.inner.segment(hash)
    }

    fn put_diary(
        &self,
        authority: AuthorityId,
        diary: &StoredDiary,
        sealed: &[u8],
        day: i64,
        most: usize,
    ) -> Result<Put, StoreError> {
        self.inner.put_diary(authority, diary, sealed, day, most)
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        self.inner.take_diaries(authority, number, stored, from, most)
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        self.inner.read_clock(now)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.inner.totals()
    }

    fn tell(&self, woken: Arc<dyn Woken>) -> Result<(), StoreError> {
        self.inner.tell(woken)
    }

    fn mailboxes(&self) -> Option<&dyn MailboxStore> {
        self.inner.mailboxes()
    }

    fn database_faults(&self) -> Result<Vec<String>, StoreError> {
        self.inner.database_faults()
    }
}

/// Which kind of error it was; its text may name a path or an account.
fn kind(error: &object_store::Error) -> &'static str {
    match error {
        object_store::Error::PermissionDenied { .. } => "permission denied",
        object_store::Error::Unauthenticated { .. } => "not authenticated",
        object_store::Error::NotFound { .. } => "not found",
        object_store::Error::InvalidPath { .. } => "invalid path",
        _ => "no answer, or another",
    }
}

#[cfg(test)]
mod tests;

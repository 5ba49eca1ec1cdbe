//! Taking a segment, or another public file, from its authority.

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::segment::Segment;
use techo_protocol::trust::{AuthorityId, Role};
use techo_protocol::vaccination::public_file::PublicFileKind;

use crate::error::{Refusal, RelayError};
use crate::store::{Put, Store};
use crate::trust;

/// Puts a segment or another public file in the store, unlisted since `now` (Unix seconds), if it is `authority`'s, a key of it for such files
/// signed it, and its SHA-256 is `hash`. The same one again is fine. `most` bytes of both an authority.
///
/// # Errors
/// [`Refusal::Segment`], [`Refusal::PublicFile`] for a file that is none or wrongly signed; [`RelayError::HashMismatch`], [`RelayError::OtherAuthority`],
/// [`RelayError::SegmentsFull`]; or the store's.
pub fn put(store: &dyn Store, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<(), Refusal> {
    if sha256(file) != *hash {
        return Err(RelayError::HashMismatch.into());
    }
    if let Some(kind) = PublicFileKind::of(file) {
        kind.check(file, &trust::newest(store, authority)?)?;
    } else {
        let segment = Segment::parse(file)?;
        if segment.header().authority != authority {
            return Err(RelayError::OtherAuthority.into());
        }
        segment.verify(trust::newest(store, authority)?.keys(Role::Notice))?;
    }
    match store.put_segment(authority, hash, file, now, most)? {
        Put::New | Put::Present => Ok(()),
        Put::OverQuota => Err(RelayError::SegmentsFull.into()),
    }
}

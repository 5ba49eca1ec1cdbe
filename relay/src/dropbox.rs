//! Sealed diaries, in from everybody and out to their authority.

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{DIARIES_A_PAGE, Diaries, StoredDiary, TakeDiaries};
use techo_protocol::trust::{AuthorityId, Role};

use crate::error::{Refusal, RelayError};
use crate::store::{DAY, Put, Store, last_day_forgotten};
use crate::trust;

/// Puts a diary, or a dummy, in an authority's box; `now` (Unix seconds) is kept to the day. The same one again is fine. `most` diaries an
/// authority: a full box takes no more, since making room would let anybody flush out what others sent.
///
/// # Errors
/// [`RelayError::DiarySize`], [`RelayError::DiariesFull`]; or the store's.
pub fn put(
    store: &dyn Store,
    authority: AuthorityId,
    mailbox: MailboxId,
    sealed: &[u8],
    now: i64,
    most: usize,
) -> Result<(), Refusal> {
    if sealed.len() != SENT_BYTES {
        return Err(RelayError::DiarySize.into());
    }
    let diary = StoredDiary {
        mailbox: mailbox.0,
        hash: sha256(sealed),
    };
    match store.put_diary(authority, &diary, sealed, now.div_euclid(DAY), most)? {
        Put::New | Put::Present => Ok(()),
        Put::OverQuota => Err(RelayError::DiariesFull.into()),
    }
}

/// Removes what the authority says it has stored, and gives the next page of what was not kept for longer than it may be at `now` (Unix seconds).
///
/// # Errors
/// [`RelayError::TakeNotSigned`] where none of the authority's manifest keys signed the request for this authority,
/// [`RelayError::TakeReplayed`] where its number is not higher than all before; or the store's.
pub fn take(store: &dyn Store, authority: AuthorityId, request: &[u8], now: i64) -> Result<Diaries, Refusal> {
    let list = trust::newest(store, authority)?;
    let take = TakeDiaries::read(request, list.keys(Role::Manifest))
        .filter(|take| take.authority == authority)
        .ok_or(RelayError::TakeNotSigned)?;
    Ok(store
        .take_diaries(
            authority,
            take.number,
            &take.stored,
            last_day_forgotten(now).saturating_add(1),
            DIARIES_A_PAGE,
        )?
        .ok_or(RelayError::TakeReplayed)?)
}

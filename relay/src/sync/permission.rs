//! Whose key may ask what of an account. The present key may ask everything; one that another has replaced may only fetch the records, so that
//! a device that was away finds its way; the recovery key may fetch the records and install others.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::{Call, RecoveryRequest, StreamId, SyncRequest, UnverifiedRequest};

use crate::error::{Refusal, SyncError};
use crate::store::{Account, Store, StreamStore};

/// Gives the request if it is signed by a key that may ask this of `account` on `day`; a request to open an account by the key that it names.
///
/// # Errors
/// [`SyncError::NoAccount`], [`SyncError::NotSigned`], [`SyncError::EpochBehind`] for an old key; or the store's.
pub fn signed_by_a_key(
    store: &dyn StreamStore,
    request: UnverifiedRequest<'_>,
    account: Option<&Account>,
    day: i64,
) -> Result<SyncRequest, Refusal> {
    let stream = request.stream();
    let Some(account) = account else {
        let key = request.opening_key().ok_or(SyncError::NoAccount)?;
        return Ok(request.verify(&key).ok_or(SyncError::NotSigned)?);
    };
    let opening = request.opening_key();
    if opening.is_none_or(|key| key == account.key) && request.is_signed_by(&account.key) {
        return Ok(request.verify(&account.key).ok_or(SyncError::NotSigned)?);
    }
    let keys = store.keys(stream)?;
    let signer = |key: &&PublicKey| request.is_signed_by(key);
    if let Some(key) = keys.old_on(day).find(signer) {
        return if request.asks_for_records().is_some() {
            Ok(request.verify(key).ok_or(SyncError::NotSigned)?)
        } else {
            Err(SyncError::EpochBehind.into())
        };
    }
    if let Some(key) = opening {
        // Whether it may is decided by the account, as for every opening.
        return Ok(request.verify(&key).ok_or(SyncError::NotSigned)?);
    }
    let key = keys.words_on(day).find(signer).ok_or(SyncError::NotSigned)?;
    let request = request.verify(key).ok_or(SyncError::NotSigned)?;
    match request.call {
        Call::Records { .. } | Call::Install { .. } => Ok(request),
        _ => Err(SyncError::NotSigned.into()),
    }
}

/// Reads a request by recovery words and checks that they are those of an account, which it names.
///
/// A locator that nobody has costs what a known one with a wrong signature does: the same look-ups, and one check of a signature.
///
/// # Errors
/// [`SyncError::NotARequest`], [`SyncError::OtherStream`] where it is about another locator, [`SyncError::WordsUnknown`]; or the store's.
pub fn by_words(store: &dyn Store, locator: [u8; 16], file: &[u8]) -> Result<(StreamId, RecoveryRequest), Refusal> {
    if RecoveryRequest::locator(file).ok_or(SyncError::NotARequest)? != locator {
        return Err(SyncError::OtherStream.into());
    }
    let located = store.located(locator)?;
    let keys = store.keys(located.unwrap_or(NOBODY))?;
    let key = keys.present_words().copied().unwrap_or(NOBODY_S_KEY);
    match (located, RecoveryRequest::verify(file, &[key])) {
        (Some(stream), Some(request)) => Ok((stream, request)),
        _ => Err(SyncError::WordsUnknown.into()),
    }
}

/// Stand in for the account and the key of a locator that nobody has. Nobody has the private half of this key either.
const NOBODY: StreamId = StreamId([0; 16]);
const NOBODY_S_KEY: PublicKey = PublicKey([2; 32]);

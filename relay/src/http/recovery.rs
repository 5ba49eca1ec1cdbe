//! What whoever has nothing but the recovery words may ask.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use techo_protocol::household::sync_api::{Call, LARGEST_RECOVERY_REQUEST_BYTES, RecoveryCall};

use super::body::{receive, refuse};
use super::path::{Named, id};
use super::syncing::respond;
use super::{Shared, within};
use crate::error::{Refusal, RelayError};
use crate::limits::Source;
use crate::store::{DAY, StreamWrite};
use crate::sync::{answer, by_words};

/// Answers whoever has nothing but the recovery words: `POST /v1/recovery/{locator}`.
pub async fn call(
    State(shared): State<Arc<Shared>>,
    source: Option<Extension<Source>>,
    Named(locator): Named<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let Some(locator) = id::<16>(&locator) else {
        return Err(refuse(body, RelayError::NoSuchPath).await.into());
    };
    // Each is as dear as an opening: nobody tries locators.
    if source.is_some_and(|Extension(source)| !shared.may_open(source)) {
        return Err(refuse(body, RelayError::TooManyRequests).await.into());
    }
    shared.streams.generation()?;
    let received = receive(body, LARGEST_RECOVERY_REQUEST_BYTES, shared.limits.body, &shared.body_memory).await?;
    let file = received.bytes;
    let asking = shared.streams.read(move |store| by_words(store, locator, &file));
    let (stream, request) = within(shared.limits.answer, asking).await?;
    let answered = match request.call {
        RecoveryCall::Records => {
            let asking = shared.streams.read(move |store| Ok(store.account(stream)?));
            let account = within(shared.limits.answer, asking).await?;
            if let Some(deleted) = account.filter(|account| account.deleted_day.is_some()) {
                return respond(&shared, &answer(shared.streams.generation()?, deleted.head));
            }
            within(
                shared.limits.answer,
                shared.streams.give(stream, Call::Records { since: None }),
            )
            .await?
        }
        RecoveryCall::Revive { cursor } => {
            let day = shared.noted().div_euclid(DAY);
            let revive = StreamWrite::Revive { stream, cursor, day };
            within(shared.limits.answer, shared.streams.write(revive, received.memory)).await?
        }
    };
    respond(&shared, &answered)
}

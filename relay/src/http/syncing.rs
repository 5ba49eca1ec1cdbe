//! Households' streams: one path, one signed request a call.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use techo_protocol::exposure::relay_api::BINARY;
use techo_protocol::household::sync_api::{Call, StreamId, SyncAnswer};
use tokio::sync::OwnedSemaphorePermit;

use super::body::{receive, refuse};
use super::path::{Named, id};
use super::{Shared, within};
use crate::error::{Refusal, RelayError, SyncError};
use crate::limits::Source;
use crate::sync::{answer, change, opens_anew};

/// A body of at most so many bytes is received before anybody has looked whether there is such an account.
const STRANGER_BYTES: u64 = 16 * 1024;

/// Answers a device of a household: `POST /v1/streams/{stream}`.
pub async fn call(
    State(shared): State<Arc<Shared>>,
    source: Option<Extension<Source>>,
    Named(stream): Named<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let stream = match addressed(&shared, &stream, body.size_hint().upper()).await {
        Ok(stream) => stream,
        Err(error) => {
            refuse(body, RelayError::NoSuchPath).await;
            return Err(error);
        }
    };
    let received = receive(
        body,
        shared.limits.sync_request_bytes,
        shared.limits.body,
        &shared.body_memory,
    )
    .await?;
    let (file, memory) = (received.bytes, received.memory);
    let now = shared.clock.now();
    let request = within(shared.limits.answer, shared.streams.verify(stream, file, now)).await?;
    let time = matches!(request.call, Call::Open { .. }).then_some(now);
    let answered = match request.call {
        Call::Pull { cursor, wait } => shared.streams.pull(request, cursor, wait, shared.noted()).await?,
        Call::OpenMailbox { mailbox } => {
            let boxes = Arc::clone(&shared.mailboxes);
            shared
                .with_store(move |store| boxes.open(store, stream, mailbox, now))
                .await?;
            let head = request.account.map(|account| account.head).unwrap_or_default();
            answer(shared.streams.generation()?, head)
        }
        Call::Records { .. } | Call::Inventory => within(shared.limits.answer, shared.streams.give(stream, request.call)).await?,
        _ => {
            if opens_anew(&request).is_some() && source.is_some_and(|Extension(source)| !shared.may_open(source)) {
                return Err(SyncError::TooManyAccounts.into());
            }
            let most = shared.limits.stream_bytes_per_account;
            let asked = change(stream, request.call, shared.noted(), most, &*shared.random)?.ok_or(SyncError::NotARequest)?;
            within(shared.limits.answer, shared.streams.write(asked, memory)).await?
        }
    };
    respond(&shared, &SyncAnswer { time, ..answered })
}

/// The stream of a path; where more than a little is to come, only if there is such an account.
async fn addressed(shared: &Shared, text: &str, length: Option<u64>) -> Result<StreamId, Refusal> {
    let stream = StreamId(id(text).ok_or(RelayError::NoSuchPath)?);
    shared.streams.generation()?;
    if length.is_none_or(|length| length > STRANGER_BYTES)
        && shared.with_store(move |store| Ok(store.account(stream)?)).await?.is_none()
    {
        return Err(SyncError::NoAccount.into());
    }
    Ok(stream)
}

/// Bytes of an answer, and the memory that they may use until they are sent.
struct Sent {
    bytes: Vec<u8>,
    _memory: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Makes the HTTP response that carries an answer.
pub fn respond(shared: &Shared, answer: &SyncAnswer) -> Result<Response, Refusal> {
    let bytes = answer.to_bytes();
    let length = u32::try_from(bytes.len()).map_err(|_| RelayError::Internal)?;
    // Who reads slowly holds as much as who sends slowly.
    let memory = Arc::clone(&shared.body_memory)
        .try_acquire_many_owned(length)
        .map_err(|_| RelayError::Busy)?;
    let sent = Sent { bytes, _memory: memory };
    Ok((
        [(CONTENT_TYPE, BINARY), (CACHE_CONTROL, "no-store")],
        Body::from(Bytes::from_owner(sent)),
    )
        .into_response())
}

//! Pairing mailboxes: whoever knows the name, which a code shows for two minutes, leaves and takes its messages.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use techo_protocol::exposure::relay_api::BINARY;
use techo_protocol::household::sync_api::{LARGEST_MAILBOX_MESSAGE_BYTES, LONGEST_WAIT_SECONDS, MAILBOX_MESSAGES};
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::body::{receive, refuse};
use super::path::{Named, id};
use crate::error::{Refusal, RelayError};
use crate::store::Name;

/// Takes a message of a pairing: `PUT /v1/rendezvous/{mailbox}/{message}`.
pub async fn put(
    State(shared): State<Arc<Shared>>,
    Named((mailbox, message)): Named<(String, String)>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let (mailbox, message) = match addressed(&mailbox, &message) {
        Ok(addressed) => addressed,
        Err(error) => return Err(refuse(body, error).await.into()),
    };
    let received = receive(body, LARGEST_MAILBOX_MESSAGE_BYTES, shared.limits.body, &shared.body_memory).await?;
    let (boxes, now) = (Arc::clone(&shared.mailboxes), shared.clock.now());
    shared
        .with_store(move |store| boxes.write(store, mailbox, message, &received.bytes, now))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/rendezvous/{mailbox}/{message}`: waits for the message; status 204 where it does not come, and the same may be asked again.
pub async fn take(
    State(shared): State<Arc<Shared>>,
    Named((mailbox, message)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let (mailbox, message) = addressed(&mailbox, &message)?;
    let until = Instant::now() + Duration::from_secs(LONGEST_WAIT_SECONDS.into());
    let taken = loop {
        // Begun before looking: what comes in between is not missed.
        let mut waiting = shared.mailboxes.wait(mailbox)?;
        let (boxes, now) = (Arc::clone(&shared.mailboxes), shared.clock.now());
        // Not cut short by the time: what was taken has to be handed over.
        let taking = shared.with_store(move |store| boxes.take(store, mailbox, message, now));
        if let Some(content) = taking.await? {
            break Some(content);
        }
        if waiting.is_over() || timeout_at(until, waiting.woken()).await.is_err() {
            break None;
        }
    };
    let no_store = [(CACHE_CONTROL, "no-store")];
    Ok(match taken {
        Some(content) => (no_store, [(CONTENT_TYPE, BINARY)], content).into_response(),
        None => (StatusCode::NO_CONTENT, no_store).into_response(),
    })
}

fn addressed(mailbox: &str, message: &str) -> Result<(Name, usize), RelayError> {
    let mailbox = id(mailbox).ok_or(RelayError::NoSuchPath)?;
    let message = (0..usize::from(MAILBOX_MESSAGES)).find(|number| number.to_string() == message);
    Ok((mailbox, message.ok_or(RelayError::NoSuchPath)?))
}

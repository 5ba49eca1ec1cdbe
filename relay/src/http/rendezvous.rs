//! Pairing mailboxes: whoever knows the name, which a code shows for two minutes, leaves and takes its messages.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use techo_protocol::relay_api::BINARY;
use techo_protocol::sync_api::{LARGEST_MAILBOX_MESSAGE_BYTES, LONGEST_WAIT_SECONDS, MAILBOX_MESSAGES};
use tokio::time::timeout;

use super::Shared;
use super::body::{receive, refuse};
use super::path::{Named, id};
use crate::error::{Refusal, RelayError};
use crate::rendezvous::Name;

/// `PUT /v1/rendezvous/{mailbox}/{message}`
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
    shared.mailboxes.write(mailbox, message, received.bytes, shared.clock.now())?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/rendezvous/{mailbox}/{message}`: waits for the message; status 204 where it does not come, and the same may be asked again.
pub async fn take(
    State(shared): State<Arc<Shared>>,
    Named((mailbox, message)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let (mailbox, message) = addressed(&mailbox, &message)?;
    let wait = async {
        loop {
            // Begun before looking: what comes in between is not missed.
            let mut waiting = shared.mailboxes.wait(mailbox)?;
            if let Some(content) = shared.mailboxes.take(mailbox, message, shared.clock.now())? {
                return Ok::<_, Refusal>(Some(content));
            }
            if waiting.is_over() {
                return Ok(None);
            }
            waiting.woken().await;
        }
    };
    let longest = Duration::from_secs(LONGEST_WAIT_SECONDS.into());
    let taken = timeout(longest, wait).await.unwrap_or(Ok(None))?;
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

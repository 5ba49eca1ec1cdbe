//! Sealed diaries, in and out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::diary_upload::SENT_BYTES;
use techo_protocol::exposure::relay_api::{BINARY, LARGEST_TAKE_BYTES};

use super::Shared;
use super::body::{receive, refuse};
use super::path::{Named, id};
use crate::dropbox;
use crate::error::{Refusal, RelayError};

/// Takes a sealed diary for an authority: `PUT /v1/authorities/{authority}/diaries/{mailbox}`.
pub async fn put_diary(
    State(shared): State<Arc<Shared>>,
    Named((authority, mailbox)): Named<(String, String)>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let addressed = shared
        .authority(&authority)
        .and_then(|authority| Ok((authority, id(&mailbox).map(MailboxId).ok_or(RelayError::NoSuchPath)?)));
    let (authority, mailbox) = match addressed {
        Ok(addressed) => addressed,
        Err(error) => return Err(refuse(body, error).await.into()),
    };
    let received = receive(body, SENT_BYTES, shared.limits.body, &shared.body_memory).await?;
    let now = shared.noted();
    let most = shared.limits.diaries_per_authority;
    shared
        .with_store(move |store| dropbox::put(store, authority, mailbox, &received.bytes, now, most))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an authority the diaries that wait, and removes those that it has stored: `POST /v1/authorities/{authority}/diaries`.
pub async fn take_diaries(
    State(shared): State<Arc<Shared>>,
    Named(authority): Named<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let authority = match shared.authority(&authority) {
        Ok(authority) => authority,
        Err(error) => return Err(refuse(body, error).await.into()),
    };
    let received = receive(body, LARGEST_TAKE_BYTES, shared.limits.body, &shared.body_memory).await?;
    let now = shared.clock.now();
    let page = shared
        .with_store(move |store| dropbox::take(store, authority, &received.bytes, now))
        .await?;
    Ok(([(CONTENT_TYPE, BINARY), (CACHE_CONTROL, "no-store")], page.to_bytes()).into_response())
}

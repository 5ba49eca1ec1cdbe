//! What an authority publishes. No login: its signature is the permission.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use techo_protocol::exposure::relay_api::LARGEST_TRUST_LIST_BYTES;
use techo_protocol::trust::AuthorityId;

use super::Shared;
use super::body::{receive, refuse};
use super::path::{Named, id};
use crate::error::{Refusal, RelayError};
use crate::store::Store;
use crate::{manifests, segments, trust};

/// Takes an authority's trust list: `PUT /v1/authorities/{authority}/trust`.
pub async fn trust_list(
    State(shared): State<Arc<Shared>>,
    Named(authority): Named<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    take(&shared, &authority, body, LARGEST_TRUST_LIST_BYTES, trust::adopt).await
}

/// Takes an authority's manifest: `PUT /v1/authorities/{authority}/manifest`.
pub async fn manifest(
    State(shared): State<Arc<Shared>>,
    Named(authority): Named<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let now = shared.noted();
    let most = shared.limits.manifest_bytes;
    take(&shared, &authority, body, most, move |store, authority, file| {
        manifests::put(store, authority, file, now)
    })
    .await
}

/// Takes a segment of an authority: `PUT /v1/authorities/{authority}/segments/{hash}`.
pub async fn segment(
    State(shared): State<Arc<Shared>>,
    Named((authority, hash)): Named<(String, String)>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let Some(hash) = id(&hash) else {
        return Err(refuse(body, RelayError::NoSuchPath).await.into());
    };
    let now = shared.noted();
    let room = shared.limits.segments_bytes_per_authority;
    take(
        &shared,
        &authority,
        body,
        shared.limits.segment_bytes,
        move |store, authority, file| segments::put(store, authority, &hash, file, now, room),
    )
    .await
}

/// Receives a file for an authority that is known, and puts it where it belongs.
async fn take(
    shared: &Shared,
    authority: &str,
    body: Body,
    most: usize,
    put: impl FnOnce(&dyn Store, AuthorityId, &[u8]) -> Result<(), Refusal> + Send + 'static,
) -> Result<StatusCode, Refusal> {
    let authority = match shared.authority(authority) {
        Ok(authority) => authority,
        Err(error) => return Err(refuse(body, error).await.into()),
    };
    let received = receive(body, most, shared.limits.body, &shared.body_memory).await?;
    shared.with_store(move |store| put(store, authority, &received.bytes)).await?;
    Ok(StatusCode::NO_CONTENT)
}

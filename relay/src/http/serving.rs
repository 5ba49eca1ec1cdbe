//! Public files, the same bytes for everybody, with headers that let a CDN carry them. A device's request is its URL alone; validators are
//! for caches between.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::relay_api::BINARY;

use super::Shared;
use super::path::{Named, id};
use crate::blocking::on_store;
use crate::error::{Refusal, RelayError};

/// A manifest is replaced hourly; caches may be behind by a minute.
const FOR_A_MINUTE: &str = "public, max-age=60";
/// A segment is named by its hash and never changes (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Gives an authority's newest manifest: `GET /v1/authorities/{authority}/manifest`.
pub async fn manifest(
    State(shared): State<Arc<Shared>>,
    Named(authority): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let authority = shared.authority(&authority)?;
    let held = shared.with_store(move |store| Ok(store.published(authority)?)).await?;
    let file = held.manifest.ok_or(RelayError::NothingPublished)?;
    let etag = format!("\"{}\"", hex::encode(sha256(&file)));
    let length = file.len() as u64;
    Ok(answer(&headers, &etag, FOR_A_MINUTE, length, Body::from(file)))
}

/// Gives a segment's bytes: `GET /v1/segments/{hash}`.
pub async fn segment(
    State(shared): State<Arc<Shared>>,
    Named(hash): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let hash: [u8; 32] = id(&hash).ok_or(RelayError::NoSuchSegment)?;
    let found = shared.with_store(move |store| Ok(store.segment(&hash)?)).await?;
    let found = found
        .filter(|segment| shared.told_of.contains(&segment.authority))
        .ok_or(RelayError::NoSuchSegment)?;
    let etag = format!("\"{}\"", hex::encode(hash));
    let parts = try_unfold((shared, 0_u32, found.bytes), move |(shared, part, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = on_store(&shared.store, &shared.log, move |store| Ok(store.segment_part(&hash, part)?)).await?;
        // A segment that was removed in the meantime ends short of its length, which breaks the connection and not the file.
        let content = read.filter(|content| !content.is_empty()).ok_or(RelayError::NoSuchSegment)?;
        let left = left.saturating_sub(content.len() as u64);
        Ok::<_, Refusal>(Some((content, (shared, part.saturating_add(1), left))))
    });
    Ok(answer(&headers, &etag, FOR_EVER, found.bytes, Body::from_stream(parts)))
}

fn answer(request: &HeaderMap, etag: &str, caching: &'static str, length: u64, body: Body) -> Response {
    let headers = [(ETAG, etag.to_owned()), (CACHE_CONTROL, caching.to_owned())];
    if matches_etag(request, etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let mut response = (headers, [(CONTENT_TYPE, BINARY)], body).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// RFC 9110, section 13.1.2.
fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    let named = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    named
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

//! What every answer has, and refusals as problem documents (RFC 9457).

use std::any::Any;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use techo_protocol::exposure::relay_api::{PROBLEM, Problem};

use crate::error::{Refusal, RelayError};

/// A refusal's problem document as JSON.
pub fn problem(refusal: &Refusal) -> Vec<u8> {
    // A structure of strings and a number always has a JSON form.
    serde_json::to_vec(&Problem::of(refusal, refusal.status())).unwrap_or_default()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(problem(&self)));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self.status(), 429 | 503) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if matches!(self.status(), 408 | 413) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The answer where a handler panicked; what it panicked with may hold anything and is dropped.
#[allow(clippy::needless_pass_by_value, reason = "the layer passes it so")]
pub fn after_panic(_payload: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Refusal::from(RelayError::Internal).into_response()
}

/// What every answer has: nobody may take it for another kind of content.
pub async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

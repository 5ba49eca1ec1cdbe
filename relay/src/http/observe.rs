//! One log line and some counts for each answered request: route, method, status, bytes, duration. The path is not among them, since it
//! holds hashes and mailboxes; nor is any header, since one may hold an address.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;

use super::Shared;
use crate::metrics::Answered;

/// Stands for a path that is no route.
const NO_ROUTE: &str = "none";

/// Logs and counts a request once its answer begins.
pub async fn observe(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(NO_ROUTE, MatchedPath::as_str)
        .to_owned();
    let method = method(request.method());
    let received = Arc::new(AtomicU64::new(0));
    let response = next.run(counted(request, &received)).await;
    let answered = Answered {
        route,
        method,
        status: response.status().as_u16(),
        received: received.load(Ordering::Relaxed),
        sent: if method == "HEAD" { 0 } else { length(&response) },
        seconds: since.elapsed().as_secs_f64(),
    };
    shared.metrics.count(&answered);
    tracing::info!(
        route = answered.route,
        method = answered.method,
        status = answered.status,
        received = answered.received,
        sent = answered.sent,
        ms = answered.seconds * 1_000.0,
        "answered"
    );
    response
}

fn counted(request: Request, received: &Arc<AtomicU64>) -> Request {
    let received = Arc::clone(received);
    request.map(|body| {
        Body::new(body.inspect_frame(move |frame| {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            received.fetch_add(length, Ordering::Relaxed);
        }))
    })
}

fn length(response: &Response) -> u64 {
    let header = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    header.or(response.body().size_hint().exact()).unwrap_or(0)
}

/// A method's name. Anybody may invent methods: the rest have one name together, or counters would grow without bound.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::POST => "POST",
        _ => "OTHER",
    }
}

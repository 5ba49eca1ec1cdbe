//! For the operator: whether the store answers, and counters.

use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::error::Refusal;
use crate::metrics::{Now, TEXT};

/// `GET /healthz`: the store was asked and answered.
pub async fn healthz(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    shared.with_store(|store| Ok(store.check()?)).await?;
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    Ok((headers, r#"{"status":"ok"}"#).into_response())
}

/// `GET /metrics`: counters and gauges.
pub async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let (totals, accounts) = shared
        .with_store(|store| Ok((store.totals()?, store.account_totals()?)))
        .await?;
    let addresses = shared.rates.lock().unwrap_or_else(PoisonError::into_inner).len();
    let now = Now {
        totals,
        accounts,
        connections: shared.connections.len(),
        addresses,
        waiting: shared.streams.waiting(),
    };
    let text = shared.metrics.text(&now);
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], text).into_response())
}

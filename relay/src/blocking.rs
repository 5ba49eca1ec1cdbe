//! Work with a store, on a thread that may block: calls of a store do, and a thread that drives connections must not.

use std::sync::Arc;

use crate::error::{Refusal, RelayError};
use crate::store::Store;

/// Does work with a store on a thread that may block. What was begun is finished, even if nobody waits for it any more.
///
/// # Errors
/// Those of `work`, or [`RelayError::Internal`] where it panicked.
pub async fn on_store<T: Send + 'static>(
    store: &Arc<dyn Store>,
    log: &tracing::Dispatch,
    work: impl FnOnce(&dyn Store) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (store, log) = (Arc::clone(store), log.clone());
    let task = tokio::task::spawn_blocking(move || tracing::dispatcher::with_default(&log, || work(&*store)));
    task.await.unwrap_or_else(|_| Err(RelayError::Internal.into()))
}

//! Receiving a request's body: bounded in size, in time, and in the memory that all bodies have together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::RelayError;

/// How long a refused body is still read and dropped: who is sending sees the refusal instead of a broken connection.
const DRAIN: Duration = Duration::from_secs(5);
/// A pause in which nothing comes ends that early: it waits for the answer.
const QUIET: Duration = Duration::from_millis(500);

/// A received body and the memory it may use.
pub struct Received {
    /// The bytes of the whole body.
    pub bytes: Vec<u8>,
    /// That memory: it is free again once this is dropped.
    pub memory: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `most` bytes within `time`. Memory is taken as bytes arrive, so that a connection that sends nothing holds none.
///
/// # Errors
/// [`RelayError::TooLarge`], [`RelayError::TooSlow`], [`RelayError::BodyBroken`], or [`RelayError::Busy`] when memory has run out.
pub async fn receive(mut body: Body, most: usize, time: Duration, memory: &Arc<Semaphore>) -> Result<Received, RelayError> {
    match timeout(time, collect(&mut body, most, memory)).await {
        Err(_) => Err(RelayError::TooSlow),
        Ok(Err(error)) => Err(refuse(body, error).await),
        Ok(Ok(received)) => Ok(received),
    }
}

/// Drops what still comes of a body, and gives the error back.
pub async fn refuse(mut body: Body, error: RelayError) -> RelayError {
    let drain = async { while let Ok(Some(Ok(_))) = timeout(QUIET, body.frame()).await {} };
    let _ = timeout(DRAIN, drain).await;
    error
}

async fn collect(body: &mut Body, most: usize, memory: &Arc<Semaphore>) -> Result<Received, RelayError> {
    if body.size_hint().lower() > most as u64 {
        return Err(RelayError::TooLarge);
    }
    let mut received = Received {
        bytes: Vec::new(),
        memory: None,
    };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| RelayError::BodyBroken)?.into_data() else {
            continue;
        };
        if received.bytes.len() + data.len() > most {
            return Err(RelayError::TooLarge);
        }
        let length = u32::try_from(data.len()).map_err(|_| RelayError::TooLarge)?;
        let permit = Arc::clone(memory)
            .try_acquire_many_owned(length)
            .map_err(|_| RelayError::Busy)?;
        match &mut received.memory {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        received.bytes.extend_from_slice(&data);
    }
    Ok(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn receive_of(sizes: &[usize], most: usize, memory: &Arc<Semaphore>) -> Result<Received, RelayError> {
        let chunks: Vec<_> = sizes.iter().map(|&size| Ok::<_, std::io::Error>(vec![7; size])).collect();
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        receive(body, most, Duration::from_mins(1), memory).await
    }

    #[tokio::test]
    async fn bodies_share_their_memory_and_give_it_back() {
        let memory = Arc::new(Semaphore::new(100));
        let first = receive_of(&[40, 20], 60, &memory).await;
        assert_eq!(first.as_ref().map(|received| received.bytes.len()).ok(), Some(60));
        assert_eq!(receive_of(&[41], 60, &memory).await.err(), Some(RelayError::Busy));
        assert_eq!(memory.available_permits(), 40, "a refused body holds nothing");
        drop(first);
        assert!(receive_of(&[41], 60, &memory).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_bounded_too() {
        let memory = Arc::new(Semaphore::new(1_000));
        assert_eq!(receive_of(&[40, 21], 60, &memory).await.err(), Some(RelayError::TooLarge));
    }
}

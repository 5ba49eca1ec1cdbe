//! Telling a connection that there are too many, without serving it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::problem;
use crate::error::{Refusal, RelayError};
use techo_protocol::exposure::relay_api::PROBLEM;

/// Connections that are told at once; those beyond are closed without a word.
const AT_ONCE: usize = 64;
/// How long one of them may take.
const TIME: Duration = Duration::from_secs(2);

/// Tells connections that there are too many.
pub struct Refusals(Arc<Semaphore>);

impl Refusals {
    /// None is being told yet.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// Answers a connection's first request, whatever it is, and closes it.
    pub fn tell(&self, mut stream: TcpStream, error: RelayError) {
        let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let _permit = permit;
            let talk = async {
                stream.write_all(&message(error)).await?;
                stream.shutdown().await?;
                // What is still unread when a socket is closed would take the answer back.
                let mut rest = [0; 4096];
                while stream.read(&mut rest).await? > 0 {}
                Ok::<_, std::io::Error>(())
            };
            let _ = timeout(TIME, talk).await;
        });
    }
}

fn message(error: RelayError) -> Vec<u8> {
    let refusal = Refusal::from(error);
    let status = refusal.status();
    let reason = axum::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("");
    let body = problem(&refusal);
    let mut message = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {PROBLEM}\r\ncontent-length: {}\r\nretry-after: 5\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    message.extend_from_slice(&body);
    message
}

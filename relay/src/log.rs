//! Structured log lines, and what keeps addresses out of them: only this crate's own lines pass, and none of those has one.

use tracing::Dispatch;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;

/// Writes each event as one line of JSON. Lines of other crates are dropped: a library that logs a peer's address must not reach the log.
pub fn json<W>(writer: W) -> Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let own = Targets::new().with_target("techo_relay", LevelFilter::INFO);
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(own);
    Dispatch::new(tracing_subscriber::registry().with(lines))
}

/// A log that drops every line.
pub fn none() -> Dispatch {
    Dispatch::none()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_the_relay_s_own_lines_pass() {
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::dispatcher::with_default(&json(move || writer.clone()), || {
            tracing::info!(target: "hyper", peer = "192.0.2.1", "accepted");
            tracing::info!(target: "techo_relay::http", route = "/healthz", "answered");
            tracing::debug!(target: "techo_relay::http", "detail");
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["route"], "/healthz");
    }
}

//! When the operating system asks the relay to end.

/// Ends when the process is asked to end: SIGTERM or SIGINT, on other systems Ctrl-C. It listens from the moment of this call, which has to
/// come from inside a tokio runtime.
pub fn termination() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        // Where a handler cannot be set, the signal keeps its default effect, which also ends the process.
        let handlers = [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| signal(kind).ok());
        async move {
            let [mut terminate, mut interrupt] = handlers;
            tokio::select! {
                () = heard(&mut terminate) => {}
                () = heard(&mut interrupt) => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_request_to_end_is_heard_from_the_call_on() {
        for signal in ["-TERM", "-INT"] {
            let asked = termination();
            let pid = std::process::id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            asked.await;
        }
    }
}

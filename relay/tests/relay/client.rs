//! A client small enough to be rude: it sends what it is told, whole or not.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer, read to the end of the connection or of its length.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The code of a problem document, which it must be.
    pub fn problem(&self) -> (u16, String) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {text}",
            self.status
        );
        let problem: techo_protocol::exposure::relay_api::Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!((problem.kind.as_str(), problem.status), ("about:blank", self.status));
        assert!(!problem.title.is_empty() && !problem.detail.is_empty());
        (self.status, problem.code)
    }
}

/// The code that a request is refused with.
pub fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// One connection to a relay, byte by byte.
pub struct Wire(TcpStream);

impl Wire {
    pub fn open(address: SocketAddr) -> Self {
        Self::if_there(address).unwrap()
    }

    /// A connection to a relay that may be gone; `None` where it is.
    pub fn if_there(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        // Under the 30 seconds after which the HTTP library hangs up by itself: a limit of ours must come first.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Some(Self(stream))
    }

    /// Sends bytes; a peer that has hung up is no failure of the test.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    pub fn head(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: relay.example\r\n{}\r\n",
            lines.collect::<Vec<_>>().concat()
        );
        self.send(head.as_bytes());
    }

    /// Reads one answer; `None` where the connection ended without one.
    pub fn answer(&mut self, method: &str) -> Option<Answer> {
        let mut received = Vec::new();
        let end = loop {
            if let Some(at) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read_more(&mut received) {
                return None;
            }
        };
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0);
        let mut body = received.split_off(end);
        let length = if method == "HEAD" { 0 } else { length };
        while body.len() < length && self.read_more(&mut body) {}
        assert_eq!(body.len(), length, "the body has the length that was said");
        Some(Answer { status, headers, body })
    }

    /// Whether the relay has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        !self.read_more(&mut Vec::new())
    }

    fn read_more(&mut self, into: &mut Vec<u8>) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.0.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                into.extend_from_slice(&buffer[..length]);
                true
            }
            Err(error) => {
                let waited = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                assert!(!waited, "the relay did not answer");
                false
            }
        }
    }
}

/// One request on a connection of its own.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut wire = Wire::open(address);
    let length = body.len().to_string();
    let mut all = vec![("Connection", "close")];
    if method == "PUT" || method == "POST" {
        all.push(("Content-Length", &length));
    }
    all.extend_from_slice(headers);
    wire.head(method, path, &all);
    wire.send(body);
    wire.answer(method).unwrap()
}

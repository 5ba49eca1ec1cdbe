//! HTTPS by reqwest, the same for devices and authorities.
//!
//! A request is its URL alone: no cookie, ETag, user agent, referer, redirect or session that outlives it. TLS resumption is off, so that one
//! visit of a device cannot be joined to the next. `http://` is taken for loopback addresses only.

use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Body, Client, Response};
use reqwest::{Method, Url};
use rustls::client::Resumption;

pub use techo_protocol::basics::http::HttpError;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that remembers nothing between requests but open connections.
pub struct Http {
    client: Client,
}

impl Http {
    /// A client with Mozilla's roots.
    ///
    /// # Errors
    /// [`HttpError::Unreachable`] where TLS cannot be set up.
    pub fn new() -> Result<Self, HttpError> {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| HttpError::Unreachable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.resumption = Resumption::disabled();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| HttpError::Unreachable)?;
        Ok(Self { client })
    }

    /// Fetches `path` from a relay; `None` where the relay has nothing there (404).
    ///
    /// # Errors
    /// [`HttpError`]; an answer over `most` bytes is [`HttpError::TooLarge`].
    pub fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        let answer = self.send(Method::GET, relay, path, None)?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        body(accepted(answer)?, most).map(Some)
    }

    /// Puts `content` at `path`.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        accepted(self.send(Method::PUT, relay, path, Some(content))?).map(|_| ())
    }

    /// Posts `content` to `path` and gives the answer.
    ///
    /// # Errors
    /// [`HttpError`]; an answer over `most` bytes is [`HttpError::TooLarge`].
    pub fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        body(accepted(self.send(Method::POST, relay, path, Some(content))?)?, most)
    }

    fn send(&self, method: Method, relay: &str, path: &str, content: Option<Vec<u8>>) -> Result<Response, HttpError> {
        let mut request = self.client.request(method, address(relay, path)?);
        if let Some(content) = content {
            request = request
                .header("content-type", techo_protocol::exposure::relay_api::BINARY)
                .body(Body::from(content));
        }
        request.send().map_err(|error| {
            if error.is_timeout() {
                HttpError::TimedOut
            } else {
                HttpError::Unreachable
            }
        })
    }
}

/// The URL of `path` at a relay.
fn address(relay: &str, path: &str) -> Result<Url, HttpError> {
    let url = Url::parse(&format!("{}{path}", relay.trim_end_matches('/'))).map_err(|_| HttpError::AddressInvalid)?;
    let loopback = url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(HttpError::AddressInvalid),
    }
}

/// The answer, if it is not a refusal.
fn accepted(answer: Response) -> Result<Response, HttpError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let refused = HttpError::Refused { status: status.as_u16() };
    let Ok(reason) = body(answer, 64 * 1024) else {
        return Err(refused);
    };
    match serde_json::from_slice::<techo_protocol::exposure::relay_api::Problem>(&reason) {
        // A code is short and plain; anything else is not the relay's own.
        Ok(problem) if is_code(&problem.code) => {
            let title = problem.title.chars().filter(|c| !c.is_control()).take(200).collect();
            Err(HttpError::Problem {
                status: status.as_u16(),
                code: problem.code,
                title,
            })
        }
        _ => Err(refused),
    }
}

fn is_code(code: &str) -> bool {
    code.len() <= 60
        && code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b))
}

fn body(answer: Response, most: usize) -> Result<Vec<u8>, HttpError> {
    let mut content = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    answer
        .take(limit)
        .read_to_end(&mut content)
        .map_err(|_| HttpError::AnswerDamaged)?;
    if content.len() > most {
        Err(HttpError::TooLarge)
    } else {
        Ok(content)
    }
}

#[cfg(test)]
mod tests;

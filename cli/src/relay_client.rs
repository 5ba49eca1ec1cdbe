//! One relay over HTTPS, as the authority's library wants it.

use techo_authority::publishing::RelayPort;
use techo_http::{Http, HttpError};

use crate::Failure;

/// A relay's address and a client.
pub struct RelayClient {
    http: Http,
    address: String,
}

impl RelayClient {
    /// A client for one command.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(address: &str) -> Result<Self, Failure> {
        Ok(Self {
            http: Http::new()?,
            address: address.to_owned(),
        })
    }
}

impl RelayPort for RelayClient {
    fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.http.get(&self.address, path, most)
    }

    fn put(&self, path: &str, body: Vec<u8>) -> Result<(), HttpError> {
        self.http.put(&self.address, path, body)
    }

    fn post(&self, path: &str, body: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        self.http.post(&self.address, path, body, most)
    }
}

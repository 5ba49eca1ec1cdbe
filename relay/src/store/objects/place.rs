//! Where segments can be.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use crate::store::StoreError;

/// Where the bytes of segments are kept, outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentsPlace {
    /// Segments are files of this folder.
    Folder(PathBuf),
    /// In an S3 bucket.
    S3 {
        /// Which, and how it is reached.
        settings: S3Settings,
        /// What stands before each name; it may be empty.
        prefix: String,
    },
}

/// How a bucket is reached. Without TLS on this machine's own addresses only.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// The name of the bucket.
    pub bucket: String,
    /// Names and values of the environment that begin with `aws_`, in lower case: `aws_endpoint`, `aws_region`, `aws_access_key_id`,
    /// `aws_secret_access_key` and what else the S3 client knows.
    pub environment: Vec<(String, String)>,
}

impl std::fmt::Debug for S3Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest holds a key.
        formatter
            .debug_struct("S3Settings")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl SegmentsPlace {
    /// What is there, and the path before each name.
    ///
    /// # Errors
    /// [`StoreError::SegmentsPlaceInvalid`]; or the disk's.
    pub(super) fn open(&self) -> Result<(Arc<dyn ObjectStore>, Path), StoreError> {
        Ok(match self {
            SegmentsPlace::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(|_| StoreError::SegmentsPlaceInvalid)?;
                (Arc::new(files.with_fsync(true)), Path::default())
            }
            SegmentsPlace::S3 { settings, prefix } => (Arc::new(s3(settings)?), Path::from(prefix.as_str())),
        })
    }
}

fn s3(settings: &S3Settings) -> Result<impl ObjectStore, StoreError> {
    let mut builder = AmazonS3Builder::new();
    let mut may_be_plain = false;
    for (name, value) in &settings.environment {
        // The environment holds more than the client knows.
        let Ok(key) = name.parse::<AmazonS3ConfigKey>() else {
            continue;
        };
        may_be_plain |= key == AmazonS3ConfigKey::Endpoint && is_here(value);
        builder = builder.with_config(key, value);
    }
    builder
        .with_bucket_name(&settings.bucket)
        .with_allow_http(may_be_plain)
        // Every provider takes these one by one.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: std::time::Duration::from_secs(20),
            ..RetryConfig::default()
        })
        .with_http_connector(Connector)
        .build()
        .map_err(|_| StoreError::SegmentsPlaceInvalid)
}

/// Whether an address without TLS is this machine's.
pub(super) fn is_here(endpoint: &str) -> bool {
    let authority = endpoint.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let host = authority.map(|authority| authority.split_once(':').map_or(authority, |(host, _)| host));
    matches!(host, Some("localhost" | "127.0.0.1"))
}

/// Makes HTTP clients that speak TLS by ring, as everything here does.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source| object_store::Error::Generic { store: "S3", source };
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(Box::new(error)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(std::time::Duration::from_secs(10))
            .timeout(std::time::Duration::from_mins(1))
            .build()
            .map_err(|error| failed(Box::new(error)))?;
        Ok(HttpClient::new(client))
    }
}

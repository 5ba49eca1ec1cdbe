//! Where a PostgreSQL database is, and how it is spoken to.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::StoreError;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// After so long without a word the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Where a PostgreSQL database is. Without TLS on this machine's own addresses only.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresPlace {
    /// The database's address: `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: String,
    /// Certificates (PEM) that are trusted for it, in place of the public ones.
    pub roots: Option<Vec<u8>>,
}

impl std::fmt::Debug for PostgresPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        formatter.debug_struct("PostgresPlace").finish_non_exhaustive()
    }
}

impl PostgresPlace {
    /// How to connect: with TLS, but for this machine's own addresses.
    ///
    /// # Errors
    /// [`StoreError::AddressInvalid`].
    pub(super) fn config(&self) -> Result<Config, StoreError> {
        let mut config = Config::from_str(&self.url).map_err(|_| StoreError::AddressInvalid)?;
        if config.get_hosts().is_empty() {
            return Err(StoreError::AddressInvalid);
        }
        config
            .connect_timeout(CONNECT)
            .keepalives_idle(KEEPALIVE)
            .tcp_user_timeout(2 * KEEPALIVE);
        if config.get_application_name().is_none() {
            config.application_name("techo-relay");
        }
        let is_here = config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        config.ssl_mode(if is_here { SslMode::Disable } else { SslMode::Require });
        Ok(config)
    }

    /// What is trusted.
    ///
    /// # Errors
    /// [`StoreError::CertificatesInvalid`].
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, StoreError> {
        let mut trusted = rustls::RootCertStore::empty();
        match &self.roots {
            None => trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
                let (added, _) = trusted.add_parsable_certificates(certificates.map_err(|_| StoreError::CertificatesInvalid)?);
                if added == 0 {
                    return Err(StoreError::CertificatesInvalid);
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| StoreError::Failed)?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        let mode = |url: &str| {
            let place = PostgresPlace {
                url: url.to_owned(),
                roots: None,
            };
            place.config().map(|config| config.get_ssl_mode())
        };
        for here in [
            "postgres://a@127.0.0.1/b",
            "postgres://a@localhost:5433/b?sslmode=prefer",
            "postgres://a@[::1]/b",
            "postgres:///b?host=/run/postgresql",
        ] {
            assert_eq!(mode(here), Ok(SslMode::Disable), "{here}");
        }
        for there in [
            "postgres://a@db.example/b",
            "postgres://a@db.example/b?sslmode=disable",
            "postgres://a@10.0.0.1/b",
            "postgres://a@127.0.0.1,db.example/b",
            "postgres://a@localhost/b?hostaddr=10.0.0.1",
        ] {
            assert_eq!(mode(there), Ok(SslMode::Require), "{there}");
        }
        for none in ["", "mysql://a@b/c", "postgres://a@host:port/b", "postgres:///b"] {
            assert_eq!(mode(none), Err(StoreError::AddressInvalid), "{none}");
        }
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        for roots in [&b""[..], b"nonsense"] {
            let place = PostgresPlace {
                url: String::new(),
                roots: Some(roots.to_vec()),
            };
            assert_eq!(place.tls().err(), Some(StoreError::CertificatesInvalid));
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let place = PostgresPlace {
            url: "postgres://a:canary@h/b".to_owned(),
            roots: None,
        };
        assert!(!format!("{place:?}").contains("canary"));
    }
}

//! Where a relay's database is, as flags.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use techo_relay::store::{self, Place, PostgresPlace, S3Settings, SegmentsElsewhere, SegmentsPlace, Store};

use crate::{Failure, input};

/// The SQLite database of a relay's profile.
pub const SQLITE: &str = "relay.sqlite";

/// Which database; without a flag, the SQLite one in the profile.
#[derive(Debug, Args)]
pub struct DatabaseFlags {
    #[command(flatten)]
    postgres: PostgresFlags,
    /// Keep lists as files that a CDN can serve: `folder:DIR` or `s3://BUCKET/PREFIX`, whose address, region and keys are in `AWS_ENDPOINT`, `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long, value_name = "PLACE", value_parser = read_segments)]
    segments: Option<SegmentsPlace>,
}

/// The PostgreSQL database of a relay, as flags and variables name it.
#[derive(Debug, Args)]
pub struct PostgresFlags {
    /// PostgreSQL in place of SQLite: `postgres://USER@HOST/NAME`; with a password, set `TECHO_DATABASE` and not this. Without TLS on this machine only
    #[arg(long, value_name = "URL", env = "TECHO_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Certificates (PEM) that are trusted for the database, in place of the public ones
    #[arg(long, value_name = "FILE")]
    database_ca: Option<PathBuf>,
}

impl PostgresFlags {
    /// The database, if one is named.
    ///
    /// # Errors
    /// The file of certificates cannot be read.
    pub fn place(self) -> Result<Option<PostgresPlace>, Failure> {
        let Some(url) = self.database else { return Ok(None) };
        let roots = self.database_ca.as_deref().map(input::file).transpose()?;
        Ok(Some(PostgresPlace { url, roots }))
    }
}

impl DatabaseFlags {
    /// Opens it.
    ///
    /// # Errors
    /// The store's.
    pub fn open(self, profile: &Path, log: &tracing::Dispatch) -> Result<Arc<dyn Store>, Failure> {
        let place = match self.postgres.place()? {
            Some(postgres) => Place::Postgres(postgres),
            None => Place::Sqlite(profile.join(SQLITE)),
        };
        let store = store::open(&place, log)?;
        Ok(match self.segments {
            Some(place) => Arc::new(SegmentsElsewhere::new(store, &place, log)?),
            None => store,
        })
    }

    /// Whether it is the SQLite one of the profile.
    pub fn is_in_profile(&self) -> bool {
        self.postgres.database.is_none()
    }
}

fn read_segments(text: &str) -> Result<SegmentsPlace, String> {
    if let Some(folder) = text.strip_prefix("folder:").filter(|folder| !folder.is_empty()) {
        return Ok(SegmentsPlace::Folder(folder.into()));
    }
    let (bucket, prefix) = text
        .strip_prefix("s3://")
        .map(|place| place.split_once('/').unwrap_or((place, "")))
        .filter(|(bucket, _)| !bucket.is_empty())
        .ok_or("write `folder:DIR` or `s3://BUCKET/PREFIX`")?;
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?.to_ascii_lowercase();
        name.starts_with("aws_").then_some((name, value.to_str()?.to_owned()))
    });
    Ok(SegmentsPlace::S3 {
        settings: S3Settings {
            bucket: bucket.to_owned(),
            environment: environment.collect(),
        },
        prefix: prefix.trim_matches('/').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_in_a_folder_or_a_bucket() {
        assert_eq!(read_segments("folder:/srv/a"), Ok(SegmentsPlace::Folder("/srv/a".into())));
        for (text, bucket, prefix) in [("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/x/y/", "b", "x/y")] {
            let Ok(SegmentsPlace::S3 { settings, prefix: read }) = read_segments(text) else {
                panic!("{text}")
            };
            assert_eq!((settings.bucket.as_str(), read.as_str()), (bucket, prefix));
        }
        for wrong in ["", "folder:", "s3://", "s3:///x", "https://b/x", "b"] {
            assert!(read_segments(wrong).is_err(), "{wrong}");
        }
    }
}

//! `techo authority trust bundle`: collects issuers' keys into one signed file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_core::certificates::key_source;
use techo_protocol::Coded as _;
use techo_protocol::certificates::issuer_key::IssuerKey;
use techo_protocol::certificates::trust_bundle::{TrustBundle, TrustBundleError};

use super::open;
use crate::file::{expect_writable, write_public};
use crate::session::Session;
use crate::{Failure, Outcome, input};

/// Sign a bundle of the keys of those who issue certificates, for residents and checkers. Keys that the source lists no more stay, as an archive
#[derive(Debug, Args)]
pub struct Bundle {
    /// A file or a folder of files: certificates, JWKs, DID documents, or lists of them
    source: PathBuf,
    /// The file to write; where it is a bundle already, what it has beyond the source is kept
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What it holds, for people; a newer bundle of a name takes the place of the older. Without it, the source's name
    #[arg(long)]
    name: Option<String>,
    /// Keep what this earlier bundle has beyond the source, too
    #[arg(long, value_name = "FILE")]
    archive: Vec<PathBuf>,
    /// Leave out the key with this id (in hex) or issuer, and out of the archive: it is not to be trusted any more
    #[arg(long, value_name = "KEY")]
    drop: Vec<String>,
}

impl Bundle {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        expect_writable(&self.out)?;
        let mut earlier = Vec::new();
        for path in &self.archive {
            earlier.push(TrustBundle::read(&input::file(path)?).map_err(|error| Failure::from(error).about(path.display()))?);
        }
        if let Ok(bundle) = std::fs::read(&self.out)
            .map_err(drop)
            .and_then(|file| TrustBundle::read(&file).map_err(drop))
        {
            earlier.push(bundle);
        }
        let (mut keys, skipped) = collect(&self.source, session.now())?;
        let is_dropped = |key: &IssuerKey| {
            self.drop
                .iter()
                .any(|drop| hex::encode(&key.id).eq_ignore_ascii_case(drop) || key.issuer == *drop)
        };
        keys.retain(|key| !is_dropped(key));
        for bundle in &mut earlier {
            bundle.keys.retain(|key| !is_dropped(key));
        }
        if keys.is_empty() {
            return Err(Failure::from(TrustBundleError::NoKeys).about(self.source.display()));
        }
        let stem = self.source.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.or(stem).unwrap_or_default();
        let (bundle, file) = authority.sign_trust_bundle(&name, keys, &earlier, session.now())?;
        write_public(&self.out, &file)?;
        let line = json!({
            "bundle": name,
            "keys": bundle.keys.len(),
            "archived": bundle.archived(),
            "bytes": file.len(),
            "skipped": skipped.iter().map(|(path, error)| json!({ "file": path, "code": error.code() })).collect::<Vec<_>>(),
        });
        session.out.answer(
            &line,
            "authority-bundle",
            &[
                ("name", &name),
                ("keys", &bundle.keys.len()),
                ("archived", &bundle.archived()),
                ("bytes", &file.len()),
            ],
        )?;
        for (path, error) in &skipped {
            let why = session.out.texts().message(error);
            session.out.warn("authority-bundle-skipped", &[("file", path), ("why", &why)]);
        }
        Ok(Outcome::Done)
    }
}

type Skipped = Vec<(String, key_source::KeySourceError)>;

/// The keys of a file; of a folder, those of its files, and which of them hold none.
fn collect(source: &Path, now: i64) -> Result<(Vec<IssuerKey>, Skipped), Failure> {
    let unreadable = || Failure::from(crate::failure::CliError::FileUnreadable).about(source.display());
    let narrow = |keys: Vec<IssuerKey>| keys.into_iter().map(key_source::narrowed);
    if !source.is_dir() {
        let keys =
            key_source::read(&input::file(source)?, Some(now)).map_err(|error| Failure::from(error).about(source.display()))?;
        return Ok((narrow(keys).collect(), Vec::new()));
    }
    let entries = std::fs::read_dir(source).map_err(|_| unreadable())?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable())?;
    paths.retain(|path| path.is_file());
    paths.sort();
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for path in paths {
        match key_source::read(&input::file(&path)?, Some(now)) {
            Ok(found) => keys.extend(narrow(found)),
            Err(error) => skipped.push((path.display().to_string(), error)),
        }
    }
    Ok((keys, skipped))
}

//! What a site of version 1 has kept is read, and written as it was; a newer site is refused.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use techo_protocol::vaccination::dose_bundle::DoseRecord;

use super::super::bundle::Written;
use super::*;
use crate::vault::VAULT_FILE;
use crate::vault::key_file::KEY_FILE;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A site with two records, one of them corrected, a bundle of the first two statements, and recalled lots.
fn make() -> TempDir {
    let folder = site();
    let mut site = at(&folder, NOON);
    site.record(&dose("112714031234567890")).unwrap();
    site.record(&dose("112714030000000007")).unwrap();
    site.bundle(&SeededRandom::new(5)).unwrap();
    let lot = Correction {
        lot: Some("EX3618"),
        ..Correction::default()
    };
    site.correct(1, &lot).unwrap();
    let recalled = vec![ProductLot {
        product: Product::Moderna,
        lot: "3004667".into(),
    }];
    site.vault.write(|writer| state::put(writer, b"recalled", &recalled)).unwrap();
    folder
}

/// The fixture, opened in a folder of its own. `TECHO_WRITE` makes it where there is none; a released one is never made anew.
fn version_1() -> TempDir {
    let (db, key_file) = (fixture("site-v1.db"), fixture("site-v1.key"));
    if std::env::var_os("TECHO_WRITE").is_some() && !db.exists() {
        let made = make();
        // A vault leaves its log when it is closed: all of it goes into the one file.
        let database = rusqlite::Connection::open(made.path().join(VAULT_FILE)).unwrap();
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(database);
        std::fs::copy(made.path().join(VAULT_FILE), &db).unwrap();
        std::fs::copy(made.path().join(KEY_FILE), &key_file).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(db, folder.path().join(VAULT_FILE)).unwrap();
    std::fs::copy(key_file, folder.path().join(KEY_FILE)).unwrap();
    folder
}

#[test]
fn version_1_opens_and_goes_on() {
    let folder = version_1();
    let mut site = at(&folder, NOON);
    let status = site.status().unwrap();
    assert_eq!((status.place.as_str(), status.town.as_str()), ("Kanaria Clinic", "Sakai"));
    assert_eq!((status.waiting, status.bundles), (1, 1));
    let lots: Vec<_> = site
        .records()
        .unwrap()
        .into_iter()
        .map(|record| (record.ticket.to_string(), record.revision, record.lot))
        .collect();
    assert_eq!(
        lots,
        [
            ("1234567890".to_owned(), 1, "EX3618".to_owned()),
            ("0000000007".to_owned(), 0, "EX3617".to_owned())
        ]
    );
    assert_eq!(site.slip(1).unwrap().dose.lot, "EX3618");
    assert_eq!(site.bundle_again(1, &SeededRandom::new(6)).unwrap().doses, 2);
    let recalled = NewDose {
        product: Product::Moderna,
        lot: "3004667",
        ..dose("112714030000000008")
    };
    assert_eq!(site.record(&recalled).unwrap_err().code(), "clinic.lot_recalled");
    assert_eq!(site.record(&dose("112714030000000008")).unwrap().record.number, 4);
    assert_eq!(site.bundle(&SeededRandom::new(7)).unwrap().sequence, 2);
}

/// Reads a record and writes it again.
fn again<T: DeserializeOwned + serde::Serialize>(bytes: &[u8]) -> Vec<u8> {
    let value: T = ciborium::from_reader(bytes).unwrap();
    let mut out = Vec::new();
    ciborium::into_writer(&value, &mut out).unwrap();
    out
}

/// The bytes of version 1 are on sites' disks: they never change without a new version.
#[test]
fn version_1_is_written_as_it_was() {
    let folder = version_1();
    let mut kinds = std::collections::BTreeSet::new();
    for (name, bytes) in vault(&folder).records(RecordKind::Clinic).unwrap() {
        kinds.insert(name[0]);
        let written = match (name[0], &name[..]) {
            (b's', STATE) => again::<State>(&bytes),
            (b'r', b"recalled") => again::<Vec<ProductLot>>(&bytes),
            (b'r', _) => again::<u32>(&bytes),
            (b't', _) => again::<Vec<u32>>(&bytes),
            (b'j', _) => again::<DoseRecord>(&bytes),
            (b'b', _) => again::<Written>(&bytes),
            other => panic!("{other:?}"),
        };
        assert_eq!(written, bytes, "{name:?}");
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), *b"bjrst");
}

#[test]
fn a_newer_site_is_refused_whatever_else_it_holds() {
    let folder = version_1();
    let newer = std::collections::BTreeMap::from([("version", STATE_VERSION + 1), ("other", 1)]);
    vault(&folder).write(|writer| state::put(writer, STATE, &newer)).unwrap();
    let refused = Clinic::open(vault(&folder), NOON).err().unwrap();
    assert_eq!(refused, VaultError::from(StoreError::NewerVersion { found: 2 }).into());
}

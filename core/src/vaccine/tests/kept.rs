//! What version 1 has kept of the vaccine record is read, and written as it was.

use std::path::{Path, PathBuf};

use techo_protocol::basics::p256::P256Key;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::certificates::trust_bundle::TrustBundle;
use techo_protocol::trust::StatusKey;
use techo_protocol::vaccination::status_pass::{Door, Pass, PassFile, RequestKeys, Status, Value};

use super::*;
use crate::certificates::bundles;
use crate::following;
use crate::ports::SystemRandom;
use crate::vault::key_file::{KEY_FILE, KeyFile};
use crate::vault::{RecordKind, VAULT_FILE};

const TICKET: &str = "112714030000000009";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn open(folder: &Path) -> Vault {
    let keeper = KeyFile::new(folder, None, Box::new(SystemRandom::new()));
    Vault::open(folder, Box::new(keeper), Box::new(SystemRandom::new())).unwrap()
}

/// A vault with a record of every kind, a schedule, a bundle, a list of revoked passes, and what a door was shown.
fn make(folder: &Path) {
    let town = P256Key::generate().unwrap();
    let mut list = sakai();
    list.keys.push(TrustedKey {
        role: Role::Notice,
        key: key(21).public(),
        revoked: false,
    });
    list.keys.push(TrustedKey {
        role: Role::Manifest,
        key: key(22).public(),
        revoked: false,
    });
    list.municipality.as_mut().unwrap().status_keys.push(StatusKey {
        point: town.public().point(),
        revoked: false,
    });
    let trust_file = list.write(&key(1));
    let mut vault = open(folder);
    following::add(&mut vault, &trust_file).unwrap();
    let aki = people::add(&mut vault, "Aki", "1980-01-01".parse().ok(), FIRST).unwrap();
    let yui = people::add(&mut vault, "Yui", None, FIRST).unwrap();
    let yuis = people::add(&mut vault, "Yui T", None, FIRST).unwrap();
    people::merge(&mut vault, &yui.id, &yuis.id).unwrap();
    pass::request(&mut vault, &aki.id, FIRST).unwrap();
    let values = vec![Value::Status(Status::Vaccinated), Value::Name("Akiko".into())];
    let issuer = (list.authority(), &town);
    let issued = PassFile::issue(issuer, None, &|_| values.clone(), None, FIRST, &SeededRandom::new(3)).unwrap();
    let mut typed = typed("2021-06-30", Some("moderna"));
    if let Content::Dose(dose) = &mut typed {
        dose.number = Some(1);
        dose.lot = Some("3004667".into());
    }
    let contents = vec![
        Content::Slip(slip(1, FIRST, "EX3617")),
        Content::Certificate("HC1:KANARIA".into()),
        Content::Ticket(TICKET.into()),
        Content::Pass(Pass::open(&issued.file, None).unwrap().to_bytes().to_vec()),
        typed,
    ];
    record::add_all(&mut vault, &aki.id, contents, FIRST).unwrap();
    let newer = Schedule {
        version: 2,
        ..Schedule::japan_covid_19()
    };
    schedule::add(&mut vault, &newer.write(&key(21)).unwrap()).unwrap();
    let ids: Vec<_> = issued.ids.iter().map(|(id, _)| *id).collect();
    let revoked =
        techo_protocol::vaccination::revocations::write(list.authority(), 1, FIRST, &ids, &key(21), &SeededRandom::new(1));
    revocations::add(&mut vault, &revoked.unwrap()).unwrap();
    let bundle = TrustBundle {
        name: "made up".into(),
        trust_list: trust_file,
        signed_at: FIRST,
        keys: vec![],
    };
    bundles::add(&mut vault, &bundle.write(&key(22))).unwrap();
    let door = [&[1][..], &[7; 32], &FIRST.to_be_bytes()].concat();
    vault.put_record(RecordKind::Vaccine, b"door", &door).unwrap();
}

/// The fixture, opened in a folder of its own. `TECHO_WRITE` makes it where there is none; a released one is never made anew.
fn version_1() -> (tempfile::TempDir, Vault) {
    let (db, key_file) = (fixture("vaccine-v1.db"), fixture("vaccine-v1.key"));
    if std::env::var_os("TECHO_WRITE").is_some() && !db.exists() {
        let made = tempfile::tempdir().unwrap();
        make(made.path());
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
    let vault = open(folder.path());
    (folder, vault)
}

#[test]
fn version_1_is_read() {
    let (_folder, mut vault) = version_1();
    assert_eq!(vault.check().unwrap(), []);
    let names: Vec<_> = people::all(&mut vault)
        .unwrap()
        .into_iter()
        .map(|person| (person.name, person.born.map(|born| born.to_string())))
        .collect();
    assert_eq!(
        names,
        [("Aki".to_owned(), Some("1980-01-01".to_owned())), ("Yui".to_owned(), None)]
    );
    let held = list(&mut vault).unwrap();
    assert_eq!((held.records.len(), held.newer.len(), held.damaged.len()), (6, 0, 0));
    let aki = people::all(&mut vault).unwrap().remove(0).id;
    let lists = following::all(&mut vault).unwrap();
    let shown = pass::newest(&held.records, &aki, &lists, FIRST).unwrap();
    assert_eq!((shown.issuer.as_deref(), shown.says.len()), (Some("Sakai"), 2));
    let doses = all_doses(&mut vault, &lists, FIRST);
    let lots: Vec<_> = doses.iter().filter_map(|dose| dose.lot.as_deref()).collect();
    assert_eq!(lots, ["3004667", "EX3617"]);
    assert_eq!(schedule::in_use(&mut vault).unwrap().schedule.version, 2);
    assert_eq!(bundles::all(&mut vault).unwrap()[0].name, "made up");
    assert_eq!(revocations::all(&mut vault).unwrap()[0].number(), 1);
    let door = vault.record(RecordKind::Vaccine, b"door").unwrap().unwrap();
    assert!(!Door::from_bytes(&door).unwrap().is_empty());
}

/// The bytes of version 1 are on people's devices: they never change without a new version.
#[test]
fn version_1_is_written_as_it_was() {
    let (_folder, mut vault) = version_1();
    let actor = vault.actor();
    let names = vault.read(|reader| Ok::<_, VaccineError>(reader.document_names())).unwrap();
    let mut kinds = Vec::new();
    for (name, _) in names.into_iter().filter(|(name, _)| matches!(name, DocumentName::Person(_))) {
        let document = vault.read(|reader| stored::load(reader, &name, actor)).unwrap().unwrap();
        for row in document.rows() {
            let core = RecordCore::from_bytes(&row.core).unwrap();
            assert_eq!(core.to_bytes().unwrap(), row.core.to_vec());
            kinds.push(row.core[1]);
            match &core.content {
                Content::Pass(kept) => assert_eq!(&*Pass::from_bytes(kept).unwrap().to_bytes(), kept),
                Content::Request(kept) => assert_eq!(&*RequestKeys::from_bytes(kept).unwrap().to_bytes(), kept),
                _ => {}
            }
        }
    }
    kinds.sort_unstable();
    assert_eq!(kinds, [1, 2, 3, 4, 5, 6]);
    let door = vault.record(RecordKind::Vaccine, b"door").unwrap().unwrap();
    assert_eq!(Door::from_bytes(&door).unwrap().to_bytes(), door);
    let newer = [&[2][..], &door[1..]].concat();
    assert_eq!(
        Door::from_bytes(&newer),
        Err(techo_protocol::vaccination::status_pass::StatusPassError::NewerVersion)
    );
}

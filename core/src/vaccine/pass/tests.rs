use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::p256::P256Key;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::exposure::relay_api::segment_path;
use techo_protocol::trust::{Role, StatusKey, TrustedKey};
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::status_pass::{CredentialId, Door, Status};

use super::super::tests::{key, sakai};
use super::super::{Believing, Keep, Kept, keep, people, revocations, status};
use super::*;
use crate::certificates::{Trust, Verdict, Verified};
use crate::exposure::fetch;
use crate::exposure::fixture::{Authority, NOW, vault};
use crate::following;

/// 2021-10-02T12:00+09:00.
const NOON: i64 = 1_633_143_600;
const DAY: i64 = DAY_SECONDS;

/// A town, what it lets its status passes say, and a phone with one person.
struct World {
    town: P256Key,
    list: TrustList,
    vault: Vault,
    aki: EntryId,
    _folder: tempfile::TempDir,
}

fn check(text: &str, door: &mut Door, lists: &[TrustList], nonce: Option<&str>, now: i64) -> Verified {
    status::verify(text, door, lists, &[], nonce, now)
}

fn values() -> Vec<Value> {
    vec![
        Value::Status(Status::Vaccinated),
        Value::Doses(2),
        Value::ValidUntil("2021-10-31".parse().unwrap()),
        Value::Name("Akihiko K".into()),
    ]
}

impl World {
    fn new() -> Self {
        let town = P256Key::generate().unwrap();
        let mut list = sakai();
        list.keys.push(TrustedKey {
            role: Role::Notice,
            key: key(21).public(),
            revoked: false,
        });
        list.municipality.as_mut().unwrap().status_keys.push(StatusKey {
            point: town.public().point(),
            revoked: false,
        });
        let (folder, mut vault) = vault();
        following::add(&mut vault, &list.write(&key(1))).unwrap();
        let aki = people::add(&mut vault, "Akihiko", None, NOON).unwrap().id;
        Self {
            town,
            list,
            vault,
            aki,
            _folder: folder,
        }
    }

    fn issue(&self, request: Option<&[u8]>, now: i64, card: Option<&str>) -> PassFile {
        let request = request.map(|file| techo_protocol::vaccination::status_pass::Request::read(file).unwrap());
        let issuer = (self.list.authority(), &self.town);
        PassFile::issue(
            issuer,
            request.as_ref(),
            &|_| values(),
            card.map(str::to_owned),
            now,
            &SeededRandom::new(3),
        )
        .unwrap()
    }

    fn request(&mut self) -> Vec<u8> {
        request(&mut self.vault, &self.aki, NOON).unwrap()
    }

    fn add(&mut self, file: &[u8], now: i64) -> Result<Kept, VaccineError> {
        let (person, lists) = (self.aki, [self.list.clone()]);
        self.keep(person, file, &lists, now)
    }

    fn keep(&mut self, person: EntryId, file: &[u8], lists: &[TrustList], now: i64) -> Result<Kept, VaccineError> {
        let request = Keep {
            pass_files: vec![file.to_vec()],
            ..Keep::of(person)
        };
        let issuers = Trust::default();
        let believing = Believing {
            lists,
            issuers: &issuers,
        };
        keep(&mut self.vault, &request, &believing, now).map(|mut kept| kept.remove(0))
    }

    fn summary(&mut self) -> PassSummary {
        let kept = self.records().into_iter().find_map(|record| match record.content {
            Content::Pass(content) => kept(&content, std::slice::from_ref(&self.list), NOON),
            _ => None,
        });
        kept.unwrap()
    }

    fn records(&mut self) -> Vec<Record> {
        record::list(&mut self.vault).unwrap().records
    }

    fn show(&mut self, fields: &[Field], nonce: Option<&str>, now: i64) -> Result<String, VaccineError> {
        let (records, aki) = (self.records(), self.aki);
        show(&records, &aki, fields, nonce, now).map(|shown| shown.to_text())
    }
}

#[test]
fn a_pass_goes_from_request_to_door() {
    let mut world = World::new();
    let request = world.request();
    let file = world.issue(Some(&request), NOON, Some("shc:/567")).file;
    let read = world.add(&file, NOON).unwrap();
    assert_eq!((read.reasons.as_slice(), read.issuer.as_deref()), (&[][..], Some("Sakai")));
    assert_eq!(
        (read.holder.unwrap().name.as_str(), read.warnings.as_slice()),
        ("Akihiko K", &[][..])
    );
    assert!(read.record.is_some() && !read.already);
    let summary = world.summary();
    assert_eq!((summary.says, summary.has_card), (values(), true));
    assert!(world.add(&file, NOON).unwrap().already, "the same file again is one pass");

    let text = world.show(&[Field::Status, Field::ValidUntil], None, NOON).unwrap();
    let lists = [world.list.clone()];
    let mut door = Door::default();
    let verified = check(&text, &mut door, &lists, None, NOON + 20);
    assert_eq!(
        (verified.verdict(), verified.issuer.as_deref()),
        (Verdict::Valid, Some("Sakai"))
    );
    assert_eq!(verified.shown, [values()[0].clone(), values()[2].clone()]);
    assert_eq!(verified.holder, None, "the name was not asked for");
    let again = check(&text, &mut door, &lists, None, NOON + 30);
    assert_eq!(
        (again.reasons.as_slice(), again.shown.len()),
        (&[Reason::AlreadyShown][..], 0)
    );
    let late = check(&text, &mut Door::default(), &lists, None, NOON + 61);
    assert_eq!((late.reasons.as_slice(), late.shown.len()), (&[Reason::TooOld][..], 0));

    let named = world.show(&[Field::Name], Some("7Kq2"), NOON).unwrap();
    let strict = check(&named, &mut Door::default(), &lists, Some("7Kq2"), NOON);
    assert_eq!(strict.holder.unwrap().name, "Akihiko K");
    let other = check(&named, &mut Door::default(), &lists, Some("8Kq2"), NOON);
    assert_eq!(other.reasons, [Reason::NotBound]);
    let elsewhere = check(&named, &mut Door::default(), &[], Some("7Kq2"), NOON);
    assert_eq!(elsewhere.verdict(), Verdict::Unknown);
    assert_eq!(
        check("hello", &mut Door::default(), &lists, None, NOON).reasons,
        [Reason::Unknown]
    );
}

#[test]
fn a_pass_is_for_the_person_and_the_phone_that_asked() {
    let mut world = World::new();
    let request = world.request();
    let file = world.issue(Some(&request), NOON, None).file;
    let other = people::add(&mut world.vault, "Haru", None, NOON).unwrap().id;
    let not_for_us = Some(VaccineError::from(StatusPassError::NotForUs));
    let lists = [world.list.clone()];
    assert_eq!(world.keep(other, &file, &lists, NOON).err(), not_for_us);
    let mut another = World::new();
    assert_eq!(another.add(&file, NOON).err(), not_for_us);
    assert_eq!(
        world.show(&[Field::Status], None, NOON).err(),
        Some(VaccineRefusal::NoPass.into())
    );
    assert!(!is_form(b"HC1:") && is_form(&file));
}

#[test]
fn a_bearers_pass_needs_no_request() {
    let mut world = World::new();
    let file = world.issue(None, NOON, None).file;
    assert!(world.add(&file, NOON).unwrap().record.is_some());
    assert!(world.show(&[Field::Status], None, NOON).is_ok());
    let (records, aki) = (world.records(), world.aki);
    assert_eq!(card(&records, &aki, NOON), Err(VaccineRefusal::NoCertificate));
}

#[test]
fn a_pass_of_a_town_that_is_not_followed_is_kept_and_says_so() {
    let mut world = World::new();
    let file = world.issue(None, NOON, Some("shc:/567")).file;
    let aki = world.aki;
    let read = world.keep(aki, &file, &[], NOON).unwrap();
    assert_eq!(read.reasons, [Reason::UnknownKey]);
    assert_eq!((read.issuer, read.record.is_some()), (None, true));
    let records = world.records();
    assert_eq!(card(&records, &aki, NOON).unwrap(), "shc:/567");
    assert_eq!(card(&records, &aki, NOON + 40 * DAY), Err(VaccineRefusal::NoCertificate));
}

#[test]
fn what_is_over_goes_and_what_is_for_another_day_says_so() {
    let mut world = World::new();
    let request = world.request();
    let file = world.issue(Some(&request), NOON, None).file;
    world.add(&file, NOON).unwrap();
    let expired = Some(VaccineError::from(StatusPassError::Expired));
    assert_eq!(world.show(&[Field::Status], None, NOON + 30 * DAY).err(), expired);
    let missing = Some(VaccineError::from(StatusPassError::NoSuchField));
    assert_eq!(world.show(&[Field::LastDose], None, NOON).err(), missing);
    let later = NOON + 40 * DAY;
    assert_eq!(
        world.add(&file, later).unwrap().record,
        None,
        "a pass that is over is not kept"
    );
    assert_eq!(world.records().len(), 2, "one reading of the clock deletes nothing");
    for day in [later - DAY, later] {
        crate::confirmed_time::look(&mut world.vault, day).unwrap();
    }
    world.add(&file, later).unwrap();
    let kinds = |world: &mut World| -> Vec<bool> {
        world
            .records()
            .iter()
            .map(|record| matches!(record.content, Content::Request(_)))
            .collect()
    };
    assert_eq!(
        kinds(&mut world),
        [true],
        "the pass is gone, and the request may still be answered"
    );
    let aki = world.aki;
    for day in [61, 62] {
        crate::confirmed_time::look(&mut world.vault, NOON + day * DAY).unwrap();
    }
    super::request(&mut world.vault, &aki, NOON + 62 * DAY).unwrap();
    assert_eq!(kinds(&mut world), [true], "the new request alone");
}

#[test]
fn the_newest_pass_that_can_is_shown() {
    let mut world = World::new();
    let first = world.issue(None, NOON, None).file;
    world.add(&first, NOON).unwrap();
    let second = world.issue(None, NOON + DAY, None).file;
    world.add(&second, NOON + DAY).unwrap();
    let id = |text: &str| {
        techo_protocol::vaccination::status_pass::Presentation::read(text)
            .unwrap()
            .id()
    };
    let shown = id(&world.show(&[Field::Status], None, NOON + DAY).unwrap());
    let issued = Pass::open(&second, None).unwrap();
    assert_eq!(shown, issued.credential(NOON + DAY).unwrap().id());
    // The second has no credential for the day before it was issued.
    assert!(world.show(&[Field::Status], None, NOON).is_ok());
}

#[test]
fn every_fetch_brings_the_list_of_revoked_passes() {
    let mut authority = Authority::new(10);
    let (_folder, mut vault) = vault();
    following::add(&mut vault, &authority.trust_file()).unwrap();
    let list = |authority: &Authority, number: u32, signer: &SigningKey| {
        let id = CredentialId([3; 8]);
        techo_protocol::vaccination::revocations::write(authority.id(), number, NOW, &[id], signer, &SeededRandom::new(1))
            .unwrap()
    };
    let publish = |authority: &mut Authority, file: &[u8]| {
        authority.files = vec![PublicFileRef {
            kind: PublicFileKind::Revocations.number(),
            hash: sha256(file),
            bytes: u32::try_from(file.len()).unwrap(),
        }];
        let path = segment_path(&sha256(file));
        authority.relay.files.borrow_mut().insert(path, file.to_vec());
        authority.publish(NOW);
    };
    let fetch = |authority: &Authority, vault: &mut Vault| {
        let mut fetched = fetch::fetch(vault, &authority.relay, &["relay".into()], NOW).unwrap();
        fetched.remove(0).outcome
    };
    let first = list(&authority, 1, &authority.notice_key);
    publish(&mut authority, &first);
    fetch(&authority, &mut vault).unwrap();
    let held = revocations::all(&mut vault).unwrap();
    assert!(held.len() == 1 && held[0].number() == 1 && held[0].contains(CredentialId([3; 8])));
    let forged = list(&authority, 2, &key(99));
    publish(&mut authority, &forged);
    let refused = fetch(&authority, &mut vault).unwrap_err();
    assert_eq!(techo_protocol::Coded::code(&refused), "revocations.signature_invalid");
    let newest = list(&authority, 2, &authority.notice_key);
    publish(&mut authority, &newest);
    fetch(&authority, &mut vault).unwrap();
    assert_eq!(revocations::all(&mut vault).unwrap()[0].number(), 2);
}

#[test]
fn a_revoked_pass_is_refused_by_whoever_has_the_list() {
    let mut world = World::new();
    let issued = world.issue(None, NOON, None);
    world.add(&issued.file, NOON).unwrap();
    let text = world.show(&[Field::Status], None, NOON).unwrap();
    let ids: Vec<_> = issued.ids.iter().map(|(id, _)| *id).collect();
    let write = |number, ids: &[_]| {
        techo_protocol::vaccination::revocations::write(
            world.list.authority(),
            number,
            NOON,
            ids,
            &key(21),
            &SeededRandom::new(1),
        )
        .unwrap()
    };
    let (first, second) = (write(1, &[]), write(2, &ids));
    let lists = [world.list.clone()];
    let check = |revoked: &[revocations::Revocations]| {
        let verified = status::verify(&text, &mut Door::default(), &lists, revoked, None, NOON);
        (verified.reasons, verified.revocations_at)
    };
    assert_eq!(check(&[]), (vec![], None));
    revocations::add(&mut world.vault, &first).unwrap();
    assert_eq!(check(&revocations::all(&mut world.vault).unwrap()), (vec![], Some(NOON)));
    revocations::add(&mut world.vault, &second).unwrap();
    assert_eq!(
        check(&revocations::all(&mut world.vault).unwrap()),
        (vec![Reason::Revoked], Some(NOON))
    );
    assert_eq!(
        revocations::add(&mut world.vault, &first).unwrap().number(),
        2,
        "an older one changes nothing"
    );
    crate::device::stop_following(&mut world.vault, world.list.authority()).unwrap();
    assert_eq!(revocations::all(&mut world.vault), Ok(vec![]));
    let refused = revocations::add(&mut world.vault, &second).err().unwrap();
    assert_eq!(techo_protocol::Coded::code(&refused), "trust.not_followed");
    following::add(&mut world.vault, &world.list.write(&key(1))).unwrap();
    assert_eq!(
        revocations::all(&mut world.vault),
        Ok(vec![]),
        "the list went with its municipality"
    );
}

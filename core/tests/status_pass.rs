//! Status passes from the request to the door: kept by who asked, shown in parts, over in time, revoked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use techo_core::certificates::{Reason, Trust, Verdict};
use techo_core::device::Device;
use techo_core::following;
use techo_core::ports::Ports;
use techo_core::vaccine::pass::{self, PassSummary, card, is_form, kept};
use techo_core::vaccine::{
    Believing, Check, CheckedDocument, Checker, Content, EntryId, Keep, Kept, Record, VaccineError, VaccineRefusal, keep, list,
    people, revocations,
};
use techo_protocol::Coded as _;
use techo_protocol::vaccination::status_pass::{Field, Pass, PassFile, Presentation, Status, StatusPassError, Value};
use techo_testing::{Phone, Town};

/// 2021-10-02T12:00+09:00.
const NOON: i64 = 1_633_143_600;
const DAY: i64 = 86_400;

/// A phone with one person, in a town whose trust file it follows.
fn home() -> (Town, Phone, EntryId) {
    let (town, mut phone) = (Town::named("Sakai"), Phone::at(NOON));
    following::add(phone.diary.vault(), &town.trust_file()).unwrap();
    let aki = people::add(phone.diary.vault(), "Akihiko", None, NOON).unwrap().id;
    (town, phone, aki)
}

fn values() -> Vec<Value> {
    vec![
        Value::Status(Status::Vaccinated),
        Value::Doses(2),
        Value::ValidUntil("2021-10-31".parse().unwrap()),
        Value::Name("Akihiko K".into()),
    ]
}

fn issue(town: &Town, request: Option<&[u8]>, now: i64, card: Option<&str>) -> PassFile {
    town.issue(request, &values(), card, now).unwrap()
}

fn request(phone: &mut Phone, person: EntryId) -> Vec<u8> {
    pass::request(phone.diary.vault(), &person, NOON).unwrap()
}

/// Keeps a pass for a person, by the towns that are believed.
fn take(phone: &mut Phone, person: EntryId, file: &[u8], towns: &[&Town], now: i64) -> Result<Kept, VaccineError> {
    let lists: Vec<_> = towns.iter().map(|town| town.trust_list()).collect();
    let believing = Believing {
        lists: &lists,
        issuers: &Trust::default(),
    };
    let request = Keep {
        pass_files: vec![file.to_vec()],
        ..Keep::of(person)
    };
    keep(phone.diary.vault(), &request, &believing, now).map(|mut kept| kept.remove(0))
}

fn records(phone: &mut Phone) -> Vec<Record> {
    list(phone.diary.vault()).unwrap().records
}

fn summary(phone: &mut Phone, town: &Town) -> PassSummary {
    let summary = records(phone).into_iter().find_map(|record| match record.content {
        Content::Pass(content) => kept(&content, &[town.trust_list()], NOON),
        _ => None,
    });
    summary.unwrap()
}

fn show(phone: &mut Phone, person: EntryId, fields: &[Field], nonce: Option<&str>, now: i64) -> Result<String, VaccineError> {
    pass::show(&records(phone), &person, fields, nonce, now).map(|shown| shown.to_text())
}

/// Somebody at a door who believes a town.
fn door(town: &Town) -> Checker {
    let mut door = Checker::default();
    door.believe(&town.trust_file()).unwrap();
    door
}

fn check(door: &mut Checker, text: &str, nonce: Option<&str>, now: i64) -> CheckedDocument {
    let check = Check {
        texts: vec![text.to_owned()],
        nonce: nonce.map(str::to_owned),
        ..Check::default()
    };
    door.check(&check, now).unwrap().remove(0)
}

/// The phone's clock has shown these times, on which somebody looked.
fn looked_at(phone: &mut Phone, times: [i64; 2]) {
    for time in times {
        phone.clock.set(time);
        phone.diary.forget_expired().unwrap();
    }
}

#[test]
fn a_pass_goes_from_request_to_door() {
    let (town, mut phone, aki) = home();
    let request = request(&mut phone, aki);
    let file = issue(&town, Some(&request), NOON, Some("shc:/567")).file;
    let read = take(&mut phone, aki, &file, &[&town], NOON).unwrap();
    assert_eq!((read.reasons.as_slice(), read.issuer.as_deref()), (&[][..], Some("Sakai")));
    assert_eq!(
        (read.holder.unwrap().name.as_str(), read.warnings.as_slice()),
        ("Akihiko K", &[][..])
    );
    assert!(read.record.is_some() && !read.already);
    let summary = summary(&mut phone, &town);
    assert_eq!((summary.says, summary.has_card), (values(), true));
    let again = take(&mut phone, aki, &file, &[&town], NOON).unwrap();
    assert!(again.already, "the same file again is one pass");

    let text = show(&mut phone, aki, &[Field::Status, Field::ValidUntil], None, NOON).unwrap();
    let mut first = door(&town);
    let verified = check(&mut first, &text, None, NOON + 20);
    assert_eq!(
        (verified.verdict, verified.issuer.as_deref()),
        (Verdict::Valid, Some("Sakai"))
    );
    assert_eq!(verified.shown, [values()[0].clone(), values()[2].clone()]);
    assert_eq!(verified.holder, None, "the name was not asked for");
    let again = check(&mut first, &text, None, NOON + 30);
    assert_eq!(
        (again.reasons.as_slice(), again.shown.len()),
        (&[Reason::AlreadyShown][..], 0)
    );
    let late = check(&mut door(&town), &text, None, NOON + 61);
    assert_eq!((late.reasons.as_slice(), late.shown.len()), (&[Reason::TooOld][..], 0));

    let named = show(&mut phone, aki, &[Field::Name], Some("7Kq2"), NOON).unwrap();
    let strict = check(&mut door(&town), &named, Some("7Kq2"), NOON);
    assert_eq!(strict.holder.unwrap().name, "Akihiko K");
    let other = check(&mut door(&town), &named, Some("8Kq2"), NOON);
    assert_eq!(other.reasons, [Reason::NotBound]);
    let elsewhere = check(&mut Checker::default(), &named, Some("7Kq2"), NOON);
    assert_eq!(elsewhere.verdict, Verdict::Unknown);
    assert_eq!(check(&mut door(&town), "hello", None, NOON).reasons, [Reason::Unknown]);
}

#[test]
fn a_pass_is_for_the_person_and_the_phone_that_asked() {
    let (town, mut phone, aki) = home();
    let request = request(&mut phone, aki);
    let file = issue(&town, Some(&request), NOON, None).file;
    let haru = people::add(phone.diary.vault(), "Haru", None, NOON).unwrap().id;
    let not_for_us = Some(VaccineError::from(StatusPassError::NotForUs));
    assert_eq!(take(&mut phone, haru, &file, &[&town], NOON).err(), not_for_us);
    let (other_town, mut another, their_aki) = home();
    assert_eq!(take(&mut another, their_aki, &file, &[&other_town], NOON).err(), not_for_us);
    assert_eq!(
        show(&mut phone, aki, &[Field::Status], None, NOON).err(),
        Some(VaccineRefusal::NoPass.into())
    );
    assert!(!is_form(b"HC1:") && is_form(&file));
}

#[test]
fn a_bearers_pass_needs_no_request() {
    let (town, mut phone, aki) = home();
    let file = issue(&town, None, NOON, None).file;
    assert!(take(&mut phone, aki, &file, &[&town], NOON).unwrap().record.is_some());
    assert!(show(&mut phone, aki, &[Field::Status], None, NOON).is_ok());
    assert_eq!(card(&records(&mut phone), &aki, NOON), Err(VaccineRefusal::NoCertificate));
}

#[test]
fn a_pass_of_a_town_that_is_not_followed_is_kept_and_says_so() {
    let (town, mut phone, aki) = home();
    let file = issue(&town, None, NOON, Some("shc:/567")).file;
    let read = take(&mut phone, aki, &file, &[], NOON).unwrap();
    assert_eq!(read.reasons, [Reason::UnknownKey]);
    assert_eq!((read.issuer, read.record.is_some()), (None, true));
    let records = records(&mut phone);
    assert_eq!(card(&records, &aki, NOON).unwrap(), "shc:/567");
    assert_eq!(card(&records, &aki, NOON + 40 * DAY), Err(VaccineRefusal::NoCertificate));
}

#[test]
fn what_is_over_goes_and_what_is_for_another_day_says_so() {
    let (town, mut phone, aki) = home();
    let request = request(&mut phone, aki);
    let file = issue(&town, Some(&request), NOON, None).file;
    take(&mut phone, aki, &file, &[&town], NOON).unwrap();
    let expired = Some(VaccineError::from(StatusPassError::Expired));
    assert_eq!(show(&mut phone, aki, &[Field::Status], None, NOON + 30 * DAY).err(), expired);
    let missing = Some(VaccineError::from(StatusPassError::NoSuchField));
    assert_eq!(show(&mut phone, aki, &[Field::LastDose], None, NOON).err(), missing);
    let later = NOON + 40 * DAY;
    let over = take(&mut phone, aki, &file, &[&town], later).unwrap();
    assert_eq!(over.record, None, "a pass that is over is not kept");
    assert_eq!(records(&mut phone).len(), 2, "one reading of the clock deletes nothing");
    looked_at(&mut phone, [later - DAY, later]);
    take(&mut phone, aki, &file, &[&town], later).unwrap();
    let are_requests = |phone: &mut Phone| -> Vec<bool> {
        let records = records(phone);
        records
            .iter()
            .map(|record| matches!(record.content, Content::Request(_)))
            .collect()
    };
    assert_eq!(
        are_requests(&mut phone),
        [true],
        "the pass is gone, and the request may still be answered"
    );
    looked_at(&mut phone, [NOON + 61 * DAY, NOON + 62 * DAY]);
    pass::request(phone.diary.vault(), &aki, NOON + 62 * DAY).unwrap();
    assert_eq!(are_requests(&mut phone), [true], "the new request alone");
}

#[test]
fn the_newest_pass_that_can_is_shown() {
    let (town, mut phone, aki) = home();
    let first = issue(&town, None, NOON, None).file;
    take(&mut phone, aki, &first, &[&town], NOON).unwrap();
    let second = issue(&town, None, NOON + DAY, None).file;
    take(&mut phone, aki, &second, &[&town], NOON + DAY).unwrap();
    let shown = show(&mut phone, aki, &[Field::Status], None, NOON + DAY).unwrap();
    let issued = Pass::open(&second, None).unwrap();
    assert_eq!(
        Presentation::read(&shown).unwrap().id(),
        issued.credential(NOON + DAY).unwrap().id()
    );
    // The second has no credential for the day before it was issued.
    assert!(show(&mut phone, aki, &[Field::Status], None, NOON).is_ok());
}

#[test]
fn a_revoked_pass_is_refused_by_whoever_has_the_list() {
    let (town, mut phone, aki) = home();
    let issued = issue(&town, None, NOON, None);
    take(&mut phone, aki, &issued.file, &[&town], NOON).unwrap();
    let text = show(&mut phone, aki, &[Field::Status], None, NOON).unwrap();
    let ids: Vec<_> = issued.ids.iter().map(|(id, _)| *id).collect();
    let (first, second) = (
        town.revocations(1, &[], NOON).unwrap(),
        town.revocations(2, &ids, NOON).unwrap(),
    );
    let checked_by = |list: Option<&[u8]>| {
        let mut door = door(&town);
        if let Some(list) = list {
            door.believe(list).unwrap();
        }
        let checked = check(&mut door, &text, None, NOON);
        (checked.reasons, checked.revocations_at)
    };
    assert_eq!(checked_by(None), (vec![], None));
    assert_eq!(checked_by(Some(&first)), (vec![], Some(NOON)));
    assert_eq!(checked_by(Some(&second)), (vec![Reason::Revoked], Some(NOON)));

    let vault = phone.diary.vault();
    revocations::add(vault, &second).unwrap();
    let held = revocations::add(vault, &first).unwrap();
    assert_eq!(held.number(), 2, "an older one changes nothing");
    assert!(revocations::all(vault).unwrap()[0].contains(ids[0]));
    let ports = Ports {
        keys: Box::new(phone.keeper.clone()),
        ..techo_testing::ports()
    };
    let mut device = Device::open(phone.folder.path(), ports).unwrap();
    device.stop_following(town.trust_list().authority()).unwrap();
    let vault = phone.diary.vault();
    assert_eq!(revocations::all(vault), Ok(vec![]));
    let refused = revocations::add(vault, &second).err().unwrap();
    assert_eq!(refused.code(), "trust.not_followed");
    following::add(vault, &town.trust_file()).unwrap();
    assert_eq!(revocations::all(vault), Ok(vec![]), "the list went with its municipality");
}

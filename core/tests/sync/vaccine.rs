//! A household's vaccine records: one device's dose is on the other, a deletion reaches every byte, and nothing of them expires.

use crate::forgetting::{holds, readable};
use techo_core::documents::EntryId;
use techo_core::vaccine::{self, Content, people};
use techo_testing::memory_relay::MemoryRelay;
use techo_testing::{Phone, pair};

fn record(device: &mut Phone, person: &EntryId, text: &str) -> EntryId {
    let now = device.now;
    vaccine::add(device.diary.vault(), person, Content::Certificate(text.into()), now)
        .unwrap()
        .id
}

fn texts(device: &mut Phone) -> Vec<String> {
    let mut texts: Vec<String> = vaccine::list(device.diary.vault())
        .unwrap()
        .records
        .into_iter()
        .map(|record| match record.content {
            Content::Certificate(text) => text,
            other => panic!("{other:?}"),
        })
        .collect();
    texts.sort();
    texts
}

fn quiet(relay: &MemoryRelay, phone: &mut Phone, tablet: &mut Phone) {
    for _ in 0..3 {
        phone.sync(relay);
        tablet.sync(relay);
    }
}

#[test]
fn a_dose_is_on_the_other_device_and_a_deleted_one_opens_with_no_key() {
    let relay = MemoryRelay::new(7);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let now = phone.now;
    let aki = people::add(phone.diary.vault(), "Aki", "1980-01-01".parse().ok(), now).unwrap();
    let first = record(&mut phone, &aki.id, "HC1:KANARIA");
    quiet(&relay, &mut phone, &mut tablet);
    assert_eq!(texts(&mut tablet), ["HC1:KANARIA"]);
    assert_eq!(people::all(tablet.diary.vault()).unwrap(), std::slice::from_ref(&aki));

    // Both write before they meet: one document, two rows.
    record(&mut phone, &aki.id, "HC1:SUZUME");
    record(&mut tablet, &aki.id, "HC1:TSUBAME");
    quiet(&relay, &mut phone, &mut tablet);
    let all = ["HC1:KANARIA", "HC1:SUZUME", "HC1:TSUBAME"];
    assert_eq!(
        (texts(&mut phone), texts(&mut tablet)),
        (all.map(String::from).to_vec(), all.map(String::from).to_vec())
    );
    assert!(
        holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "HC1:KANARIA"),
        "the search finds what is there"
    );

    // The tablet deletes one while the phone adds another.
    vaccine::delete(tablet.diary.vault(), &[first], now).unwrap();
    record(&mut phone, &aki.id, "HC1:HIBARI");
    quiet(&relay, &mut phone, &mut tablet);
    let left = ["HC1:HIBARI", "HC1:SUZUME", "HC1:TSUBAME"].map(String::from).to_vec();
    assert_eq!((texts(&mut phone), texts(&mut tablet)), (left.clone(), left));
    let plain = readable(&relay, &mut [&mut phone, &mut tablet]);
    assert!(!holds(&plain, "HC1:KANARIA"));
    assert!(holds(&plain, "HC1:HIBARI"));
}

#[test]
fn two_devices_that_begin_a_persons_record_off_the_relay_lose_nothing() {
    let relay = MemoryRelay::new(8);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let now = phone.now;
    let aki = people::add(phone.diary.vault(), "Aki", None, now).unwrap();
    quiet(&relay, &mut phone, &mut tablet);
    record(&mut phone, &aki.id, "HC1:ONE");
    record(&mut tablet, &aki.id, "HC1:TWO");
    quiet(&relay, &mut phone, &mut tablet);
    let both = ["HC1:ONE", "HC1:TWO"].map(String::from).to_vec();
    assert_eq!((texts(&mut phone), texts(&mut tablet)), (both.clone(), both));
}

#[test]
fn a_vaccine_record_does_not_expire_with_the_visits() {
    let relay = MemoryRelay::new(9);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let now = phone.now;
    let aki = people::add(phone.diary.vault(), "Aki", None, now).unwrap();
    record(&mut phone, &aki.id, "HC1:KANARIA");
    phone.add("Bar Yoru", 1);
    quiet(&relay, &mut phone, &mut tablet);
    for months in 1..=10 {
        (phone.now, tablet.now) = (now + months * 30 * 86_400, now + months * 30 * 86_400);
        quiet(&relay, &mut phone, &mut tablet);
    }
    assert_eq!(
        (texts(&mut phone), texts(&mut tablet)),
        (vec!["HC1:KANARIA".to_string()], vec!["HC1:KANARIA".to_string()])
    );
}

#[test]
fn people_who_are_said_to_be_one_are_one_on_all_devices() {
    let relay = MemoryRelay::new(10);
    let (mut phone, mut tablet) = (Phone::new(), Phone::new());
    pair(&relay, &mut phone, &mut tablet);
    let now = phone.now;
    let one = people::add(phone.diary.vault(), "Aki", None, now).unwrap();
    let other = people::add(tablet.diary.vault(), "Akihiko", None, now).unwrap();
    quiet(&relay, &mut phone, &mut tablet);
    // Each says it the other way round before they meet.
    people::merge(phone.diary.vault(), &one.id, &other.id).unwrap();
    people::merge(tablet.diary.vault(), &other.id, &one.id).unwrap();
    record(&mut phone, &one.id, "HC1:ONE");
    record(&mut tablet, &other.id, "HC1:TWO");
    quiet(&relay, &mut phone, &mut tablet);
    let people = [&mut phone, &mut tablet].map(|device| people::all(device.diary.vault()).unwrap());
    assert_eq!(people[0].len(), 1);
    assert_eq!(people[0], people[1]);
    for device in [&mut phone, &mut tablet] {
        let records = vaccine::list(device.diary.vault()).unwrap().records;
        assert!(records.len() == 2 && records.iter().all(|record| record.person == people[0][0].id));
    }
}

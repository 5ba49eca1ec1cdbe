//! What is deleted is gone: everything that the relay ever saw is opened with every key that a device still has, and then searched.

use techo_protocol::body::{GenerationKey, UnverifiedBody};
use techo_protocol::chunk::Envelope;
use techo_protocol::epoch_record::EpochRecord;
use techo_protocol::keyring_record::KeyringRecord;

use super::devices::{Device, pair};
use crate::sync::exchange::change;
use crate::sync::line::State;
use crate::sync::memory_relay::MemoryRelay;

/// All that can be read of what the relay hoarded, by somebody who gets hold of all devices now.
pub fn readable(relay: &MemoryRelay, devices: &mut [&mut Device]) -> Vec<Vec<u8>> {
    let mut epoch_keys = Vec::new();
    let mut document_keys: Vec<GenerationKey> = Vec::new();
    let hoard = relay.kept.borrow().hoard.clone();
    for device in devices.iter_mut() {
        let household = device.household();
        let hpke = household.own_hpke();
        epoch_keys.extend(household.epoch_keys.iter().filter_map(|(epoch, _)| household.key_of(*epoch)));
        change(device.diary.vault(), |state: &mut State, _| {
            document_keys.extend(state.lines.values().map(super::super::line::Line::key));
            document_keys.extend(state.household.keys.iter().map(|known| known.open().key));
            Ok(())
        })
        .unwrap();
        for bytes in &hoard {
            if let Ok(record) = EpochRecord::read(bytes) {
                epoch_keys.extend((0..17).filter_map(|slot| record.open_slot(slot, &hpke).ok()));
            }
            if let Ok(record) = KeyringRecord::read(bytes) {
                let opened = (0..17).filter_map(|slot| record.open(slot, &hpke).ok());
                document_keys.extend(opened.flat_map(|opened| opened.keyring.keys).map(|key| key.key));
            }
        }
    }
    let mut plain = Vec::new();
    for bytes in &hoard {
        for key in &epoch_keys {
            let Ok((envelope, signed)) = Envelope::open(bytes, key) else {
                continue;
            };
            let Ok(body) = UnverifiedBody::read(&signed) else { continue };
            let stream = techo_protocol::sync_api::StreamId(envelope.stream);
            plain.extend(document_keys.iter().filter_map(|key| body.peek().open(stream, key).ok()));
            plain.push(signed);
        }
    }
    plain
}

pub fn holds(haystacks: &[Vec<u8>], needle: &str) -> bool {
    haystacks
        .iter()
        .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
}

#[test]
fn what_was_deleted_opens_with_no_key_that_anybody_still_has() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let canary = phone.add("Kanaria Tei", 3);
    phone.add("Suzume An", 3);
    for _ in 0..2 {
        phone.sync(&relay);
        tablet.sync(&relay);
    }
    assert!(
        holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"),
        "the search finds what is there"
    );
    tablet.diary.delete(&[canary]).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    tablet.sync(&relay);
    let plain = readable(&relay, &mut [&mut phone, &mut tablet]);
    assert!(!holds(&plain, "Kanaria Tei"));
    assert!(holds(&plain, "Suzume An"));
    assert!(tablet.household().still_holding().is_empty());
}

#[test]
fn a_device_that_is_away_keeps_the_door_open_until_it_is_back() {
    let relay = MemoryRelay::new(1);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let canary = phone.add("Kanaria Tei", 3);
    phone.sync(&relay);
    tablet.sync(&relay);
    phone.diary.delete(&[canary]).unwrap();
    phone.sync(&relay);
    assert!(
        holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"),
        "a stated limit"
    );
    assert_eq!(phone.household().still_holding().len(), 1);
    assert!(
        !holds(&readable(&relay, &mut [&mut phone]), "Kanaria Tei"),
        "the phone alone opens nothing"
    );
    tablet.sync(&relay);
    phone.sync(&relay);
    assert!(!holds(&readable(&relay, &mut [&mut phone, &mut tablet]), "Kanaria Tei"));
    assert!(phone.household().still_holding().is_empty());
}

#[test]
fn the_old_chunks_are_removed_from_the_relay() {
    let relay = MemoryRelay::new(2);
    let (mut phone, mut tablet) = (Device::new(), Device::new());
    pair(&relay, &mut phone, &mut tablet);
    let a = phone.add("a", 3);
    phone.add("b", 3);
    phone.sync(&relay);
    tablet.sync(&relay);
    let before = relay.chunks();
    tablet.diary.delete(&[a]).unwrap();
    tablet.sync(&relay);
    phone.sync(&relay);
    tablet.sync(&relay);
    let left = relay.chunks();
    assert_eq!(before.iter().filter(|chunk| left.contains(chunk)).count(), 0);
}

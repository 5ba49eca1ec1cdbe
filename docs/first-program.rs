//! The first program of the book: docs/first-program.md tells it piece by piece.

use std::error::Error;

use techo_core::device::example::{self, Authority, Files, RELAY, SetClock};
use techo_core::device::{CheckIn, Device};
use techo_core::diary::Filter;
use techo_core::exposure::{alerts, fetch};
use techo_core::ports::SystemRandom;
use techo_core::scan::{self, Luminance, Options};
use techo_core::sync::exchange::{StreamRelay, exchange};
use techo_core::sync::household::NewIdentity;
use techo_core::sync::memory_relay::MemoryRelay;
use techo_core::sync::{HouseholdRefusal, SyncError, pairing};
use techo_protocol::basics::qr::Qr;
use techo_protocol::household::pairing::{Joiner, Owner};
use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (relay, clock) = (Files::default(), SetClock::at(example::NOW));
    let mut phone = Device::open(&folder.path().join("phone"), example::ports_with(&relay, &clock))?;

    let mut authority = Authority::named("Osaka Prefecture");
    phone.follow(&authority.trust_file())?;

    let (pixels, side) = Qr::of(&authority.poster("Bar Yoru")?)?.to_grey(4);
    let picture = Luminance::new(side, side, side, pixels)?;
    let codes = scan::scan(&picture, &Options::default());

    let done = phone.check_in(&CheckIn {
        texts: codes.into_iter().map(|code| code.text).collect(),
        stay_minutes: Some(90),
        ..CheckIn::default()
    })?;
    assert_eq!(done.visit.name, "Bar Yoru");
    assert!(!done.without_warnings);

    clock.pass(86_400);
    authority.warn("Bar Yoru", done.visit.check_in, done.visit.out)?;
    authority.publish(&relay, phone.now())?;

    let now = phone.now();
    fetch::fetch(phone.vault(), &relay, &[], now)?;
    let visits = phone.diary().list(&Filter::default())?.visits;
    let warnings = alerts::list(phone.vault(), &visits)?;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].content.overlap_minutes, 90);

    let mut tablet = Device::open(&folder.path().join("tablet"), example::ports_with(&relay, &clock))?;
    let (streams, random) = (Streams(MemoryRelay::new(1)), SystemRandom::new());
    exchange(phone.vault(), &streams, RELAY, now)?;

    let owner = Owner::new(RELAY, &random)?;
    let identity = NewIdentity::generate("Tablet", &random)?;
    let (joiner, commitment) = Joiner::new(owner.text(), &identity.device, &random)?;
    let (owner, nonce) = owner.take_commitment(&commitment, &random)?;
    let (joiner, reveal) = joiner.take_nonce(&nonce)?;
    let owner = owner.take_reveal(&reveal)?;
    let (new_device, digits) = (owner.device.clone(), joiner.code.clone());
    let owner = owner.confirm(&digits)?;
    let welcome = pairing::admit(phone.vault(), &streams, RELAY, &new_device, now)?;
    let welcome = joiner.take_answer(&owner.answer(&welcome))?;
    pairing::join(tablet.vault(), &streams, &identity, &welcome, now)?;

    exchange(phone.vault(), &streams, RELAY, now)?;
    exchange(tablet.vault(), &streams, RELAY, now)?;
    let there = tablet.diary().list(&Filter::default())?.visits;
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].id, done.visit.id);
    println!("{} is on both devices, and was warned of on the first.", there[0].name);
    Ok(())
}

struct Streams(MemoryRelay);

impl StreamRelay for Streams {
    type Error = SyncError;

    fn call(&self, _request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, SyncError> {
        self.0.answer(&signed).map_err(|_| HouseholdRefusal::Behind.into())
    }
}

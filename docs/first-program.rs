//! The first program of the book: docs/first-program.md tells it piece by piece.

use std::error::Error;

use techo_core::device::{Camera, CheckIn, Device, JoinRequest, JoiningStep, PairingPlace, PairingStep};
use techo_core::diary::Filter;
use techo_core::recognise::SignatureState;
use techo_testing::{Authority, Files, RELAY, SetClock};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (relay, clock) = (Files::default(), SetClock::at(techo_testing::NOW));
    let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;

    let mut authority = Authority::named("Osaka Prefecture");
    phone.follow(&authority.trust_file())?;

    let frame = techo_testing::frame(&authority.poster("Bar Yoru")?)?;
    let texts = Camera::default().read_frame(&frame)?;
    assert_eq!(phone.what_is(&texts[0])?.signature, SignatureState::Valid);

    let done = phone.check_in(&CheckIn {
        texts,
        stay_minutes: Some(90),
        ..CheckIn::default()
    })?;
    assert_eq!(done.visit.name, "Bar Yoru");
    assert!(!done.without_warnings);

    clock.pass(86_400);
    authority.warn("Bar Yoru", done.visit.check_in, done.visit.out)?;
    authority.publish(&relay, phone.now())?;

    phone.fetch(&[])?;
    let alerts = phone.warnings()?.alerts;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].content.overlap_minutes, 90);

    let mut tablet = Device::open(&folder.path().join("tablet"), techo_testing::ports_with(&relay, &clock))?;
    let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: RELAY.into() })?;
    let mut joining = tablet.begin_joining(&JoinRequest {
        texts: vec![pairing.text()],
        name: "Tablet".into(),
    })?;

    let digits = loop {
        pairing.wait(0)?;
        if let JoiningStep::ShowDigits { digits } = joining.wait(0)? {
            break digits;
        }
    };
    while pairing.wait(0)? == PairingStep::Waiting {}
    phone.confirm_pairing(pairing, &digits)?;
    while joining.wait(0)? != JoiningStep::Confirmed {}
    tablet.join(joining)?;

    phone.sync_now(None)?;
    tablet.sync_now(None)?;
    let there = tablet.visits(&Filter::default())?.visits;
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].id, done.visit.id);
    println!("{} is on both devices, and was warned of on the first.", there[0].name);
    Ok(())
}

//! Two devices of one household.

use std::path::Path;

use super::{Files, NOW, RELAY, SetClock, ports_with};
use crate::device::{Device, DeviceError, JoinRequest, JoiningStep, PairingPlace};

/// A phone and a tablet of one household, in two folders below this one, that have paired at a relay in memory.
///
/// # Errors
/// The folders cannot be written.
pub fn household(folder: &Path) -> Result<[Device; 2], DeviceError> {
    let (relay, clock) = (Files::default(), SetClock::at(NOW));
    let open = |name| Device::open(&folder.join(name), ports_with(&relay, &clock));
    let (mut phone, mut tablet) = (open("phone")?, open("tablet")?);
    let mut pairing = phone.begin_pairing(&PairingPlace::Relay { address: RELAY.into() })?;
    let mut joining = tablet.begin_joining(&JoinRequest {
        texts: vec![pairing.text()],
        name: "Tablet".into(),
    })?;
    pairing.wait(0)?;
    let shown = joining.wait(0)?;
    pairing.wait(0)?;
    if let JoiningStep::ShowDigits { digits } = shown {
        phone.confirm_pairing(pairing, &digits)?;
    }
    joining.wait(0)?;
    tablet.join(joining)?;
    tablet.sync_now(None).or_else(|_| tablet.sync_now(Some(RELAY)))?;
    phone.sync_now(None)?;
    Ok([phone, tablet])
}

//! Devices of one household: two behind the front door, or any number of phones below it.

use std::path::Path;

use techo_core::device::{Device, DeviceError, JoinRequest, JoiningStep, PairingPlace};
use techo_core::ports::SystemRandom;
use techo_core::sync::household::NewIdentity;
use techo_core::sync::pairing;

use crate::memory_relay::MemoryRelay;
use crate::{Files, NOW, Phone, RELAY, SetClock, ports_with};

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
    tablet.sync_now(None)?;
    phone.sync_now(None)?;
    Ok([phone, tablet])
}

/// Phones of one household, and the relay that they share.
///
/// ```
/// use techo_testing::Household;
///
/// let mut home = Household::of(3);
/// home.phones[0].add("Bar Yoru", 1);
/// home.settle();
/// assert!(home.phones.iter_mut().all(|phone| phone.names() == ["Bar Yoru"]));
/// ```
pub struct Household {
    /// The relay, which keeps every rule.
    pub relay: MemoryRelay,
    /// The phones; the first has let the others in.
    pub phones: Vec<Phone>,
}

impl Household {
    /// So many phones, paired and up to date.
    pub fn of(phones: usize) -> Self {
        let relay = MemoryRelay::new(1);
        let mut owner = Phone::new();
        let mut others = Vec::new();
        for _ in 1..phones {
            let mut joiner = Phone::new();
            pair(&relay, &mut owner, &mut joiner);
            others.push(joiner);
        }
        let phones = [owner].into_iter().chain(others).collect();
        let mut home = Self { relay, phones };
        home.settle();
        home
    }

    /// All phones sync in turn, until what one brought is with all.
    pub fn settle(&mut self) {
        for _ in 0..2 {
            for phone in &mut self.phones {
                phone.sync(&self.relay);
            }
        }
    }
}

/// Lets a phone into another's household. It has not synced yet.
pub fn let_in(relay: &MemoryRelay, owner: &mut Phone, joiner: &mut Phone) {
    let identity = NewIdentity::generate("new", &SystemRandom::new()).unwrap();
    owner.sync(relay);
    let welcome = pairing::admit(owner.diary.vault(), relay, "relay", &identity.device, owner.now).unwrap();
    pairing::join(joiner.diary.vault(), relay, &identity, &welcome, joiner.now).unwrap();
}

/// Lets a phone in, and brings both up to date.
pub fn pair(relay: &MemoryRelay, owner: &mut Phone, joiner: &mut Phone) {
    let_in(relay, owner, joiner);
    owner.sync(relay);
    joiner.sync(relay);
    owner.sync(relay);
}

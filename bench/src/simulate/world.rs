//! One schedule's world: devices, the relay between them, and what people have done.

#![allow(clippy::match_same_arms, reason = "each case has its own reason to end so")]

use std::collections::BTreeSet;

use techo_core::device::{self, DeviceError, JoinRequest, JoiningStep, PairingPlace, RelayTold, Synced};
use techo_core::ports::HttpError;
use techo_core::sync::household::RelayFault;
use techo_core::sync::rules::Rules;
use techo_core::sync::seizure::{self, Seized};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::EpochRecordError;

use super::Trouble;
use super::chance::Chance;
use super::device::{Copy, Device};
use super::faults::Fault;
use super::network::{Network, RelayMistake, Script};
use super::story::{DAY, Story, VisitNumber};

/// 2026-11-23T00:13:20+09:00.
const BEGINNING: i64 = 1_795_360_400;

/// So long a clock stays wrong by days at most, in seconds.
const LONGEST_JUMP: i64 = 20 * HOUR_SECONDS;

/// How a schedule is run: as it should be, or with a mistake.
#[derive(Clone)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a mistake of its own, and none excludes another"
)]
pub struct Plan {
    pub rules: Rules,
    pub relay: RelayMistake,
    /// No device ever destroys an HPKE key.
    pub keeps_hpke: bool,
    /// Rows lie in a nested map that each device makes.
    pub nests: bool,
    /// The relay never lies, nothing is lost, nobody dies: all that is left is work.
    pub calm: bool,
    /// What has expired by a device's clock is destroyed, whatever else is known of the time.
    pub believes_one_clock: bool,
}

impl Plan {
    pub fn sound() -> Self {
        Self {
            rules: Rules::default(),
            relay: RelayMistake::None,
            keeps_hpke: false,
            nests: false,
            calm: false,
            believes_one_clock: false,
        }
    }
}

/// How a conversation ended.
pub enum End {
    Done(Synced),
    /// Something was lost, or the relay was too old.
    Broken,
    /// The device was copied, and has begun a household of its own.
    BegunAnew,
    LockedOut,
    /// The relay does not know the household's key.
    Unknown,
}

/// What the relay did in a conversation that is over.
struct Conversed {
    /// It answered from an older state.
    is_delayed: bool,
    /// Something happened on the way.
    broke: bool,
}

pub struct World {
    pub plan: Plan,
    pub chance: Chance,
    seeds: u64,
    pub story: Story,
    pub network: Network,
    pub devices: Vec<Device>,
    next_device: usize,
    pub now: i64,
    /// Nothing that the relay does is a lie.
    pub honest: bool,
    /// The relay has lied.
    pub lied: bool,
    /// Devices that do not reach the relay.
    pub partition: BTreeSet<usize>,
    /// Devices that nobody switches on before a time.
    pub away: Vec<(usize, i64)>,
    /// Files of the household on sticks.
    pub sticks: Vec<Vec<u8>>,
    pub copies: Vec<(usize, Copy)>,
    /// Files of backups.
    pub backups: Vec<Vec<u8>>,
    /// All HPKE keys there ever were, where one keeps them.
    pub kept_keys: Seized,
    pub touched: BTreeSet<usize>,
    pub events: u64,
    pub tells: bool,
}

impl World {
    pub fn new(seed: u64, plan: Plan, tells: bool) -> Result<Self, Trouble> {
        let chance = Chance::new(seed);
        let honest = plan.calm || plan.relay != RelayMistake::None || chance.one_in(2);
        let network = Network::new(plan.relay);
        network.set_time(BEGINNING);
        let mut world = Self {
            plan,
            seeds: chance.number(),
            chance,
            story: Story::new(),
            network,
            devices: Vec::new(),
            next_device: 0,
            now: BEGINNING,
            honest,
            lied: false,
            partition: BTreeSet::new(),
            away: Vec::new(),
            sticks: Vec::new(),
            copies: Vec::new(),
            backups: Vec::new(),
            kept_keys: Seized::default(),
            touched: BTreeSet::new(),
            events: 0,
            tells,
        };
        let first = world.new_device()?;
        world.now += i64::try_from(world.chance.below(86_400)).unwrap_or_default();
        let stream = world.devices[first].household()?.stream;
        world.network.follow(stream);
        for _ in 0..=world.chance.below(3) {
            let joiner = world.new_device()?;
            if world.chance.one_in(3) {
                world.add(joiner)?;
            }
            world.pair(first, joiner, Script::default())?;
        }
        Ok(world)
    }

    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.tells {
            eprintln!("  {}", what());
        }
    }

    /// A seed that nothing else has.
    pub fn seed(&mut self) -> u64 {
        self.seeds = self.seeds.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.seeds
    }

    pub fn next_number(&mut self) -> usize {
        self.next_device += 1;
        self.next_device
    }

    /// A new device; answers its place.
    pub fn new_device(&mut self) -> Result<usize, Trouble> {
        let (number, seed) = (self.next_number(), self.seed());
        self.devices.push(Device::new(number, self.now, seed, &self.network)?);
        Ok(self.devices.len() - 1)
    }

    pub fn set_time(&mut self, now: i64) {
        self.now = now;
        self.network.set_time(now);
        for device in &mut self.devices {
            // Whoever stands a day where it is wrong is believed.
            if device.jumped.is_some_and(|since| now - since >= LONGEST_JUMP) {
                (device.jumped, device.drift) = (None, 0);
            }
            device.set_time(now);
        }
    }

    /// Whether a device takes itself for one of the household.
    pub fn is_in(&mut self, at: usize) -> Result<bool, Trouble> {
        let stream = self.network.stream();
        let household = self.devices[at].household()?;
        Ok(household.stream == stream && !household.locked_out)
    }

    /// Those that are switched on.
    pub fn awake(&self) -> Vec<usize> {
        let is_away = |device: &Device| {
            self.away
                .iter()
                .any(|(number, until)| *number == device.number && *until > self.now)
        };
        (0..self.devices.len()).filter(|at| !is_away(&self.devices[*at])).collect()
    }

    /// Compares what a device shows with what it showed before.
    pub fn look(&mut self, at: usize) -> Result<(), Trouble> {
        let now = self.now;
        let device = &mut self.devices[at];
        let shown = device.show()?;
        let keep_days = device.door()?.keep_days().map_err(|error| error.to_string())?;
        let hidden_before = (device.now().div_euclid(DAY) - keep_days) * DAY;
        let memory = &mut device.memory;
        memory.shown.clear();
        for (name, note) in shown {
            let Some(number) = Story::number_of(&name) else {
                return Err(format!("device {} shows what nobody wrote", device.number));
            };
            if memory.deleted.contains(&number) {
                return Err(format!("device {}: visit {number} was deleted and is back", device.number));
            }
            memory.had.insert(number);
            memory.shown.insert(number, note);
        }
        let missing: Vec<VisitNumber> = memory
            .had
            .iter()
            .filter(|number| !memory.shown.contains_key(number) && !memory.deleted.contains(number))
            .copied()
            .collect();
        for number in missing {
            // What has expired here, or is hidden by a clock that jumped, is not known to be deleted.
            if device.jumped.is_some() || self.story.visits[number].recorded < hidden_before {
                continue;
            }
            if self.story.visits[number].is_deleted {
                memory.deleted.insert(number);
            } else if self.story.is_current(number, now) {
                return Err(format!("device {}: visit {number} vanished", device.number));
            }
        }
        if self.plan.keeps_hpke {
            let keys = seizure::keys(device.vault()?).map_err(|error| error.to_string())?;
            self.kept_keys.and(keys.only_hpke());
        }
        Ok(())
    }

    /// The relay answers a device from now on.
    fn begin(&mut self, at: usize, script: Script) -> usize {
        self.touched.insert(at);
        self.events += 1;
        // What is garbage may look like a relay that was set back.
        self.lied |= script.faults.iter().any(|(_, fault)| *fault == Fault::Garbage);
        let chance = Chance::new(self.chance.number());
        let device = &self.devices[at];
        device.line.begin(device.number, script, chance);
        self.network.happened()
    }

    /// The relay does not answer a device any more.
    fn end(&mut self, at: usize, before: usize) -> Conversed {
        let happened = self.devices[at].line.end();
        self.tell(|| format!("device {} talked with the relay: {happened:?}", self.devices[at].number));
        let (is_delayed, after) = (happened.contains(&Fault::Delayed), self.network.happened());
        if !is_delayed {
            self.devices[at].seen = after;
        }
        if after != before {
            // Another has seen what was there: whether it can still be noticed is not certain any more.
            for (other, device) in self.devices.iter_mut().enumerate() {
                if other != at {
                    device.must_notice = None;
                }
            }
        }
        Conversed {
            is_delayed,
            broke: !happened.is_empty(),
        }
    }

    /// How a conversation ended that did not come to its end; an alarm where there is no reason for it.
    fn ended_by(&mut self, at: usize, error: &DeviceError, ended: &Conversed) -> Result<End, Trouble> {
        let (lied, is_delayed) = (self.lied, ended.is_delayed);
        let device = &mut self.devices[at];
        let DeviceError::Sync(sync) = error else {
            return Err(format!("device {} cannot sync: {error:?}", device.number));
        };
        Ok(match sync {
            SyncError::Relay(HttpError::Unreachable) => End::Broken,
            SyncError::Refused(HouseholdRefusal::Copied) if device.was_copied => {
                device.was_copied = false;
                End::BegunAnew
            }
            SyncError::Refused(HouseholdRefusal::LockedOut) if device.may_be_out || lied => End::LockedOut,
            SyncError::Refused(HouseholdRefusal::Behind) if is_delayed => End::Broken,
            SyncError::Refused(HouseholdRefusal::Behind) if lied => End::Unknown,
            // The relay is behind what the device was let in by, and it cannot bring it forward.
            SyncError::Relay(HttpError::Refused { status: 400 }) if lied => End::Unknown,
            // Nobody who may has signed it.
            SyncError::Relay(HttpError::Refused { status: 403 }) if is_delayed => End::Broken,
            SyncError::Relay(HttpError::Refused { status: 403 }) if lied => End::Unknown,
            SyncError::Record(EpochRecordError::DoesNotFollow) if lied => End::Unknown,
            _ if ended.broke && lied => End::Broken,
            _ => return Err(format!("device {} cannot sync: {error:?}", device.number)),
        })
    }

    /// A sync came to its end: what the device says of the relay is true.
    fn has_synced(&mut self, at: usize, relay_fault: Option<RelayFault>, ended: &Conversed) -> Result<(), Trouble> {
        let after = self.network.happened();
        let device = &mut self.devices[at];
        let number = device.number;
        if relay_fault.is_some() && !self.lied && !ended.is_delayed {
            return Err(format!("device {number} accuses an honest relay: {relay_fault:?}"));
        }
        if let Some(since) = device.must_notice.take()
            && relay_fault.is_none()
        {
            return Err(format!(
                "device {number} did not notice that the relay was set back to {since}"
            ));
        }
        if !ended.is_delayed {
            device.seen_whole = after;
        }
        Ok(())
    }

    /// What the relay was caught at in a device's last sync.
    fn relay_fault(&mut self, at: usize) -> Result<Option<RelayFault>, Trouble> {
        let status = self.devices[at].door()?.sync_status();
        Ok(status.map_err(|error| error.to_string())?.relay_fault)
    }

    /// A person syncs a device with the relay.
    pub fn converse(&mut self, at: usize, script: Script) -> Result<End, Trouble> {
        let (before, address, rules) = (self.begin(at, script), self.network.address(), self.plan.rules);
        let result = self.devices[at].door()?.sync_by(Some(&address), rules);
        let ended = self.end(at, before);
        self.tell(|| format!("device {} syncs: {result:?}", self.devices[at].number));
        let done = match result {
            Ok(done) => done,
            Err(error) => return self.ended_by(at, &error, &ended),
        };
        self.has_synced(at, done.relay_fault, &ended)?;
        Ok(End::Done(done))
    }

    /// A person wants something of the household, which the relay is told at once where it is within reach.
    pub fn ask_for(
        &mut self,
        at: usize,
        script: Script,
        wish: impl FnOnce(&mut device::Device) -> Result<RelayTold, DeviceError>,
    ) -> Result<(), Trouble> {
        self.touched.insert(at);
        if self.partition.contains(&at) {
            return wish(self.devices[at].door()?).map(drop).map_err(|error| error.to_string());
        }
        let before = self.begin(at, script);
        let told = wish(self.devices[at].door()?);
        let ended = self.end(at, before);
        self.tell(|| format!("device {} is told: {told:?}", self.devices[at].number));
        match told {
            Ok(RelayTold::AtOnce) => {
                let relay_fault = self.relay_fault(at)?;
                self.has_synced(at, relay_fault, &ended)
            }
            Ok(RelayTold::WithNextSync | RelayTold::NoRelay) => Ok(()),
            Err(error) => self.ended_by(at, &error, &ended).map(drop),
        }
    }

    /// Lets one device in by another. Answers whether it is in.
    pub fn pair(&mut self, owner: usize, joiner: usize, script: Script) -> Result<bool, Trouble> {
        self.touched.extend([owner, joiner]);
        let was = self.devices[joiner].household()?;
        if !matches!(self.converse(owner, Script::default())?, End::Done(_)) {
            return Ok(false);
        }
        let before = self.begin(owner, script);
        // The joiner is shown the same view of the relay as the device that lets it in.
        let chance = Chance::new(self.chance.number());
        let (shown_as, line) = (self.devices[owner].number, self.devices[joiner].line.clone());
        line.begin(shown_as, Script::default(), chance);
        let address = self.network.address();
        let Ok([one, other]) = self.devices.get_disjoint_mut([owner, joiner]) else {
            return Err("a device cannot be paired with itself".into());
        };
        let admitted = pair_at(&address, one, other);
        line.end();
        let ended = self.end(owner, before);
        self.devices[owner].seen = self.network.happened();
        self.tell(|| {
            format!(
                "device {shown_as} admits device {}: {admitted:?}",
                self.devices[joiner].number
            )
        });
        match admitted {
            Ok(()) => {
                let relay_fault = self.relay_fault(owner)?;
                self.has_synced(owner, relay_fault, &ended)?;
            }
            Err(Unpaired::Joiner(trouble)) => return Err(trouble),
            Err(Unpaired::Owner(DeviceError::Sync(SyncError::Refused(HouseholdRefusal::Full | HouseholdRefusal::LockedOut)))) => {
                return Ok(false);
            }
            Err(Unpaired::Owner(_)) if ended.broke || self.lied => {
                self.network.count(Fault::PairingCut);
                return Ok(false);
            }
            Err(Unpaired::Owner(error)) => return Err(format!("device {shown_as} cannot admit another: {error:?}")),
        }
        let happened = self.network.happened();
        let joiner = &mut self.devices[joiner];
        (joiner.was_copied, joiner.may_be_out) = (false, false);
        // It has synced as it joined, or tried to.
        (joiner.seen, joiner.seen_whole, joiner.must_notice) = (happened, 0, None);
        // Its old place is of no more use; it may be removed already, or be the owner's, where one of the two goes on from a copy.
        let old = was.list.device(was.index).map(|old| old.key);
        if was.stream == self.network.stream()
            && self.devices[owner].household()?.index != was.index
            && let Some(old) = old
            && self.lists(owner, was.index, &old)?
        {
            self.ask_for(owner, Script::default(), |door| {
                door.remove_device(was.index).map(|removed| removed.told)
            })?;
        }
        Ok(true)
    }

    /// Whether a device of this key has this place in another's list.
    pub fn lists(&mut self, at: usize, index: u8, key: &PublicKey) -> Result<bool, Trouble> {
        let listed = self.devices[at].household()?.list.device(index).map(|listed| listed.key);
        Ok(listed.is_some_and(|listed| listed == *key))
    }
}

/// On which side a pairing ended early.
#[derive(Debug)]
enum Unpaired {
    Owner(DeviceError),
    /// Nothing that happens to the joiner here is a reason for it.
    Joiner(Trouble),
}

/// Two people with a device each: the text is scanned, the digits are typed.
fn pair_at(address: &str, owner: &mut Device, joiner: &mut Device) -> Result<(), Unpaired> {
    let name = format!("device {}", joiner.number);
    let of_joiner = |error: DeviceError| Unpaired::Joiner(format!("joining: {error:?}"));
    let owner = owner.door().map_err(Unpaired::Joiner)?;
    let joiner = joiner.door().map_err(Unpaired::Joiner)?;
    let place = PairingPlace::Relay {
        address: address.to_owned(),
    };
    let mut pairing = owner.begin_pairing(&place).map_err(Unpaired::Owner)?;
    let texts = vec![pairing.text()];
    let mut joining = joiner.begin_joining(&JoinRequest { texts, name }).map_err(of_joiner)?;
    pairing.wait(0).map_err(Unpaired::Owner)?;
    let JoiningStep::ShowDigits { digits } = joining.wait(0).map_err(of_joiner)? else {
        return Err(Unpaired::Joiner("joining: no digits are shown".into()));
    };
    pairing.wait(0).map_err(Unpaired::Owner)?;
    owner.confirm_pairing(pairing, &digits).map_err(Unpaired::Owner)?;
    joining.wait(0).map_err(of_joiner)?;
    joiner.join(joining).map_err(of_joiner)?;
    Ok(())
}

//! One schedule's world: devices, the relay between them, and what people have done.

#![allow(clippy::match_same_arms, reason = "each case has its own reason to end so")]

use std::collections::BTreeSet;

use techo_core::backup::Backup;
use techo_core::ports::SeededRandom;
use techo_core::sync::exchange::{Exchanged, exchange_by};
use techo_core::sync::household::NewIdentity;
use techo_core::sync::rules::Rules;
use techo_core::sync::seizure::{self, Seized};
use techo_core::sync::{HouseholdRefusal, SyncError, pairing};
use techo_protocol::household::epoch_record::EpochRecordError;
use techo_protocol::household::household_file::HouseholdFile;
use techo_testing::memory_relay::{Refused, Trouble as RelayTrouble};

use super::Trouble;
use super::chance::Chance;
use super::device::{Copy, Device};
use super::faults::Fault;
use super::network::{Network, RelayMistake, Script};
use super::story::{Story, VisitNumber};

/// 2026-11-23T00:13:20+09:00.
const BEGINNING: i64 = 1_795_360_400;

/// How a schedule is run: as it should be, or with a mistake.
#[derive(Clone)]
pub struct Plan {
    pub rules: Rules,
    pub relay: RelayMistake,
    /// No device ever destroys an HPKE key.
    pub keeps_hpke: bool,
    /// Rows lie in a nested map that each device makes.
    pub nests: bool,
    /// The relay never lies, nothing is lost, nobody dies: all that is left is work.
    pub calm: bool,
}

impl Plan {
    pub fn sound() -> Self {
        Self {
            rules: Rules::default(),
            relay: RelayMistake::None,
            keeps_hpke: false,
            nests: false,
            calm: false,
        }
    }
}

/// How a conversation ended.
pub enum End {
    Done(Exchanged),
    /// Something was lost, or the relay was too old.
    Broken,
    /// The device was copied, and has begun a household of its own.
    BegunAnew,
    LockedOut,
    /// The relay does not know the household's key.
    Unknown,
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
    pub sticks: Vec<HouseholdFile>,
    pub copies: Vec<(usize, Copy)>,
    pub backups: Vec<Backup>,
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
        self.devices.push(Device::new(number, self.now, seed)?);
        Ok(self.devices.len() - 1)
    }

    pub fn set_time(&mut self, now: i64) {
        self.now = now;
        for device in &mut self.devices {
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
        let memory = &mut device.memory;
        memory.shown.clear();
        for (visit, note) in shown {
            let Some(number) = Story::number_of(&visit.name) else {
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

    /// One conversation with the relay.
    pub fn converse(&mut self, at: usize, script: Script) -> Result<End, Trouble> {
        self.touched.insert(at);
        self.events += 1;
        // As an app does every day.
        self.devices[at]
            .diary()?
            .forget_expired()
            .map_err(|error| error.to_string())?;
        let device = &mut self.devices[at];
        let (number, now) = (device.number, device.now());
        let line = self.network.line(number, script, &self.chance);
        let before = self.network.happened.get();
        let result = exchange_by(device.vault()?, &line, &self.network.address, now, self.plan.rules);
        let (is_delayed, broke) = (line.is_delayed(), !line.happened.borrow().is_empty());
        let after = self.network.happened.get();
        if self.tells {
            let said = match &result {
                Ok(done) => format!(
                    "in {} known {} waiting {} refused {}, out {} removed {}, caught {:?}{}",
                    done.received.taken,
                    done.received.known,
                    done.received.waiting,
                    done.received.refused,
                    done.sent,
                    done.removed,
                    done.relay_fault,
                    if done.refilled { ", refilled" } else { "" }
                ),
                Err(error) => format!("{error:?}"),
            };
            eprintln!("  device {number} syncs: {said} {:?}", line.happened.borrow());
        }
        let device = &mut self.devices[at];
        if !is_delayed {
            device.seen = after;
        }
        let end = match result {
            Ok(done) => {
                if done.relay_fault.is_some() && !self.lied && !is_delayed {
                    return Err(format!("device {number} accuses an honest relay: {:?}", done.relay_fault));
                }
                if let Some(since) = device.must_notice.take()
                    && done.relay_fault.is_none()
                {
                    return Err(format!(
                        "device {number} did not notice that the relay was set back to {since}"
                    ));
                }
                if !is_delayed {
                    device.seen_whole = after;
                }
                End::Done(done)
            }
            Err(RelayTrouble::Lost) => End::Broken,
            Err(RelayTrouble::Sync(SyncError::Refused(HouseholdRefusal::Copied))) if device.was_copied => {
                device.was_copied = false;
                End::BegunAnew
            }
            Err(RelayTrouble::Sync(SyncError::Refused(HouseholdRefusal::LockedOut))) if device.may_be_out || self.lied => {
                End::LockedOut
            }
            Err(RelayTrouble::Sync(SyncError::Refused(HouseholdRefusal::Behind))) if is_delayed => End::Broken,
            Err(RelayTrouble::Sync(SyncError::Refused(HouseholdRefusal::Behind))) if self.lied => End::Unknown,
            // The relay is behind what the device was let in by, and it cannot bring it forward.
            Err(RelayTrouble::Refused(Refused::NotARequest)) if self.lied => End::Unknown,
            Err(RelayTrouble::Refused(Refused::NotSigned)) if is_delayed => End::Broken,
            Err(RelayTrouble::Refused(Refused::NotSigned)) if self.lied => End::Unknown,
            Err(RelayTrouble::Sync(SyncError::Record(EpochRecordError::DoesNotFollow))) if self.lied => End::Unknown,
            Err(_) if broke && self.lied => End::Broken,
            Err(error) => return Err(format!("device {number} cannot sync: {error:?}")),
        };
        if after != before {
            // Another has seen what was there: whether it can still be noticed is not certain any more.
            for (other, device) in self.devices.iter_mut().enumerate() {
                if other != at {
                    device.must_notice = None;
                }
            }
        }
        Ok(end)
    }

    /// Lets one device in by another. Answers whether it is in.
    pub fn pair(&mut self, owner: usize, joiner: usize, script: Script) -> Result<bool, Trouble> {
        self.touched.extend([owner, joiner]);
        let was = self.devices[joiner].household()?;
        let random = SeededRandom::new(self.seed());
        let name = format!("device {}", self.devices[joiner].number);
        let identity = NewIdentity::generate(&name, &random).map_err(|error| error.to_string())?;
        if !matches!(self.converse(owner, Script::default())?, End::Done(_)) {
            return Ok(false);
        }
        self.events += 1;
        let device = &mut self.devices[owner];
        let (number, now) = (device.number, device.now());
        let line = self.network.line(number, script, &self.chance);
        let admitted = pairing::admit(device.vault()?, &line, &self.network.address, &identity.device, now);
        let broke = !line.happened.borrow().is_empty();
        // It has seen the record that it made there: an honest relay does not answer it from before that.
        self.devices[owner].seen = self.network.happened.get();
        if self.tells {
            eprintln!(
                "  device {number} admits device {}: {:?}",
                self.devices[joiner].number,
                admitted.as_ref().map(Vec::len)
            );
        }
        let welcome = match admitted {
            Ok(welcome) => welcome,
            Err(RelayTrouble::Sync(SyncError::Refused(HouseholdRefusal::Full | HouseholdRefusal::LockedOut))) => {
                return Ok(false);
            }
            Err(_) if broke || self.lied => {
                self.network.count(Fault::PairingCut);
                return Ok(false);
            }
            Err(error) => return Err(format!("device {number} cannot admit another: {error:?}")),
        };
        let joiner = &mut self.devices[joiner];
        // The joiner is shown the same view of the relay as the device that lets it in.
        let line = self.network.line(number, Script::default(), &self.chance);
        let now = joiner.now();
        pairing::join(joiner.vault()?, &line, &identity, &welcome, now).map_err(|error| format!("joining: {error:?}"))?;
        (joiner.was_copied, joiner.may_be_out) = (false, false);
        (joiner.seen, joiner.seen_whole, joiner.must_notice) = (0, 0, None);
        // Its old place is of no more use.
        if was.stream == self.network.stream()
            && let Some(old) = was.list.device(was.index)
        {
            let proposal = techo_core::sync::household::Proposal::Remove(was.index, old.key);
            // It may be removed already.
            let _ = techo_core::sync::household::propose(self.devices[owner].vault()?, proposal);
        }
        Ok(true)
    }
}

//! What may happen next.

use techo_core::backup;
use techo_core::confirmed_time;
use techo_core::device::{AddVisit, EditVisit, OldRows, OpenedBackup};
use techo_core::sync::household::{Proposal, propose};
use techo_core::sync::{HouseholdRefusal, SyncError};
use techo_core::sync::{engine, file};
use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::basics::passphrase::Cost;
use techo_protocol::household::household_file::HouseholdFile;

use super::Trouble;
use super::device::Device;
use super::faults::Fault;
use super::nested;
use super::network::Script;
use super::story::{DAY, Writing};
use super::world::World;

const MOST_DEVICES: usize = 5;
/// How long a visit is, in seconds.
const STAY: i64 = 60;
const PASSPHRASE: &str = "simulation";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Add,
    Note,
    Clear,
    Delete,
    KeepDays,
    Sync,
    Give,
    OldStick,
    Wait,
    Partition,
    Drift,
    Jump,
    Rename,
    Rotate,
    Remove,
    Pair,
    PairAgain,
    Copy,
    Twin,
    SetBack,
    Backup,
    Restore,
    Remember,
    RollBack,
    Wipe,
    Fork,
    EndFork,
    Withhold,
    EndWithhold,
    Late,
}

const WORK: [(Step, usize); 8] = [
    (Step::Add, 16),
    (Step::Note, 8),
    (Step::Clear, 3),
    (Step::Delete, 8),
    (Step::Sync, 28),
    (Step::Give, 8),
    (Step::Wait, 6),
    (Step::Partition, 3),
];
const TROUBLE: [(Step, usize); 16] = [
    (Step::KeepDays, 1),
    (Step::OldStick, 3),
    (Step::Drift, 2),
    JUMP,
    (Step::Rename, 1),
    (Step::Rotate, 1),
    (Step::Remove, 1),
    (Step::Pair, 1),
    (Step::PairAgain, 3),
    (Step::Copy, 1),
    (Step::Twin, 1),
    (Step::SetBack, 1),
    (Step::Backup, 1),
    (Step::Restore, 1),
    (Step::Remember, 5),
    (Step::Late, 2),
];
const JUMP: (Step, usize) = (Step::Jump, 2);
const LIES: [(Step, usize); 6] = [
    (Step::RollBack, 2),
    (Step::Wipe, 1),
    (Step::Fork, 2),
    (Step::EndFork, 2),
    (Step::Withhold, 1),
    (Step::EndWithhold, 1),
];

impl World {
    fn draw(&self) -> Step {
        let mut steps: Vec<(Step, usize)> = WORK.to_vec();
        if self.plan.nests {
            steps.retain(|(step, _)| !matches!(step, Step::Note | Step::Clear | Step::Delete));
        }
        if !self.plan.calm {
            steps.extend(TROUBLE);
        } else if self.plan.believes_one_clock {
            steps.push(JUMP);
        }
        if !self.honest {
            steps.extend(LIES);
        }
        let mut left = self.chance.below(steps.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in steps {
            match left.checked_sub(weight) {
                Some(less) => left = less,
                None => return step,
            }
        }
        Step::Sync
    }

    /// Something happens; it may be cut short by the death of a process.
    pub fn step(&mut self) -> Result<(), Trouble> {
        self.events += 1;
        self.touched.clear();
        let awake = self.awake();
        let Some(at) = self.chance.pick(&awake) else { return Ok(()) };
        let step = self.draw();
        if !self.plan.calm && self.chance.one_in(20) {
            self.devices[at].keeper.life.ends_after(1 + self.chance.below(60));
        }
        self.tell(|| format!("device {}: {step:?}", self.devices[at].number));
        if self.plan.believes_one_clock {
            let device = &mut self.devices[at];
            let now = device.now();
            confirmed_time::believe(device.vault()?, now).map_err(|error| error.to_string())?;
        }
        let done = self.take(step, at);
        let mut died = false;
        for at in 0..self.devices.len() {
            if self.devices[at].keeper.life.renew() {
                died = true;
                self.network.count(Fault::Died);
                self.tell(|| format!("device {} died", self.devices[at].number));
                let seed = self.seed();
                self.devices[at].open(self.now, seed)?;
                self.touched.insert(at);
            }
        }
        if !died {
            done?;
        }
        for at in std::mem::take(&mut self.touched) {
            self.look(at)?;
        }
        Ok(())
    }

    fn take(&mut self, step: Step, at: usize) -> Result<(), Trouble> {
        let now = self.now;
        self.devices[at].set_time(now);
        match step {
            Step::Add => self.add(at),
            Step::Note => self.write_note(at, false),
            Step::Clear => self.write_note(at, true),
            Step::Delete => self.delete(at),
            Step::KeepDays => {
                let days = [28, 30, 42, 60][self.chance.below(4)];
                self.touched.insert(at);
                let set = self.devices[at].door()?.set_keep_days(days);
                set.map_err(|error| error.to_string())
            }
            Step::Sync => self.sync(at),
            Step::Give => {
                let all = self.awake();
                let to = self.chance.pick(&all).unwrap_or(at);
                self.give(at, to)
            }
            Step::OldStick => {
                if let Some(stick) = self.chance.pick(&self.sticks) {
                    self.network.count(Fault::OldStick);
                    self.take_stick(at, &stick)?;
                }
                Ok(())
            }
            Step::Wait => {
                self.wait();
                Ok(())
            }
            Step::Partition => {
                if self.partition.is_empty() {
                    self.partition = self.awake().into_iter().filter(|_| self.chance.one_in(2)).collect();
                    if self.partition.len() > 1 {
                        self.network.count(Fault::Partitioned);
                    }
                } else {
                    self.partition.clear();
                }
                Ok(())
            }
            Step::Drift => {
                self.network.count(Fault::Drifted);
                let drift = i64::try_from(self.chance.below(96)).unwrap_or_default() - 48;
                self.devices[at].drift = drift * HOUR_SECONDS;
                self.devices[at].jumped = None;
                self.devices[at].set_time(now);
                Ok(())
            }
            Step::Jump => {
                self.jump(at);
                Ok(())
            }
            Step::Rename => {
                if !self.is_in(at)? {
                    return Ok(());
                }
                let index = self.devices[at].household()?.index;
                let name = format!("name {}", self.chance.below(1_000));
                let script = self.script();
                self.ask_for(at, script, |door| door.rename_device(index, &name))
            }
            Step::Rotate => self.rotate(at),
            Step::Remove => self.remove(at),
            Step::Pair => self.pair_new(at),
            Step::PairAgain => self.pair_again(at),
            Step::Copy => {
                let copy = self.devices[at].copy()?;
                self.copies.push((self.devices[at].number, copy));
                Ok(())
            }
            Step::Twin | Step::SetBack => self.go_on_from_copy(step == Step::Twin),
            Step::Backup => self.back_up(at),
            Step::Restore => self.restore(at),
            Step::Remember => {
                if !self.network.is_forked() {
                    self.network.remember();
                }
                Ok(())
            }
            Step::Late => {
                self.network.deliver_late();
                Ok(())
            }
            Step::RollBack | Step::Wipe | Step::Fork | Step::EndFork | Step::Withhold | Step::EndWithhold => {
                self.lie(step);
                Ok(())
            }
        }
    }

    /// Somebody sets a clock days to years ahead or behind; or finds it so, and sets it right.
    fn jump(&mut self, at: usize) {
        let now = self.now;
        let ahead = self.chance.one_in(2);
        let days = i64::try_from(2 + self.chance.below(1 << (2 + self.chance.below(9)))).unwrap_or_default();
        let device = &mut self.devices[at];
        if device.jumped.take().is_some() {
            device.drift = 0;
        } else {
            (device.jumped, device.drift) = (Some(now), if ahead { days } else { -days } * DAY);
            self.network.count(Fault::Jumped);
        }
        self.devices[at].set_time(now);
    }

    pub fn add(&mut self, at: usize) -> Result<(), Trouble> {
        self.touched.insert(at);
        let days = i64::try_from(self.chance.below(if self.chance.one_in(3) { 20 } else { 3 })).unwrap_or_default();
        let from = self.devices[at].now() - days * DAY - STAY;
        let number = self.story.new_visit(from, &self.chance);
        self.tell(|| format!("visit {number} of week {}", from.div_euclid(7 * DAY)));
        let name = self.story.visits[number].canary.clone();
        if self.plan.nests {
            return nested::add(self.devices[at].vault()?, from, &name);
        }
        let visit = AddVisit {
            name,
            from,
            to: from + STAY,
            ..AddVisit::default()
        };
        let made = self.devices[at]
            .door()?
            .add_visit(&visit)
            .map_err(|error| error.to_string())?;
        self.story.visits[number].id = Some(made.id);
        Ok(())
    }

    fn shown(&self, at: usize) -> Option<(usize, String)> {
        let shown: Vec<(usize, String)> = self.devices[at]
            .memory
            .shown
            .iter()
            .map(|(number, note)| (*number, note.clone()))
            .collect();
        self.chance.pick(&shown)
    }

    fn write_note(&mut self, at: usize, clears: bool) -> Result<(), Trouble> {
        let Some((visit, replaced)) = self.shown(at) else {
            return Ok(());
        };
        let Some(id) = self.story.visits[visit].id else {
            return Ok(());
        };
        self.touched.insert(at);
        let writing = self.story.writings.len();
        let canary = (!clears).then(|| format!("note {writing} {:016x}.", self.chance.number()));
        let keeps = self.chance.one_in(4) && !replaced.contains('\n');
        let text = match &canary {
            Some(canary) if keeps => format!("{replaced}{canary}"),
            Some(canary) => canary.clone(),
            None => String::new(),
        };
        if text.len() > 400 {
            return Ok(());
        }
        self.tell(|| format!("writes note {writing} of visit {visit}"));
        self.story.writings.push(Writing {
            visit,
            canary,
            text: text.clone(),
            replaced,
            is_certain: false,
        });
        let edit = EditVisit {
            note: Some(text),
            ..EditVisit::default()
        };
        self.devices[at]
            .door()?
            .edit_visit(id, &edit)
            .map_err(|error| error.to_string())?;
        self.story.writings[writing].is_certain = true;
        self.devices[at].memory.wrote.insert(writing);
        Ok(())
    }

    fn delete(&mut self, at: usize) -> Result<(), Trouble> {
        let Some((visit, _)) = self.shown(at) else { return Ok(()) };
        let Some(id) = self.story.visits[visit].id else {
            return Ok(());
        };
        self.touched.insert(at);
        self.story.visits[visit].is_deleted = true;
        self.tell(|| format!("deletes visit {visit}"));
        let deleted = self.devices[at].door()?.delete_visits(&[id]);
        deleted.map_err(|error| error.to_string())
    }

    fn script(&self) -> Script {
        let mut script = Script::default();
        if self.plan.calm {
            return script;
        }
        if self.chance.one_in(3) {
            let mut kinds = vec![
                Fault::LostThere,
                Fault::LostBack,
                Fault::LostBack,
                Fault::Twice,
                Fault::Late,
                Fault::Replayed,
                Fault::Reordered,
                Fault::Paged,
            ];
            if !self.honest {
                kinds.push(Fault::Garbage);
            }
            script
                .faults
                .push((self.chance.below(10), self.chance.pick(&kinds).unwrap_or(Fault::LostBack)));
        }
        script
    }

    fn sync(&mut self, at: usize) -> Result<(), Trouble> {
        if self.partition.contains(&at) {
            return Ok(());
        }
        let mut script = self.script();
        // What has happened is counted of the household's account alone: of another, nobody knows what a device has seen.
        if !self.plan.calm && self.chance.one_in(10) && self.is_in(at)? {
            script.delayed_since = Some(self.devices[at].seen);
        }
        self.converse(at, script).map(|_| ())
    }

    /// One device leaves all that it has on a stick, and another takes it in.
    pub fn give(&mut self, from: usize, to: usize) -> Result<(), Trouble> {
        if from == to || !self.is_in(from)? {
            return Ok(());
        }
        self.touched.insert(from);
        let made = self.devices[from].door()?.sync_with_file(None);
        let made = made.map_err(|error| format!("making a file: {error}"))?.content;
        if self.sticks.len() < 12 {
            self.sticks.push(made.clone());
        }
        self.take_stick(to, &made)
    }

    fn take_stick(&mut self, at: usize, stick: &[u8]) -> Result<(), Trouble> {
        if !self.is_in(at)? {
            return Ok(());
        }
        self.touched.insert(at);
        // Below the door, which knows no broken rules: it takes in the same, and makes the stick's next file at once.
        let stick = HouseholdFile::read(stick).map_err(|error| format!("reading a file: {error}"))?;
        let rules = self.plan.rules;
        let device = &mut self.devices[at];
        let (number, now) = (device.number, device.now());
        match file::take_records(device.vault()?, &stick.records, stick.keyring.as_deref(), now) {
            Ok(()) => {}
            Err(SyncError::Refused(HouseholdRefusal::LockedOut)) if device.may_be_out || self.lied => return Ok(()),
            Err(error) => return Err(format!("device {number} cannot take records in: {error}")),
        }
        let source = engine::ChunkSource {
            rules,
            ..engine::ChunkSource::direct(now)
        };
        let report = engine::incoming(device.vault()?, &stick.chunks, source).map_err(|error| format!("a stick: {error}"))?;
        self.tell(|| format!("device {number} takes a stick: {report:?}"));
        if report.begun_anew && !std::mem::take(&mut self.devices[at].was_copied) {
            return Err(format!("device {number} began anew and was never copied"));
        }
        Ok(())
    }

    fn wait(&mut self) {
        let hours = if self.away.iter().any(|(_, until)| *until > self.now) {
            self.devices.iter_mut().for_each(|device| device.may_be_out = true);
            24 * (15 + self.chance.below(20))
        } else if self.chance.one_in(4) {
            24 * (1 + self.chance.below(4))
        } else {
            1 + self.chance.below(12)
        };
        if self.away.is_empty() && !self.plan.calm && self.chance.one_in(40) && self.devices.len() > 2 {
            let device = &self.devices[self.chance.below(self.devices.len())];
            self.away.push((device.number, self.now + 190 * DAY));
            self.network.count(Fault::Away);
        }
        self.set_time(self.now + HOUR_SECONDS * i64::try_from(hours).unwrap_or_default());
    }

    /// The household takes new keys. No person asks for that alone: it comes with a removal, or from two changes at once.
    fn rotate(&mut self, at: usize) -> Result<(), Trouble> {
        if self.is_in(at)? {
            let device = &mut self.devices[at];
            let wish = Proposal::Rotate(device.household()?.epoch());
            propose(device.vault()?, wish).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn remove(&mut self, at: usize) -> Result<(), Trouble> {
        let other = self.chance.below(self.devices.len());
        if other == at || self.devices.len() < 3 || !self.is_in(at)? || !self.is_in(other)? {
            return Ok(());
        }
        let its = self.devices[other].household()?;
        let Some(key) = its.list.device(its.index).map(|device| device.key) else {
            return Ok(());
        };
        // One that goes on from a copy is listed as the device that it is of: its person cannot ask for the removal of the one entry that is theirs.
        let is_mine = self.devices[at].household()?.index == its.index;
        if !is_mine && self.lists(at, its.index, &key)? {
            self.devices[other].may_be_out = true;
            let script = self.script();
            self.ask_for(at, script, |door| door.remove_device(its.index).map(|removed| removed.told))?;
        }
        Ok(())
    }

    fn pair_new(&mut self, owner: usize) -> Result<(), Trouble> {
        if self.devices.len() < MOST_DEVICES && !self.partition.contains(&owner) && self.is_in(owner)? {
            let joiner = self.new_device()?;
            for _ in 0..self.chance.below(3) {
                self.add(joiner)?;
            }
            if self.chance.one_in(2) {
                self.converse(joiner, Script::default())?;
            }
            let script = self.script();
            self.pair(owner, joiner, script)?;
        }
        Ok(())
    }

    /// One that is out comes in again.
    pub fn pair_again(&mut self, owner: usize) -> Result<(), Trouble> {
        if self.partition.contains(&owner) || !self.is_in(owner)? {
            return Ok(());
        }
        for joiner in self.awake() {
            if joiner != owner && !self.is_in(joiner)? {
                let script = self.script();
                self.pair(owner, joiner, script)?;
                break;
            }
        }
        Ok(())
    }

    /// Somebody goes on from a copy: beside the device that it is of, or in its place.
    fn go_on_from_copy(&mut self, beside: bool) -> Result<(), Trouble> {
        if self.copies.is_empty() || (beside && self.devices.len() >= MOST_DEVICES) {
            return Ok(());
        }
        let (of, copy) = self.copies.remove(self.chance.below(self.copies.len()));
        let Some(at) = self.devices.iter().position(|device| device.number == of) else {
            return Ok(());
        };
        let (seed, number) = (self.seed(), self.next_number());
        let device = Device::from_copy(&copy, number, self.now, seed, &self.network)?;
        if beside {
            // Another copy of one that has a household of its own by now is not its twin; it is as if it were.
            (self.devices[at].was_copied, self.devices[at].may_be_out) = (true, true);
            self.devices.push(device);
            self.network.count(Fault::Copied);
            self.touched.insert(self.devices.len() - 1);
        } else {
            self.devices[at] = device;
            self.network.count(Fault::SetBack);
            self.touched.insert(at);
        }
        Ok(())
    }

    fn back_up(&mut self, at: usize) -> Result<(), Trouble> {
        let now = self.devices[at].now();
        // Below the door, whose backups take a second each: a passphrase is to be hard to guess.
        let written = backup::write(self.devices[at].vault()?, PASSPHRASE, Cost::TEST, now).map_err(|error| error.to_string())?;
        self.backups.push(written.file);
        Ok(())
    }

    /// A backup is restored on a new device, which is then paired.
    fn restore(&mut self, owner: usize) -> Result<(), Trouble> {
        let Some(backup) = self.chance.pick(&self.backups) else {
            return Ok(());
        };
        if self.devices.len() >= MOST_DEVICES {
            return Ok(());
        }
        let joiner = self.new_device()?;
        self.touched.insert(joiner);
        let backup = OpenedBackup::open(&backup, PASSPHRASE).map_err(|error| error.to_string())?;
        let restored = self.devices[joiner].door()?.restore_backup(&backup, OldRows::LeaveOut);
        restored.map_err(|error| error.to_string())?;
        self.network.count(Fault::Restored);
        self.look(joiner)?;
        if !self.partition.contains(&owner) && self.is_in(owner)? && self.chance.one_in(2) {
            let script = self.script();
            self.pair(owner, joiner, script)?;
        }
        Ok(())
    }

    fn lie(&mut self, step: Step) {
        self.lied = true;
        match step {
            Step::RollBack if !self.network.is_forked() => {
                if let Some(then) = self.network.roll_back(&self.chance) {
                    for device in self.devices.iter_mut().filter(|device| device.seen_whole > then) {
                        device.must_notice = Some(then);
                    }
                }
            }
            Step::Wipe if !self.network.is_forked() => {
                self.network.wipe(&self.chance);
                self.devices.iter_mut().for_each(|device| device.must_notice = None);
            }
            Step::Fork => {
                let numbers = self.devices.iter().map(|device| device.number);
                let some = numbers.filter(|_| self.chance.one_in(2)).collect();
                self.network.fork(some);
            }
            Step::EndFork => {
                let other_stays = self.chance.one_in(2);
                self.network.end_fork(other_stays);
                self.devices.iter_mut().for_each(|device| device.must_notice = None);
            }
            Step::Withhold => {
                let numbers: Vec<usize> = self.devices.iter().map(|device| device.number).collect();
                self.network
                    .withhold(self.chance.pick(&numbers).zip(self.chance.pick(&numbers)));
            }
            Step::EndWithhold => self.network.withhold(None),
            _ => {}
        }
    }
}

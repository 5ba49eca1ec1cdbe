//! After all that happened: the relay is honest, clocks are right, everybody syncs until nothing is left to send; then it is looked at what came
//! of it.

use std::collections::BTreeSet;

use techo_core::sync::engine::{self, Outgoing};
use techo_core::sync::seizure::{self, Seized};

use super::Trouble;
use super::faults::Fault;
use super::nested;
use super::network::Script;
use super::story::DAY;
use super::world::{End, World};

/// So many rounds at most until all are quiet.
const MOST_ROUNDS: usize = 16;

impl World {
    /// Lets everything come to rest.
    pub fn come_to_rest(&mut self) -> Result<(), Trouble> {
        self.tell(|| "quiet".into());
        self.network.becomes_honest(&self.chance);
        self.partition.clear();
        let latest = self.away.drain(..).map(|(_, until)| until).max().unwrap_or_default();
        self.devices.iter_mut().for_each(|device| {
            (device.drift, device.jumped) = (0, None);
            device.must_notice = None;
            device.may_be_out |= latest > 0;
        });
        self.set_time(self.now.max(latest) + DAY);
        self.sync_until_quiet()?;
        // One more sign of life of each: what was announced is in use then, and what it replaced destroyed.
        self.set_time(self.now + DAY);
        self.sync_until_quiet()
    }

    /// Syncs all in turn until a whole round has nothing to say; lets in whoever is out.
    fn sync_until_quiet(&mut self) -> Result<(), Trouble> {
        let mut unknown = 0;
        let mut have_met = false;
        for round in 0..MOST_ROUNDS {
            let mut is_quiet = true;
            for at in 0..self.devices.len() {
                if !self.is_in(at)? {
                    is_quiet &= !self.let_in(at)?;
                    continue;
                }
                self.touched.clear();
                match self.converse(at, Script::default())? {
                    End::Done(done) => {
                        is_quiet &= (done.sent, done.removed, done.received) == (0, 0, 0);
                    }
                    End::Unknown => {
                        is_quiet = false;
                        // Its branch of the household is not the relay's, and could not be joined directly: it is paired again.
                        if !have_met || !self.let_in(at)? {
                            unknown += 1;
                        }
                    }
                    End::Broken | End::BegunAnew | End::LockedOut => is_quiet = false,
                }
                self.look(at)?;
            }
            is_quiet &= !self.remove_ghosts()?;
            if is_quiet {
                return Ok(());
            }
            if unknown > 0 && round % 3 == 2 {
                // The relay knows the household by a key that is not this device's: people exchange directly; where that is of no use, they
                // take another relay.
                self.meet()?;
                if std::mem::replace(&mut have_met, true) {
                    self.network.move_away();
                    self.tell(|| "all move to another relay".into());
                }
            }
            unknown = 0;
        }
        Err("it does not come to rest".into())
    }

    /// All exchange directly, twice.
    fn meet(&mut self) -> Result<(), Trouble> {
        for _ in 0..2 {
            for from in 0..self.devices.len() {
                for to in 0..self.devices.len() {
                    self.give(from, to)?;
                }
            }
        }
        for at in 0..self.devices.len() {
            self.look(at)?;
        }
        Ok(())
    }

    /// Lets a device in that is out, by one that is in. Answers whether there is one.
    fn let_in(&mut self, joiner: usize) -> Result<bool, Trouble> {
        for owner in 0..self.devices.len() {
            let may_own = owner != joiner && self.is_in(owner)?;
            if may_own && self.pair(owner, joiner, Script::default())? {
                self.look(joiner)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes from the list what is no device: where a pairing was cut short. Answers whether there was one.
    fn remove_ghosts(&mut self) -> Result<bool, Trouble> {
        let mut keys = Vec::new();
        for at in 0..self.devices.len() {
            let its = self.devices[at].household()?;
            keys.extend(its.list.device(its.index).map(|device| device.key));
        }
        for at in 0..self.devices.len() {
            if self.is_in(at)? {
                let list = self.devices[at].household()?.list;
                let ghost = list.devices.iter().find(|device| !keys.contains(&device.key));
                if let Some(ghost) = ghost.map(|ghost| ghost.index) {
                    self.ask_for(at, Script::default(), |door| {
                        door.remove_device(ghost).map(|removed| removed.told)
                    })?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Looks at what came of it.
    pub fn check(&mut self) -> Result<(), Trouble> {
        let mut household = Vec::new();
        for at in 0..self.devices.len() {
            if self.is_in(at)? {
                household.push(at);
            }
        }
        if self.plan.nests {
            return self.check_nested(&household);
        }
        self.check_that_all_agree(&household)?;
        self.check_that_nothing_is_lost(&household)?;
        self.check_that_all_are_quiet(&household)?;
        self.check_that_what_is_deleted_is_sealed(&household)
    }

    fn check_that_all_agree(&mut self, household: &[usize]) -> Result<(), Trouble> {
        let mut first = None;
        for at in household {
            let now = self.now;
            let device = &mut self.devices[*at];
            let number = device.number;
            let its = device.household()?;
            let door = device.door()?;
            let keep_days = door.keep_days().map_err(|error| error.to_string())?;
            let epoch = door.sync_status().map_err(|error| error.to_string())?.epoch;
            let shown = device.memory.shown.iter();
            let shown: Vec<_> = shown
                .filter(|(visit, _)| self.story.is_current(**visit, now))
                .map(|(visit, note)| (*visit, note.clone()))
                .collect();
            let what = (shown, keep_days, epoch, its.list.clone());
            match &first {
                None => first = Some((number, what)),
                Some((other, same)) if *same == what => {
                    let _ = other;
                }
                Some((other, same)) => {
                    return Err(format!(
                        "devices {other} and {number} do not agree: {:?} and {:?}, {} and {} days, epochs {} and {}",
                        same.0, what.0, same.1, what.1, same.2, what.2
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_that_nothing_is_lost(&mut self, household: &[usize]) -> Result<(), Trouble> {
        let made: BTreeSet<usize> = household
            .iter()
            .flat_map(|at| self.devices[*at].memory.wrote.clone())
            .collect();
        for at in household {
            let memory = &self.devices[*at].memory;
            for visit in 0..self.story.visits.len() {
                let had = household.iter().any(|at| self.devices[*at].memory.had.contains(&visit));
                let deleted = household.iter().any(|at| self.devices[*at].memory.deleted.contains(&visit));
                let number = self.devices[*at].number;
                let note = memory.shown.get(&visit);
                if had && !self.story.visits[visit].is_deleted && note.is_none() && self.story.is_current(visit, self.now) {
                    return Err(format!("visit {visit} is lost on device {number}"));
                }
                let Some(note) = note else { continue };
                if deleted {
                    return Err(format!("visit {visit} was deleted and is back on device {number}"));
                }
                let replaced = self.story.replaced(visit, &made);
                let of_visit = |writing: &usize| self.story.writings[*writing].visit == visit;
                let all: Vec<usize> = (0..self.story.writings.len()).filter(of_visit).collect();
                let living: Vec<usize> = all.iter().filter(|writing| !replaced.contains(writing)).copied().collect();
                for line in note.lines() {
                    if !living.iter().any(|writing| self.story.writings[*writing].text == line) {
                        return Err(format!(
                            "visit {visit} on device {number} has a note that was replaced: {line}"
                        ));
                    }
                }
                // With one writing that nobody replaced, and no clearing beside it, there is one answer.
                let is_plain = all
                    .iter()
                    .all(|writing| self.story.writings[*writing].is_certain && made.contains(writing));
                if let [only] = living[..]
                    && is_plain
                    && *note != self.story.writings[only].text
                {
                    return Err(format!("visit {visit} on device {number} lost its note"));
                }
            }
        }
        Ok(())
    }

    fn check_that_all_are_quiet(&mut self, household: &[usize]) -> Result<(), Trouble> {
        for at in household {
            let device = &mut self.devices[*at];
            let (number, now) = (device.number, device.now());
            let outgoing = engine::outgoing(device.vault()?, now).map_err(|error| error.to_string())?;
            if outgoing != Outgoing::default() {
                return Err(format!(
                    "device {number} is not quiet: {} to send, {} to remove, keyring {}",
                    outgoing.push.len(),
                    outgoing.remove.len(),
                    outgoing.keyring_due
                ));
            }
        }
        Ok(())
    }

    fn check_that_what_is_deleted_is_sealed(&mut self, household: &[usize]) -> Result<(), Trouble> {
        let mut seized = std::mem::take(&mut self.kept_keys);
        let mut deleted = BTreeSet::new();
        let mut made = BTreeSet::new();
        for at in household {
            let status = self.devices[*at].door()?.status().map_err(|error| error.to_string())?;
            if status.has_unfinished_deletion {
                return Err(format!(
                    "device {} has a deletion that is not finished",
                    self.devices[*at].number
                ));
            }
            seized.and(seizure::keys(self.devices[*at].vault()?).map_err(|error| error.to_string())?);
            deleted.extend(self.devices[*at].memory.deleted.iter().copied());
            made.extend(self.devices[*at].memory.wrote.iter().copied());
        }
        let hoard = self.network.hoard();
        let seen = u64::try_from(hoard.len()).unwrap_or_default();
        self.network.count_many(Fault::Hoarded, seen);
        let plain = read(&mut seized, &hoard);
        let mut shown = false;
        for visit in 0..self.story.visits.len() {
            let story = &self.story.visits[visit];
            let found = holds(&plain, &story.canary);
            shown |= found;
            if found && deleted.contains(&visit) {
                return Err(format!("visit {visit} was deleted and can be opened"));
            }
        }
        let any_shown = household.iter().any(|at| {
            let shown = self.devices[*at].memory.shown.keys();
            shown.copied().any(|visit| self.story.is_current(visit, self.now))
        });
        if any_shown && !shown {
            return Err("the search finds nothing, not even what is there".into());
        }
        for visit in 0..self.story.visits.len() {
            let replaced = self.story.replaced(visit, &made);
            for writing in &replaced {
                let Some(canary) = &self.story.writings[*writing].canary else {
                    continue;
                };
                let lives_on = self.story.writings.iter().enumerate();
                let mut lives_on = lives_on.filter(|(number, other)| !replaced.contains(number) && other.visit == visit);
                if !lives_on.any(|(_, other)| other.text.contains(canary)) && holds(&plain, canary) {
                    return Err(format!("note {writing} of visit {visit} was replaced and can be opened"));
                }
            }
        }
        Ok(())
    }

    fn check_nested(&mut self, household: &[usize]) -> Result<(), Trouble> {
        for at in household {
            let shown = nested::rows(self.devices[*at].vault()?)?;
            if let Some(lost) = self.story.visits.iter().position(|visit| !shown.contains(&visit.canary)) {
                return Err(format!("visit {lost} is lost on device {}", self.devices[*at].number));
            }
        }
        Ok(())
    }
}

fn read(seized: &mut Seized, hoard: &[Vec<u8>]) -> Vec<u8> {
    seized.read(hoard).join(&0)
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    memchr::memmem::find(haystack, needle.as_bytes()).is_some()
}

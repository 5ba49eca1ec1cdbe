//! Whether the relay shows all that was seen there, by this device and by others.
//!
//! Two ways of hiding, and two ways of seeing it:
//!
//! * **What this device has itself seen there.** The phone pushed chunk 7 and was told that it is stored. Today the relay's inventory lacks its id,
//!   and no swap has removed it: the relay was set back, or lost it. It is sent again, and a person is told ([`RelayFault::RolledBack`]).
//! * **What another device has seen there.** The tablet's heartbeat, which the phone got by a stick, says "phone seen *at the relay* up to 9,
//!   tablet up to 4". The phone has taken in all that the relay shows and met nothing of the tablet's beyond 3: the relay hides number 4
//!   ([`RelayFault::Withholds`]). That the tablet has *seen* 4 would prove nothing, for it may have had it directly.
//!
//! An honest relay must never look guilty. So nothing is held against it before everything was read again from the beginning (a chunk may have
//! come at a place that was read before), and whoever removes chunks says in the same swap, or before, up to which number they are gone.

use std::collections::HashSet;

use techo_protocol::household::body::Subject;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::sync_api::Call;

use super::{MOST_TRIES, RelaySession, StreamRelay, ask};
use crate::sync::document_log::LogEntry;
use crate::sync::household::{RelayFault, day_of};
use crate::sync::keyring::is_expired;
use crate::sync::state::State;

impl<R: StreamRelay> RelaySession<'_, R> {
    /// Looks whether all that this device has seen at the relay is still there, and whether it was shown all that others have seen.
    pub(super) fn check(&mut self) -> Result<(), R::Error> {
        let (mut lost, all_shown) = self.missing()?;
        let state = self.state.state();
        let misses = state.household.misses_something() || !state.lacking_lineages().is_empty();
        if lost || misses || !all_shown {
            // From the beginning once more: what has come at places that were read before.
            self.state.note(|state| {
                if let Some(relay) = &mut state.household.relay {
                    relay.cursor = 0;
                }
            });
            self.pull()?;
            lost |= self.missing()?.0;
            if self.rules.siblings_have_an_order && !self.state.state().lacking_lineages().is_empty() {
                let now = self.now;
                self.write(|state, writer| state.go_above_lost_lineages(state.today(now), writer))?;
            }
        }
        let relay_fault = self.done.relay_fault;
        self.done.relay_fault = self.state.note(|state| {
            let withholds = state.household.misses_something().then_some(RelayFault::Withholds);
            state.household.relay_fault = relay_fault.or(lost.then_some(RelayFault::RolledBack)).or(withholds);
            state.household.relay_fault
        });
        Ok(())
    }

    /// Whether chunks that this device has seen there are gone for no reason, so that they are to be sent again; and whether it was shown all
    /// that are there.
    fn missing(&mut self) -> Result<(bool, bool), R::Error> {
        for _ in 0..MOST_TRIES {
            let household = self.household();
            let Some(answer) = ask(self.relay, household, Call::Inventory)? else {
                self.follow()?;
                continue;
            };
            let at = household.relay.as_ref().map(|relay| (relay.cursor, relay.last_swap));
            if at != Some((answer.cursor, answer.last_swap)) {
                self.pull()?;
                continue;
            }
            let there: HashSet<&[u8]> = answer.ids.chunks_exact(16).collect();
            let now = self.now;
            let (lost, all_shown) = self.state.note(|state| {
                let lost = state.mark_missing(&there, now);
                if lost {
                    state.household.at_relay.unreported_fault = Some(RelayFault::RolledBack);
                }
                (lost, state.was_shown_all(&there))
            });
            if lost {
                // They will be there again once they were sent: that they were missing is not to be lost.
                self.store()?;
            }
            return Ok((lost, all_shown));
        }
        Ok((false, true))
    }
}

impl State {
    /// Whether each of these chunks was shown to this device: a relay that has hidden one for a time is asked for all again.
    ///
    /// The relay gave the phone places 1 to 5 and 7, and hid 6 until today. The phone's cursor is 7, so that it would never ask for 6 again. The
    /// inventory has an id that the phone does not hold, does not keep waiting, has not let go of and was not shown and passed over.
    fn was_shown_all(&mut self, there: &HashSet<&[u8]>) -> bool {
        self.household.at_relay.passed.retain(|id| there.contains(&id[..]));
        self.household.at_relay.passed.sort_unstable();
        self.household.at_relay.passed.dedup();
        let logs = self.logs.values();
        let in_logs = logs.flat_map(|log| log.entries.iter().filter_map(LogEntry::chunk_id));
        let waiting = self.waiting.iter().filter_map(|waiting| Envelope::read(&waiting.chunk).ok());
        let removable = self.logs.values().flat_map(|log| &log.removable);
        let let_go = removable
            .chain(&self.household.at_relay.sweep)
            .chain(&self.household.at_relay.passed);
        let shown: HashSet<[u8; 16]> = in_logs
            .chain(waiting.map(|envelope| envelope.chunk_id))
            .chain(let_go.map(|id| id.into_array()))
            .collect();
        there
            .iter()
            .all(|id| <[u8; 16]>::try_from(*id).is_ok_and(|id| shown.contains(&id)))
    }

    /// Marks the chunks that should be at the relay and are not; answers whether there are any that nobody may have removed.
    ///
    /// A chunk of a lineage that the keyring does not name may be gone for a good reason: the tablet has deleted something, its snapshot has taken
    /// the chunk's place, and the phone has not met it yet. It is sent again all the same, and whoever has the snapshot removes it again.
    ///
    /// A week that is over for the household may be here still: a clock that stood months behind wrote it, or nothing has confirmed yet that its time
    /// is over. Others let go of it by the latest day that anybody says; where it is over by
    /// this device's own clock too, it is not sent again.
    fn mark_missing(&mut self, there: &HashSet<&[u8]>, now: i64) -> bool {
        let latest = day_of(self.time.at_least(now));
        let mut any = false;
        let subjects: Vec<_> = self.logs.keys().copied().collect();
        for subject in subjects {
            let (may_be_over, is_over) = (is_expired(subject, latest), is_expired(subject, day_of(now)));
            let is_expected = !may_be_over
                && (subject == Subject::Heartbeat
                    || self.logs.get(&subject).is_some_and(|log| {
                        let lineage = log.lineage();
                        self.is_named(subject, lineage.generation, lineage.tag)
                    }));
            for entry in self.logs.get_mut(&subject).into_iter().flat_map(|log| &mut log.entries) {
                let is_there = entry.chunk_id().is_some_and(|id| there.contains(&id[..]));
                if entry.at_relay && !entry.spent && !is_there && is_over {
                    entry.spent = true;
                } else if entry.at_relay && !entry.spent && !is_there {
                    entry.at_relay = false;
                    any |= is_expected;
                }
            }
        }
        any
    }
}

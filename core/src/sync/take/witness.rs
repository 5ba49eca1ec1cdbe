//! What a signed body says of who wrote and who saw what. It holds whether or not the body's content can be opened.

use serde_bytes::ByteArray;
use techo_protocol::household::body::{Body, Heartbeat, Kind};

use super::{Intake, Taken};
use crate::sync::household::{Heard, Peer, day_of};

impl Intake<'_, '_> {
    /// Whether a body under this device's name is one that it wrote: it is not beyond the last, and not another at its place.
    pub(super) fn is_mine(&self, body: &Body, after: &[u8; 32]) -> bool {
        self.state.household.has_written(body.identity.number, after)
    }

    /// Whether somebody has seen of this device what it has not written: it is set back to an old state, or another goes on as it.
    pub(super) fn is_behind_itself(&mut self, body: &Body) -> bool {
        let household = &mut self.state.household;
        let of_me = body.vector.iter().find(|entry| entry.device == household.index);
        let seen = of_me.map_or(0, |entry| entry.seen.max(entry.at_relay).max(entry.gone));
        if household.log.number == 0 {
            // It has joined just now: that is of the device whose index this was half a year ago.
            household.log.of_predecessor = household.log.of_predecessor.max(seen);
        }
        seen > household.log.number.max(household.log.of_predecessor)
    }

    /// Notes what a signed body says of what was seen where; whether its content can be opened does not matter.
    pub(super) fn witness(&mut self, body: &Body, epoch: u32) {
        let household = &mut self.state.household;
        if self.from_relay {
            household
                .peers
                .vector
                .met_at_relay(body.identity.device, body.identity.number);
        }
        household.peers.vector.take(&body.vector);
        match &body.kind {
            Kind::Snapshot(snapshot) => {
                for absorbed in &snapshot.absorbed {
                    household.peers.vector.gone(absorbed.device, absorbed.number);
                }
                // They may be gone from the relay already, even where this snapshot's content cannot be opened yet.
                for entry in self.state.logs.values_mut().flat_map(|log| &mut log.entries) {
                    entry.spent |= snapshot.absorbed.contains(&entry.identity());
                }
            }
            Kind::Heartbeat(heartbeat) => self.peer(body, heartbeat, epoch),
            Kind::Change => {}
        }
    }

    /// A device was heard from, today at the latest: by its own clock it may have been years ago, and for that it must not be removed as silent.
    ///
    /// Who began the present epoch has named its newest HPKE key with it; a heartbeat of an earlier epoch is older. A device that was set back to an
    /// old copy meets the record first, and an old heartbeat after it.
    fn peer(&mut self, body: &Body, heartbeat: &Heartbeat, epoch: u32) {
        let heard_on = day_of(self.state.time.at_least(self.source.now));
        let household = &mut self.state.household;
        let (device, number) = (body.identity.device, body.identity.number);
        if device == household.index
            || household
                .peers
                .said
                .iter()
                .any(|peer| peer.device == device && peer.number >= number)
        {
            return;
        }
        let began = household.began_by();
        let began = began.filter(|began| began.index == device && epoch < household.epoch());
        let hpke = began.map_or(heartbeat.hpke, |began| began.hpke);
        let of_me = body.vector.iter().find(|entry| entry.device == household.index);
        household.peers.said.retain(|peer| peer.device != device);
        household.peers.said.push(Peer {
            device,
            number,
            hpke: ByteArray::new(hpke),
            keyring: heartbeat.keyring,
            day: heartbeat.day.max(heard_on),
            seen_of_me: of_me.map_or(0, |entry| entry.seen),
        });
    }

    /// Whether the body is known already, or contradicts its neighbours: then its device was copied.
    pub(super) fn sequence(&mut self, body: &Body, after: &[u8; 32], chunk: &[u8]) -> Option<Taken> {
        let identity = body.identity;
        for entry in self.state.logs.values_mut().flat_map(|log| &mut log.entries) {
            if entry.device != identity.device {
                continue;
            }
            if entry.number == identity.number {
                if *entry.after != *after {
                    return Some(Taken::Copied);
                }
                let spare = if self.from_relay { entry.met_at_relay(chunk) } else { None };
                if let Some(spare) = spare {
                    self.sweep(spare);
                }
                return Some(Taken::Known);
            }
            let follows = entry.number.checked_add(1) == Some(identity.number) && *entry.after != body.chain;
            let precedes = identity.number.checked_add(1) == Some(entry.number) && *entry.chain != *after;
            if follows || precedes {
                return Some(Taken::Copied);
            }
        }
        let heard = self
            .state
            .household
            .peers
            .heard
            .iter()
            .find(|heard| heard.device == identity.device)?;
        let breaks = heard.highest.checked_add(1) == Some(identity.number) && heard.after != body.chain;
        (breaks || (heard.highest == identity.number && heard.after != *after)).then_some(Taken::Copied)
    }

    pub(super) fn heard(&mut self, body: &Body, after: [u8; 32]) {
        let (device, highest) = (body.identity.device, body.identity.number);
        match self
            .state
            .household
            .peers
            .heard
            .iter_mut()
            .find(|heard| heard.device == device)
        {
            Some(heard) if heard.highest < highest => *heard = Heard { device, highest, after },
            Some(_) => {}
            None => self.state.household.peers.heard.push(Heard { device, highest, after }),
        }
    }
}

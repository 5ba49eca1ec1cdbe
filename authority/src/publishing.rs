//! Publishing: what is pending goes into signed segments, and a signed manifest lists them. Then relays get both.
//!
//! Signing and sending are apart. What was signed is stored before anything is sent, so a crash between the two sends the same bytes again,
//! and every relay gets the same. A relay is asked what it holds, so one that is new or was restored gets what it lacks.
//!
//! A segment is signed only by a key that an earlier manifest announced, because a relay takes no others. After a notice key was revoked,
//! the first manifest therefore announces the new key, and the next one carries the segments: [`Authority::publish`] does both. A relay that
//! was away all through such a change has to be given the trust file again.

mod manifests;
mod public_files;
mod relay;
mod revoking;
mod segments;
mod signers;

use techo_protocol::basics::random::Random;

use crate::{Authority, Error};

pub use relay::{RelayPort, Sent};
pub(crate) use signers::announced_signer;

techo_protocol::coded_errors! {
    /// Why nothing could be published.
    pub enum PublishError {
        /// The newest manifest was signed later than now.
        ClockBehind = "publish.clock_behind", "This machine's clock is behind the last list that was published.", "Set the clock. Phones would refuse a list that is older than one they hold.";
        /// Nothing was signed yet.
        NothingSigned = "publish.nothing_signed", "Nothing was signed yet.", "Publish first.";
        /// The relay holds a later manifest of this authority.
        RelayAhead = "publish.relay_ahead", "The relay holds a later list than this profile.", "This profile is an old copy. Restore the newest one; do not publish from two.";
        /// The relay holds another manifest of the same number.
        RelayDisagrees = "publish.relay_disagrees", "The relay holds another list of the same number.", "Somebody published from a copy of this profile. Find out who, and do not publish from two.";
        /// More segments are listed than a manifest carries.
        ManifestTooLarge = "publish.manifest_too_large", "More lists are current than can be listed.", "Publish less often.";
    }
}

techo_protocol::coded_errors! {
    /// What does not stop a publishing, and should be seen to.
    pub enum PublishWarning {
        /// The trust list is past its date.
        TrustListExpired = "publish.trust_list_expired", "The trust list has expired; phones still take it and say that it is old.", "Bring the root key back and run `authority trust renew`.";
        /// It will be soon.
        TrustListExpiresSoon { days: i64 } = "publish.trust_list_expires_soon", "The trust list expires in {days} days.", "Bring the root key back and run `authority trust renew`.";
    }
}

/// What publishing signed: a manifest, and how much is in its new segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The manifest's sequence number.
    pub sequence: u64,
    /// When it was signed, in Unix seconds.
    pub signed_at: i64,
    /// Segments that were signed now.
    pub segments: usize,
    /// Notices that are in them.
    pub notices: usize,
    /// Recalls that are in them.
    pub recalls: usize,
    /// Venue-hours that are in them, under all codes.
    pub entries: usize,
    /// Length of these segments in bytes.
    pub bytes: usize,
    /// Nothing was signed: the last manifest has not been sent yet and says it all.
    pub reused: bool,
    /// What is pending waits for the next manifest, since this one first announces the key that will sign it.
    pub deferred: bool,
    /// What should be seen to.
    pub warnings: Vec<PublishWarning>,
}

/// What a publishing did.
#[derive(Debug)]
pub struct Published {
    /// What was signed; more than once where a key had to be announced first.
    pub prepared: Vec<Prepared>,
    /// For each relay, in the order given, what it got last.
    pub relays: Vec<Result<Sent, Error>>,
}

impl Authority {
    /// Signs what is pending and sends it to every relay. One relay that fails does not stop the others.
    ///
    /// # Errors
    /// As [`Authority::prepare`]. What a relay said is in [`Published::relays`].
    pub fn publish(&mut self, relays: &[&dyn RelayPort], now: i64, random: &dyn Random) -> Result<Published, Error> {
        let mut prepared = Vec::new();
        loop {
            let signed = self.prepare(now, random)?;
            let deferred = signed.deferred;
            prepared.push(signed);
            let results: Vec<_> = relays.iter().map(|relay| self.send(*relay)).collect();
            // Where no relay took the announcement, the next try has to begin with it again.
            if !deferred || results.iter().all(Result::is_err) {
                return Ok(Published {
                    prepared,
                    relays: results,
                });
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod fake_relay;
#[cfg(test)]
mod tests;

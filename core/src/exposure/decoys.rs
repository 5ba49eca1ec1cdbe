//! Decoys: every phone sends an empty envelope now and then, so that a sent diary does not say that its sender is infected.
//!
//! Envelopes leave at random times, one a month on average for each authority (a Poisson process: when the next is due says nothing of the
//! last), during a fetch that would have happened anyway. A diary that a person sends counts as one.

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::random::{Random, random_bytes};
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::diary_upload;
use techo_protocol::exposure::relay_api::diary_path;
use techo_protocol::trust::{AuthorityId, Role};

use super::ExposureError;
use crate::following;
use crate::ports::Relay;
use crate::vault::{RecordKind, Vault, VaultError, Writer};

/// Mean time between two envelopes, in seconds.
pub const MEAN_SECONDS: i64 = 30 * DAY_SECONDS;

/// Sends the envelopes that are due. One that does not arrive is due again next time; nobody is told, since it holds nothing.
///
/// ```
/// use techo_testing::{Authority, Files, NOW};
/// use techo_core::exposure::decoys;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// following::add(&mut vault, &Authority::named("Osaka Prefecture").trust_file())?;
/// let relay = Files::default();
/// assert_eq!(decoys::send_due(&mut vault, &relay, &[], NOW)?, 0, "the first is only planned");
/// let ten_years_later = NOW + 120 * decoys::MEAN_SECONDS;
/// assert_eq!(decoys::send_due(&mut vault, &relay, &[], ten_years_later)?, 1, "however long ago it was due");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExposureError::Vault`].
pub fn send_due(vault: &mut Vault, relay: &dyn Relay, relays: &[String], now: i64) -> Result<usize, ExposureError> {
    let mut sent = 0;
    for list in following::all(vault)? {
        let authority = list.authority();
        let Some(address) = relays.first().or(list.relays.first()) else {
            continue;
        };
        if list.keys(Role::Diary).next().is_none() || !is_due(vault, authority, now)? {
            continue;
        }
        let random = vault.random();
        let mailbox = MailboxId(random_bytes(random).map_err(VaultError::from)?);
        let Ok(envelope) = diary_upload::dummy(authority, random) else {
            continue;
        };
        if relay.put(address, &diary_path(authority, mailbox), envelope).is_ok() {
            schedule(vault, authority, now)?;
            sent += 1;
        }
    }
    Ok(sent)
}

/// Whether an envelope is due. At the first time the next one is planned, and none is due.
fn is_due(vault: &mut Vault, authority: AuthorityId, now: i64) -> Result<bool, ExposureError> {
    let planned = vault
        .record(RecordKind::DiaryUpload, &authority.0)?
        .and_then(|bytes| bytes.try_into().ok())
        .map(i64::from_be_bytes);
    if planned.is_none() {
        schedule(vault, authority, now)?;
    }
    Ok(planned.is_some_and(|planned| planned <= now))
}

/// Plans the next envelope. Also called when a person sends a diary.
///
/// ```
/// use techo_testing::{Authority, Files, NOW};
/// use techo_core::exposure::decoys;
/// use techo_core::following;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let osaka = following::add(&mut vault, &Authority::named("Osaka Prefecture").trust_file())?;
/// let next_year = NOW + 365 * 86_400;
/// decoys::schedule(&mut vault, osaka.authority(), next_year)?;
/// let sent = decoys::send_due(&mut vault, &Files::default(), &[], next_year - 1)?;
/// assert_eq!(sent, 0, "a diary that was sent puts the next envelope off");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExposureError::Vault`].
pub fn schedule(vault: &mut Vault, authority: AuthorityId, now: i64) -> Result<(), ExposureError> {
    let wait = wait(vault.random())?;
    vault.put_record(RecordKind::DiaryUpload, &authority.0, &now.saturating_add(wait).to_be_bytes())?;
    Ok(())
}

/// Forgets when the next envelope for an authority was due that is followed no longer.
pub(crate) fn remove_of(writer: &mut Writer<'_>, authority: AuthorityId) -> Result<(), VaultError> {
    writer.delete_record(RecordKind::DiaryUpload, &authority.0)
}

/// A draw from the exponential distribution, in seconds.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a time of chance needs no more than 53 bits"
)]
fn wait(random: &dyn Random) -> Result<i64, VaultError> {
    let drawn = u64::from_be_bytes(random_bytes(random)?) >> 11;
    let uniform = (drawn as f64 + 1.0) / (1_u64 << 53) as f64;
    Ok((-uniform.ln() * MEAN_SECONDS as f64) as i64)
}

#[cfg(test)]
mod tests {
    use techo_protocol::basics::random::SeededRandom;

    use super::*;

    #[test]
    fn one_a_month_on_average_and_never_regular() {
        let random = SeededRandom::new(1);
        let waits: Vec<i64> = (0..4_000).map(|_| wait(&random).unwrap()).collect();
        let mean = waits.iter().sum::<i64>() / 4_000;
        assert!((MEAN_SECONDS * 9 / 10..MEAN_SECONDS * 11 / 10).contains(&mean), "{mean}");
        let short = waits.iter().filter(|&&wait| wait < MEAN_SECONDS / 10).count();
        assert!(
            (300..460).contains(&short),
            "a tenth of the mean is undercut 9.5 times of 100, not {short} of 4,000"
        );
    }
}

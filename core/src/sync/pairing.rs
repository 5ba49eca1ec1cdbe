//! Letting a device into the household, and joining one.

use serde::{Deserialize, Serialize};
use techo_protocol::keys::SigningKey;
use techo_protocol::pairing::NewDevice;
use techo_protocol::sync_api::StreamId;

use super::household::{self, Household, Member};
use super::line::{State, to_cbor};
use super::{Refusal, SyncError};
use crate::vault::Vault;

/// The last message of a pairing (CBOR): all that the new device needs.
#[derive(Serialize, Deserialize)]
struct Welcome {
    stream: StreamId,
    epoch: u32,
    #[serde(with = "serde_bytes")]
    epoch_key: [u8; 32],
    index: u8,
    members: Vec<Member>,
}

/// Puts a device whose code was confirmed on the list, and gives what it needs. The list is to be sent to the relay before that is handed
/// over, so that no two devices get one place.
///
/// # Errors
/// [`Refusal::Full`], [`Refusal::NameInvalid`], or the vault cannot be written.
pub fn admit(vault: &mut Vault, device: &NewDevice) -> Result<Vec<u8>, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        let household = &mut state.household;
        let index = household.free_index()?;
        household.merge(&[Member {
            index,
            key: device.key,
            name: device.name.clone(),
            revision: 0,
        }]);
        if household.member(index).is_none() {
            return Err(Refusal::NameInvalid.into());
        }
        let welcome = to_cbor(&Welcome {
            stream: household.stream,
            epoch: household.epoch,
            epoch_key: household.epoch_key,
            index,
            members: household.members.clone(),
        });
        state.members_changed();
        state.store(writer)?;
        Ok(welcome)
    })
}

/// Joins the household of the last message. A diary that is here stays: its rows become entries of the household.
///
/// # Errors
/// [`Refusal::Other`] where the message is not for this key, or the vault cannot be written.
pub fn join(vault: &mut Vault, signer: &SigningKey, message: &[u8]) -> Result<(), SyncError> {
    let welcome: Welcome = ciborium::from_reader(message).map_err(|_| Refusal::Other)?;
    let me = welcome.members.iter().find(|member| member.index == welcome.index);
    if me.is_none_or(|me| me.key != signer.public()) {
        return Err(Refusal::Other.into());
    }
    let household = Household::of(
        welcome.stream,
        welcome.epoch,
        welcome.epoch_key,
        welcome.index,
        signer,
        welcome.members,
    );
    vault.write(|writer| household::replace(writer, household))
}

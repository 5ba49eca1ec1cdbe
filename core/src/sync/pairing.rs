//! Letting a device into the household, and joining one: through a relay, or directly where the two stand side by side.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::agreement::AgreementPublic;
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::household::chunk::EpochKey;
use techo_protocol::household::direct::Salt;
use techo_protocol::household::epoch_record::{Device, EpochRecord};
use techo_protocol::household::pairing::NewDevice;
use techo_protocol::household::sync_api::{Call, StreamId, SyncAnswer, relay_key};

use super::exchange::{RelaySession, StreamRelay, ask_as, the_household};
use super::household::{FormerAccount, Household, NewIdentity, Proposal, checked, free_index};
use super::records::records_before;
use super::rules::Rules;
use super::state::{State, change};
use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use super::{beginning, cbor::to_cbor};
use crate::vault::{Vault, Writer};

/// So often others may be faster.
const MOST_TRIES: usize = 8;

/// The last message of a pairing (CBOR): what the new device needs to ask the relay for the rest, as one of the household.
#[derive(Serialize, Deserialize)]
struct Welcome {
    stream: StreamId,
    index: u8,
    #[serde(with = "secret::as_bytes")]
    epoch_key: Secret<32>,
}

/// The last message of a pairing without a relay (CBOR): with it comes what a relay would have had.
#[derive(Serialize, Deserialize)]
struct DirectWelcome {
    welcome: Welcome,
    records: Vec<ByteBuf>,
    keyring: Option<ByteBuf>,
    /// The owner's index, and the salt under which it expects to be called at once.
    owner: u8,
    salt: ByteArray<16>,
}

/// Whom a device that has joined directly calls for the diary itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerToCall {
    /// The owner's index in the device list.
    pub device: u8,
    /// The owner's X25519 key, by which the caller recognises it.
    pub key: AgreementPublic,
    /// Under which salt it listens.
    pub salt: Salt,
}

/// Puts a device whose code was confirmed on the list, at the relay and here, and gives what it needs.
///
/// ```
/// use techo_core::ports::SystemRandom;
/// use techo_core::sync::household::NewIdentity;
/// use techo_core::sync::pairing::{admit, join};
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut phone, mut tablet) = (MemoryRelay::new(1), Phone::new(), Phone::new());
/// phone.add("Bar Yoru", 1);
/// // The identity came over a channel whose digits a person has compared.
/// let identity = NewIdentity::generate("Tablet", &SystemRandom::new())?;
/// let welcome = admit(phone.diary.vault(), &relay, "relay", &identity.device, phone.now).unwrap();
/// join(tablet.diary.vault(), &relay, &identity, &welcome, tablet.now).unwrap();
/// phone.sync(&relay);
/// tablet.sync(&relay);
/// assert_eq!(tablet.household().list.devices.len(), 2);
/// assert_eq!(tablet.names(), ["Bar Yoru"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HouseholdRefusal::Full`], [`HouseholdRefusal::NameInvalid`], the relay's, or the vault cannot be written.
pub fn admit<R: StreamRelay>(
    vault: &mut Vault,
    relay: &R,
    address: &str,
    device: &NewDevice,
    now: i64,
) -> Result<Vec<u8>, R::Error> {
    let session = RelaySession::begin(vault, relay, address, now, Rules::default())?;
    session.run(|session| admitted(session, device))
}

fn admitted<R: StreamRelay>(session: &mut RelaySession<'_, R>, device: &NewDevice) -> Result<Vec<u8>, R::Error> {
    let now = session.now;
    for _ in 0..MOST_TRIES {
        session.pull()?;
        let household = session.household();
        if let Some(listed) = household.list.devices.iter().find(|listed| listed.key == device.key) {
            let index = listed.index;
            carry_over(session)?;
            let household = session.household();
            return Ok(to_cbor(&Welcome {
                stream: household.stream,
                index,
                epoch_key: household.epoch_key().0,
            }));
        }
        let (install, new) = session.write(|state, writer| {
            let new = state.household.record_with(
                listed(&state.household, device, state.today(now))?,
                state.today(now),
                writer.random(),
            )?;
            Ok((state.install_of(&new, writer.random())?, new))
        })?;
        // Whether it stood, or another was faster, the list says.
        session.install(&install, Some(&new))?;
    }
    Err(SyncError::from(HouseholdRefusal::Behind).into())
}

/// Writes anew, for a device that is to be let in, what it could not open: it gets the key of the present epoch alone.
fn carry_over<R: StreamRelay>(session: &mut RelaySession<'_, R>) -> Result<(), R::Error> {
    if !session.state().holds_of_a_replaced_epoch() {
        return Ok(());
    }
    session.write(|state, _| {
        state.household.due.rekey = true;
        Ok(())
    })?;
    session.send_all()
}

/// Puts a device whose code was confirmed on the list here, without a relay, and gives what it needs. `salt` is the one under which this
/// device then expects its call. A relay that the household has is told with the next sync: where another device has changed the list there in
/// the meantime, that change comes first and this one after it.
///
/// # Errors
/// [`HouseholdRefusal::Full`], [`HouseholdRefusal::NameInvalid`], [`HouseholdRefusal::LockedOut`], or the vault cannot be written.
pub fn admit_directly(vault: &mut Vault, device: &NewDevice, salt: &Salt, now: i64) -> Result<Vec<u8>, SyncError> {
    the_household(vault)?.is_let_in()?;
    change(vault, |state, writer| {
        let (today, random) = (state.today(now), writer.random());
        state.household.due.rekey |= state.holds_of_a_replaced_epoch();
        state.settle(writer, now)?;
        let known = state.household.list.devices.iter().find(|known| known.key == device.key);
        let index = if let Some(known) = known {
            known.index
        } else {
            let device = listed(&state.household, device, today)?;
            let index = device.index;
            let new = state.household.record_with_only(device.clone(), today, random)?;
            let list = new.record.open_list(&new.key)?.list;
            state.adopt(&new.record, &[], list, &new.key, today, random)?;
            state.household.proposals.push(Proposal::Admit(device));
            state.settle(writer, now)?;
            index
        };
        let keyring = state.make_keyring(0, random)?;
        state.take_keyring(keyring.bytes(), false, today, random)?;
        let records = state.records_after(None).into_iter().map(ByteBuf::from).collect();
        let household = &state.household;
        let welcome = Welcome {
            stream: household.stream,
            index,
            epoch_key: household.epoch_key().0,
        };
        Ok(to_cbor(&DirectWelcome {
            welcome,
            records,
            keyring: state.keyring_bytes().map(ByteBuf::from),
            owner: household.index,
            salt: ByteArray::new(salt.0),
        }))
    })
}

/// Joins the household of the last message of a pairing without a relay. A diary that is here stays, as with [`join`]. Answers whom to call for
/// the household's own.
///
/// # Errors
/// [`HouseholdRefusal::Other`] where the message is not for this device, or the vault cannot be written.
pub fn join_directly(vault: &mut Vault, identity: &NewIdentity, message: &[u8], now: i64) -> Result<OwnerToCall, SyncError> {
    let said: DirectWelcome = ciborium::from_reader(message).map_err(|_| HouseholdRefusal::Other)?;
    let key = EpochKey(said.welcome.epoch_key.clone());
    let answer = SyncAnswer {
        records: said.records,
        keyring_record: said.keyring,
        ..SyncAnswer::default()
    };
    take_place(vault, identity, &said.welcome, &key, &answer, now)?;
    let household = the_household(vault)?;
    let owner = household.list.device(said.owner).ok_or(HouseholdRefusal::Other)?;
    Ok(OwnerToCall {
        device: owner.index,
        key: owner.agreement,
        salt: Salt(said.salt.into_array()),
    })
}

fn listed(household: &Household, device: &NewDevice, today: Today) -> Result<Device, SyncError> {
    Ok(Device {
        index: free_index(&household.list, today)?,
        key: device.key,
        agreement: device.agreement,
        hpke: device.hpke,
        name: checked(&device.name)?.to_owned(),
        since: 0,
        by_words: false,
    })
}

/// Joins the household of the last message, whose record and keyring the relay has. A diary that is here stays, and its rows become entries of
/// the household; its account at the relay is deleted after the next sync.
///
/// # Errors
/// [`HouseholdRefusal::Other`] where the message is not for this device; the relay's; or the vault cannot be written.
pub fn join<R: StreamRelay>(
    vault: &mut Vault,
    relay: &R,
    identity: &NewIdentity,
    message: &[u8],
    now: i64,
) -> Result<(), R::Error> {
    let welcome: Welcome = ciborium::from_reader(message).map_err(|_| SyncError::from(HouseholdRefusal::Other))?;
    let key = EpochKey(welcome.epoch_key.clone());
    // With those of before: should the relay lose everything, others that are behind are found by them.
    let call = Call::Records { since: Some(0) };
    let answer = ask_as(relay, welcome.stream, &relay_key(&key), call)?.ok_or(SyncError::from(HouseholdRefusal::Behind))?;
    Ok(take_place(vault, identity, &welcome, &key, &answer, now)?)
}

fn take_place(
    vault: &mut Vault,
    identity: &NewIdentity,
    welcome: &Welcome,
    key: &EpochKey,
    answer: &SyncAnswer,
    now: i64,
) -> Result<(), SyncError> {
    let record = EpochRecord::read(answer.records.last().ok_or(HouseholdRefusal::Other)?)?;
    let list = record.open_list(key)?.list;
    let me = list.device(welcome.index);
    if record.head.stream != welcome.stream || me.is_none_or(|me| me.key != identity.device.key) {
        return Err(HouseholdRefusal::Other.into());
    }
    let mut household = Household::of(&record, list, key, welcome.index, &identity.seed, &identity.hpke);
    household.epochs.replaced = records_before(&record, &answer.records);
    vault.write(|writer| become_member(writer, household, answer.keyring_record.as_deref().map(Vec::as_slice), now))
}

/// Puts a household in the place of the one that was here, whose account is to be deleted.
pub(super) fn become_member(
    writer: &mut Writer<'_>,
    mut household: Household,
    keyring: Option<&[u8]>,
    now: i64,
) -> Result<(), SyncError> {
    let old = match State::load(&writer.reader()) {
        Ok(state) => Some(state.household),
        Err(SyncError::Refused(HouseholdRefusal::NewerVersion)) => return Err(HouseholdRefusal::NewerVersion.into()),
        // There is none, or nothing can be made of it any more.
        Err(_) => None,
    };
    household.due.rekey = old.as_ref().is_some_and(|old| old.log.was_copied);
    household.former = old.filter(|old| old.list.devices.len() == 1).and_then(|old| {
        let relay = old.relay.as_ref()?;
        Some(FormerAccount {
            address: relay.address.clone(),
            stream: old.stream,
            opening: relay.opening,
            epoch_key: old.epoch_key().0,
        })
    });
    beginning::write_as_another(writer)?;
    beginning::replace(writer, household)?;
    let mut state = State::load(&writer.reader())?;
    if let Some(keyring) = keyring {
        state.take_keyring(keyring, true, state.today(now), writer.random())?;
    }
    state.store(writer)
}

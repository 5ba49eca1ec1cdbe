//! The state that is loaded, and whether it is still what the vault holds: a session loads it once.
//!
//! What is *written* is durable when the call returns. What is *noted* is in memory until the next write, or until the session ends. Only
//! what the other side said may be noted (a cursor, "I have this chunk"): losing it is as if the process had been killed before the answer came,
//! and the answer can be had again. What this device says of itself is written before it leaves. An example: a phone seals a visit as chunk 7,
//! pushes it, and dies. Had it not stored number 7 first, it would give the next visit the same number, and the tablet would see two chunks 7 of
//! one device, the sign of a copied one.

use super::SyncError;
use super::household::Household;
use super::state::{State, stored};
use crate::confirmed_time::ConfirmedTime;
use crate::vault::{Reader, Vault, Writer};

/// The engine's state, held through a session.
pub(super) struct OpenState {
    state: State,
    /// The vault's stamp at which it was what the vault holds.
    stamp: u64,
    /// A transaction failed half-way: what is here may be half of it.
    is_broken: bool,
}

impl OpenState {
    /// Loads it.
    ///
    /// # Errors
    /// `HouseholdRefusal::None` where there is no household yet, or the vault cannot be read.
    pub(super) fn load(vault: &mut Vault) -> Result<Self, SyncError> {
        vault.read(|reader| {
            Ok(Self {
                state: State::load(reader)?,
                stamp: reader.stamp(),
                is_broken: false,
            })
        })
    }

    pub(super) fn household(&self) -> &Household {
        &self.state.household
    }

    /// The state, to be looked at.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Notes what need not be durable yet.
    pub(super) fn note<T>(&mut self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state)
    }

    /// Works in one transaction, and stores with it all that was noted before. Where nothing differs, nothing is written.
    ///
    /// # Errors
    /// What `work` answers, or the vault cannot be written; then what was noted since the last write is dropped too.
    pub(super) fn write<T>(
        &mut self,
        vault: &mut Vault,
        work: impl FnOnce(&mut State, &mut Writer<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        let done = vault.write(|writer| {
            self.catch_up(&writer.reader())?;
            let done = work(&mut self.state, writer)?;
            self.state.store(writer)?;
            Ok(done)
        });
        self.is_broken = done.is_err();
        self.stamp = vault.stamp();
        done
    }

    /// Takes over what another process has written in the meantime. A check-in of another process changes no record of the engine's, and what
    /// was noted stays; another process that synced does, and then what was noted is dropped, as if this one had been killed and begun anew.
    fn catch_up(&mut self, reader: &Reader<'_>) -> Result<(), SyncError> {
        if self.is_broken || self.stamp != reader.stamp() {
            let records = stored(reader)?;
            if self.is_broken || !self.state.was_stored_as(&records) {
                self.state = State::from_stored(records, ConfirmedTime::load(reader)?)?;
            }
        }
        Ok(())
    }
}

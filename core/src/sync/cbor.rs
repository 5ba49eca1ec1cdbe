//! Records of sync in the vault, and messages between devices that are paired, as CBOR.

use serde::Serialize;

use super::{HouseholdRefusal, SyncError};

/// The bytes of a record.
pub(super) fn to_cbor(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing to memory does not fail");
    out
}

/// Reads a record.
///
/// # Errors
/// [`HouseholdRefusal::Damaged`].
pub(super) fn from_cbor<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, SyncError> {
    ciborium::from_reader(bytes).map_err(|_| HouseholdRefusal::Damaged.into())
}

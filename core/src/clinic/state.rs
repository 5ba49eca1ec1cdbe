//! What the vault holds of a site, by name.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use techo_protocol::vaccination::dose_bundle::DoseRecord;
use techo_protocol::vaccination::ticket::TicketNumber;

use super::{ClinicError, STATE, STATE_VERSION, SiteRefusal, State, damaged};
use crate::vault::{Reader, RecordKind, StoreError, Vault, VaultError, Writer};

/// Reads what the site is and how far it has counted, in a transaction of its own.
pub(super) fn read(vault: &mut Vault) -> Result<State, ClinicError> {
    vault.read(of)
}

/// As [`read`], within a transaction.
pub(super) fn of(reader: &Reader<'_>) -> Result<State, ClinicError> {
    // The version alone first: the rest of a newer one may be of another form.
    let Version { version } = get(reader, STATE)?.ok_or(SiteRefusal::NotASite)?;
    if version > STATE_VERSION {
        let found = version.into();
        return Err(VaultError::from(StoreError::NewerVersion { found }).into());
    }
    Ok(get(reader, STATE)?.ok_or(SiteRefusal::NotASite)?)
}

#[derive(Deserialize)]
struct Version {
    version: u8,
}

/// The name of something that is counted.
pub(super) fn numbered(kind: u8, number: u32) -> Vec<u8> {
    [&[kind][..], &number.to_be_bytes()].concat()
}

/// The newest statement of a record.
pub(super) fn newest(reader: &Reader<'_>, number: u32) -> Result<DoseRecord, ClinicError> {
    let statement: u32 = get(reader, &numbered(b'r', number))?.ok_or(SiteRefusal::UnknownRecord)?;
    self::statement(reader, statement)
}

/// A statement by its number.
pub(super) fn statement(reader: &Reader<'_>, number: u32) -> Result<DoseRecord, ClinicError> {
    Ok(get(reader, &numbered(b'j', number))?.ok_or_else(damaged)?)
}

/// The records that have ever named a ticket.
pub(super) fn of_ticket(reader: &Reader<'_>, ticket: TicketNumber) -> Result<Vec<u32>, ClinicError> {
    Ok(get(reader, &ticket_name(ticket))?.unwrap_or_default())
}

/// Writes a statement, and what finds it.
pub(super) fn put_statement(writer: &mut Writer<'_>, state: &mut State, record: &DoseRecord) -> Result<(), ClinicError> {
    let number = state.statements;
    state.statements = number.checked_add(1).ok_or(SiteRefusal::TooManyCorrections)?;
    put(writer, &numbered(b'j', number), record)?;
    put(writer, &numbered(b'r', record.number), &number)?;
    let mut records = of_ticket(&writer.reader(), record.ticket)?;
    if !records.contains(&record.number) {
        records.push(record.number);
        put(writer, &ticket_name(record.ticket), &records)?;
    }
    writer.put_record(RecordKind::Clinic, STATE, &state.to_bytes())?;
    Ok(())
}

fn ticket_name(ticket: TicketNumber) -> Vec<u8> {
    [&[b't'][..], &ticket.number().to_be_bytes()].concat()
}

/// What has a name; `None` where nothing has it.
pub(super) fn get<T: DeserializeOwned>(reader: &Reader<'_>, name: &[u8]) -> Result<Option<T>, VaultError> {
    match reader.record(RecordKind::Clinic, name)? {
        Some(bytes) => ciborium::from_reader(&bytes[..]).map(Some).map_err(|_| damaged()),
        None => Ok(None),
    }
}

/// Writes something under a name.
pub(super) fn put(writer: &mut Writer<'_>, name: &[u8], value: &impl Serialize) -> Result<(), VaultError> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing to memory does not fail");
    writer.put_record(RecordKind::Clinic, name, &out)
}

//! What is kept of the alerts that a person has seen: a sealed record each, named by visit, authority and notice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use techo_protocol::basics::reader::ByteReader;
use techo_protocol::exposure::notice::NoticeId;
use techo_protocol::trust::AuthorityId;

use super::{Alert, AlertContent, AlertId};
use crate::documents::EntryId;
use crate::exposure::{ExposureError, ListError};
use crate::vault::{Reader, RecordKind, Vault};

/// What the person saw last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    pub content: AlertContent,
    pub dismissed: bool,
}

/// All that is kept.
pub(super) fn all(reader: &Reader<'_>) -> Result<BTreeMap<AlertId, Memory>, ExposureError> {
    let mut memories = BTreeMap::new();
    for (name, bytes) in reader.records(RecordKind::Alert)? {
        let id = id(&name).ok_or(ListError::Damaged)?;
        memories.insert(id, ciborium::from_reader(&bytes[..]).map_err(|_| ListError::Damaged)?);
    }
    Ok(memories)
}

/// Keeps what these alerts say as what the person knows.
pub(super) fn remember<'a>(
    vault: &mut Vault,
    alerts: impl Iterator<Item = &'a Alert>,
    dismissed: bool,
) -> Result<(), ExposureError> {
    let mut alerts = alerts.peekable();
    if alerts.peek().is_none() {
        return Ok(());
    }
    vault.write(|writer| {
        for alert in alerts {
            let mut bytes = Vec::new();
            let memory = Memory {
                content: alert.content.clone(),
                dismissed,
            };
            ciborium::into_writer(&memory, &mut bytes).expect("writing to memory does not fail");
            writer.put_record(RecordKind::Alert, &name(&alert.id), &bytes)?;
        }
        Ok(())
    })
}

/// Forgets what was seen of visits that are no longer in the diary; `visits` are all that are, hidden ones too.
///
/// # Errors
/// [`ExposureError::Vault`].
pub fn forget_deleted(vault: &mut Vault, visits: &[EntryId]) -> Result<(), ExposureError> {
    let mut gone: Vec<AlertId> = vault.read(all)?.into_keys().collect();
    gone.retain(|id| !visits.contains(&id.visit));
    if gone.is_empty() {
        return Ok(());
    }
    vault.write(|writer| {
        Ok(gone
            .iter()
            .try_for_each(|id| writer.delete_record(RecordKind::Alert, &name(id)))?)
    })
}

fn name(id: &AlertId) -> Vec<u8> {
    [id.visit.0.as_slice(), &id.authority.0, &id.notice.number().to_be_bytes()].concat()
}

fn id(name: &[u8]) -> Option<AlertId> {
    let mut reader = ByteReader::new(name);
    let id = AlertId {
        visit: EntryId(reader.array()?),
        authority: AuthorityId(reader.array()?),
        notice: NoticeId::from_low_bits(reader.u32()?),
    };
    reader.end().map(|()| id)
}

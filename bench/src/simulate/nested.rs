//! The mistake of a nested map. Core offers no way to make one, so the simulation writes rows past it, into the vault's own document of the
//! week: each device makes the map `visits` where it finds none, and puts its rows there. All the rest, sealing, sending and merging, is
//! core's. Where two devices have each made the map, Automerge keeps both and shows one, and the other's rows are gone without an error.

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use techo_core::vault::{DocumentName, NewChange, Vault, VaultError};

use super::Trouble;
use super::story::DAY;

const MAP: &str = "visits";

fn load(stored: Option<techo_core::vault::StoredDocument>) -> Result<AutoCommit, Trouble> {
    let mut bytes = Vec::new();
    if let Some(stored) = stored {
        bytes.extend(stored.snapshot.unwrap_or_default());
        bytes.extend(stored.changes.concat());
    }
    AutoCommit::load(&bytes).map_err(|error| error.to_string())
}

/// Puts a row into the nested map of its week.
pub fn add(vault: &mut Vault, check_in: i64, row: &str) -> Result<(), Trouble> {
    let name = DocumentName::Week(u32::try_from(check_in.div_euclid(7 * DAY)).unwrap_or_default());
    let actor = ActorId::from(vault.actor());
    let stored = vault
        .read(|reader| reader.document(&name))
        .map_err(|error: VaultError| error.to_string())?;
    let mut doc = load(stored)?.with_actor(actor);
    let before = doc.get_heads();
    let write = |doc: &mut AutoCommit| {
        let map = match doc.get(ROOT, MAP)? {
            Some((_, map)) => map,
            None => doc.put_object(ROOT, MAP, ObjType::Map)?,
        };
        doc.put(map, row, true)
    };
    write(&mut doc).map_err(|error| error.to_string())?;
    doc.commit();
    let heads: Vec<[u8; 32]> = doc.get_heads().iter().map(|head| head.0).collect();
    let count = doc.stats().num_changes;
    let changes = doc.get_changes(&before);
    let new: Vec<NewChange<'_>> = changes
        .iter()
        .map(|change| NewChange {
            bytes: change.raw_bytes(),
            local: true,
        })
        .collect();
    let written = vault.write(|writer| writer.append(&name, &new, &heads, count));
    written.map_err(|error| error.to_string())
}

/// The rows that a device shows.
pub fn rows(vault: &mut Vault) -> Result<Vec<String>, Trouble> {
    let mut rows = Vec::new();
    let stored = vault.read(|reader| {
        let names = reader.document_names();
        let weeks = names.iter().filter(|(name, _)| matches!(name, DocumentName::Week(_)));
        weeks
            .map(|(name, _)| reader.document(name))
            .collect::<Result<Vec<_>, VaultError>>()
    });
    for stored in stored.map_err(|error| error.to_string())? {
        let doc = load(stored)?;
        if let Some((_, map)) = doc.get(ROOT, MAP).map_err(|error| error.to_string())? {
            rows.extend(doc.keys(map));
        }
    }
    Ok(rows)
}

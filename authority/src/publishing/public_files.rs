//! Public files that a manifest names beside its segments: the newest of each kind, signed anew where what it says has changed.

use rusqlite::Connection;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::random::Random;
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::revocations::Revocations;
use techo_protocol::vaccination::town_update::TownUpdate;

use super::signers::signs_now;
use crate::keys::{KeyFiles, KeyRole};
use crate::municipality::{passes, sites};
use crate::store::{array, narrow};
use crate::{Error, audit};

/// What became of the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Refreshed {
    /// One was signed, or one is named no longer.
    pub changed: bool,
    /// One waits for the manifest after this one, which first announces the key that will sign it.
    pub deferred: bool,
}

/// Signs what has changed since, in the caller's transaction, with keys that relays know. A file whose key was revoked is named no longer.
pub(super) fn refresh(
    db: &Connection,
    keys: &KeyFiles,
    list: &TrustList,
    announced: &TrustList,
    now: i64,
    random: &dyn Random,
) -> Result<Refreshed, Error> {
    let mut refreshed = Refreshed::default();
    for (kind, file) in held(db)? {
        if kind.check(&file, list).is_err() {
            db.execute("DELETE FROM public_file WHERE kind = ?1", [kind.number()])?;
            refreshed.changed = true;
        }
    }
    if list.municipality.is_some() {
        refresh_revocations(db, keys, (list, announced), now, random, &mut refreshed)?;
        let held = held(db)?.into_iter().find(|(kind, _)| *kind == PublicFileKind::Sites);
        let held = held.and_then(|(_, file)| TownUpdate::read(&file, list).ok());
        let content = sites::update_content(db, list)?;
        let is_new = match &held {
            Some(held) => *held != numbered_as(held, &content),
            None => !is_empty(&content),
        };
        if is_new {
            let (public, is_announced) = signs_now(list, announced, KeyRole::Licence)?;
            if is_announced {
                let signer = keys.signing_key(KeyRole::Licence, &public)?;
                let update = sites::numbered(db, content, now)?;
                put(db, PublicFileKind::Sites, &update.write(&signer))?;
                audit::append(db, now, "sites.signed", &update.number.to_string())?;
                refreshed.changed = true;
            } else {
                refreshed.deferred = true;
            }
        }
    }
    Ok(refreshed)
}

/// Every municipality has a list of revoked passes from its first publishing on, so that there being one says nothing. It is signed anew where a
/// pass was revoked since, and daily, so that what has ended leaves it.
fn refresh_revocations(
    db: &Connection,
    keys: &KeyFiles,
    (list, announced): (&TrustList, &TrustList),
    now: i64,
    random: &dyn Random,
    refreshed: &mut Refreshed,
) -> Result<(), Error> {
    let held = held(db)?.into_iter().find(|(kind, _)| *kind == PublicFileKind::Revocations);
    let held = held.and_then(|(_, file)| Revocations::read(&file, [list]).ok());
    let revoked = passes::revoked(db, now)?;
    let is_current = held.is_some_and(|held| {
        (0..DAY_SECONDS).contains(&now.saturating_sub(held.issued_at())) && revoked.iter().all(|id| held.contains(*id))
    });
    if is_current {
        return Ok(());
    }
    let (public, is_announced) = signs_now(list, announced, KeyRole::Notice)?;
    if !is_announced {
        refreshed.deferred = true;
        return Ok(());
    }
    let signer = keys.signing_key(KeyRole::Notice, &public)?;
    let (number, file) = passes::sign_revocations(db, (list.authority(), &signer), &revoked, now, random)?;
    put(db, PublicFileKind::Revocations, &file)?;
    audit::append(db, now, "revocations.signed", &number.to_string())?;
    refreshed.changed = true;
    Ok(())
}

fn is_empty(update: &TownUpdate) -> bool {
    update.lots.is_empty() && update.recalled.is_empty() && update.revoked_sites.is_empty()
}

/// The content as it would be if it had been signed when `held` was.
fn numbered_as(held: &TownUpdate, content: &TownUpdate) -> TownUpdate {
    TownUpdate {
        number: held.number,
        issued_at: held.issued_at,
        ..content.clone()
    }
}

/// What a manifest names.
pub(super) fn listed(db: &Connection) -> Result<Vec<PublicFileRef>, Error> {
    let mut query = db.prepare_cached("SELECT kind, hash, length(file) FROM public_file ORDER BY kind")?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(PublicFileRef {
            kind: row.get(0)?,
            hash: array(row.get_ref(1)?.as_blob().unwrap_or(&[]))?,
            bytes: narrow(row.get::<_, i64>(2)?)?,
        });
    }
    Ok(out)
}

fn put(db: &Connection, kind: PublicFileKind, file: &[u8]) -> Result<(), Error> {
    db.execute(
        "REPLACE INTO public_file (kind, hash, file) VALUES (?1, ?2, ?3)",
        (kind.number(), sha256(file), file),
    )?;
    Ok(())
}

fn held(db: &Connection) -> Result<Vec<(PublicFileKind, Vec<u8>)>, Error> {
    let mut query = db.prepare_cached("SELECT file FROM public_file ORDER BY kind")?;
    let files = query
        .query_map([], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(files
        .into_iter()
        .filter_map(|file| Some((PublicFileKind::of(&file)?, file)))
        .collect())
}

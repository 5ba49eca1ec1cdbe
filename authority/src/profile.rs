//! An authority's profile: one folder with the database `authority.db`, the keys in `keys/`, and the root in `root/`.

use std::path::Path;

use rusqlite::Connection;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::Random;
use techo_protocol::trust::{AuthorityId, TrustList};

use crate::Error;
use crate::keys::{KeyError, KeyFiles, KeyRole, Passphrase};
use crate::store::{self, StoreError, array};
use crate::{audit, trust};

/// An authority whose profile is open: its database and its key files.
pub struct Authority {
    pub(crate) db: Connection,
    pub(crate) keys: KeyFiles,
    id: AuthorityId,
}

/// What an authority begins with.
#[derive(Debug, Clone)]
pub struct NewAuthority<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// The host in the URLs of its venue codes.
    pub host: &'a str,
}

impl Authority {
    /// Makes an authority in `folder`: its keys, its first trust list, its database.
    ///
    /// With a passphrase, keys are sealed under it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyInitialised`] where there is one; [`crate::trust::TrustChangeError`] for a name or host that cannot be; others
    /// where the folder cannot be written.
    pub fn init(
        folder: &Path,
        new: &NewAuthority<'_>,
        passphrase: Option<Passphrase>,
        now: i64,
        random: &dyn Random,
    ) -> Result<Self, Error> {
        let name = trust::check_identity(new.name, new.host)?;
        let mut db = store::create(folder)?;
        let keys = KeyFiles::new(folder, passphrase);
        let transaction = store::write(&mut db)?;
        if read_id(&transaction)?.is_some() {
            return Err(StoreError::AlreadyInitialised.into());
        }
        let (list, file) = trust::first_list(&keys, name, new.host, now, random)?;
        let id = list.authority();
        transaction.execute("INSERT INTO authority (one, id, made_at) VALUES (1, ?1, ?2)", (id.0, now))?;
        transaction.execute("INSERT INTO trust_list (number, file) VALUES (?1, ?2)", (list.number, file))?;
        audit::append(&transaction, now, "authority.made", &id.to_string())?;
        transaction.commit()?;
        Ok(Self { db, keys, id })
    }

    /// Opens the authority in `folder`.
    ///
    /// # Errors
    /// [`StoreError`]: there is none, a later version wrote it, or it is damaged.
    pub fn open(folder: &Path, passphrase: Option<Passphrase>) -> Result<Self, Error> {
        let db = store::open(folder)?;
        let id = read_id(&db)?.ok_or(StoreError::NotInitialised)?;
        Ok(Self {
            db,
            keys: KeyFiles::new(folder, passphrase),
            id,
        })
    }

    /// The authority's id, by which phones and relays know it.
    pub fn id(&self) -> AuthorityId {
        self.id
    }

    /// Whether a key file lies in the clear, which each start should say.
    pub fn has_clear_keys(&self) -> bool {
        self.keys.any_in_clear()
    }

    /// The newest trust list.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn trust_list(&self) -> Result<TrustList, Error> {
        Ok(trust::newest(&self.db)?.0)
    }

    /// The key of a role that signs now.
    pub(crate) fn signer(&self, role: KeyRole) -> Result<SigningKey, Error> {
        let list = self.trust_list()?;
        let missing = KeyError::Missing { role: role.as_str() };
        let listed = role.listed().ok_or(missing.clone())?;
        let public = list.keys(listed).last().ok_or(missing)?;
        self.keys.signing_key(role, public)
    }
}

fn read_id(db: &Connection) -> Result<Option<AuthorityId>, Error> {
    let mut query = db.prepare("SELECT id FROM authority")?;
    let mut rows = query.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(AuthorityId(array(row.get_ref(0)?.as_blob().unwrap_or(&[]))?)))
}

#[cfg(test)]
pub(crate) mod tests;

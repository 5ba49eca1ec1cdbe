//! The command line's keeper: the wrapping key in a file of mode 0600, in the clear or under a passphrase.
//!
//! With a passphrase, each key is sealed (AES-256-GCM, its id as associated data) under the file's own key, and that one
//! under the passphrase ([`techo_protocol::basics::passphrase`]): argon2id is so worked once a process and not once a key. A file
//! system keeps no promise to overwrite: copies may outlive a deletion in a journal, a snapshot, a backup or a flash chip.
//! [`ERASURE_NOTE`] says so to people.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use techo_protocol::basics::passphrase::{self, Cost, PassphraseError};
use zeroize::{Zeroize, Zeroizing};

use super::VaultError;
use super::seal::{self, Place};
use crate::ports::{KeyError, KeyId, KeyKeeper, Random, WrappingKey};

/// The key file's name in the profile's folder.
pub const KEY_FILE: &str = "vault.key";

/// What `status` says to a person whose key is in a file.
pub const ERASURE_NOTE: &str = "The key of this profile is in a file. When something is deleted, the key that could open it is replaced and the \
old one overwritten, but a disk, a snapshot or a backup may keep an old copy of the file: deletion is as sure as the disk is. \
Phones keep the key in hardware.";

/// The version of the file's format.
const FORMAT: u32 = 1;

/// What guessing a passphrase costs: RFC 9106, section 4, second recommended option (64 MiB, three passes).
const COST: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};

/// The file (JSON). Bytes are base64url.
#[derive(Serialize, Deserialize)]
struct Stored {
    techo_key_file: u32,
    /// The file's own key under the passphrase; absent where keys are in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    under_passphrase: Option<String>,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    id: String,
    key: String,
}

impl Drop for StoredKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Keeps wrapping keys in one file.
pub struct KeyFile {
    path: PathBuf,
    passphrase: Option<Zeroizing<String>>,
    random: Box<dyn Random + Send>,
    /// The file's own key and how it is written there, once the passphrase has opened it.
    own_key: OnceLock<(String, WrappingKey)>,
    cost: Cost,
}

impl KeyFile {
    /// The keeper of a profile's folder. Nothing is read or written yet.
    ///
    /// With a passphrase, a file that is made is under it; one that was made without is refused.
    ///
    /// ```
    /// use techo_core::ports::SystemRandom;
    /// use techo_core::vault::{Vault, key_file::KeyFile};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let keeper = || Box::new(KeyFile::new(folder.path(), None, Box::new(SystemRandom::new())));
    /// let actor = Vault::open(folder.path(), keeper(), Box::new(SystemRandom::new()))?.actor();
    /// assert_eq!(Vault::open(folder.path(), keeper(), Box::new(SystemRandom::new()))?.actor(), actor);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(folder: &Path, passphrase: Option<Zeroizing<String>>, random: Box<dyn Random + Send>) -> Self {
        Self {
            path: folder.join(KEY_FILE),
            passphrase,
            random,
            own_key: OnceLock::new(),
            cost: COST,
        }
    }

    /// As [`Self::new`], with a cost that suits tests.
    #[cfg(test)]
    pub(crate) fn with_small_cost(folder: &Path, passphrase: Option<&str>, random: Box<dyn Random + Send>) -> Self {
        let passphrase = passphrase.map(|text| Zeroizing::new(text.to_string()));
        Self {
            cost: Cost::TEST,
            ..Self::new(folder, passphrase, random)
        }
    }

    fn read(&self) -> Result<Option<Stored>, KeyError> {
        let mut text = Zeroizing::new(String::new());
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_string(&mut text).map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => KeyError::Damaged,
                _ => unavailable(&error),
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        let stored: Stored = serde_json::from_str(&text).map_err(|_| KeyError::Damaged)?;
        if stored.techo_key_file > FORMAT {
            return Err(KeyError::NewerVersion {
                found: stored.techo_key_file,
            });
        }
        match (&stored.under_passphrase, &self.passphrase) {
            (Some(_), None) => Err(KeyError::PassphraseNeeded),
            (None, Some(_)) => Err(KeyError::NotUnderPassphrase),
            _ => Ok(Some(stored)),
        }
    }

    /// A file without keys yet.
    fn begin(&self) -> Result<Stored, KeyError> {
        let under_passphrase = match &self.passphrase {
            None => None,
            Some(passphrase) => {
                let own = WrappingKey::generate(&*self.random).map_err(|_| no_random())?;
                let sealed =
                    passphrase::seal(own.expose(), passphrase, self.cost, &*self.random).map_err(|error| refused(&error))?;
                Some(URL_SAFE_NO_PAD.encode(sealed))
            }
        };
        Ok(Stored {
            techo_key_file: FORMAT,
            under_passphrase,
            keys: Vec::new(),
        })
    }

    /// The file's own key, `None` where its keys are in the clear.
    fn own_key(&self, stored: &Stored) -> Result<Option<WrappingKey>, KeyError> {
        let Some(written) = &stored.under_passphrase else {
            return Ok(None);
        };
        if let Some((known, key)) = self.own_key.get()
            && known == written
        {
            return Ok(Some(key.clone()));
        }
        let passphrase = self.passphrase.as_ref().ok_or(KeyError::PassphraseNeeded)?;
        let sealed = URL_SAFE_NO_PAD.decode(written).map_err(|_| KeyError::Damaged)?;
        let opened = passphrase::open(&sealed, passphrase).map_err(|error| refused(&error))?;
        let key = WrappingKey::of_slice(&opened).ok_or(KeyError::Damaged)?;
        // Lost if another file was opened first; then the passphrase is worked again, which is only slower.
        let _ = self.own_key.set((written.clone(), key.clone()));
        Ok(Some(key))
    }

    fn encode(&self, own: Option<&WrappingKey>, id: &KeyId, key: &WrappingKey) -> Result<StoredKey, KeyError> {
        let bytes = match own {
            None => key.expose().to_vec(),
            Some(own) => seal::seal(own, &*self.random, Place::WrappingKey(id), key.expose()).map_err(|error| match error {
                VaultError::Key(error) => error,
                VaultError::Random(_) | VaultError::Store(_) => no_random(),
            })?,
        };
        Ok(StoredKey {
            id: URL_SAFE_NO_PAD.encode(id),
            key: URL_SAFE_NO_PAD.encode(Zeroizing::new(bytes)),
        })
    }

    /// Writes the file anew beside the old one, puts it in its place, and overwrites the old one's bytes.
    fn replace(&self, stored: &Stored) -> Result<(), KeyError> {
        let text = Zeroizing::new(serde_json::to_string(stored).map_err(|_| KeyError::Damaged)?);
        techo_files::replace_secret(&self.path, text.as_bytes()).map_err(|error| unavailable(&error))
    }
}

impl KeyKeeper for KeyFile {
    fn load(&self, id: &KeyId) -> Result<Option<WrappingKey>, KeyError> {
        let Some(stored) = self.read()? else { return Ok(None) };
        let name = URL_SAFE_NO_PAD.encode(id);
        let Some(found) = stored.keys.iter().find(|key| key.id == name) else {
            return Ok(None);
        };
        decode(self.own_key(&stored)?.as_ref(), id, found).map(Some)
    }

    fn store(&mut self, id: &KeyId, key: &WrappingKey) -> Result<(), KeyError> {
        let mut stored = self.read()?.map_or_else(|| self.begin(), Ok)?;
        // A wrong passphrase fails here, before anything is sealed.
        let own = self.own_key(&stored)?;
        stored.keys.push(self.encode(own.as_ref(), id, key)?);
        self.replace(&stored)
    }

    fn ids(&self) -> Result<Vec<KeyId>, KeyError> {
        let Some(stored) = self.read()? else { return Ok(Vec::new()) };
        stored.keys.iter().map(|key| decode_id(&key.id)).collect()
    }

    fn delete(&mut self, id: &KeyId) -> Result<(), KeyError> {
        let Some(mut stored) = self.read()? else { return Ok(()) };
        let name = URL_SAFE_NO_PAD.encode(id);
        stored.keys.retain(|key| key.id != name);
        if stored.keys.is_empty() {
            return techo_files::destroy(&self.path).map_err(|error| unavailable(&error));
        }
        self.replace(&stored)
    }

    /// The file alone is looked at, so that a damaged one goes too, and one under a passphrase that nobody knows.
    fn delete_all(&mut self) -> Result<(), KeyError> {
        techo_files::destroy(&self.path).map_err(|error| unavailable(&error))
    }
}

fn decode(own: Option<&WrappingKey>, id: &KeyId, stored: &StoredKey) -> Result<WrappingKey, KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(stored.key.as_bytes()).map_err(|_| KeyError::Damaged)?;
    let plain = Zeroizing::new(match own {
        None => bytes,
        Some(own) => seal::open(own, Place::WrappingKey(id), bytes).ok_or(KeyError::Damaged)?,
    });
    Ok(WrappingKey::new(plain[..].try_into().map_err(|_| KeyError::Damaged)?))
}

fn decode_id(text: &str) -> Result<KeyId, KeyError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(KeyError::Damaged)
}

fn unavailable(error: &std::io::Error) -> KeyError {
    KeyError::Unavailable {
        reason: error.kind().to_string(),
    }
}

fn refused(error: &PassphraseError) -> KeyError {
    match error {
        PassphraseError::Wrong => KeyError::WrongPassphrase,
        PassphraseError::Damaged => KeyError::Damaged,
        PassphraseError::NewerVersion => KeyError::NewerVersion { found: FORMAT + 1 },
        PassphraseError::TooCostly => KeyError::Unavailable {
            reason: "too little memory for the passphrase".into(),
        },
        PassphraseError::NoRandomness => no_random(),
    }
}

fn no_random() -> KeyError {
    KeyError::Unavailable {
        reason: "no random numbers".into(),
    }
}

#[cfg(test)]
mod tests;

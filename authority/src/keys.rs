//! Key files, under the profile's passphrase or in the clear, and readable by their owner alone.
//!
//! ```text
//! "TAKY" version:1 role:1 seed:32          in the clear, or sealed as a whole (techo_protocol::basics::passphrase)
//!                         PKCS #8          of the key for status passes, which is on another curve
//! ```
//! `keys/` holds the keys that are needed day by day, named by role and the beginning of the public key. `root/` holds the root key and is
//! meant to be moved away: without it everything works but changes of the trust list.

use std::fs;
use std::path::{Path, PathBuf};

use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{PublicKey, SigningKey, sha256};
use techo_protocol::basics::p256::{P256Key, P256Public};
use techo_protocol::basics::passphrase::{self, Cost};
use techo_protocol::basics::random::Random;
use techo_protocol::basics::secret::Secret;
use techo_protocol::exposure::diary_upload::DiaryKey;
use techo_protocol::trust::Role;
use zeroize::Zeroizing;

use crate::Error;
use crate::store::StoreError;

/// Folder of the keys that are needed day by day.
pub const KEYS_FOLDER: &str = "keys";
/// Folder of the root key.
pub const ROOT_FOLDER: &str = "root";

const ROOT_FILE: &str = "root.key";
/// Where a new root waits until the trust list that names it is stored.
const NEXT_ROOT_FILE: &str = "root-next.key";

const MAGIC: &[u8; 4] = b"TAKY";
const VERSION: u8 = 1;
const SEED_BYTES: usize = 32;

techo_protocol::coded_errors! {
    /// What can be wrong with a key file.
    pub enum KeyError {
        /// The folder `root` was moved away, as it should be.
        RootAway = "authority_key.root_away", "The root key is not here.", "Bring the folder `root` back into the profile for this command, then move it away again.";
        /// A key that the trust list names has no file.
        Missing { role: &'static str } = "authority_key.missing", "The {role} key's file is missing.", "Restore the folder `keys` from a backup, or make a new key with `authority trust rotate-key`.";
        /// The file is sealed and no passphrase was given.
        PassphraseNeeded = "authority_key.passphrase_needed", "This profile's keys are under a passphrase.", "Set TECHO_PASSPHRASE, or type it when asked.";
        /// The file is no key file, is of another role, or holds another key than its name says.
        Damaged { role: &'static str } = "authority_key.damaged", "The {role} key's file is damaged.", "Restore it from a backup.";
        /// A later version of this program wrote it.
        NewerVersion = "authority_key.newer_version", "A key file is of a newer version than this program knows.", "Update Techo.";
    }
}

/// The passphrase of a profile and what it costs to guess it once.
#[derive(Clone)]
pub struct Passphrase {
    /// The passphrase's text, which is wiped from memory when this is dropped.
    pub text: Zeroizing<String>,
    /// What new files cost; old ones carry their own.
    pub cost: Cost,
}

impl Passphrase {
    /// At the cost that an authority's keys are worth.
    pub fn new(text: String) -> Self {
        Self {
            text: Zeroizing::new(text),
            cost: Cost::AUTHORITY,
        }
    }
}

/// What a key file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// The root key, which signs trust lists.
    Root,
    /// The key that signs the codes of venues' posters and tablets.
    Code,
    /// Signs manifests and requests for diaries.
    Manifest,
    /// The key that signs segments, in which notices are published.
    Notice,
    /// The key that opens the diaries that people send.
    Diary,
    /// Signs vaccination sites' licences and updates.
    Licence,
    /// Opens bundles of doses.
    Bundle,
    /// Seals residents' birth dates in the database. It is no public key's half.
    Residents,
    /// Signs status passes: on P-256, and named in the municipality's part of a trust list.
    Status,
}

impl KeyRole {
    /// The roles that a trust list names.
    pub const LISTED: [Self; 6] = [
        Self::Code,
        Self::Manifest,
        Self::Notice,
        Self::Diary,
        Self::Licence,
        Self::Bundle,
    ];
    /// Those that every authority has.
    pub(crate) const OF_AUTHORITY: [Self; 4] = [Self::Code, Self::Manifest, Self::Notice, Self::Diary];
    /// Those that a municipality has besides.
    pub(crate) const OF_MUNICIPALITY: [Self; 2] = [Self::Licence, Self::Bundle];

    /// The name on the command line and of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Code => "code",
            Self::Manifest => "manifest",
            Self::Notice => "notice",
            Self::Diary => "diary",
            Self::Licence => "licence",
            Self::Bundle => "bundle",
            Self::Residents => "residents",
            Self::Status => "status",
        }
    }

    /// The role in a trust list; none for the root and for what is no public key.
    pub fn listed(self) -> Option<Role> {
        match self {
            Self::Root | Self::Residents | Self::Status => None,
            Self::Code => Some(Role::Code),
            Self::Manifest => Some(Role::Manifest),
            Self::Notice => Some(Role::Notice),
            Self::Diary => Some(Role::Diary),
            Self::Licence => Some(Role::Licence),
            Self::Bundle => Some(Role::Bundle),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Root => 0,
            Self::Code => 1,
            Self::Manifest => 2,
            Self::Notice => 3,
            Self::Diary => 4,
            Self::Licence => 5,
            Self::Bundle => 6,
            Self::Residents => 7,
            Self::Status => 8,
        }
    }

    fn public(self, seed: &[u8; SEED_BYTES]) -> PublicKey {
        match self {
            Self::Diary => DiaryKey::from_seed(seed).public(),
            Self::Bundle => PublicKey(HpkePrivate::from_seed(seed).public()),
            // A name for the file, from which the key does not follow.
            Self::Residents => PublicKey(sha256(&[b"techo residents key", seed.as_slice()].concat())),
            _ => SigningKey::from_seed(seed).public(),
        }
    }
}

/// The key files of one profile.
pub(crate) struct KeyFiles {
    folder: PathBuf,
    passphrase: Option<Passphrase>,
}

impl KeyFiles {
    /// The files under a profile's folder. Nothing is read or written yet.
    pub fn new(folder: &Path, passphrase: Option<Passphrase>) -> Self {
        Self {
            folder: folder.to_owned(),
            passphrase,
        }
    }

    /// Whether any key file is in the clear.
    pub fn any_in_clear(&self) -> bool {
        [KEYS_FOLDER, ROOT_FOLDER]
            .iter()
            .filter_map(|folder| fs::read_dir(self.folder.join(folder)).ok())
            .flat_map(Iterator::flatten)
            .any(|file| fs::read(file.path()).is_ok_and(|bytes| bytes.starts_with(MAGIC)))
    }

    /// Draws a new key and writes its file.
    pub fn make(&self, role: KeyRole, random: &dyn Random) -> Result<PublicKey, Error> {
        let seed = Secret::generate(random)?;
        let public = role.public(seed.expose());
        let path = match role {
            KeyRole::Root => self.root_file(NEXT_ROOT_FILE),
            _ => self.file(role, &public),
        };
        self.write(&path, role, seed.expose(), random)?;
        Ok(public)
    }

    /// Draws a new key for status passes and writes its file.
    pub fn make_status(&self, random: &dyn Random) -> Result<P256Public, Error> {
        let key = P256Key::generate()?;
        let path = self.file(KeyRole::Status, &status_name(&key.public()));
        self.write(&path, KeyRole::Status, key.to_pkcs8(), random)?;
        Ok(key.public())
    }

    /// A key that signs status passes.
    pub fn status_key(&self, public: &P256Public) -> Result<P256Key, Error> {
        let role = KeyRole::Status;
        let secret = self.secret(&self.file(role, &status_name(public)), role)?;
        let key = P256Key::from_pkcs8(&secret).filter(|key| key.public() == *public);
        Ok(key.ok_or(KeyError::Damaged { role: role.as_str() })?)
    }

    /// A key that signs.
    pub fn signing_key(&self, role: KeyRole, public: &PublicKey) -> Result<SigningKey, Error> {
        Ok(SigningKey::from_seed(
            self.seed(&self.file(role, public), role, public)?.expose(),
        ))
    }

    /// A key that opens diaries.
    pub fn diary_key(&self, public: &PublicKey) -> Result<DiaryKey, Error> {
        let file = self.file(KeyRole::Diary, public);
        Ok(DiaryKey::from_seed(self.seed(&file, KeyRole::Diary, public)?.expose()))
    }

    /// A key that opens bundles.
    pub fn bundle_key(&self, public: &PublicKey) -> Result<HpkePrivate, Error> {
        let file = self.file(KeyRole::Bundle, public);
        Ok(HpkePrivate::from_seed(self.seed(&file, KeyRole::Bundle, public)?.expose()))
    }

    /// The key of birth dates, by its file's name.
    pub fn residents_key(&self, name: &PublicKey) -> Result<Secret<SEED_BYTES>, Error> {
        self.seed(&self.file(KeyRole::Residents, name), KeyRole::Residents, name)
    }

    /// The root key, whose public half is known from the trust list.
    pub fn root_key(&self, public: &PublicKey) -> Result<SigningKey, Error> {
        if !self.root_file(ROOT_FILE).exists() && !self.root_file(NEXT_ROOT_FILE).exists() {
            return Err(KeyError::RootAway.into());
        }
        match self.seed(&self.root_file(ROOT_FILE), KeyRole::Root, public) {
            Ok(seed) => Ok(SigningKey::from_seed(seed.expose())),
            // The list that names the new root was stored, and the change of files after it was cut short.
            Err(why) => match self.seed(&self.root_file(NEXT_ROOT_FILE), KeyRole::Root, public) {
                Ok(seed) => {
                    self.take_next_root()?;
                    Ok(SigningKey::from_seed(seed.expose()))
                }
                Err(_) => Err(why),
            },
        }
    }

    /// The new root that [`Self::make`] wrote.
    pub fn next_root_key(&self, public: &PublicKey) -> Result<SigningKey, Error> {
        let seed = self.seed(&self.root_file(NEXT_ROOT_FILE), KeyRole::Root, public)?;
        Ok(SigningKey::from_seed(seed.expose()))
    }

    /// Puts the new root in the old one's place, once the trust list that names it is stored.
    pub fn take_next_root(&self) -> Result<(), Error> {
        let folder = self.folder.join(ROOT_FOLDER);
        fs::rename(folder.join(NEXT_ROOT_FILE), folder.join(ROOT_FILE)).map_err(StoreError::from)?;
        techo_files::sync_folder(&folder).map_err(StoreError::from)?;
        Ok(())
    }

    fn file(&self, role: KeyRole, public: &PublicKey) -> PathBuf {
        let name = format!("{}-{}.key", role.as_str(), hex::encode(&public.0[..8]));
        self.folder.join(KEYS_FOLDER).join(name)
    }

    fn root_file(&self, name: &str) -> PathBuf {
        self.folder.join(ROOT_FOLDER).join(name)
    }

    fn seed(&self, path: &Path, role: KeyRole, public: &PublicKey) -> Result<Secret<SEED_BYTES>, Error> {
        let damaged = KeyError::Damaged { role: role.as_str() };
        let secret = self.secret(path, role)?;
        let seed = Secret::of_slice(&secret).ok_or_else(|| damaged.clone())?;
        if role.public(seed.expose()) != *public {
            return Err(damaged.into());
        }
        Ok(seed)
    }

    /// What a role's file holds behind its head.
    fn secret(&self, path: &Path, role: KeyRole) -> Result<Zeroizing<Vec<u8>>, Error> {
        let damaged = KeyError::Damaged { role: role.as_str() };
        let bytes = match fs::read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(KeyError::Missing { role: role.as_str() }.into());
            }
            Err(why) => return Err(StoreError::from(why).into()),
        };
        let clear = if passphrase::is_sealed(&bytes) {
            let passphrase = self.passphrase.as_ref().ok_or(KeyError::PassphraseNeeded)?;
            passphrase::open(&bytes, &passphrase.text)?
        } else {
            bytes
        };
        let rest = clear.strip_prefix(MAGIC).ok_or(damaged.clone())?;
        let [version, number, secret @ ..] = rest else {
            return Err(damaged.into());
        };
        if *version != VERSION {
            return Err(KeyError::NewerVersion.into());
        }
        if *number != role.number() {
            return Err(damaged.into());
        }
        Ok(Zeroizing::new(secret.to_vec()))
    }

    fn write(&self, path: &Path, role: KeyRole, secret: &[u8], random: &dyn Random) -> Result<(), Error> {
        let mut clear = Zeroizing::new(MAGIC.to_vec());
        clear.extend_from_slice(&[VERSION, role.number()]);
        clear.extend_from_slice(secret);
        let bytes = match &self.passphrase {
            Some(passphrase) => Zeroizing::new(passphrase::seal(&clear, &passphrase.text, passphrase.cost, random)?),
            None => clear,
        };
        write_key(path, &bytes)?;
        Ok(())
    }
}

/// The name of a status key's file.
fn status_name(public: &P256Public) -> PublicKey {
    PublicKey(public.thumbprint())
}

/// Writes a key's file, and has it on the disk before this returns.
fn write_key(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    techo_files::make_private_folder(path.parent().unwrap_or(Path::new(".")))?;
    Ok(techo_files::replace_secret(path, bytes)?)
}

#[cfg(test)]
mod tests;

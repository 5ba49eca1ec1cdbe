//! `profile.json`: what kind of profile a folder holds.

use std::path::Path;

use serde::{Deserialize, Serialize};
use techo_files::Readers;

use crate::failure::CliError;

const FILE: &str = "profile.json";
const VERSION: u32 = 1;

/// What a profile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The profile of a resident's device.
    Device,
    /// A health authority, which may also be a municipality.
    Authority,
    /// The profile of a vaccination site.
    Site,
    /// The profile of a relay.
    Relay,
}

#[derive(Serialize, Deserialize)]
struct Profile {
    kind: Kind,
    version: u32,
}

/// The kind of the profile in `folder`; `None` where there is none.
///
/// # Errors
/// [`CliError`]: unreadable, damaged, or of a newer version.
pub fn kind(folder: &Path) -> Result<Option<Kind>, CliError> {
    let content = match std::fs::read(folder.join(FILE)) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(CliError::FileUnreadable),
    };
    let profile: Profile = serde_json::from_slice(&content).map_err(|_| CliError::ProfileDamaged)?;
    if profile.version > VERSION {
        Err(CliError::ProfileNewer)
    } else {
        Ok(Some(profile.kind))
    }
}

/// Checks that `folder` holds a profile of this kind.
///
/// # Errors
/// [`CliError::NoProfile`], [`CliError::WrongKind`], or as [`kind`].
pub fn expect(folder: &Path, wanted: Kind) -> Result<(), CliError> {
    match kind(folder)? {
        None => Err(CliError::NoProfile),
        Some(found) if found == wanted => Ok(()),
        Some(_) => Err(CliError::WrongKind),
    }
}

/// Makes a profile; a second one in the same folder is refused.
///
/// # Errors
/// [`CliError::WrongKind`] where there is one, or as [`kind`].
pub fn create(folder: &Path, new: Kind) -> Result<(), CliError> {
    if kind(folder)?.is_some() {
        return Err(CliError::WrongKind);
    }
    make(folder, new)
}

/// Makes a profile of this kind where there is none; one of another kind is refused.
///
/// # Errors
/// As [`create`].
pub fn ensure(folder: &Path, wanted: Kind) -> Result<(), CliError> {
    match kind(folder)? {
        None => make(folder, wanted),
        Some(found) if found == wanted => Ok(()),
        Some(_) => Err(CliError::WrongKind),
    }
}

/// Removes the profile's description, once what it described is gone.
///
/// # Errors
/// The file cannot be removed.
pub fn remove(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join(FILE))
}

fn make(folder: &Path, kind: Kind) -> Result<(), CliError> {
    let content = serde_json::to_vec(&Profile { kind, version: VERSION }).map_err(|_| CliError::FileUnwritable)?;
    // On a full disk half a description would stay, and nothing could be made in the folder from then on.
    techo_files::make_private_folder(folder)
        .and_then(|()| techo_files::replace(&folder.join(FILE), &content, Readers::Owner))
        .map_err(|_| CliError::FileUnwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_that_cannot_be_written_leaves_none_behind() {
        let folder = tempfile::TempDir::new().unwrap();
        let in_the_way = folder.path().join(FILE);
        std::fs::create_dir(&in_the_way).unwrap();
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(make(folder.path(), Kind::Device), Err(CliError::FileUnwritable));
        assert_eq!(files(), 1, "nothing lies beside what was in the way");
        std::fs::remove_dir(&in_the_way).unwrap();
        assert_eq!(ensure(folder.path(), Kind::Device), Ok(()));
        assert_eq!(kind(folder.path()), Ok(Some(Kind::Device)));
        assert_eq!(files(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_profile_is_its_owner_s() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::TempDir::new().unwrap();
        let profile = folder.path().join("above/profile");
        ensure(&profile, Kind::Relay).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&profile), mode(&profile.join(FILE))), (0o700, 0o600));
    }
}

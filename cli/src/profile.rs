//! `profile.json`: what kind of profile a folder holds.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::CliError;

const FILE: &str = "profile.json";
const VERSION: u32 = 1;

/// What a profile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A resident's device.
    Device,
    /// A health authority, which may also be a municipality.
    Authority,
    /// A vaccination site.
    Site,
    /// A relay.
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
    // Beside it first: on a full disk half a description would stay, and nothing could be made in the folder from then on.
    // Two processes write the same bytes under names of their own.
    let new = folder.join(format!("{FILE}.{}.new", std::process::id()));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&new, content))
        .and_then(|()| std::fs::rename(&new, folder.join(FILE)))
        .map_err(|_| {
            // What cannot be removed either is in nobody's way.
            let _ = std::fs::remove_file(&new);
            CliError::FileUnwritable
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_that_cannot_be_written_leaves_none_behind() {
        let folder = std::env::temp_dir().join(format!("techo-profile-{}", std::process::id()));
        let in_the_way = folder.join(format!("{FILE}.{}.new", std::process::id()));
        std::fs::create_dir_all(&in_the_way).unwrap();
        assert_eq!(ensure(&folder, Kind::Device), Err(CliError::FileUnwritable));
        assert_eq!(kind(&folder), Ok(None));
        std::fs::remove_dir(&in_the_way).unwrap();
        assert_eq!(ensure(&folder, Kind::Device), Ok(()));
        assert_eq!(kind(&folder), Ok(Some(Kind::Device)));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

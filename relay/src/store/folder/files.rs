//! Whole files, or none.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use techo_files::{Draft, Readers, sync_folder};

use crate::store::StoreError;

/// Where files are written before they get their place. Used by one writer at a time.
pub struct Incoming(PathBuf);

impl Incoming {
    /// Makes the folder, and empties it of what a crash left.
    pub fn new(folder: PathBuf) -> Result<Self, StoreError> {
        techo_files::make_private_folder(&folder)?;
        for name in names(&folder)? {
            fs::remove_file(folder.join(name))?;
        }
        Ok(Self(folder))
    }

    /// Puts a file in its place, whole and on disk, whatever was there before.
    pub fn write(&self, place: &Path, content: &[u8]) -> Result<(), StoreError> {
        make_durable_folder(place.parent().ok_or(StoreError::Failed)?)?;
        // What is private lies in a folder that only its owner enters; the rest is served, perhaps by another program.
        let mut draft = Draft::in_folder(&self.0, place, Readers::Everybody)?;
        draft.write_all(content)?;
        Ok(draft.take_place()?)
    }
}

/// Makes a folder and those above it; each that is new is on disk in the one above.
fn make_durable_folder(folder: &Path) -> std::io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = folder.parent().ok_or(error)?;
            make_durable_folder(above)?;
            fs::create_dir(folder)?;
            sync_folder(above)
        }
        Err(error) => Err(error),
    }
}

/// Names of what is in a folder, sorted; none where there is no folder.
pub fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not Unicode is none of ours.
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// A file's content; `None` where there is none.
pub fn read_if_there(file: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A file's length in bytes; `None` where there is none.
pub fn length_if_there(file: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(file) {
        Ok(about) => Ok(Some(about.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Removes a file and says whether there was one.
pub fn remove_if_there(file: &Path) -> Result<bool, StoreError> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

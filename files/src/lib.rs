//! Files that are there whole or not at all, and files and folders that only their owner reads.
//!
//! A file that takes another's place is written beside it first, is on disk, and then takes its name: whatever happens in between, there is the
//! old file or the new one, and nothing is left beside it. Every crate that writes a file which must not be lost or read by others does it here.
//!
//! Modes are those of Unix. Elsewhere files have the permissions of their folder. An existing file or folder keeps its mode until it is replaced.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! let file = folder.path().join("diary.techo");
//! techo_files::replace(&file, b"first", techo_files::Readers::Owner)?;
//! techo_files::replace(&file, b"second", techo_files::Readers::Owner)?;
//! assert_eq!(std::fs::read(&file)?, b"second");
//! # Ok(())
//! # }
//! ```

mod draft;
mod secret;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

pub use draft::Draft;
pub use secret::{destroy, replace_secret};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The owner alone: mode 0600.
    Owner,
    /// Everybody whom the process's file mode creation mask lets: for what is handed out or printed, such as posters and trust lists.
    Everybody,
}

/// Writes a file in the place of the one that has this name, if there is one: whole and on disk, or not at all. What is no plain file, such as
/// `/dev/stdout` or a named pipe, is written to and stays what it is.
///
/// # Errors
/// The disk's: it is full, the folder is not there or may not be written to, or the name is a folder's. The old file is whole then.
pub fn replace(file: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let place = match target(file)? {
        Target::Stream => return OpenOptions::new().write(true).open(file)?.write_all(content),
        Target::Place(place) => place,
    };
    let mut draft = Draft::beside(&place, readers)?;
    draft.write_all(content)?;
    draft.take_place()
}

/// Checks that [`replace`] could write a file, and leaves nothing behind: for what has to be known before something is done that the file is to
/// show.
///
/// # Errors
/// Those of [`replace`].
pub fn expect_replaceable(file: &Path) -> io::Result<()> {
    match target(file)? {
        Target::Stream => OpenOptions::new().write(true).open(file).map(drop),
        Target::Place(place) if place.is_dir() => Err(ErrorKind::IsADirectory.into()),
        // Removed by being dropped.
        Target::Place(place) => Draft::beside(&place, Readers::Owner).map(drop),
    }
}

/// Makes an empty file that only its owner reads, where there is none; one that is there is left as it is. SQLite gives its log the mode of its
/// database: a database whose file is made here first is private altogether.
///
/// # Errors
/// The disk's.
pub fn make_private_file(file: &Path) -> io::Result<()> {
    if file.is_file() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    // Not `create_new`: another process may make it at the same moment, and that is as good.
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// Makes a folder, and those above it that are missing, for their owner only: mode 0700. A folder that is there is left as it is.
///
/// # Errors
/// The disk's, or something that is no folder has the name.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Has a folder's names on disk: a file that has just got its name there keeps it after the power fails. Does nothing where the system cannot
/// open a folder.
///
/// # Errors
/// The disk's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder that a file is in; the working folder for a bare name.
pub(crate) fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

enum Target {
    /// A name that a plain file has or can have; a link is followed, and stays.
    Place(PathBuf),
    /// Something that is written to and cannot be replaced.
    Stream,
}

fn target(file: &Path) -> io::Result<Target> {
    match fs::metadata(file) {
        Ok(about) if about.is_file() => Ok(Target::Place(fs::canonicalize(file)?)),
        Ok(about) if !about.is_dir() => Ok(Target::Stream),
        Ok(_) => Ok(Target::Place(file.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Target::Place(file.to_owned())),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;

//! A new file before it has its name.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::{Readers, folder_of, sync_folder};

/// A new file that is to take a place and has not taken it. Dropped, it is removed; what a crash leaves of it is named `.techo-*.new`.
///
/// ```
/// # use std::io::Write;
/// # fn main() -> std::io::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// let place = folder.path().join("copy.sqlite");
/// let mut draft = techo_files::Draft::beside(&place, techo_files::Readers::Owner)?;
/// draft.write_all(b"long work")?;
/// draft.take_free_place()?;
/// assert!(place.exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
    place: PathBuf,
}

impl Draft {
    /// An empty draft in the folder of its place.
    ///
    /// # Errors
    /// The disk's.
    pub fn beside(place: &Path, readers: Readers) -> io::Result<Self> {
        Self::in_folder(folder_of(place), place, readers)
    }

    /// An empty draft in another folder, which has to be on the disk of its place.
    ///
    /// # Errors
    /// The disk's.
    pub fn in_folder(drafts: &Path, place: &Path, readers: Readers) -> io::Result<Self> {
        // Not the place's name: with more to it, it might be too long.
        Self::make(Builder::new().prefix(".techo-").suffix(".new"), drafts, place, readers)
    }

    /// An empty draft of this name beside its place.
    ///
    /// # Errors
    /// The disk's; there is a file of this name.
    pub(crate) fn named(name: &std::ffi::OsStr, place: &Path, readers: Readers) -> io::Result<Self> {
        Self::make(Builder::new().prefix(name).rand_bytes(0), folder_of(place), place, readers)
    }

    fn make(builder: &mut Builder<'_, '_>, folder: &Path, place: &Path, readers: Readers) -> io::Result<Self> {
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match readers {
            Readers::Owner => 0o600,
            Readers::Everybody => 0o666,
        }));
        #[cfg(not(unix))]
        let _ = readers;
        Ok(Self {
            file: builder.tempfile_in(folder)?,
            place: place.to_owned(),
        })
    }

    /// Where the draft is for now, for a library that writes to a path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The draft's length in bytes.
    ///
    /// # Errors
    /// The disk's.
    pub fn length(&self) -> io::Result<u64> {
        Ok(File::open(self.path())?.metadata()?.len())
    }

    /// Takes the place, whatever file was there; on disk when this returns.
    ///
    /// # Errors
    /// The disk's, or the place is a folder's. The old file is whole and the draft is gone then.
    pub fn take_place(self) -> io::Result<()> {
        File::open(self.path())?.sync_all()?;
        self.file.persist(&self.place).map_err(|error| error.error)?;
        sync_folder(folder_of(&self.place))
    }

    /// Takes the place if no file has it; on disk when this returns.
    ///
    /// # Errors
    /// The disk's; [`io::ErrorKind::AlreadyExists`] where something is there. The draft is gone then.
    pub fn take_free_place(self) -> io::Result<()> {
        File::open(self.path())?.sync_all()?;
        self.file.persist_noclobber(&self.place).map_err(|error| error.error)?;
        sync_folder(folder_of(&self.place))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

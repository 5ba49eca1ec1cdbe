//! Files that hold keys: their old bytes are overwritten, as far as the disk does it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;

use crate::{Draft, Readers};

/// Replaces a file that holds a key, for its owner only, and overwrites the old one's bytes with zeros. A disk, a snapshot or a backup may keep a
/// copy of them nevertheless.
///
/// The draft's name is fixed, `NAME.new`, so that the next call finds and destroys what a crash left. One process at a time may replace a file.
///
/// # Errors
/// The disk's; the old file is whole then, unless it could not be overwritten after the new one had taken its place.
pub fn replace_secret(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    destroy(&file.with_file_name(&name))?;
    let mut draft = Draft::named(&name, file, Readers::Owner)?;
    draft.write_all(content)?;
    let old = match OpenOptions::new().write(true).open(file) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    draft.take_place()?;
    old.map_or(Ok(()), wipe)
}

/// Overwrites a file with zeros and removes it; does nothing where there is none.
///
/// # Errors
/// The disk's.
pub fn destroy(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(file) {
        Ok(open) => {
            wipe(open)?;
            fs::remove_file(file)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Overwrites an open file's bytes with zeros.
fn wipe(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

//! Files that commands write: whole or not at all, and read by their owner only unless they are to be handed out.

use std::path::Path;

use techo_files::Readers;

use crate::Failure;
use crate::failure::CliError;

/// Writes a file that only its owner reads: it says something of a person.
///
/// # Errors
/// [`CliError::FileUnwritable`]; a file that was there is whole then.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write(path, content, Readers::Owner)
}

/// Writes a file that is handed out, printed or published.
///
/// # Errors
/// [`CliError::FileUnwritable`]; a file that was there is whole then.
pub fn write_public(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write(path, content, Readers::Everybody)
}

/// Checks that a file can be written before something is done that it is to show: a poster that cannot be written must not
/// leave a venue that is registered twice at the next try. Leaves the file as it is.
///
/// # Errors
/// [`CliError::FileUnwritable`].
pub fn expect_writable(path: &Path) -> Result<(), Failure> {
    if is_standard_output(path) {
        return Err(CliError::NotToStandardOutput.into());
    }
    techo_files::expect_replaceable(path).map_err(|_| unwritable(path))
}

/// Whether a name stands for standard output. A file of that name is `./-`.
pub fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

fn write(path: &Path, content: &[u8], readers: Readers) -> Result<(), Failure> {
    if is_standard_output(path) {
        return Err(CliError::NotToStandardOutput.into());
    }
    techo_files::replace(path, content, readers).map_err(|_| unwritable(path))
}

fn unwritable(path: &Path) -> Failure {
    Failure::from(CliError::FileUnwritable).about(path.display())
}

//! INPUT of a command: a picture or text file, `-` for stdin, or the text itself.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use techo_authority::municipality::table::LARGEST_FILE_BYTES as LARGEST_LIST;
use techo_core::recognise::{FileContent, FoundText, LARGEST_FILE};
use techo_core::scan::ScanError;

use crate::Failure;
use crate::failure::CliError;

/// What an INPUT held.
pub struct Input {
    /// The codes of a picture; for a text, one without a code's properties.
    pub codes: Vec<FoundText>,
    /// How long looking took, in milliseconds; the file format's decoding apart.
    pub ms: f64,
}

/// Reads an INPUT.
///
/// # Errors
/// `file.unreadable`, or the picture cannot be looked at.
pub fn read(input: &str) -> Result<Input, Failure> {
    if input == "-" {
        let content = up_to_limit(std::io::stdin()).map_err(|_| CliError::FileUnreadable)?;
        return of_bytes(&content);
    }
    let path = Path::new(input);
    if path.exists() {
        return of_bytes(&file(path)?).map_err(|failure| failure.about(input));
    }
    // What was typed is a text, whatever it begins with.
    Ok(Input {
        codes: FileContent::Text(input.trim().to_owned()).texts(),
        ms: 0.0,
    })
}

/// Reads a file: all of it, or of one that is larger than any that is taken, one byte more than that.
///
/// # Errors
/// `file.unreadable`.
pub fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::File::open(path)
        .and_then(up_to_limit)
        .map_err(|_| Failure::from(CliError::FileUnreadable).about(path.display()))
}

/// Reads a list of a municipality's size, in the manner of [`file()`].
///
/// # Errors
/// `file.unreadable`.
pub fn large_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::File::open(path)
        .and_then(|file| up_to(file, LARGEST_LIST))
        .map_err(|_| Failure::from(CliError::FileUnreadable).about(path.display()))
}

/// One byte more is read than is taken, so that whoever is given a larger file sees that it is: the first 64 MiB of a list are not the list.
fn up_to_limit(from: impl Read) -> std::io::Result<Vec<u8>> {
    up_to(from, LARGEST_FILE)
}

fn up_to(from: impl Read, most: usize) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // A length in memory fits 64 bits.
    from.take(most as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn of_bytes(content: &[u8]) -> Result<Input, Failure> {
    let content = FileContent::of(content)?;
    let start = Instant::now();
    let codes = content.texts();
    let ms = match content {
        FileContent::Picture(_) => start.elapsed().as_secs_f64() * 1e3,
        FileContent::Text(_) => 0.0,
        FileContent::Form(_) => return Err(ScanError::PictureFormat.into()),
    };
    Ok(Input { codes, ms })
}

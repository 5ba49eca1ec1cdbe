//! INPUT of a command: a picture or text file, `-` for stdin, or the text itself.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use techo_authority::municipality::table::LARGEST_FILE_BYTES as LARGEST_LIST;
use techo_core::scan::{self, Found, Options, ScanError, picture};

use crate::Failure;
use crate::failure::CliError;

/// Largest file that is read. One byte more is read than that, so that whoever is given a larger one sees that it is:
/// the first 64 MiB of a list are not the list.
const LARGEST_FILE: usize = 64 << 20;

/// What an INPUT held.
pub struct Input {
    /// The codes of a picture; for a text, one without a code's properties.
    pub codes: Vec<Code>,
    /// How long looking took, in milliseconds; the file format's decoding apart.
    pub ms: f64,
}

/// A text that an INPUT held.
pub struct Code {
    /// The text that the code holds, or that was given.
    pub text: String,
    /// The QR code it was read from, where it was.
    pub found: Option<Found>,
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
    Ok(of_text(input))
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

fn up_to_limit(from: impl Read) -> std::io::Result<Vec<u8>> {
    up_to(from, LARGEST_FILE)
}

fn up_to(from: impl Read, most: usize) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // A length in memory fits 64 bits.
    from.take(most as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// A picture where it is one, else a text.
fn of_bytes(content: &[u8]) -> Result<Input, Failure> {
    if content.len() > LARGEST_FILE {
        return Err(ScanError::PictureTooLarge.into());
    }
    let luminance = match picture::decode(content) {
        Ok(luminance) => luminance,
        Err(ScanError::PictureFormat) => {
            return std::str::from_utf8(content)
                .map(of_text)
                .map_err(|_| ScanError::PictureFormat.into());
        }
        Err(error) => return Err(error.into()),
    };
    let start = Instant::now();
    let found = scan::scan(&luminance, &Options::default());
    let ms = start.elapsed().as_secs_f64() * 1e3;
    let codes = found
        .into_iter()
        .map(|found| Code {
            text: found.text.clone(),
            found: Some(found),
        })
        .collect();
    Ok(Input { codes, ms })
}

fn of_text(text: &str) -> Input {
    let text = text.trim();
    let codes = if text.is_empty() {
        vec![]
    } else {
        vec![Code {
            text: text.to_owned(),
            found: None,
        }]
    };
    Input { codes, ms: 0.0 }
}

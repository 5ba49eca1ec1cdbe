//! INPUT of a command: a picture or text file, `-` for stdin, or the text itself.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use techo_authority::tables::LARGEST_FILE_BYTES as LARGEST_LIST;
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
    if names_a_file(input) {
        return Err(Failure::from(CliError::NoSuchFile).about(input));
    }
    // What was typed is a text, whatever it begins with.
    Ok(Input {
        codes: FileContent::Text(input.trim().to_owned()).texts(),
        ms: 0.0,
    })
}

/// The texts of an INPUT's codes.
///
/// # Errors
/// As [`read`]; `scan.no_code` where it holds none.
pub fn texts(input: &str) -> Result<Vec<String>, Failure> {
    let codes = read(input)?.codes;
    if codes.is_empty() {
        return Err(Failure::from(ScanError::NoCode).about(input));
    }
    Ok(codes.into_iter().map(|code| code.text).collect())
}

/// Whether a text looks like the name of a file rather than like a code: it begins like a path, or ends as names of files do. No code that Techo
/// reads does: they begin with a scheme, have digits alone, or are far longer.
fn names_a_file(text: &str) -> bool {
    const LONGEST_NAME: usize = 255;
    const LONGEST_ENDING: usize = 20;
    /// What names with blanks or colons in them must end with.
    const ENDINGS: [&str; 10] = [
        "png",
        "jpg",
        "jpeg",
        "webp",
        "gif",
        "heic",
        "pdf",
        "txt",
        "pass",
        "smart-health-card",
    ];
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_NAME || text.contains('\n') || text.contains("://") {
        return false;
    }
    if ["/", "./", "../", "~/", ".\\", "..\\"]
        .iter()
        .any(|begins| text.starts_with(begins))
    {
        return true;
    }
    let Some((stem, ending)) = text.rsplit_once('.') else {
        return false;
    };
    let is_plain = !text.contains([' ', ':', '{', '"', ',', '#', '%', '+', '$', '*']);
    let is_ending = ending.len() <= LONGEST_ENDING
        && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        && ending.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !stem.is_empty() && ((is_plain && is_ending) || ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Reads a file: all of it, or of one that is larger than any that is taken, one byte more than that.
///
/// # Errors
/// `file.unreadable`.
pub fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    opened(path)
        .and_then(up_to_limit)
        .map_err(|_| Failure::from(CliError::FileUnreadable).about(path.display()))
}

/// Reads a list of a municipality's size, in the manner of [`file()`].
///
/// # Errors
/// `file.unreadable`.
pub fn large_file(path: &Path) -> Result<Vec<u8>, Failure> {
    opened(path)
        .and_then(|file| up_to(file, LARGEST_LIST))
        .map_err(|_| Failure::from(CliError::FileUnreadable).about(path.display()))
}

/// A file, or standard input where its name is `-`.
fn opened(path: &Path) -> std::io::Result<Box<dyn Read>> {
    Ok(if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    })
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
        FileContent::Form(kind) => return Err(CliError::OwnFile { kind: kind.name() }.into()),
    };
    Ok(Input { codes, ms })
}

#[cfg(test)]
mod tests {
    use super::names_a_file;

    #[test]
    fn a_name_of_a_file_is_told_from_a_code() {
        for name in [
            "nosuch.png",
            "./poster",
            "../a/b",
            "/tmp/x",
            "my photo.JPG",
            "card.smart-health-card",
            "ポスター.png",
            "C:\\a.png",
            "aki.pass",
        ] {
            assert!(names_a_file(name), "{name}");
        }
        for text in [
            "hello",
            "",
            "112714030000000009",
            "https://techo.example/v#123",
            "https://example.org/a.png",
            "HC1:6BF/A.B C.D",
            "shc:/5676",
            "NZCP:/1/2KCE",
            "{\"data\":{}}",
            "TECHO-PAIR:01",
            "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw",
        ] {
            assert!(!names_a_file(text), "{text}");
        }
    }
}

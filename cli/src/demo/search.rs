//! The search for the venue's name where it does not belong, and the folder that the demonstration runs in.

use std::path::{Path, PathBuf};

use techo_protocol::basics::random::{Random, random_bytes};

use crate::Failure;
use crate::failure::CliError;

/// A folder that is removed when this is dropped, unless it is to be kept.
pub struct TemporaryFolder {
    path: PathBuf,
    keep: bool,
}

impl TemporaryFolder {
    /// Makes one that only this user can read.
    pub fn new(random: &dyn Random, keep: bool) -> Result<Self, Failure> {
        let name = format!("techo-demo-{}", hex::encode(random_bytes::<8>(random)?));
        let path = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|_| CliError::FileUnwritable)?;
        Ok(Self { path, keep })
    }

    /// The path of the folder that is searched.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // It holds nothing of anybody; where it cannot be removed, the system's cleaning does it.
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// What a search found.
pub struct Found {
    /// Files that were searched.
    pub files: usize,
    /// Bytes that were searched, the log included.
    pub bytes: usize,
    /// Where a word was.
    pub places: Vec<String>,
}

/// Searches the relay's and the residents' files and the relay's log for words, in UTF-8 and UTF-16.
///
/// # Errors
/// `file.unreadable`.
pub fn for_words(folder: &Path, log: &str, words: &[&str]) -> Result<Found, Failure> {
    let mut found = Found {
        files: 0,
        bytes: log.len(),
        places: Vec::new(),
    };
    if words.iter().any(|word| log.contains(word)) {
        found.places.push("relay log".to_owned());
    }
    let unreadable = |_| Failure::from(CliError::FileUnreadable);
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                // The authority registered the venue: its own profile may know the name.
                if path.file_name().is_some_and(|name| name != "authority") {
                    folders.push(path);
                }
                continue;
            }
            let content = std::fs::read(&path).map_err(unreadable)?;
            found.files += 1;
            found.bytes += content.len();
            if words
                .iter()
                .flat_map(|word| forms(word))
                .any(|form| content.windows(form.len()).any(|part| part == form))
            {
                found.places.push(path.display().to_string());
            }
        }
    }
    Ok(found)
}

fn forms(word: &str) -> [Vec<u8>; 3] {
    let wide = |to_bytes: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(to_bytes).collect();
    [word.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)]
}

//! What a command prints: JSON Lines for scripts, sentences for people. Warnings and progress go to stderr.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::stderr::complain;
use crate::texts::{Argument, Texts};
use crate::{Failure, file};

fn put(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::reader_gone(),
            _ => Failure::output(),
        })
}

/// Where a command's answers go: text for people, or JSON for scripts.
pub struct Output {
    json: bool,
    colour: bool,
    texts: Texts,
    /// Standard output carries a file, and what else is said goes to stderr.
    is_taken: AtomicBool,
}

impl Output {
    /// JSON or sentences, in the language of `texts`.
    pub fn new(json: bool, texts: Texts) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            json,
            colour,
            texts,
            is_taken: AtomicBool::new(false),
        }
    }

    /// Whether scripts are reading.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The texts of the person's language.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Gives one answer: `value` as a JSON line, or the text `id` with `arguments`.
    pub fn answer(&self, value: &impl Serialize, id: &str, arguments: &[(&str, &dyn Argument)]) -> Result<(), Failure> {
        if self.json {
            self.line(value)
        } else {
            self.print(&self.texts.of(id, arguments))
        }
    }

    /// One JSON line, for scripts only.
    pub fn line(&self, value: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        self.print(&serde_json::to_string(value).map_err(|_| Failure::output())?)
    }

    /// One text, for people only.
    pub fn say(&self, id: &str, arguments: &[(&str, &dyn Argument)]) -> Result<(), Failure> {
        if self.json {
            Ok(())
        } else {
            self.print(&self.texts.of(id, arguments))
        }
    }

    /// A line as it is, for people only.
    pub fn say_line(&self, line: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.print(line) }
    }

    /// A text that is itself the answer (a manual, completions): as it is for people, and as `{name: text}` for scripts.
    pub fn document(&self, name: &str, text: &str) -> Result<(), Failure> {
        if self.json {
            self.line(&serde_json::json!({ name: text }))
        } else {
            self.print(text.trim_end())
        }
    }

    /// A line on stdout, flushed: a script may be waiting for it.
    pub fn print(&self, line: &str) -> Result<(), Failure> {
        if self.is_taken.load(Ordering::Relaxed) {
            complain(line);
            return Ok(());
        }
        put(|out| writeln!(out, "{line}"))
    }

    /// Bytes on stdout as they are, for a file that is given that way.
    #[allow(clippy::unused_self, reason = "the one way to stdout")]
    pub fn bytes(&self, content: &[u8]) -> Result<(), Failure> {
        put(|out| out.write_all(content))
    }

    /// Writes a file that only its owner reads, or to stdout where its name is `-`: the answer then goes to stderr.
    ///
    /// # Errors
    /// `file.unwritable`, or stdout is gone.
    pub fn write_private(&self, path: &Path, content: &[u8]) -> Result<(), Failure> {
        if !file::is_standard_output(path) {
            return file::write_private(path, content);
        }
        self.is_taken.store(true, Ordering::Relaxed);
        self.bytes(content)
    }

    /// A warning on stderr, for people; scripts find warnings in the answer.
    pub fn warn(&self, id: &str, arguments: &[(&str, &dyn Argument)]) {
        if !self.json {
            complain(&self.texts.of(id, arguments));
        }
    }

    /// A line on stderr as it is, for people; scripts find warnings in the answer.
    pub fn warn_line(&self, line: &str) {
        if !self.json {
            complain(line);
        }
    }

    /// A bar on stderr for long work; nothing where stderr is no terminal.
    pub fn progress(&self, steps: u64, id: &str) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(steps).with_message(self.texts.plain(id));
        let style = ProgressStyle::with_template("{msg} {bar:32} {human_pos}/{human_len} {eta}");
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    /// Bold on a terminal, plain elsewhere and where `NO_COLOR` is set.
    pub fn bold(&self, text: &str) -> String {
        if self.colour {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

//! What a command prints: JSON Lines for scripts, sentences for people. Warnings and progress go to stderr.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::Failure;
use crate::texts::{Argument, Texts};

/// A line on stderr. Where stderr is gone or full there is nobody to tell, and the exit status still says what happened.
pub fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Where a command's answers go: text for people, or JSON for scripts.
pub struct Output {
    json: bool,
    colour: bool,
    texts: Texts,
}

impl Output {
    /// JSON or sentences, in the language of `texts`.
    pub fn new(json: bool, texts: Texts) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour, texts }
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
    #[allow(clippy::unused_self, reason = "the one way to stdout")]
    pub fn print(&self, line: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")
            .and_then(|()| out.flush())
            .map_err(|_| Failure::output())
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
        if !std::io::stderr().is_terminal() {
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

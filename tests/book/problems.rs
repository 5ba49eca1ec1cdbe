//! What is wrong, all of it at once, each with file and line.

use std::fmt::Display;
use std::path::Path;

/// The faults that a test has found.
#[derive(Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Adds a fault at a line, counted from 1.
    pub fn add(&mut self, file: &Path, line: usize, what: impl Display) {
        self.0.push(format!("{}:{line}: {what}", file.display()));
    }

    /// Ends the test unless there are none.
    pub fn none(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

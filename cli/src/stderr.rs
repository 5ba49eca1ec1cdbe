//! What goes to stderr: warnings, and the error that ends a command.

use std::io::{self, Write};

/// A line on stderr. Where stderr is gone or full there is nobody to tell, and the exit status still says what happened.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

//! Questions to a person at a terminal. A script is never held up by one.

use std::io::IsTerminal as _;

use techo_protocol::basics::folding::searchable;

use crate::Failure;
use crate::failure::CliError;
use crate::session::Session;
use crate::texts::Argument;

/// Whether a person can be asked.
pub fn can_ask(session: &Session) -> bool {
    !session.out.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks, and answers whether the person said yes.
///
/// # Errors
/// The terminal is gone.
pub fn yes(session: &Session, id: &str, arguments: &[(&str, &dyn Argument)]) -> Result<bool, Failure> {
    session.out.say(id, arguments)?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|_| CliError::FileUnreadable)?;
    let answer = searchable(answer.trim());
    Ok(answer == session.out.texts().plain("yes") || ["y", "yes"].contains(&answer.as_str()))
}

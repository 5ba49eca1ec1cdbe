//! Rows of a file that could not be used, said alike wherever files are taken in.

use serde_json::json;
use techo_authority::rejected::RejectedRow;

use crate::session::Session;
use crate::{Failure, Outcome};

/// A line for each; whether there was none.
///
/// # Errors
/// Where it cannot be printed.
pub fn show(session: &Session, rejected: &[RejectedRow]) -> Result<Outcome, Failure> {
    for row in rejected {
        let mut line = json!({ "row": row.row, "code": row.code, "message": row.message });
        if let Some(dose) = row.dose {
            line["dose"] = json!(dose);
        }
        let said = session.out.texts().of_code(row.code, "message", &row.values);
        let message = said.as_ref().unwrap_or(&row.message);
        let dose = row.dose.unwrap_or(0);
        session.out.answer(
            &line,
            if row.dose.is_some() {
                "authority-import-dose"
            } else {
                "authority-import-row"
            },
            &[("row", &row.row), ("dose", &dose), ("message", message), ("code", &row.code)],
        )?;
    }
    Ok(if rejected.is_empty() { Outcome::Done } else { Outcome::No })
}

/// As [`show`], on stderr: stdout carries a file.
pub fn warn(session: &Session, rejected: &[RejectedRow]) -> Outcome {
    for row in rejected {
        let said = session.out.texts().of_code(row.code, "message", &row.values);
        let message = said.as_ref().unwrap_or(&row.message);
        session.out.warn(
            "authority-import-row",
            &[("row", &row.row), ("message", message), ("code", &row.code)],
        );
    }
    if rejected.is_empty() { Outcome::Done } else { Outcome::No }
}

//! Writing a poster or a tablet's picture: SVG where the file's name says so, else PNG.

use std::path::Path;

use techo_authority::posters::{Fonts, Sheet};
use techo_protocol::Coded as _;

use crate::Failure;
use crate::file::write_public;
use crate::session::Session;

/// Draws a sheet into a file. The codes of what should be said of it.
pub fn write(session: &Session, sheet: &Sheet, path: &Path) -> Result<Vec<&'static str>, Failure> {
    if has_extension(path, "svg") {
        write_public(path, sheet.to_svg()?.as_bytes())?;
        return Ok(Vec::new());
    }
    let picture = sheet.to_png(&Fonts::of_system())?;
    write_public(path, &picture.png)?;
    let Some(warning) = picture.warning() else {
        return Ok(Vec::new());
    };
    super::warn(session, &warning);
    Ok(vec![warning.code()])
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

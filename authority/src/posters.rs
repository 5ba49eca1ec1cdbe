//! What hangs at the entrance: a sheet with the venue's name large, its QR code, its number and what to do, as SVG and as PNG.
//!
//! Letters of a PNG come from the fonts of the machine. Where those lack a character, GNU Unifont, which is built in, has it in coarse
//! letters: a name prints right in any of the five languages on a machine without fonts, only not beautifully.

mod canvas;
mod fonts;
mod layout;
mod png;
mod svg;

use techo_protocol::basics::qr::Qr;

use crate::Error;
use crate::venues::VenueNumber;

pub use fonts::{Fonts, Lettering};

techo_protocol::coded_errors! {
    /// Why a sheet could not be drawn.
    pub enum PosterError {
        /// The picture could not be written.
        Encoding = "poster.encoding", "The picture could not be written.", "Free some memory and try again.";
    }
}

techo_protocol::coded_errors! {
    /// What should be said of a sheet that was drawn.
    pub enum PosterWarning {
        /// Some letters are the built-in font's.
        NoFont = "poster.no_font", "This machine has no font for some of these letters, so they were drawn coarsely.", "Install a font such as fonts-noto-cjk and draw the poster again, or use the SVG.";
        /// Some letters are nowhere.
        NoGlyph = "poster.no_glyph", "Some letters of this text could not be drawn.", "Install a font such as fonts-noto-cjk-extra and draw the poster again, or use the SVG.";
    }
}

/// A sheet of A4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The venue's name, set as large as it fits.
    pub title: String,
    /// Below it, in smaller letters; may be empty.
    pub address: String,
    /// The text of the QR code.
    pub code: String,
    /// Below the code, each on its own, shrunk to fit.
    pub lines: Vec<String>,
}

/// A picture, and what its letters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A PNG of 1,240 by 1,754 grey pixels: A4 at 150 dots an inch.
    pub png: Vec<u8>,
    /// The coarsest letters that are in it.
    pub lettering: Lettering,
}

impl Sheet {
    /// A venue's poster. Dates are given as people are to read them.
    pub fn poster(name: &str, address: &str, code: &str, number: VenueNumber, issued: &str, valid_until: &str) -> Self {
        let number = number.to_string();
        let (head, tail) = number.split_at_checked(4).unwrap_or((&number, ""));
        Self {
            title: name.to_owned(),
            address: address.to_owned(),
            code: code.to_owned(),
            lines: vec![
                "入るときに手帳アプリで読み取ってください".to_owned(),
                "Scan with Techo when you come in".to_owned(),
                format!("施設番号 Venue number  {head} {tail}"),
                format!("発行 Issued {issued}   有効 Valid until {valid_until}"),
            ],
        }
    }

    /// What a tablet shows for some hours, given as people are to read them.
    pub fn tablet(name: &str, address: &str, code: &str, from: &str, to: &str) -> Self {
        Self {
            title: name.to_owned(),
            address: address.to_owned(),
            code: code.to_owned(),
            lines: vec![
                "入るときに手帳アプリで読み取ってください".to_owned(),
                "Scan with Techo when you come in".to_owned(),
                format!("{from} - {to}"),
            ],
        }
    }

    /// The sheet as SVG. Its letters are text, for whoever shows or prints it to set.
    ///
    /// # Errors
    /// [`techo_protocol::basics::qr::QrError::TooLong`] for a code that no QR code holds.
    pub fn to_svg(&self) -> Result<String, Error> {
        Ok(svg::draw(&layout::lay_out(self, Qr::of(&self.code)?)))
    }

    /// The sheet as a picture.
    ///
    /// # Errors
    /// [`techo_protocol::basics::qr::QrError::TooLong`] for a code that no QR code holds; [`PosterError::Encoding`].
    pub fn to_png(&self, fonts: &Fonts) -> Result<Picture, Error> {
        png::draw(&layout::lay_out(self, Qr::of(&self.code)?), fonts)
    }
}

impl Picture {
    /// What should be said of it.
    pub fn warning(&self) -> Option<PosterWarning> {
        match self.lettering {
            Lettering::System => None,
            Lettering::BuiltIn => Some(PosterWarning::NoFont),
            Lettering::Missing => Some(PosterWarning::NoGlyph),
        }
    }
}

#[cfg(test)]
mod tests;

//! Letters for pictures: the machine's fonts, and GNU Unifont for what they lack.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use fontdb::{Database, ID, Style};
use unifont::get_glyph;

use super::canvas::Canvas;

/// Families that are tried first, those with Japanese forms of Chinese characters before others.
const PREFERRED: [&str; 12] = [
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans",
    "IPAexGothic",
    "IPAGothic",
    "TakaoGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "Noto Sans",
    "DejaVu Sans",
    "Liberation Sans",
];

/// Pixels of a Unifont glyph from top to bottom, and from its top to the baseline.
const COARSE_HEIGHT: usize = 16;
const COARSE_BASELINE: usize = 14;

/// What the letters of a picture are, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lettering {
    /// Outlines of the machine's fonts.
    System,
    /// Some are the built-in font's, which is coarse.
    BuiltIn,
    /// Some are in no font, and are drawn as a box.
    Missing,
}

/// The fonts that letters are taken from.
pub struct Fonts {
    database: Database,
    order: Vec<ID>,
}

/// A line of letters, each with its font and place.
pub(super) struct Line {
    size: usize,
    letters: Vec<Letter>,
    width: f32,
}

struct Letter {
    character: char,
    face: Option<ID>,
    left: f32,
}

impl Line {
    /// Pixels from the first letter's left to the last one's right.
    pub fn width(&self) -> usize {
        whole(self.width.ceil())
    }
}

impl Fonts {
    /// The fonts that are installed on this machine.
    pub fn of_system() -> Self {
        let mut database = Database::new();
        database.load_system_fonts();
        let rank = |families: &[(String, fontdb::Language)]| {
            let known = |name: &str| PREFERRED.iter().position(|preferred| *preferred == name);
            families
                .iter()
                .filter_map(|(name, _)| known(name))
                .min()
                .unwrap_or(PREFERRED.len())
        };
        let mut faces: Vec<_> = database
            .faces()
            .filter(|face| face.style == Style::Normal)
            .map(|face| {
                (
                    rank(&face.families),
                    face.monospaced,
                    face.weight.0.abs_diff(400),
                    face.post_script_name.clone(),
                    face.id,
                )
            })
            .collect();
        faces.sort_by(|a, b| (a.0, a.1, a.2, &a.3).cmp(&(b.0, b.1, b.2, &b.3)));
        let order = faces.into_iter().map(|face| face.4).collect();
        Self { database, order }
    }

    /// The built-in font alone.
    pub fn built_in() -> Self {
        Self {
            database: Database::new(),
            order: Vec::new(),
        }
    }

    /// Sets a line, in one font where one has all its letters.
    pub(super) fn line(&self, text: &str, size: usize) -> Line {
        let one = self
            .order
            .iter()
            .copied()
            .find(|&face| text.chars().all(|c| self.has(face, c)));
        let mut letters = Vec::new();
        let mut width = 0.0;
        for character in text.chars() {
            let face = one.or_else(|| self.order.iter().copied().find(|&face| self.has(face, character)));
            letters.push(Letter {
                character,
                face,
                left: width,
            });
            width += self.advance(face, character, size);
        }
        Line { size, letters, width }
    }

    /// Draws a line and says what its letters are.
    pub(super) fn draw(&self, line: &Line, left: usize, baseline: usize, canvas: &mut Canvas) -> Lettering {
        let mut lettering = Lettering::System;
        for letter in &line.letters {
            let x = real(left) + letter.left;
            let drawn = match letter.face {
                Some(face) => self.draw_outline(face, letter.character, (x, real(baseline)), line.size, canvas),
                None => draw_coarse(letter.character, (whole(x), baseline), line.size, canvas),
            };
            lettering = lettering.max(drawn);
        }
        lettering
    }

    fn with<T>(&self, face: ID, use_it: impl FnOnce(&FontRef<'_>) -> T) -> Option<T> {
        self.database
            .with_face_data(face, |data, index| {
                FontRef::try_from_slice_and_index(data, index).ok().map(|font| use_it(&font))
            })
            .flatten()
    }

    fn has(&self, face: ID, character: char) -> bool {
        self.with(face, |font| font.glyph_id(character).0 != 0).unwrap_or(false)
    }

    fn advance(&self, face: Option<ID>, character: char, size: usize) -> f32 {
        let outline = face.and_then(|face| {
            self.with(face, |font| {
                font.as_scaled(scale_of(font, size)).h_advance(font.glyph_id(character))
            })
        });
        outline.unwrap_or_else(|| real(coarse_width(character) * size) / real(COARSE_HEIGHT))
    }

    fn draw_outline(&self, face: ID, character: char, at: (f32, f32), size: usize, canvas: &mut Canvas) -> Lettering {
        self.with(face, |font| {
            let glyph = font
                .glyph_id(character)
                .with_scale_and_position(scale_of(font, size), point(at.0, at.1));
            let Some(outline) = font.outline_glyph(glyph) else { return };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, cover| {
                let ink = u8::try_from(whole(cover.clamp(0.0, 1.0) * 255.0)).unwrap_or(u8::MAX);
                canvas.darken(pixel(corner.x) + i64::from(x), pixel(corner.y) + i64::from(y), ink);
            });
        });
        Lettering::System
    }
}

/// The scale at which an em of a font has `size` pixels.
fn scale_of(font: &FontRef<'_>, size: usize) -> PxScale {
    let em = font.units_per_em().unwrap_or(1_000.0);
    PxScale::from(real(size) * font.height_unscaled() / em)
}

fn coarse_width(character: char) -> usize {
    get_glyph(character).map_or(COARSE_HEIGHT, unifont::Glyph::get_width)
}

fn draw_coarse(character: char, (left, baseline): (usize, usize), size: usize, canvas: &mut Canvas) -> Lettering {
    let glyph = get_glyph(character);
    let top = baseline.saturating_sub(size * COARSE_BASELINE / COARSE_HEIGHT);
    for y in 0..size {
        for x in 0..coarse_width(character) * size / COARSE_HEIGHT {
            let (column, row) = (x * COARSE_HEIGHT / size, y * COARSE_HEIGHT / size);
            let is_dark = match glyph {
                Some(glyph) => column < glyph.get_width() && row < COARSE_HEIGHT && glyph.get_pixel(column, row),
                // A box, so that it shows that something is missing.
                None => matches!(column, 1 | 14) && (1..15).contains(&row) || matches!(row, 1 | 14) && (1..15).contains(&column),
            };
            if is_dark {
                canvas.darken(
                    i64::try_from(left + x).unwrap_or(-1),
                    i64::try_from(top + y).unwrap_or(-1),
                    255,
                );
            }
        }
    }
    if glyph.is_some() {
        Lettering::BuiltIn
    } else {
        Lettering::Missing
    }
}

/// A length on the sheet, which is under 2^16, as a real number.
fn real(length: usize) -> f32 {
    f32::from(u16::try_from(length).unwrap_or(u16::MAX))
}

/// A length on the sheet as a whole number; what is negative or no number is 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(length: f32) -> usize {
    length.clamp(0.0, f32::from(u16::MAX)) as usize
}

/// A place on or beside the sheet as a whole number.
#[allow(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn pixel(place: f32) -> i64 {
    place.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i64
}

//! Reading QR codes from pictures and camera frames.
//!
//! Finders are looked for on a thresholded picture, the code is then fitted and sampled on grey, and `rqrr` corrects and decodes the modules.
//! Nothing here panics or runs without bound on any picture. Data flows one way:
//! `picture` or `camera` -> [`Luminance`] -> `binarize` -> `finders` -> `triples` -> `locate` (`alignment`, `refine`) -> `mesh` -> `sample` -> `decode` -> `text`.

mod alignment;
mod attempts;
mod binarize;
pub mod camera;
mod codewords;
mod decode;
mod finders;
mod geometry;
mod level;
mod locate;
mod luminance;
mod mesh;
mod patterns;
pub mod picture;
mod pyramid;
mod reed_solomon;
mod refine;
mod sample;
mod segments;
mod shade;
mod shrink;
mod text;
mod thorough;
mod triples;

pub use attempts::Budget;
pub use level::Level;
pub use luminance::Luminance;
pub use text::decode as text_of;
pub use thorough::scan_file;

techo_protocol::coded_errors! {
    /// Why a picture cannot be looked at.
    pub enum ScanError {
        /// The file is damaged or cut short.
        PictureCorrupt = "scan.picture_corrupt", "The picture file is damaged.", "Take the picture again, or copy the file again.";
        /// The file is no PNG, JPEG, WebP or GIF.
        PictureFormat = "scan.picture_format", "This kind of picture file cannot be read.", "Save it as PNG or JPEG.";
        /// There is no code in the picture that can be read.
        NoCode = "scan.no_code", "No code was found in the picture.", "Closer, more light, or a straighter view may help.";
        /// The picture has too many pixels.
        PictureTooLarge = "scan.picture_too_large", "The picture is too large.", "Make it smaller, or cut out the part with the code.";
        /// A frame's bytes are fewer than its size and stride ask for.
        FrameShape = "scan.frame_shape", "The camera's frame does not have the size that it states.", "Start the camera again.";
    }
}

/// A code that was read.
///
/// ```
/// use techo_core::scan::{self, Options};
///
/// let picture = techo_testing::picture("0000000009")?;
/// let found = scan::scan(&picture, &Options::default()).remove(0);
/// assert_eq!((found.version, found.bytes.as_slice()), (1, &b"0000000009"[..]), "21 modules a side hold ten digits");
/// let [[left, top], [right, bottom]] = [found.corners[0], found.corners[2]];
/// assert!(left < right && top < bottom, "the code stands upright");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The text that the code holds; bytes that are no UTF-8 are read as Shift_JIS where that makes Japanese, else as Latin-1.
    pub text: String,
    /// The bytes that the code holds.
    pub bytes: Vec<u8>,
    /// The version of the code, 1 to 40: 21 modules a side and four more with each.
    pub version: u8,
    /// The level of the code's error correction.
    pub level: Level,
    /// The code's corners in pixels of the picture: first row's start and end, last row's end and start.
    pub corners: [[f32; 2]; 4],
    /// Whether the code is light on dark.
    pub inverted: bool,
    /// Whether the code is printed as in a mirror.
    pub mirrored: bool,
}

/// How a picture is looked at.
///
/// ```
/// use techo_core::scan::Options;
/// assert_eq!(Options::default().long_side, 1_280);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Pictures with a longer side are made smaller first, in pixels.
    pub long_side: usize,
    /// Bounds of the work of one attempt.
    pub budget: Budget,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            long_side: 1280,
            budget: Budget::default(),
        }
    }
}

/// All distinct codes of a picture.
///
/// ```
/// use techo_core::scan::{self, Options};
///
/// let found = scan::scan(&techo_testing::picture("https://techo.example/v")?, &Options::default());
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].text, "https://techo.example/v");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scan(picture: &Luminance<'_>, options: &Options) -> Vec<Found> {
    let fitted = picture.fit(options.long_side);
    let factor = scale_of(picture, &fitted);
    let mut pyramid = pyramid::Pyramid::new(fitted);
    let mut progress = attempts::Progress::default();
    let mut read = false;
    for attempt in attempts::plan(pyramid.long_side()) {
        if read && !attempt.adds() {
            break;
        }
        let left = attempts::try_one(&mut pyramid, attempt, &options.budget, &mut progress);
        read = !progress.found.is_empty() && !left;
    }
    distinct(progress.found, factor)
}

/// Pixels of `picture` to one of `fitted`.
#[allow(clippy::cast_precision_loss, reason = "a side is at most 2^15")]
fn scale_of(picture: &Luminance<'_>, fitted: &Luminance<'_>) -> [f32; 2] {
    let ratio = |a: usize, b: usize| a as f32 / b.max(1) as f32;
    [
        ratio(picture.width(), fitted.width()),
        ratio(picture.height(), fitted.height()),
    ]
}

/// One of each content, in pixels of the picture that was given.
fn distinct(sighted: Vec<attempts::Sighted>, factor: [f32; 2]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for s in sighted {
        if found.iter().any(|f| f.bytes == s.content.message.bytes) {
            continue;
        }
        found.push(Found {
            text: s.content.message.text,
            bytes: s.content.message.bytes,
            version: s.content.version,
            level: s.content.level,
            corners: s.corners.map(|c| [c.x * factor[0], c.y * factor[1]]),
            inverted: s.inverted,
            mirrored: s.content.mirrored,
        });
    }
    found
}

#[cfg(test)]
mod tests;

//! A picture that has time: a scanned page or a photograph of a file, where a small code may stand on a large page.

use super::luminance::Luminance;
use super::{Found, Options, scan};

/// Side of a tile in pixels: what a picture is made smaller to.
const TILE: usize = 1_280;
/// From the beginning of a tile to the next one's: half a tile, so that every code of up to half a tile lies whole in one. Larger ones show on the
/// picture made smaller.
const STEP: usize = TILE / 2;
/// Most tiles that are looked at, all sizes together: a picture of 120 million pixels has some 400.
const MOST_TILES: usize = 500;

/// All distinct codes of a picture that was not taken by a camera a moment ago: where nothing is found on the picture made smaller, it is looked at in
/// tiles, at twice that size and so on up to its own. A camera's frame has no time for that, and its person moves closer.
///
/// ```
/// use techo_core::scan::scan_file;
///
/// let found = scan_file(&techo_testing::picture("https://techo.example/v")?);
/// assert_eq!(found[0].text, "https://techo.example/v");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scan_file(picture: &Luminance<'_>) -> Vec<Found> {
    let options = Options::default();
    let mut found = scan(picture, &options);
    let long = picture.width().max(picture.height());
    let mut side = TILE;
    let mut left = MOST_TILES;
    while found.is_empty() && side < long && left > 0 {
        side = (2 * side).min(long);
        let sized = picture.fit(side);
        found = in_tiles(&sized, &mut left);
        scale(&mut found, picture, &sized);
    }
    found
}

fn in_tiles(picture: &Luminance<'_>, left: &mut usize) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for y in starts(picture.height()) {
        for x in starts(picture.width()) {
            if *left == 0 {
                return found;
            }
            *left -= 1;
            for mut code in scan(&picture.part(x, y, TILE, TILE), &Options::default()) {
                if found.iter().any(|known| known.bytes == code.bytes) {
                    continue;
                }
                for corner in &mut code.corners {
                    *corner = [corner[0] + pixels(x), corner[1] + pixels(y)];
                }
                found.push(code);
            }
        }
    }
    found
}

/// Where tiles begin along a side.
fn starts(side: usize) -> impl Iterator<Item = usize> {
    let last = side.saturating_sub(TILE);
    (0..=last.div_ceil(STEP)).map(move |number| (number * STEP).min(last))
}

/// Puts corners that are in pixels of `sized` into those of the picture.
fn scale(found: &mut [Found], picture: &Luminance<'_>, sized: &Luminance<'_>) {
    let ratio = |a: usize, b: usize| pixels(a) / pixels(b.max(1));
    let [across, down] = [ratio(picture.width(), sized.width()), ratio(picture.height(), sized.height())];
    for corner in found.iter_mut().flat_map(|code| &mut code.corners) {
        *corner = [corner[0] * across, corner[1] * down];
    }
}

#[allow(clippy::cast_precision_loss, reason = "a side is at most 2^15")]
fn pixels(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white page with a code of modules of so many pixels at a place.
    fn page(width: usize, height: usize, module: usize, at: [usize; 2]) -> Luminance<'static> {
        let text = "https://techo.example/a-page-with-a-small-code?number=112714030000000009&name=Kanaria-Clinic";
        let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium).unwrap();
        let mut bytes = vec![255; width * height];
        let side = usize::try_from(code.size()).unwrap();
        for y in 0..side * module {
            for x in 0..side * module {
                let (column, row) = (i32::try_from(x / module).unwrap(), i32::try_from(y / module).unwrap());
                if code.get_module(column, row) {
                    bytes[(at[1] + y) * width + at[0] + x] = 0;
                }
            }
        }
        Luminance::packed(width, height, bytes)
    }

    #[test]
    fn a_small_code_on_a_large_page_is_found_in_a_file() {
        let at = [1_900, 2_700];
        let picture = page(2_480, 3_508, 3, at);
        assert!(
            scan(&picture, &Options::default()).is_empty(),
            "modules of one pixel are none"
        );
        let found = scan_file(&picture);
        assert_eq!(found.len(), 1);
        let [left, top] = found[0].corners[0];
        assert!((left - 1_900.0).abs() < 6.0 && (top - 2_700.0).abs() < 6.0, "{left} {top}");
    }

    #[test]
    fn tiles_cover_a_side_and_are_bounded() {
        assert_eq!(starts(0).collect::<Vec<_>>(), [0]);
        assert_eq!(starts(TILE).collect::<Vec<_>>(), [0]);
        assert_eq!(starts(2_000).collect::<Vec<_>>(), [0, 640, 720]);
        let mut left = 1;
        assert!(in_tiles(&page(2_480, 1_300, 3, [2_000, 900]), &mut left).is_empty());
        assert_eq!(left, 0);
    }
}

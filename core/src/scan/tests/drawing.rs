//! Draws codes onto pictures.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

use crate::scan::Luminance;
use crate::scan::geometry::{Homography, Point};

/// A code and where its four corners lie in the picture: first row's start and end, last row's end and start.
pub struct Placed {
    pub code: QrCode,
    pub corners: [Point; 4],
}

/// A code of exactly this version.
pub fn code(text: &[u8], version: u8, level: QrCodeEcc) -> QrCode {
    let version = Version::new(version);
    QrCode::encode_segments_advanced(&[QrSegment::make_bytes(text)], level, version, version, None, false).unwrap()
}

/// A code of whatever version holds the text.
pub fn any_code(text: &str) -> QrCode {
    QrCode::encode_text(text, QrCodeEcc::Medium).unwrap()
}

/// A square with its first corner at `left`, `top`, turned clockwise by `degrees` about it.
pub fn square(left: f32, top: f32, side: f32, degrees: f32) -> [Point; 4] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (across, down) = (Point::new(cos, sin) * side, Point::new(-sin, cos) * side);
    let first = Point::new(left, top);
    [first, first + across, first + across + down, first + down]
}

/// A picture of codes on white, each pixel the mean of nine places.
pub fn picture(width: usize, height: usize, codes: &[Placed]) -> Luminance<'static> {
    let maps: Vec<(Homography, i32, &QrCode)> = codes
        .iter()
        .map(|placed| {
            let side = placed.code.size() as f32;
            let modules = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| Point::new(x, y));
            (
                Homography::from_pairs(&placed.corners, &modules).unwrap(),
                placed.code.size(),
                &placed.code,
            )
        })
        .collect();
    let dark = |place: Point| {
        maps.iter().any(|(map, size, code)| {
            let module = map.map(place);
            let (x, y) = (module.x.floor() as i32, module.y.floor() as i32);
            (0..*size).contains(&x) && (0..*size).contains(&y) && code.get_module(x, y)
        })
    };
    let mut bytes = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let places =
                (0..9).map(|i| Point::new(x as f32 + (i % 3) as f32 / 3.0 + 0.17, y as f32 + (i / 3) as f32 / 3.0 + 0.17));
            let darks = places.filter(|&p| dark(p)).count();
            bytes.push((235 - darks * 23) as u8);
        }
    }
    Luminance::new(width, height, width, bytes).unwrap()
}

/// One code seen from the front with a margin of four modules.
pub fn upright(code: QrCode, module: f32) -> Luminance<'static> {
    let side = code.size() as f32 * module;
    let whole = (side + 8.0 * module).ceil() as usize;
    let corners = square(4.0 * module, 4.0 * module, side, 0.0);
    picture(whole, whole, &[Placed { code, corners }])
}

/// The same picture with each pixel's grey and place changed.
pub fn changed(
    picture: &Luminance<'_>,
    grey: impl Fn(u8) -> u8,
    place: impl Fn(usize, usize) -> (usize, usize),
    turned: bool,
) -> Luminance<'static> {
    let (width, height) = if turned {
        (picture.height(), picture.width())
    } else {
        (picture.width(), picture.height())
    };
    let mut bytes = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (from_x, from_y) = place(x, y);
            bytes.push(grey(picture.row(from_y)[from_x]));
        }
    }
    Luminance::new(width, height, width, bytes).unwrap()
}

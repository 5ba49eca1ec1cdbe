//! What is drawn is read.

use proptest::prelude::*;
use qrcodegen::QrCodeEcc;

use super::drawing::{self, Placed, any_code, changed, picture, square, upright};
use crate::scan::geometry::Point;
use crate::scan::{Found, Level, Luminance, Options, scan};

fn read(picture: &Luminance<'_>) -> Vec<Found> {
    scan(picture, &Options::default())
}

fn texts(picture: &Luminance<'_>) -> Vec<String> {
    let mut texts: Vec<String> = read(picture).into_iter().map(|f| f.text).collect();
    texts.sort();
    texts
}

#[test]
fn every_version_and_level_is_read() {
    for version in 1..=40_u8 {
        for (ecc, level) in [
            (QrCodeEcc::Low, Level::L),
            (QrCodeEcc::Medium, Level::M),
            (QrCodeEcc::Quartile, Level::Q),
            (QrCodeEcc::High, Level::H),
        ] {
            let text = "version and level ".repeat(usize::from(version))[..usize::from(version) * 4].to_owned();
            let found = read(&upright(drawing::code(text.as_bytes(), version, ecc), 3.0));
            assert_eq!(found.len(), 1, "version {version} {level:?}");
            assert_eq!((&found[0].text, found[0].version, found[0].level), (&text, version, level));
        }
    }
}

#[test]
fn modules_from_one_pixel_to_thirty_are_read() {
    for module in [1.0, 1.4, 2.0, 2.7, 4.4, 7.9, 13.0, 30.0] {
        assert_eq!(texts(&upright(any_code("SIZE"), module)), ["SIZE"], "{module} pixels");
    }
}

#[test]
fn corners_are_those_of_the_code() {
    for module in [2.0, 6.0, 14.0] {
        let found = read(&upright(any_code("CORNERS"), module));
        let (near, far) = (4.0 * module, 25.0 * module);
        for (corner, expected) in found[0]
            .corners
            .iter()
            .zip([[near, near], [far, near], [far, far], [near, far]])
        {
            assert!(
                (corner[0] - expected[0]).abs() < module && (corner[1] - expected[1]).abs() < module,
                "{corner:?} for {expected:?}"
            );
        }
    }
}

#[test]
fn corners_of_a_large_picture_are_in_its_own_pixels() {
    let found = read(&upright(any_code("CORNERS"), 90.0));
    let corner = found[0].corners[2];
    assert!(
        (corner[0] - 2250.0).abs() < 90.0 && (corner[1] - 2250.0).abs() < 90.0,
        "{corner:?}"
    );
}

#[test]
fn quarter_turns_read_the_same() {
    let drawn = picture(
        150,
        110,
        &[Placed {
            code: any_code("https://techo.example/v#turned"),
            corners: square(30.0, 10.0, 87.0, 4.0),
        }],
    );
    let (right, bottom) = (drawn.width() - 1, drawn.height() - 1);
    let expected = texts(&drawn);
    assert_eq!(expected.len(), 1);
    assert_eq!(texts(&changed(&drawn, |g| g, |x, y| (y, bottom - x), true)), expected);
    assert_eq!(
        texts(&changed(&drawn, |g| g, |x, y| (right - x, bottom - y), false)),
        expected
    );
    assert_eq!(texts(&changed(&drawn, |g| g, |x, y| (right - y, x), true)), expected);
}

#[test]
fn light_on_dark_is_read_and_said() {
    let drawn = upright(any_code("INVERTED"), 3.0);
    let found = read(&changed(&drawn, |g| 255 - g, |x, y| (x, y), false));
    assert_eq!(
        (found.len(), found[0].text.as_str(), found[0].inverted),
        (1, "INVERTED", true)
    );
    assert!(!read(&drawn)[0].inverted);
}

#[test]
fn a_mirrored_code_is_read_and_said() {
    let drawn = upright(any_code("MIRRORED"), 3.0);
    let right = drawn.width() - 1;
    let found = read(&changed(&drawn, |g| g, |x, y| (right - x, y), false));
    assert_eq!(
        (found.len(), found[0].text.as_str(), found[0].mirrored),
        (1, "MIRRORED", true)
    );
    assert!(!read(&drawn)[0].mirrored);
}

#[test]
fn a_code_without_a_margin_is_read() {
    for grey in [|g| g, |g| 255 - g] {
        let code = any_code("NO MARGIN");
        let corners = square(0.0, 0.0, 84.0, 0.0);
        let drawn = changed(&picture(84, 84, &[Placed { code, corners }]), grey, |x, y| (x, y), false);
        assert_eq!(texts(&drawn), ["NO MARGIN"]);
    }
}

#[test]
fn all_codes_of_a_page_are_read_once_each() {
    let mut codes = Vec::new();
    let mut expected = Vec::new();
    for row in 0..3_u8 {
        for column in 0..5_u8 {
            let text = format!("CODE {row} {column}");
            let corners = square(
                20.0 + f32::from(column) * 110.0,
                20.0 + f32::from(row) * 110.0,
                84.0,
                f32::from(column) * 2.0,
            );
            codes.push(Placed {
                code: any_code(&text),
                corners,
            });
            expected.push(text);
        }
    }
    // The first once more: one text, one answer.
    codes.push(Placed {
        code: any_code("CODE 0 0"),
        corners: square(20.0, 350.0, 84.0, 0.0),
    });
    assert_eq!(texts(&picture(580, 460, &codes)), expected);
}

#[test]
fn a_small_code_beside_a_large_one_is_read() {
    let codes = [
        Placed {
            code: any_code("LARGE"),
            corners: square(60.0, 60.0, 630.0, 0.0),
        },
        Placed {
            code: any_code("SMALL"),
            corners: square(900.0, 300.0, 42.0, 0.0),
        },
    ];
    assert_eq!(texts(&picture(1280, 760, &codes)), ["LARGE", "SMALL"]);
}

#[test]
fn of_a_code_within_a_code_the_outer_is_read() {
    let outer = drawing::code(b"OUTER", 8, QrCodeEcc::High);
    let drawn = picture(
        280,
        280,
        &[Placed {
            code: outer,
            corners: square(20.0, 20.0, 245.0, 0.0),
        }],
    );
    let inner = upright(any_code("IN"), 2.0);
    let (left, top) = (116, 116);
    let mut bytes: Vec<u8> = (0..280).flat_map(|y| drawn.row(y).to_vec()).collect();
    for y in 0..inner.height() {
        bytes[(top + y) * 280 + left..][..inner.width()].copy_from_slice(inner.row(y));
    }
    assert_eq!(texts(&Luminance::new(280, 280, 280, bytes).unwrap()), ["OUTER"]);
}

#[test]
fn a_code_on_bent_paper_is_read() {
    let code = drawing::code(b"A poster on a pillar, seen from the left", 10, QrCodeEcc::Medium);
    let flat = upright(code, 5.0);
    let (width, height) = (flat.width() as f32, flat.height() as f32);
    let bent = |x: usize, y: usize| {
        // Rows sag by two modules, columns stretch in the middle by one.
        let (u, v) = (x as f32 / width, y as f32 / height);
        let sag = 10.0 * (std::f32::consts::PI * u).sin();
        let stretch = 5.0 * (2.0 * std::f32::consts::PI * v).sin();
        let (from_x, from_y) = (x as f32 + stretch, y as f32 - sag);
        (
            from_x.clamp(0.0, width - 1.0) as usize,
            from_y.clamp(0.0, height - 1.0) as usize,
        )
    };
    assert_eq!(
        texts(&changed(&flat, |g| g, bent, false)),
        ["A poster on a pillar, seen from the left"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn seen_from_the_side_and_turned_it_is_read(
        text in "[a-z0-9:/#]{1,60}",
        degrees in 0.0_f32..360.0,
        tilt in prop::array::uniform8(-0.1_f32..0.1),
        dim in 0.3_f32..1.0,
    ) {
        let side = 190.0;
        let mut corners = square(0.0, 0.0, side, degrees);
        let middle = corners.iter().fold(Point::default(), |sum, &c| sum + c * 0.25);
        for (i, corner) in corners.iter_mut().enumerate() {
            *corner = *corner - middle + Point::new(200.0 + tilt[2 * i] * side, 200.0 + tilt[2 * i + 1] * side);
        }
        let drawn = picture(400, 400, &[Placed { code: any_code(&text), corners }]);
        // Light that falls off across the picture.
        let seen = changed(&drawn, |g| (f32::from(g) * dim) as u8, |x, y| (x, y), false);
        prop_assert_eq!(texts(&seen), vec![text]);
    }

    #[test]
    fn bytes_come_through(bytes in prop::collection::vec(any::<u8>(), 1..80)) {
        let found = read(&upright(drawing::code(&bytes, 8, QrCodeEcc::Low), 3.0));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].bytes, &bytes);
    }
}

use techo_protocol::basics::random::SeededRandom;

use super::*;
use crate::profile::tests::{NOW, authority};
use crate::venues::NewVenue;
use crate::venues::tests::{BAR, text_of};

fn sheet(name: &str) -> Sheet {
    let (_folder, mut authority) = authority();
    let venue = authority
        .add_venue(&NewVenue { name, ..BAR }, NOW, &SeededRandom::new(2))
        .unwrap();
    Sheet::poster(name, BAR.address, &text_of(&venue), venue.number, "2026-11-20", "2027-11-20")
}

fn pixels(png: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width as usize, info.height as usize, pixels)
}

/// The texts of the codes in a picture.
fn scan(png: &[u8]) -> Vec<String> {
    let (width, height, pixels) = pixels(png);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    prepared.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect()
}

#[test]
fn the_code_of_a_picture_is_read_back() {
    for name in [
        "Bar Yoru",
        "金糸雀亭",
        "카나리아",
        "Quán Hoàng Yến",
        "金丝雀酒馆",
        &"長い名前の居酒屋".repeat(20),
    ] {
        let sheet = sheet(name);
        for fonts in [Fonts::built_in(), Fonts::of_system()] {
            let picture = sheet.to_png(&fonts).unwrap();
            assert_eq!(scan(&picture.png), [sheet.code.as_str()], "{name}");
            assert_ne!(picture.lettering, Lettering::Missing, "{name}");
        }
    }
}

#[test]
fn a_machine_without_fonts_says_that_letters_are_coarse() {
    let picture = sheet("金糸雀亭").to_png(&Fonts::built_in()).unwrap();
    assert_eq!(picture.warning(), Some(PosterWarning::NoFont));
    let picture = sheet("𠮷野家").to_png(&Fonts::built_in()).unwrap();
    assert_eq!(picture.warning(), Some(PosterWarning::NoGlyph));
}

#[test]
fn letters_are_where_the_layout_puts_them() {
    let picture = sheet("Bar Yoru").to_png(&Fonts::built_in()).unwrap();
    let (width, _, pixels) = pixels(&picture.png);
    let ink = |rows: std::ops::Range<usize>| {
        pixels[rows.start * width..rows.end * width]
            .iter()
            .filter(|&&pixel| pixel < 128)
            .count()
    };
    assert!(ink(100..400) > 500, "the name is at the top");
    assert_eq!(ink(0..50), 0);
    assert_ne!(
        picture.png,
        sheet("Bar Yora").to_png(&Fonts::built_in()).unwrap().png,
        "another name is another picture"
    );
}

#[test]
fn an_svg_has_the_texts_and_the_same_modules() {
    let sheet = sheet("Bar <Yoru> & 金糸雀亭");
    let svg = sheet.to_svg().unwrap();
    assert!(svg.contains("Bar &lt;Yoru&gt; &amp; ") && svg.contains("Venue number"));
    assert!(svg.contains(&Qr::of(&sheet.code).unwrap().to_svg_path()));
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn a_tablet_s_sheet_says_its_hours() {
    let sheet = Sheet::tablet("Bar Yoru", "", "https://techo.example/v#123", "19:00", "22:00");
    assert!(sheet.to_svg().unwrap().contains("19:00 - 22:00"));
    assert_eq!(scan(&sheet.to_png(&Fonts::built_in()).unwrap().png), [sheet.code]);
}

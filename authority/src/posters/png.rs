//! A sheet as a picture of grey pixels.

use techo_protocol::basics::qr::QUIET_ZONE;

use super::canvas::Canvas;
use super::fonts::{Fonts, Lettering};
use super::layout::{HEIGHT, Placed, PlacedCode, TEXT_WIDTH, WIDTH};
use super::{Picture, PosterError};
use crate::Error;

pub(super) fn draw(placed: &Placed, fonts: &Fonts) -> Result<Picture, Error> {
    let mut canvas = Canvas::new();
    draw_code(&placed.code, &mut canvas);
    let mut lettering = Lettering::System;
    for text in &placed.texts {
        let line = fonts.line(&text.text, text.size);
        // The layout's estimate is not a promise: a font may be wider.
        let line = if line.width() > TEXT_WIDTH {
            fonts.line(&text.text, text.size * TEXT_WIDTH / line.width().max(1))
        } else {
            line
        };
        let left = WIDTH.saturating_sub(line.width()) / 2;
        lettering = lettering.max(fonts.draw(&line, left, text.baseline, &mut canvas));
    }
    let png = encode(&canvas).map_err(|_| PosterError::Encoding)?;
    Ok(Picture { png, lettering })
}

fn draw_code(code: &PlacedCode, canvas: &mut Canvas) {
    let side = code.qr.modules();
    for row in 0..side {
        for column in (0..side).filter(|&column| code.qr.is_dark(column, row)) {
            let (left, top) = (
                code.left + (column + QUIET_ZONE) * code.scale,
                code.top + (row + QUIET_ZONE) * code.scale,
            );
            for y in top..top + code.scale {
                for x in left..left + code.scale {
                    canvas.darken(i64::try_from(x).unwrap_or(-1), i64::try_from(y).unwrap_or(-1), 255);
                }
            }
        }
    }
}

fn encode(canvas: &Canvas) -> Result<Vec<u8>, png::EncodingError> {
    // The sheet's sides are constants far under 2^32.
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(WIDTH), side(HEIGHT));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    // 150 dots an inch, so that it prints as A4.
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: 5_906,
        yppu: 5_906,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(canvas.pixels())?;
    writer.finish()?;
    Ok(out)
}

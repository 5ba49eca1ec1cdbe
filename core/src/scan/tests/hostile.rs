//! Nothing panics, and nothing is read where there is nothing.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::drawing::{any_code, upright};
use crate::scan::camera::FrameScanner;
use crate::scan::{Luminance, Options, scan};

#[test]
fn pictures_of_hardly_any_pixels_hold_nothing() {
    for width in 0..20 {
        for height in [0, 1, 2, 7, 8, 9, 64, 65] {
            for grey in [0, 128, 255] {
                let picture = Luminance::new(width, height, width, vec![grey; width * height]).unwrap();
                assert!(scan(&picture, &Options::default()).is_empty());
                assert!(FrameScanner::default().frame(&picture).is_empty());
            }
        }
    }
}

#[test]
fn a_long_side_of_nothing_is_taken_as_no_limit() {
    let drawn = upright(any_code("LIMIT"), 3.0);
    let options = Options {
        long_side: 0,
        ..Options::default()
    };
    assert_eq!(scan(&drawn, &options).len(), 1);
}

#[test]
fn a_wall_of_finders_holds_nothing() {
    for module in [2, 3, 5, 8] {
        let period = module * 11;
        let dark = |x: usize, y: usize| {
            let (u, v) = (x % period / module, y % period / module);
            u < 7 && v < 7 && u.abs_diff(3).max(v.abs_diff(3)) != 2
        };
        let bytes: Vec<u8> = (0..640 * 480)
            .map(|i| if dark(i % 640, i / 640) { 20 } else { 240 })
            .collect();
        let picture = Luminance::new(640, 480, 640, bytes).unwrap();
        assert!(scan(&picture, &Options::default()).is_empty());
    }
}

fn drawn() -> &'static Luminance<'static> {
    static DRAWN: OnceLock<Luminance<'static>> = OnceLock::new();
    DRAWN.get_or_init(|| upright(any_code("DAMAGED BUT NEVER MISREAD"), 3.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_holds_nothing(width in 1_usize..300, height in 1_usize..300, seed in any::<u32>(), coarse in 1_usize..6, shades in 2_u32..256) {
        let grey = |i: usize| {
            let (x, y) = (i % width / coarse, i / width / coarse);
            let mixed = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed;
            let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D);
            ((mixed >> 16) % shades * 255 / (shades - 1)) as u8
        };
        let picture = Luminance::new(width, height, width, (0..width * height).map(grey).collect::<Vec<_>>()).unwrap();
        prop_assert!(scan(&picture, &Options::default()).is_empty());
    }

    #[test]
    fn a_damaged_code_is_read_right_or_not_at_all(
        left in 0_usize..100, top in 0_usize..100, width in 1_usize..60, height in 1_usize..60, grey in any::<u8>(),
    ) {
        let whole = drawn();
        let mut bytes: Vec<u8> = (0..whole.height()).flat_map(|y| whole.row(y).to_vec()).collect();
        for y in top..(top + height).min(whole.height()) {
            for x in left..(left + width).min(whole.width()) {
                bytes[y * whole.width() + x] = grey;
            }
        }
        let picture = Luminance::new(whole.width(), whole.height(), whole.width(), bytes).unwrap();
        for found in scan(&picture, &Options::default()) {
            prop_assert_eq!(found.text, "DAMAGED BUT NEVER MISREAD");
        }
    }

    #[test]
    fn any_grid_of_modules_is_decoded_or_refused(version in 1_usize..41, seed in any::<u64>(), format in 0_u16..32) {
        let mut state = seed | 1;
        let mut bits = crate::scan::sample::Bits::from_fn(17 + 4 * version, |_, _| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state & 1 == 1
        });
        bits.write_format(format);
        prop_assert!(crate::scan::decode::decode(bits).is_none());
    }
}

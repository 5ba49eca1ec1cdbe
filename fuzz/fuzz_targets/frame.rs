//! The pixels of a camera frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use techo_core::scan::{Luminance, Options, scan};

fuzz_target!(|data: &[u8]| {
    let Some((&width, pixels)) = data.split_first() else { return };
    let width = usize::from(width).max(1);
    let height = pixels.len() / width;
    if let Ok(frame) = Luminance::new(width, height, width, pixels[..width * height].to_vec()) {
        let _ = scan(&frame, &Options::default());
    }
});

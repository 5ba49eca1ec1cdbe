use super::FrameScanner;
use crate::scan::Luminance;
use crate::scan::tests::{any_code, upright};

#[test]
fn a_code_is_reported_once_until_it_is_forgotten() {
    let frame = upright(any_code("ONCE"), 4.0);
    let mut scanner = FrameScanner::default();
    let reported = |scanner: &mut FrameScanner| (0..6).map(|_| scanner.frame(&frame).len()).sum::<usize>();
    assert_eq!(reported(&mut scanner), 1);
    assert_eq!(reported(&mut scanner), 0);
    scanner.forget();
    assert_eq!(reported(&mut scanner), 1);
}

#[test]
fn every_size_comes_to_its_turn() {
    // Modules of 30 pixels are seen on the quarter alone: not in the first frame, but within a few.
    for module in [1.2, 3.0, 12.0, 40.0] {
        let code = upright(any_code("TURN"), module);
        let mut scanner = FrameScanner::default();
        let found: Vec<String> = (0..8).flat_map(|_| scanner.frame(&code)).map(|f| f.text).collect();
        assert_eq!(found, ["TURN"], "{module} pixels");
    }
}

#[test]
fn frames_may_change_their_size() {
    let mut scanner = FrameScanner::default();
    for (width, height) in [(0, 0), (640, 480), (1, 900), (1920, 1080)] {
        let frame = Luminance::new(width, height, width, vec![200; width * height]).unwrap();
        assert!(scanner.frame(&frame).is_empty());
    }
}

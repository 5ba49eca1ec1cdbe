use proptest::prelude::*;

use super::{Luminance, MAX_SIDE};
use crate::scan::ScanError;

#[test]
fn a_cameras_plane_is_borrowed_with_its_stride() {
    let plane = [1, 2, 9, 3, 4, 9];
    let picture = Luminance::new(2, 2, 3, &plane[..]).unwrap();
    assert_eq!(
        (picture.row(0), picture.row(1), picture.row(2)),
        (&plane[..2], &plane[3..5], &[][..])
    );
    // The last row needs no padding.
    assert!(Luminance::new(2, 2, 3, &plane[..5]).is_ok());
}

#[test]
fn a_frame_that_does_not_hold_what_it_states_is_refused() {
    assert_eq!(Luminance::new(2, 2, 3, vec![0; 4]).unwrap_err(), ScanError::FrameShape);
    assert_eq!(Luminance::new(3, 2, 2, vec![0; 99]).unwrap_err(), ScanError::FrameShape);
    assert_eq!(
        Luminance::new(2, 9, usize::MAX, vec![0; 99]).unwrap_err(),
        ScanError::FrameShape
    );
    assert_eq!(
        Luminance::new(MAX_SIDE + 1, 1, MAX_SIDE + 1, vec![]).unwrap_err(),
        ScanError::PictureTooLarge
    );
}

#[test]
fn halves_and_doubles_keep_the_greys() {
    let picture = Luminance::new(4, 2, 4, vec![0, 4, 100, 100, 8, 12, 100, 101]).unwrap();
    assert_eq!(picture.half().row(0), [6, 100]);
    let double = Luminance::new(2, 1, 2, vec![0, 160]).unwrap().double();
    assert_eq!(
        (double.row(0), double.row(1)),
        (&[0, 40, 120, 160][..], &[0, 40, 120, 160][..])
    );
}

#[test]
fn fitting_takes_the_mean_of_the_area() {
    let picture = Luminance::new(6, 3, 6, [[0, 30, 60, 90, 120, 150]; 3].concat()).unwrap();
    let fitted = picture.fit(2);
    assert_eq!((fitted.width(), fitted.height(), fitted.row(0)), (2, 1, &[30, 120][..]));
    assert_eq!(picture.fit(4).row(0), [10, 50, 100, 140]);
}

proptest! {
    #[test]
    fn fitting_keeps_to_the_side_and_to_the_greys(width in 1_usize..200, height in 1_usize..200, side in 1_usize..250, grey in any::<u8>()) {
        let picture = Luminance::new(width, height, width, vec![grey; width * height]).unwrap();
        let fitted = picture.fit(side);
        prop_assert!(fitted.width().max(fitted.height()) <= side.max(1));
        prop_assert!(fitted.width() >= 1 && fitted.height() >= 1);
        for y in 0..fitted.height() {
            prop_assert!(fitted.row(y).iter().all(|&g| g == grey));
        }
    }
}

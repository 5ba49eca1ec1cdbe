use chrono_tz::Pacific::Auckland;
use proptest::prelude::*;

use super::*;

fn auckland(text: &str) -> Result<i64, NoTime> {
    local(text, Auckland, Twice::Earlier, &[])
}

/// The afternoon that the rows say in many ways: 2021-08-19T14:19:00+12:00.
const AFTERNOON: i64 = 1_629_339_540;

#[test]
fn every_form_of_one_moment() {
    for text in [
        "19/08/2021, 2:19 pm",
        "19/08/2021, 02:19 PM",
        "19/8/2021, 2:19:00 pm",
        "19/08/2021 2:19 pm",
        "19/08/2021 14:19",
        "19/08/2021, 14:19",
        "19/08/2021 14:19:00",
        "2021-08-19 14:19",
        "2021-08-19 14:19:00",
        "2021-08-19 14:19:00.5",
        "2021-08-19T14:19",
        "2021-08-19T14:19:00",
        "2021-08-19T14:19:00+12:00",
        "2021-08-19T02:19:00Z",
        "2021-08-19T02:19:00.000Z",
        "2021-08-19 14:19:00 NZST",
        "2021-08-19 15:19:00 NZDT",
        "19/08/2021, 2:19 pm NZST",
        "2021-08-19 02:19:00 UTC",
        "19/08/2021, 2:19\u{202f}pm",
        "19/08/2021, 2:19 p.m.",
        "2021/8/19 14:19",
        "令和3年8月19日 14:19",
    ] {
        assert_eq!(auckland(text), Ok(AFTERNOON), "{text}");
    }
}

#[test]
fn a_zone_s_abbreviation_tells_which_of_two_moments_is_meant() {
    // 2022-04-03: the clocks go back from 3:00 NZDT to 2:00 NZST.
    let (summer, winter) = (
        auckland("2022-04-03 02:30:00 NZDT").unwrap(),
        auckland("2022-04-03 02:30:00 NZST").unwrap(),
    );
    assert_eq!(winter - summer, 3_600);
    assert_eq!(auckland("2022-04-03 02:30:00"), Ok(summer));
    // 2021-09-26 2:30 never was, but half past two of the winter's time is half past three.
    assert_eq!(auckland("2021-09-26 02:30:00"), Err(NoTime::Skipped));
    assert_eq!(auckland("2021-09-26 02:30:00 NZST"), auckland("2021-09-26 03:30:00"));
    for text in [
        "2022-04-03 02:30:00 JST",
        "2022-04-03 02:30:00 AEST",
        "2022-04-03 02:30:00 nzdt",
        "2022-04-03 NZDT",
    ] {
        assert_eq!(auckland(text), Err(NoTime::Unreadable), "{text}");
    }
}

#[test]
fn a_layout_s_forms_are_the_only_ones_and_a_day_alone_is_the_whole_day() {
    let forms = ["%d.%m.%Y %H:%M".to_owned(), "%d.%m.%Y".to_owned()];
    let of = |text, twice| local(text, chrono_tz::Europe::Berlin, twice, &forms);
    assert_eq!(of("01.02.2021 12:00", Twice::Earlier), Ok(1_612_177_200));
    assert_eq!(
        of("01.02.2021", Twice::Later).unwrap() - of("01.02.2021", Twice::Earlier).unwrap(),
        86_400
    );
    assert_eq!(of("2021-02-01 12:00", Twice::Earlier), Err(NoTime::Unreadable));
}

#[test]
fn noon_and_midnight() {
    assert_eq!(auckland("19/08/2021, 12:00 am"), auckland("2021-08-19 00:00"));
    assert_eq!(auckland("19/08/2021, 12:00 pm"), auckland("2021-08-19 12:00"));
}

#[test]
fn what_is_no_time() {
    for text in [
        "",
        "NA",
        "Start",
        "19/08/2021",
        "2:19 pm",
        "31/06/2021, 2:19 pm",
        "08/19/2021, 2:19 pm",
        "19/08/2021, 14:19 pm",
        "19/08/2021, 2:60 pm",
        "19/08/21, 2:19 pm",
        "19/08/0021, 2:19 pm",
        "19/08/20211, 2:19 pm",
        "19/08/2021, 2:19 pm x",
        "2021-08-19 24:00",
        "+262142-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ] {
        assert_eq!(auckland(text), Err(NoTime::Unreadable), "{text}");
    }
}

#[test]
fn the_hour_that_never_was() {
    // 26 September 2021: 01:59:59 NZST is followed by 03:00:00 NZDT.
    assert_eq!(auckland("26/09/2021, 1:59 am"), Ok(1_632_578_340));
    assert_eq!(auckland("26/09/2021, 2:00 am"), Err(NoTime::Skipped));
    assert_eq!(auckland("26/09/2021, 2:59 am"), Err(NoTime::Skipped));
    assert_eq!(auckland("26/09/2021, 3:00 am"), Ok(1_632_578_400));
    // With an offset it is a moment like any other.
    assert_eq!(auckland("2021-09-26T02:30:00+12:00"), Ok(1_632_580_200));
}

#[test]
fn the_hour_that_was_twice() {
    // 3 April 2022: 02:00 to 03:00 comes in NZDT and again in NZST.
    let earlier = local("03/04/2022, 2:30 am", Auckland, Twice::Earlier, &[]);
    let later = local("03/04/2022, 2:30 am", Auckland, Twice::Later, &[]);
    assert_eq!(earlier, Ok(1_648_906_200));
    assert_eq!(later, Ok(1_648_909_800));
    for twice in [Twice::Earlier, Twice::Later] {
        assert_eq!(local("03/04/2022, 1:59 am", Auckland, twice, &[]), Ok(1_648_904_340));
        assert_eq!(local("03/04/2022, 3:00 am", Auckland, twice, &[]), Ok(1_648_911_600));
    }
}

#[test]
fn a_layout_that_asks_for_an_offset_takes_nothing_else() {
    assert_eq!(with_offset("2021-08-19T14:19:00+12:00"), Ok(AFTERNOON));
    for text in ["2021-08-19T14:19:00", "2021-08-19 14:19", "19/08/2021 14:19"] {
        assert_eq!(with_offset(text), Err(NoTime::Unreadable), "{text}");
    }
}

proptest! {
    #[test]
    fn a_written_time_is_read_back(seconds in 946_771_200_i64..7_258_032_000) {
        let time = Auckland.timestamp_opt(seconds - seconds % 60, 0).unwrap();
        let ambiguous = |text: &str| local(text, Auckland, Twice::Earlier, &[]) != local(text, Auckland, Twice::Later, &[]);
        for form in ["%d/%m/%Y, %I:%M %p", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S"] {
            let text = time.format(form).to_string();
            prop_assert!(ambiguous(&text) || auckland(&text) == Ok(time.timestamp()), "{}", text);
        }
        prop_assert_eq!(auckland(&time.to_rfc3339()), Ok(time.timestamp()));
    }

    #[test]
    fn any_text_is_an_answer(text in "[0-9/:, apmT+Z-]{0,30}|\\PC{0,30}") {
        if let Ok(seconds) = auckland(&text) {
            prop_assert!((946_598_400..=7_258_204_800).contains(&seconds));
        }
    }
}

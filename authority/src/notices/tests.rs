use techo_protocol::Coded as _;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::notice::DEFAULT_TAIL_SECONDS;

use super::*;
use crate::profile::tests::{NOW, authority};
use crate::venues::tests::BAR;

/// From 10:00 to 13:00 after [`NOW`]'s nine o'clock, a caution without text.
pub(crate) fn content() -> Content {
    Content {
        window: Window {
            from: NOW + 3_600,
            to: NOW + 4 * 3_600,
            tail: DEFAULT_TAIL_SECONDS,
        },
        severity: Severity::Caution,
        advice: 0,
        text: LocalisedText::default(),
    }
}

/// When notices are made in tests: two days after the code.
pub(crate) const LATER: i64 = NOW + 2 * DAY_SECONDS;

fn change(authority: &mut Authority, change: &Change) -> Result<Changed, Error> {
    authority.change_notice(change, false, LATER, &SeededRandom::new(9))
}

#[test]
fn a_notice_is_revised_and_withdrawn() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap().number;
    let added = change(&mut authority, &Change::Add(venue, content())).unwrap();
    assert_eq!(added.revision, 1);
    assert_eq!(
        (added.effect.hours, added.effect.codes, added.effect.entries),
        (4, 1, 4),
        "three hours and a tail"
    );
    let later = Revision {
        from: Some(NOW + 2 * 3_600),
        ..Revision::default()
    };
    assert_eq!(
        change(&mut authority, &Change::Revise(added.notice, later)).unwrap().revision,
        2
    );
    let notice = authority.notice(added.notice).unwrap();
    assert_eq!(notice.content.window.from, NOW + 2 * 3_600);
    assert_eq!(notice.content.window.to, content().window.to);
    assert_eq!(change(&mut authority, &Change::Withdraw(added.notice)).unwrap().revision, 3);
    assert!(authority.notice(added.notice).unwrap().withdrawn);
    for again in [
        Change::Withdraw(added.notice),
        Change::Revise(added.notice, Revision::default()),
    ] {
        assert_eq!(change(&mut authority, &again).unwrap_err().code(), "notice.withdrawn");
    }
    assert_eq!(authority.notices().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_said_is_refused() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap().number;
    let with = |from: i64, to: i64, tail: i64| Content {
        window: Window { from, to, tail },
        ..content()
    };
    let long = Content {
        text: LocalisedText([("ja".to_owned(), "あ".repeat(5_000))].into()),
        ..content()
    };
    for (content, code) in [
        (with(NOW, NOW, 0), "notice.ends_before_start"),
        (with(NOW, NOW - 1, 0), "notice.ends_before_start"),
        (with(-5, 5, 0), "notice.in_past"),
        (with(NOW, NOW + 60 * DAY_SECONDS + 1, 0), "notice.too_long"),
        (with(i64::MIN, i64::MAX, 0), "notice.in_past"),
        (with(LATER + DAY_SECONDS + 1, LATER + DAY_SECONDS + 2, 0), "notice.in_future"),
        (with(NOW, NOW + 1, -1), "notice.tail"),
        (with(NOW, NOW + 1, i64::MAX), "notice.tail"),
        (long, "notice.text_too_long"),
    ] {
        let error = change(&mut authority, &Change::Add(venue, content)).unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert_eq!(authority.notices().unwrap(), []);
    let nobody = NoticeId::from_low_bits(1);
    assert_eq!(
        change(&mut authority, &Change::Withdraw(nobody)).unwrap_err().code(),
        "notice.unknown"
    );
    let (_other_folder, mut other) = crate::profile::tests::authority();
    assert_eq!(
        change(&mut other, &Change::Add(venue, content())).unwrap_err().code(),
        "venue.unknown"
    );
}

#[test]
fn a_dry_run_keeps_nothing_and_says_the_same() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap().number;
    let rows = authority.audit_rows().unwrap().len();
    let add = Change::Add(venue, content());
    let dry = authority.change_notice(&add, true, LATER, &SeededRandom::new(9)).unwrap();
    assert_eq!(authority.notices().unwrap(), []);
    assert_eq!(authority.audit_rows().unwrap().len(), rows);
    assert_eq!(change(&mut authority, &add).unwrap(), dry);
}

#[test]
fn the_last_revision_is_kept_for_a_withdrawal() {
    let (_folder, mut authority) = authority();
    let venue = authority.add_venue(&BAR, NOW, &SeededRandom::new(2)).unwrap().number;
    let notice = change(&mut authority, &Change::Add(venue, content())).unwrap().notice;
    for revision in 2..=254 {
        let changed = change(&mut authority, &Change::Revise(notice, Revision::default())).unwrap();
        assert_eq!(changed.revision, revision);
    }
    let error = change(&mut authority, &Change::Revise(notice, Revision::default())).unwrap_err();
    assert_eq!(error.code(), "notice.too_many_revisions");
    assert_eq!(change(&mut authority, &Change::Withdraw(notice)).unwrap().revision, 255);
}

use proptest::prelude::*;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::notice::{NoticeId, Severity, Window};
use techo_protocol::exposure::segment::{Entry, NewSegment};
use techo_protocol::exposure::tag::VenueSeed;
use techo_protocol::trust::AuthorityId;

use super::*;

const HOUR: i64 = 3_600;
/// A midnight in UTC.
const MIDNIGHT: i64 = 20_000 * 86_400;

fn seed(venue: u8) -> VenueSeed {
    VenueSeed::from_signature(&[venue; 64])
}

fn poster_keys(venue: u8, check_in: i64) -> VisitKeys {
    let day = u32::try_from(check_in / 86_400).unwrap();
    VisitKeys::Days((day..day + 2).map(|day| (day, seed(venue).day_key(day).0)).collect())
}

fn tablet_keys(venue: u8, check_in: i64, count: u32) -> VisitKeys {
    let first = u32::try_from(check_in / HOUR).unwrap();
    VisitKeys::Slots(
        (first..first + count)
            .map(|slot| (slot, seed(venue).slot_key(slot).0))
            .collect(),
    )
}

fn segment(notices: &[(u8, u32, Window)]) -> Vec<u8> {
    let entries = notices
        .iter()
        .flat_map(|&(venue, notice, window)| {
            window.hours().map(move |(slot, minutes)| {
                let body = Body {
                    minutes,
                    severity: Severity::Caution,
                    advice: 0,
                    notice: NoticeId::from_low_bits(notice),
                    revision: 1,
                    withdrawn: false,
                    has_text: false,
                };
                Entry {
                    key: seed(venue).slot_key(slot),
                    body,
                    text: None,
                }
            })
        })
        .collect();
    let new = NewSegment {
        authority: AuthorityId([1; 16]),
        sequence: 1,
        issued_at: 0,
        area: 0,
        day: 0,
        entries,
        texts: vec![],
        recalls: vec![],
    };
    new.write(&SigningKey::from_seed(&[1; 32]), &SeededRandom::new(1)).unwrap()
}

fn hours(keys: &VisitKeys, from: i64, to: i64, notices: &[(u8, u32, Window)]) -> Vec<(u32, u32)> {
    let stays = [Stay { from, to, keys }];
    let mut findings = Vec::new();
    Matcher::new(&stays).search(&Segment::parse(&segment(notices)).unwrap(), &mut findings);
    let mut hours: Vec<_> = findings
        .iter()
        .map(|f| (f.slot - u32::try_from(MIDNIGHT / HOUR).unwrap(), f.body.notice.number()))
        .collect();
    hours.sort_unstable();
    hours
}

fn window(from_hour: i64, to_hour: i64) -> Window {
    Window {
        from: MIDNIGHT + from_hour * HOUR,
        to: MIDNIGHT + to_hour * HOUR,
        tail: 0,
    }
}

#[test]
fn a_visit_finds_its_venue_s_hours_and_those_beside_them() {
    let at = MIDNIGHT + 19 * HOUR;
    assert_eq!(
        hours(&poster_keys(1, at), at, at + 1, &[(1, 7, window(18, 22))]),
        [(18, 7), (19, 7), (20, 7), (21, 7)]
    );
    assert_eq!(hours(&poster_keys(2, at), at, at + 1, &[(1, 7, window(18, 22))]), []);
    assert_eq!(hours(&VisitKeys::None, at, at + 1, &[(1, 7, window(18, 22))]), []);
}

#[test]
fn keys_of_a_tablet_show_their_hours_only() {
    let at = MIDNIGHT + 18 * HOUR + 1_800;
    assert_eq!(
        hours(&tablet_keys(1, at, 1), at, at + 60, &[(1, 7, window(18, 20))]),
        [(18, 7)]
    );
}

#[test]
fn an_hour_of_two_notices_is_found_twice() {
    let at = MIDNIGHT + 19 * HOUR;
    assert_eq!(
        hours(
            &tablet_keys(1, at, 1),
            at,
            at + 60,
            &[(1, 7, window(19, 20)), (1, 8, window(19, 20))]
        ),
        [(19, 7), (19, 8)]
    );
}

#[test]
fn a_stay_over_midnight_in_utc_uses_both_days_keys() {
    let at = MIDNIGHT + 23 * HOUR;
    assert_eq!(
        hours(&poster_keys(1, at), at, at + 2 * HOUR, &[(1, 7, window(24, 25))]),
        [(24, 7)]
    );
}

#[test]
fn a_notice_outside_the_stay_is_not_found() {
    let at = MIDNIGHT + 19 * HOUR;
    assert_eq!(hours(&poster_keys(1, at), at, at + HOUR, &[(1, 7, window(20, 22))]), []);
}

proptest! {
    #[test]
    fn what_is_found_is_what_a_table_of_all_keys_says(
        visits in prop::collection::vec((0..6_u8, 0..40_i64, 1..300_i64), 1..12),
        notices in prop::collection::vec((0..6_u8, 0..40_i64, 1..5_i64), 0..12),
    ) {
        let keys: Vec<VisitKeys> = visits.iter().map(|&(venue, from, _)| poster_keys(venue, MIDNIGHT + from * HOUR)).collect();
        let stays: Vec<Stay> = visits.iter().zip(&keys).map(|(&(_, from, minutes), keys)| {
            Stay { from: MIDNIGHT + from * HOUR, to: MIDNIGHT + from * HOUR + minutes * 60, keys }
        }).collect();
        let notices: Vec<(u8, u32, Window)> = notices.iter().zip(0..).map(|(&(venue, from, hours), id)| (venue, id, window(from, from + hours))).collect();
        let mut findings = Vec::new();
        Matcher::new(&stays).search(&Segment::parse(&segment(&notices)).unwrap(), &mut findings);
        for (index, (stay, &(venue, ..))) in stays.iter().zip(&visits).enumerate() {
            for &(at, id, window) in &notices {
                let meets = at == venue && window.from < stay.to && stay.from < window.to;
                let found = findings.iter().any(|f| f.stay == index && f.body.notice.number() == id);
                prop_assert_eq!(found, meets, "visit {} and notice {}", index, id);
            }
        }
    }
}

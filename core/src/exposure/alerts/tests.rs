use super::*;
use crate::exposure::fetch::fetch;
use crate::exposure::fixture::{Authority, MIDNIGHT, NOW, entries, vault, visit, window};
use crate::following;

/// A person who follows an authority and looks at the alerts.
struct Person {
    authority: Authority,
    vault: Vault,
    visits: Vec<Visit>,
    _folder: tempfile::TempDir,
}

impl Person {
    fn with(visits: Vec<Visit>) -> Self {
        let (folder, mut vault) = vault();
        let authority = Authority::new(10);
        following::add(&mut vault, &authority.trust_file()).unwrap();
        Self {
            authority,
            vault,
            visits,
            _folder: folder,
        }
    }

    /// Publishes one revision of notice 7 at venue 1.
    fn publish(
        &mut self,
        revision: u8,
        now: Option<techo_protocol::exposure::notice::Window>,
        before: &[techo_protocol::exposure::notice::Window],
    ) {
        self.authority.add_segment(entries(1, 7, revision, now, before), vec![]);
        self.authority.publish(NOW);
        for fetched in fetch(&mut self.vault, &self.authority.relay, &[], NOW).unwrap() {
            fetched.outcome.unwrap();
        }
    }

    fn look(&mut self) -> Vec<(AlertState, u32)> {
        let alerts = list(&mut self.vault, &self.visits).unwrap();
        mark_seen(&mut self.vault, &alerts).unwrap();
        alerts
            .iter()
            .map(|alert| (alert.state, alert.content.overlap_minutes + alert.content.after_minutes))
            .collect()
    }
}

#[test]
fn an_alert_is_new_once() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    assert_eq!(person.look(), [(AlertState::New, 60)]);
    assert_eq!(person.look(), [(AlertState::Seen, 60)]);
    person.authority.publish(NOW);
    fetch(&mut person.vault, &person.authority.relay, &[], NOW).unwrap();
    assert_eq!(person.look(), [(AlertState::Seen, 60)]);
}

#[test]
fn it_shows_the_whole_window_and_counts_the_tail_apart() {
    let mut person = Person::with(vec![visit(1, 21 * 60 + 50, 22 * 60 + 20)]);
    person.publish(1, Some(window(19 * 60 + 15, 22 * 60)), &[]);
    let alert = list(&mut person.vault, &person.visits).unwrap().remove(0);
    assert_eq!(
        (alert.content.from, alert.content.to),
        (MIDNIGHT + (19 * 60 + 15) * 60, MIDNIGHT + 22 * 3_600)
    );
    assert_eq!((alert.content.overlap_minutes, alert.content.after_minutes), (10, 20));
    assert_eq!(alert.name, "Venue 1");
}

#[test]
fn who_came_after_it_was_not_there_in_it_and_nobody_was_there_longer_than_they_stayed() {
    let minutes = |visit: Visit| {
        let mut person = Person::with(vec![visit]);
        person.publish(1, Some(window(19 * 60, 20 * 60)), &[]);
        let content = list(&mut person.vault, &person.visits).unwrap().remove(0).content;
        (content.overlap_minutes, content.after_minutes)
    };
    assert_eq!(minutes(visit(1, 20 * 60 + 10, 21 * 60)), (0, 20));
    assert_eq!(minutes(visit(1, 18 * 60, 23 * 60)), (60, 30));
    let mut odd = visit(1, 19 * 60, 19 * 60 + 45);
    (odd.check_in, odd.out) = (odd.check_in + 30, odd.out + 30);
    assert_eq!(minutes(odd), (45, 0), "half a minute at both ends is one minute");
    let mut over_the_edge = visit(1, 19 * 60 + 30, 20 * 60 + 15);
    (over_the_edge.check_in, over_the_edge.out) = (over_the_edge.check_in + 30, over_the_edge.out + 30);
    assert_eq!(minutes(over_the_edge), (30, 15));
}

#[test]
fn minutes_that_an_earlier_version_counted_together_are_no_news() {
    let mut person = Person::with(vec![visit(1, 21 * 60 + 50, 22 * 60 + 20)]);
    person.publish(1, Some(window(19 * 60 + 15, 22 * 60)), &[]);
    let mut seen = list(&mut person.vault, &person.visits).unwrap();
    (seen[0].content.overlap_minutes, seen[0].content.after_minutes) = (30, 0);
    mark_seen(&mut person.vault, &seen).unwrap();
    assert_eq!(person.look()[0].0, AlertState::Seen);
    (seen[0].content.overlap_minutes, seen[0].content.after_minutes) = (50, 0);
    mark_seen(&mut person.vault, &seen).unwrap();
    assert_eq!(person.look()[0].0, AlertState::Revised);
}

#[test]
fn edges_are_half_open_and_who_stayed_through_is_matched() {
    for (from, to, overlap) in [
        (18 * 60, 19 * 60, None),
        (18 * 60 + 59, 22 * 60, Some(180)),
        (22 * 60 + 29, 22 * 60 + 29, Some(1)),
        (22 * 60 + 30, 23 * 60, None),
    ] {
        let mut person = Person::with(vec![visit(1, from, to)]);
        person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
        assert_eq!(person.look().first().map(|alert| alert.1), overlap, "{from} to {to}");
    }
}

#[test]
fn a_revision_replaces_what_was_seen() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.look();
    person.publish(2, Some(window(19 * 60 + 45, 22 * 60)), &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Revised, 25)]);
    assert_eq!(person.look(), [(AlertState::Seen, 25)]);
}

#[test]
fn a_revision_that_changes_nothing_for_this_person_does_not_cry_wolf() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.look();
    person.publish(2, Some(window(19 * 60, 22 * 60)), &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Seen, 60)]);
}

#[test]
fn a_window_that_moved_away_takes_the_alert_back() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.look();
    person.publish(2, Some(window(21 * 60, 22 * 60)), &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Withdrawn, 60)]);
    person.publish(3, Some(window(20 * 60, 22 * 60)), &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Revised, 10)]);
}

#[test]
fn a_withdrawal_says_so_and_stays_until_it_is_put_away() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.look();
    person.publish(2, None, &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Withdrawn, 60)]);
    assert_eq!(person.look(), [(AlertState::Withdrawn, 60)]);
    let visit = person.visits[0].id;
    dismiss(&mut person.vault, &person.visits, visit, NoticeId::from_low_bits(7)).unwrap();
    assert_eq!(person.look(), [(AlertState::Dismissed, 60)]);
}

#[test]
fn a_withdrawal_of_something_never_seen_shows_nothing() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.publish(2, None, &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), []);
}

#[test]
fn a_dismissed_alert_comes_back_when_it_changes() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    let visit = person.visits[0].id;
    let other = dismiss(&mut person.vault, &person.visits, visit, NoticeId::from_low_bits(8));
    assert_eq!(other, Err(ListError::NoSuchAlert.into()));
    dismiss(&mut person.vault, &person.visits, visit, NoticeId::from_low_bits(7)).unwrap();
    assert_eq!(person.look(), [(AlertState::Dismissed, 60)]);
    person.publish(2, Some(window(19 * 60 + 45, 22 * 60)), &[window(19 * 60, 22 * 60)]);
    assert_eq!(person.look(), [(AlertState::Revised, 25)]);
}

#[test]
fn a_visit_typed_late_meets_the_lists_that_are_here() {
    let mut person = Person::with(vec![]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    assert_eq!(person.look(), []);
    person.visits.push(visit(1, 19 * 60, 20 * 60));
    assert_eq!(person.look(), [(AlertState::New, 60)]);
}

#[test]
fn what_was_seen_of_a_deleted_visit_is_forgotten() {
    let mut person = Person::with(vec![visit(1, 19 * 60 + 10, 20 * 60 + 10)]);
    person.publish(1, Some(window(19 * 60, 22 * 60)), &[]);
    person.look();
    let here: Vec<_> = person.visits.iter().map(|visit| visit.id).collect();
    forget_deleted(&mut person.vault, &here).unwrap();
    assert_eq!(person.look(), [(AlertState::Seen, 60)]);
    forget_deleted(&mut person.vault, &[]).unwrap();
    assert_eq!(person.look(), [(AlertState::New, 60)]);
}

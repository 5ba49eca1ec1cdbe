use techo_protocol::Coded as _;
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::manifest::LISTED_SECONDS;
use techo_protocol::exposure::notice::{Body, LocalisedText, Minutes, NoticeId, Severity, Window};
use techo_protocol::exposure::segment::{Opened, Segment};
use techo_protocol::exposure::slot::slot_of;
use techo_protocol::exposure::tag::VenueSeed;
use tempfile::TempDir;

use super::fake_relay::FakeRelay;
use super::*;
use crate::keys::KeyRole;
use crate::notices::tests::{LATER, content};
use crate::notices::{Change, Content, Revision};
use crate::profile::tests::{NOW, authority};
use crate::venues::tests::{BAR, text_of};
use crate::venues::{Venue, read_poster};

mod keys;
mod public_files;
mod sending;

const HOUR: i64 = 3_600;

/// An authority with one venue, and the relay that it publishes to.
struct World {
    folder: TempDir,
    authority: Authority,
    relay: FakeRelay,
    venue: Venue,
    random: SeededRandom,
}

impl World {
    fn new() -> Self {
        let (folder, mut authority) = authority();
        let random = SeededRandom::new(3);
        let venue = authority.add_venue(&BAR, NOW, &random).unwrap();
        let relay = FakeRelay::new(&authority);
        Self {
            folder,
            authority,
            relay,
            venue,
            random,
        }
    }

    fn change(&mut self, change: &Change) -> NoticeId {
        self.authority
            .change_notice(change, false, LATER, &self.random)
            .unwrap()
            .notice
    }

    fn add(&mut self, content: Content) -> NoticeId {
        self.change(&Change::Add(self.venue.number, content))
    }

    fn publish_at(&mut self, now: i64) -> Published {
        let published = self.authority.publish(&[&self.relay], now, &self.random).unwrap();
        assert!(published.relays[0].is_ok(), "{:?}", published.relays);
        published
    }

    fn publish(&mut self) -> Prepared {
        self.publish_at(LATER).prepared.remove(0)
    }

    /// What the newest listed segment says under a code's key of each of ten hours from [`NOW`]'s nine o'clock.
    fn newest(&self, seed: &VenueSeed) -> Vec<Vec<Opened>> {
        let file = self.relay.listed().pop().unwrap();
        let segment = Segment::parse(&file).unwrap();
        let first = slot_of(NOW).unwrap();
        (first..first + 10)
            .map(|slot| segment.open_all(&seed.slot_key(slot)))
            .collect()
    }

    /// As [`Self::newest`], of a single notice: withdrawn, minutes, or nothing.
    fn hours(&self, seed: &VenueSeed) -> String {
        let sign = |opened: &Vec<Opened>| match opened.as_slice() {
            [] => '.',
            [one] if one.body.withdrawn => 'w',
            [_] => 'x',
            _ => 'm',
        };
        self.newest(seed).iter().map(sign).collect()
    }

    fn seed(&self) -> VenueSeed {
        seed(&self.venue)
    }
}

fn seed(venue: &Venue) -> VenueSeed {
    read_poster(&text_of(venue)).unwrap().seed()
}

fn window(from: i64, to: i64) -> Content {
    Content {
        window: Window {
            from: NOW + from * HOUR,
            to: NOW + to * HOUR,
            tail: 0,
        },
        ..content()
    }
}

fn revise(notice: NoticeId, from: i64, to: i64) -> Change {
    let revision = Revision {
        from: Some(NOW + from * HOUR),
        to: Some(NOW + to * HOUR),
        ..Revision::default()
    };
    Change::Revise(notice, revision)
}

#[test]
fn manifests_are_signed_even_of_nothing_and_chain() {
    let mut world = World::new();
    let first = world.publish();
    assert_eq!((first.sequence, first.segments), (1, 0));
    assert_eq!(world.relay.manifest().previous, [0; 32]);
    let file = world.relay.manifest.borrow().clone().unwrap();
    let second = world.publish();
    assert_eq!(second.sequence, 2);
    assert_eq!(world.relay.manifest().previous, techo_protocol::basics::keys::sha256(&file));
}

#[test]
fn a_notice_is_said_to_holders_of_the_code_alone() {
    let mut world = World::new();
    let notice = world.add(Content {
        severity: Severity::Cluster,
        advice: 7,
        text: LocalisedText([("en".to_owned(), "See a doctor".to_owned())].into()),
        ..window(1, 3)
    });
    let prepared = world.publish();
    assert_eq!((prepared.segments, prepared.notices, prepared.entries), (1, 1, 2));
    assert_eq!(world.hours(&world.seed()), ".xx.......");
    let opened = world.newest(&world.seed())[1][0].clone();
    let body = Body {
        minutes: Minutes {
            from: 0,
            to: 60,
            tail: 60,
        },
        severity: Severity::Cluster,
        advice: 7,
        notice,
        revision: 1,
        withdrawn: false,
        has_text: true,
    };
    assert_eq!(opened.body, body);
    assert_eq!(opened.text.unwrap().best(&["en"]), Some("See a doctor"));
    let other = world.authority.add_venue(&BAR, NOW, &world.random).unwrap();
    assert_eq!(world.hours(&seed(&other)), "..........");
    assert!(world.authority.notice(notice).unwrap().published);
    assert_eq!(world.publish().segments, 0, "what was published is not pending");
}

#[test]
fn a_moved_window_is_said_under_every_hour_it_ever_covered() {
    let mut world = World::new();
    let notice = world.add(window(1, 4));
    world.publish();
    world.change(&revise(notice, 3, 6));
    world.publish();
    assert_eq!(world.hours(&world.seed()), ".wwxxx....");
    let gone = world.newest(&world.seed())[1][0].body;
    assert_eq!((gone.minutes, gone.revision), (Minutes { from: 0, to: 0, tail: 0 }, 2));
    world.change(&revise(notice, 5, 6));
    world.publish();
    assert_eq!(world.hours(&world.seed()), ".wwwwx....", "the first window's hours again");
    world.change(&Change::Withdraw(notice));
    world.publish();
    assert_eq!(world.hours(&world.seed()), ".wwwww....");
    assert_eq!(world.newest(&world.seed())[5][0].body.revision, 4);
}

#[test]
fn only_the_newest_pending_revision_goes_out() {
    let mut world = World::new();
    let notice = world.add(window(1, 4));
    world.change(&revise(notice, 6, 7));
    let prepared = world.publish();
    assert_eq!(prepared.entries, 1);
    assert_eq!(world.hours(&world.seed()), "......x...", "nobody ever saw the first window");
}

#[test]
fn a_withdrawal_of_what_was_never_published_says_nothing() {
    let mut world = World::new();
    let notice = world.add(window(1, 4));
    world.change(&Change::Withdraw(notice));
    let prepared = world.publish();
    assert_eq!((prepared.segments, prepared.entries), (0, 0));
}

#[test]
fn every_code_that_had_not_expired_is_served() {
    let mut world = World::new();
    let old = world.seed();
    let reissued = world
        .authority
        .reissue_code(world.venue.number, LATER, &world.random)
        .unwrap();
    world.add(window(1, 2));
    let prepared = world.publish();
    assert_eq!(prepared.entries, 2);
    assert_eq!(world.hours(&old), ".x........");
    assert_eq!(world.hours(&seed(&reissued)), ".x........");

    // A year on the first code has expired, the second not yet.
    let later = NOW + 366 * DAY_SECONDS + HOUR;
    let late = Content {
        window: Window {
            from: later,
            to: later + HOUR,
            tail: 0,
        },
        ..content()
    };
    let change = Change::Add(world.venue.number, late);
    let changed = world.authority.change_notice(&change, false, later, &world.random).unwrap();
    assert_eq!(changed.effect.codes, 1);
}

#[test]
fn a_code_that_is_issued_later_gets_the_notice_too_and_its_changes() {
    let mut world = World::new();
    let notice = world.add(window(1, 3));
    world.publish();
    let reissued = world
        .authority
        .reissue_code(world.venue.number, LATER, &world.random)
        .unwrap();
    let prepared = world.publish();
    assert_eq!(prepared.entries, 2, "under the new code alone");
    assert_eq!(world.hours(&seed(&reissued)), ".xx.......");
    assert_eq!(world.hours(&world.seed()), "..........");
    world.change(&revise(notice, 2, 3));
    world.publish();
    assert_eq!(world.hours(&seed(&reissued)), ".wx.......");
    assert_eq!(world.hours(&world.seed()), ".wx.......");
}

#[test]
fn a_segment_is_listed_for_sixty_days_after_its_last_hour_or_the_revision() {
    let mut world = World::new();
    world.add(window(1, 3));
    world.publish();
    let listed = world.relay.manifest().segments;
    assert_eq!(
        listed[0].listed_until,
        LATER + LISTED_SECONDS,
        "the revision is later than the hour"
    );
    world.publish_at(LATER + LISTED_SECONDS - 1);
    assert_eq!(world.relay.manifest().segments, listed);
    world.publish_at(LATER + LISTED_SECONDS);
    assert_eq!(world.relay.manifest().segments, []);
    // By one reading of the clock it is only left out.
    let at = |now: i64| super::segments::listed(&world.authority.db, now).unwrap().len();
    assert_eq!(at(LATER + LISTED_SECONDS - 1), 1);
    assert_eq!(at(LATER + LISTED_SECONDS), 0);
    assert_eq!(at(LATER + LISTED_SECONDS + 86_400), 0);
    assert_eq!(
        at(LATER + LISTED_SECONDS - 1),
        0,
        "it has stood there for a day: the file is dropped"
    );

    let mut world = World::new();
    let ahead = Content {
        window: Window {
            from: LATER + HOUR,
            to: LATER + 2 * HOUR,
            tail: 0,
        },
        ..content()
    };
    world.add(ahead);
    world.publish();
    assert_eq!(
        world.relay.manifest().segments[0].listed_until,
        LATER + 2 * HOUR + LISTED_SECONDS
    );
}

#[test]
fn a_text_that_notices_share_is_sealed_once() {
    let size = |notices: usize| {
        let mut world = World::new();
        for number in 0..notices {
            let at = i64::try_from(number).unwrap();
            world.add(Content {
                text: LocalisedText([("en".to_owned(), "x".repeat(5_000))].into()),
                ..window(at, at + 1)
            });
        }
        world.publish().bytes
    };
    assert_eq!(size(1), size(5));
}

#[test]
fn a_recall_rides_until_it_is_withdrawn() {
    let mut world = World::new();
    let recall = world
        .authority
        .add_recall("pfizer", "A1", &LocalisedText::default(), LATER)
        .unwrap();
    assert_eq!(world.publish().recalls, 1);
    let ridden = |world: &World| {
        Segment::parse(&world.relay.listed().pop().unwrap())
            .unwrap()
            .recalls()
            .unwrap()
    };
    assert_eq!(ridden(&world), std::slice::from_ref(&recall));
    assert_eq!(world.publish().recalls, 0);
    assert_eq!(
        world.publish_at(LATER + LISTED_SECONDS).prepared[0].recalls,
        1,
        "again when it falls off"
    );
    assert_eq!(ridden(&world), [recall]);
    let gone = world.authority.withdraw_recall(1, LATER + LISTED_SECONDS).unwrap();
    world.publish_at(LATER + LISTED_SECONDS);
    assert_eq!(ridden(&world), [gone]);
    let published = world.publish_at(LATER + 3 * LISTED_SECONDS);
    assert_eq!(published.prepared[0].recalls, 0, "a withdrawal is said once");

    let unseen = world
        .authority
        .add_recall("moderna", "B2", &LocalisedText::default(), LATER)
        .unwrap();
    world.authority.withdraw_recall(unseen.id, LATER).unwrap();
    assert_eq!(world.publish_at(LATER + 3 * LISTED_SECONDS).prepared[0].recalls, 0);
}

#[test]
fn a_dry_run_tells_the_size_of_the_file() {
    let mut world = World::new();
    let change = Change::Add(world.venue.number, window(1, 4));
    let effect = world
        .authority
        .change_notice(&change, true, LATER, &world.random)
        .unwrap()
        .effect;
    assert_eq!((effect.hours, effect.codes, effect.entries), (3, 1, 3));
    world.add(window(1, 4));
    assert_eq!(world.publish().bytes, effect.bytes);
}

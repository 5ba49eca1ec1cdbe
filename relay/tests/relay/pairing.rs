//! The mailboxes in which two devices that pair leave messages.

use techo_protocol::household::sync_api::{Call, LARGEST_MAILBOX_MESSAGE_BYTES, MAILBOX_SECONDS};

use crate::client::{Wire, refused};
use crate::household::{Household, message_path};
use crate::setting::{Running, Setting};

fn opened() -> Running {
    let relay = Setting::with(&[]).start();
    let home = Household::opened(1, &relay);
    home.call(&relay, Call::OpenMailbox { mailbox: [7; 16] });
    relay
}

#[test]
fn each_of_four_messages_is_written_once_and_taken_once() {
    let relay = opened();
    for message in 0..4 {
        let path = message_path(7, message);
        assert_eq!(relay.put(&path, &[message; 10]).status, 204);
        assert_eq!(relay.put(&path, b"other").problem(), refused(409, "sync.message_written"));
        let taken = relay.get(&path);
        assert_eq!((taken.status, taken.body), (200, vec![message; 10]));
        assert_eq!(relay.get(&path).problem(), refused(410, "sync.message_taken"));
        assert_eq!(relay.put(&path, b"other").problem(), refused(409, "sync.message_written"));
    }
    for path in [
        message_path(7, 4),
        message_path(7, 0).replace("/0", "/+0"),
        "/v1/rendezvous/07/0".to_owned(),
    ] {
        assert_eq!(relay.put(&path, b"x").problem(), refused(404, "relay.no_such_path"), "{path}");
    }
}

#[test]
fn only_a_mailbox_that_an_account_opened_takes_messages() {
    let relay = opened();
    assert_eq!(
        relay.put(&message_path(8, 0), b"x").problem(),
        refused(404, "sync.no_mailbox")
    );
    assert_eq!(relay.get(&message_path(8, 0)).problem(), refused(404, "sync.no_mailbox"));
    let other = Household::opened(2, &relay);
    let taken = other.ask(&relay, Call::OpenMailbox { mailbox: [7; 16] });
    assert_eq!(taken.problem(), refused(409, "sync.mailbox_taken"));
}

#[test]
fn a_message_is_short() {
    let relay = opened();
    let long = vec![1; LARGEST_MAILBOX_MESSAGE_BYTES + 1];
    assert_eq!(
        relay.put(&message_path(7, 0), &long).problem(),
        refused(413, "relay.too_large")
    );
    assert_eq!(relay.put(&message_path(7, 0), &long[1..]).status, 204);
}

#[test]
fn a_mailbox_lives_for_two_minutes() {
    let relay = opened();
    relay.wait(MAILBOX_SECONDS - 1);
    assert_eq!(relay.put(&message_path(7, 0), b"x").status, 204);
    relay.wait(1);
    assert_eq!(relay.get(&message_path(7, 0)).problem(), refused(404, "sync.no_mailbox"));
}

#[test]
fn a_message_is_waited_for() {
    let relay = opened();
    let mut wire = Wire::open(relay.address());
    wire.head("GET", &message_path(7, 1), &[]);
    // Another message of the box is none that it waits for.
    assert_eq!(relay.put(&message_path(7, 0), b"zero").status, 204);
    assert_eq!(relay.put(&message_path(7, 1), b"one").status, 204);
    assert_eq!(wire.answer("GET").unwrap().body, b"one");
}

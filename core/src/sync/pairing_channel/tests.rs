use std::io::Write as _;
use std::net::Ipv4Addr;

use super::*;

/// Enough for a slow machine; a test that needs it has failed.
const LONG: Duration = Duration::from_mins(1);

fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// Two ends of one connection.
fn two() -> (PairingChannel, PairingChannel) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let owner = PairingChannel::listening(listener).unwrap();
    (owner, PairingChannel::connecting(&[address]).unwrap())
}

#[test]
fn messages_go_over_whole_and_one_that_has_not_come_is_waited_for_no_longer_than_said() {
    let (mut owner, mut joiner) = two();
    assert_eq!(owner.take(0, Duration::ZERO), Ok(None));
    for (number, message) in [(0, vec![1; 32]), (2, vec![2; 4_000]), (2, Vec::new())] {
        joiner.leave(number, message.clone()).unwrap();
        assert_eq!(owner.take(number, LONG), Ok(Some(message)));
        owner.leave(3, vec![3; 500_000]).unwrap();
        assert_eq!(joiner.take(3, LONG).unwrap().unwrap().len(), 500_000);
    }
    drop(joiner);
    assert_eq!(owner.take(0, LONG), Err(PairingError::TimedOut.into()));
}

#[test]
fn a_stranger_that_drips_or_says_too_much_holds_nobody_up() {
    let listening = listener();
    let address = listening.local_addr().unwrap();
    let mut owner = PairingChannel::listening(listening).unwrap();
    let mut stranger = TcpStream::connect(address).unwrap();
    stranger.write_all(&[0, 0, 0, 9, 1]).unwrap();
    let begun = Instant::now();
    assert_eq!(owner.take(0, Duration::from_millis(300)), Ok(None));
    assert!(begun.elapsed() < LONG);
    stranger.write_all(&[2; 8]).unwrap();
    assert_eq!(owner.take(0, LONG), Ok(Some(vec![1, 2, 2, 2, 2, 2, 2, 2, 2])));
    stranger.write_all(&[0, 0, 0x10, 1]).unwrap();
    assert_eq!(owner.take(2, LONG), Err(PairingError::Damaged.into()));
}

#[test]
fn after_two_minutes_nothing_comes_any_more() {
    let (mut owner, _joiner) = two();
    owner.ends = Instant::now();
    assert_eq!(owner.take(0, LONG), Err(PairingError::TimedOut.into()));
}

#[test]
fn a_text_names_few_addresses_and_the_listeners_own_where_it_has_one() {
    let bound = listener();
    assert_eq!(
        addresses(&bound, || Err(NearbyError::NoNetwork)),
        Ok(vec![bound.local_addr().unwrap()])
    );
    let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = everywhere.local_addr().unwrap().port();
    let many = (1..=9).map(|last| IpAddr::from([192, 0, 2, last])).collect::<Vec<_>>();
    let few = many[..3].iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    assert_eq!(addresses(&everywhere, || Ok(many.clone())), Ok(few));
    assert_eq!(addresses(&everywhere, || Ok(Vec::new())), Err(NearbyError::NoNetwork));
}

use proptest::prelude::*;
use serde_bytes::ByteBuf;

use super::*;
use crate::basics::agreement::{AgreementKey, AgreementPublic};
use crate::basics::random::{Random, SeededRandom};
use crate::household::sync_api::{ChunkId, MOST_CHUNKS};

fn key(byte: u8) -> AgreementKey {
    AgreementKey::from_seed(&[byte; 32])
}

fn public(bytes: &[u8]) -> Vec<AgreementPublic> {
    bytes.iter().map(|byte| key(*byte).public()).collect()
}

const SALT: Salt = Salt([5; 16]);

/// Device 1 connects to device 2.
fn connected(seed: u64) -> (Session, Session) {
    let random = SeededRandom::new(seed);
    let (connecting, opening) = Connecting::new(&key(1), &key(2).public(), &SALT, &random).unwrap();
    let accepted = accept(&key(2), &public(&[3, 1]), &SALT, &opening, &random).unwrap();
    assert_eq!(accepted.peer, 1);
    (connecting.finish(&accepted.answer).unwrap(), accepted.session)
}

#[test]
fn only_listed_devices_recognise_an_announcement() {
    let random = SeededRandom::new(1);
    let announced = Advertisement::new(&key(1), &public(&[2, 3]), &random).unwrap();
    let text = announced.write();
    let heard = Advertisement::read(&text).unwrap();
    assert_eq!(heard, announced);
    assert_eq!(heard.recognise(&key(2), &public(&[3, 1])), Some(1));
    assert_eq!(heard.recognise(&key(3), &public(&[1, 2])), Some(0));
    // A device that was removed knows the others' keys still.
    assert_eq!(heard.recognise(&key(4), &public(&[1, 2, 3])), None);
    // Somebody repeats it under the device's own eyes.
    assert_eq!(heard.recognise(&key(1), &public(&[2, 3])), None);
}

#[test]
fn announcements_have_nothing_in_common() {
    let random = SeededRandom::new(2);
    let tags = |text: &str| -> Vec<Vec<u8>> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
        bytes[17..].chunks(8).map(<[u8]>::to_vec).collect()
    };
    let texts: Vec<String> = [&[][..], &[2], &[2, 3], &[2]]
        .map(|peers| Advertisement::new(&key(1), &public(peers), &random).unwrap().write())
        .into();
    let mut all: Vec<Vec<u8>> = texts.iter().flat_map(|text| tags(text)).collect();
    assert_eq!(all.len(), 4 * ADVERTISED_TAGS);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4 * ADVERTISED_TAGS);
    // As long, however many devices there are; and it fits a TXT entry with its name.
    assert!(texts.iter().all(|text| text.len() == 194));
}

#[test]
fn a_tag_has_no_place_of_its_own() {
    let random = SeededRandom::new(3);
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let heard = Advertisement::new(&key(1), &public(&[2]), &random).unwrap();
        let text = heard.write();
        let alone = |place: usize| {
            // The announcement with all but one tag taken away.
            use base64::Engine as _;
            let mut bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&text).unwrap();
            for other in (0..ADVERTISED_TAGS).filter(|other| *other != place) {
                bytes[17 + 8 * other..25 + 8 * other].fill(0);
            }
            let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
            Advertisement::read(&text)
                .unwrap()
                .recognise(&key(2), &public(&[1]))
                .is_some()
        };
        places.extend((0..ADVERTISED_TAGS).find(|place| alone(*place)));
    }
    assert_eq!(places.len(), ADVERTISED_TAGS);
}

/// Computed apart, in another language, from the RFCs and the Noise specification.
#[test]
fn fixed_vector() {
    let random = SeededRandom::new(4);
    let (_, opening) = Connecting::new(&key(1), &key(2).public(), &SALT, &random).unwrap();
    assert_eq!(opening[0], 1);
    assert_eq!(
        hex::encode(&opening[1..25]),
        "bdbfa87c38efdf1816e3348ff27ff83732344bb6f72a0a67"
    );
    assert_eq!(
        hex::encode(&opening[25..]),
        "e817c4501dc4f8292403b075441f9fc16969d7db24544073d96ff6a818dd8211319cb5cbbc139095241307bac8c73f98"
    );
    let heard = Advertisement::new(&key(1), &public(&[2]), &random).unwrap();
    assert_eq!(
        heard.write(),
        "AdbapSZCjvKsYFGgV6-3I24B5wbWrlI78jqUuwqVeswgPO7hT6adMoFw-CUNeuEfkeXA4scKyA6seVHFzv_Zql5Sc5ImaS39TrFzGF2c4tQ4sF5CLFthbYXXDIu9MwWQyJq3Lswn3fc1GOHTiO-OeYJno898VvvRFm4L7sBtZVemmQx09Ozemq2xDeBICugwwQ"
    );
}

#[test]
fn one_of_two_connects() {
    let random = SeededRandom::new(5);
    for _ in 0..50 {
        let (one, other) = (Salt::new(&random).unwrap(), Salt::new(&random).unwrap());
        assert_ne!(one.connects_to(&other), other.connects_to(&one));
    }
}

#[test]
fn strangers_and_old_recordings_are_told_nothing() {
    let random = SeededRandom::new(6);
    let stranger = |failure: Result<Accepted, DirectFailure>| {
        assert_eq!(failure.err(), Some(DirectFailure::Direct(DirectError::Stranger)));
    };
    let (_, opening) = Connecting::new(&key(1), &key(2).public(), &SALT, &random).unwrap();
    // Not listed, or not any more.
    stranger(accept(&key(2), &public(&[3, 4]), &SALT, &opening, &random));
    // For another device, or for another day's announcement.
    stranger(accept(&key(3), &public(&[1, 2]), &SALT, &opening, &random));
    stranger(accept(&key(2), &public(&[1]), &Salt([6; 16]), &opening, &random));
    for at in 0..OPENING_BYTES {
        let mut changed = opening;
        changed[at] ^= 1;
        let refused = accept(&key(2), &public(&[1]), &SALT, &changed, &random).err();
        let wanted = if at == 0 {
            DirectError::NewerVersion
        } else {
            DirectError::Stranger
        };
        assert_eq!(refused, Some(DirectFailure::Direct(wanted)), "byte {at}");
    }
}

#[test]
fn an_answer_is_believed_of_the_device_that_was_called_only() {
    let random = SeededRandom::new(7);
    let begin = || Connecting::new(&key(1), &key(2).public(), &SALT, &random).unwrap();
    let (_, opening) = begin();
    let answer = accept(&key(2), &public(&[1]), &SALT, &opening, &random).unwrap().answer;
    // It belongs to that opening.
    assert_eq!(begin().0.finish(&answer).err(), Some(DirectError::Stranger));
    for at in 0..ANSWER_BYTES {
        let (connecting, opening) = begin();
        let mut answer = accept(&key(2), &public(&[1]), &SALT, &opening, &random).unwrap().answer;
        answer[at] ^= 1;
        assert_eq!(connecting.finish(&answer).err(), Some(DirectError::Stranger), "byte {at}");
    }
}

#[test]
fn who_repeats_an_opening_cannot_say_anything() {
    let random = SeededRandom::new(8);
    let (connecting, opening) = Connecting::new(&key(1), &key(2).public(), &SALT, &random).unwrap();
    let first = accept(&key(2), &public(&[1]), &SALT, &opening, &random).unwrap();
    let mut again = accept(&key(2), &public(&[1]), &SALT, &opening, &random).unwrap();
    let said = connecting.finish(&first.answer).unwrap().seal(b"hello").unwrap();
    assert_eq!(again.session.take(&said).err(), Some(DirectError::Damaged));
}

#[test]
fn a_key_with_which_nothing_can_be_agreed_is_no_peer() {
    let random = SeededRandom::new(9);
    let zero = AgreementPublic([0; 32]);
    assert!(Connecting::new(&key(1), &zero, &SALT, &random).is_err());
    let heard = Advertisement::new(&key(1), &[zero], &random).unwrap();
    assert_eq!(heard.recognise(&key(2), &[zero]), None);
}

#[test]
fn messages_of_every_size_go_over_in_both_directions() {
    let (mut one, mut two) = connected(1);
    for size in [0, 1, 65_517, 65_518, 65_519, 131_036, 3_000_000] {
        let message: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let sealed = one.seal(&message).unwrap();
        let mut got = Vec::new();
        for piece in sealed.chunks(10_007) {
            got.extend(two.take(piece).unwrap());
        }
        assert!(got == [message.clone()] && !two.is_amid_message(), "{size}");
        assert!(one.take(&two.seal(&message).unwrap()).unwrap() == [message], "{size}");
    }
}

#[test]
fn the_largest_message_is_the_limit_on_both_sides() {
    let (mut one, mut two) = connected(2);
    let largest = vec![7; LARGEST_MESSAGE_BYTES];
    let sealed = one.seal(&largest).unwrap();
    assert!(two.take(&sealed).unwrap() == [largest]);
    assert_eq!(one.seal(&vec![7; LARGEST_MESSAGE_BYTES + 1]), Err(DirectError::TooLarge));
    // One who does not keep to it: a message without end.
    let refused = (0..=LARGEST_MESSAGE_BYTES / 65_518).find_map(|_| {
        let part = one.seal_part(&vec![7; 65_518], false).unwrap();
        two.take(&part).err()
    });
    assert_eq!(refused, Some(DirectError::TooLarge));
    // Or one that never grows.
    let (mut one, mut two) = connected(2);
    let nothing = one.seal_part(&[], false).unwrap();
    assert_eq!(two.take(&nothing), Err(DirectError::Damaged));
}

#[test]
fn frames_that_are_changed_repeated_left_out_or_swapped_end_the_session() {
    let frames = |one: &mut Session| -> Vec<Vec<u8>> { (0..3).map(|n| one.seal(&[n; 30]).unwrap()).collect() };
    let end = |order: &[usize], taken: usize| {
        let (mut one, mut two) = connected(3);
        let frames = frames(&mut one);
        for (count, at) in order.iter().enumerate() {
            let got = two.take(&frames[*at]);
            assert_eq!(got.is_ok(), count < taken, "{order:?}");
        }
        // Nothing is believed any more, not even the frame that was missing.
        assert!(frames.iter().all(|frame| two.take(frame) == Err(DirectError::Damaged)));
        assert_eq!(two.seal(b"x"), Err(DirectError::Damaged));
    };
    end(&[0, 0], 1);
    end(&[0, 2], 1);
    end(&[1], 0);
    end(&[0, 1, 0], 2);
    let (mut one, _) = connected(4);
    let frame = one.seal(b"a visit").unwrap();
    for at in 0..frame.len() {
        let (_, mut two) = connected(4);
        let mut changed = frame.clone();
        changed[at] ^= 1;
        // A changed length makes it longer, and the frame after it is eaten.
        let refused = two.take(&changed).and_then(|_| two.take(&vec![0; 70_000]));
        assert_eq!(refused, Err(DirectError::Damaged), "byte {at}");
    }
}

#[test]
fn frames_of_another_connection_or_of_ones_own_are_refused() {
    let (mut one, _) = connected(5);
    let (mut other, mut two) = connected(6);
    let frame = one.seal(b"hello").unwrap();
    assert_eq!(two.take(&frame), Err(DirectError::Damaged));
    // Sent back to who said it.
    let said = other.seal(b"hello").unwrap();
    assert_eq!(other.take(&said), Err(DirectError::Damaged));
}

#[test]
fn a_message_that_breaks_off_is_seen() {
    let (mut one, mut two) = connected(7);
    let sealed = one.seal(&vec![7; 100_000]).unwrap();
    for length in [1, 2, 3, 65_536, 65_537, 65_538, sealed.len() - 1] {
        let (mut one, mut two) = connected(7);
        let sealed = one.seal(&vec![7; 100_000]).unwrap();
        assert_eq!(two.take(&sealed[..length]), Ok(Vec::new()), "{length}");
        assert!(two.is_amid_message(), "{length}");
    }
    assert_eq!(two.take(&sealed).unwrap().len(), 1);
    assert!(!two.is_amid_message());
}

#[test]
fn messages_are_fixed() {
    let chunk = |byte| ChunkId([byte; 16]);
    let hex = |message: Message| hex::encode(message.write());
    let records = vec![ByteBuf::from(vec![7, 8])];
    let keyring = Some(ByteBuf::from(vec![9]));
    assert_eq!(
        hex(Message::Hello { records, keyring }),
        "a16568656c6c6fa2677265636f72647381420708676b657972696e674109"
    );
    let held = Message::Have { chunks: vec![chunk(1)] };
    assert_eq!(hex(held), format!("a16468656c64a1666368756e6b738150{}", "01".repeat(16)));
    let chunks = vec![ByteBuf::from(vec![9])];
    assert_eq!(hex(Message::Chunks { chunks }), "a1666368756e6b73a1666368756e6b73814109");
    assert_eq!(hex(Message::Done), "64646f6e65");
    // Nothing may follow.
    assert_eq!(Message::read(b"\x64done\x00"), Err(DirectError::Misunderstood));
}

#[test]
fn a_list_with_too_many_entries_is_refused() {
    for (message, most) in [
        (|entries| Message::Chunks { chunks: entries }, MOST_CHUNKS),
        (
            |entries| Message::Hello {
                records: entries,
                keyring: None,
            },
            MOST_RECORDS,
        ),
    ] as [(fn(Vec<ByteBuf>) -> Message, usize); 2]
    {
        let of = |count| message(vec![ByteBuf::new(); count]);
        assert_eq!(Message::read(&of(most).write()), Ok(of(most)));
        assert_eq!(Message::read(&of(most + 1).write()), Err(DirectError::Misunderstood));
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    let bytes = || prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40).prop_map(ByteBuf::from), 0..4);
    prop_oneof![
        (bytes(), any::<Option<Vec<u8>>>()).prop_map(|(records, keyring)| Message::Hello {
            records,
            keyring: keyring.map(ByteBuf::from)
        }),
        bytes().prop_map(|chunks| Message::Chunks { chunks }),
        prop::collection::vec(any::<[u8; 16]>().prop_map(ChunkId), 0..6).prop_map(|chunks| Message::Have { chunks }),
        Just(Message::Done),
    ]
}

proptest! {
    #[test]
    fn messages_come_back(message in any_message()) {
        prop_assert_eq!(Message::read(&message.write()), Ok(message));
    }

    #[test]
    fn announcements_come_back(seed: u64, peers in prop::collection::vec(any::<u8>(), 0..20)) {
        let announced = Advertisement::new(&key(0), &public(&peers), &SeededRandom::new(seed)).unwrap();
        prop_assert_eq!(Advertisement::read(&announced.write()), Ok(announced));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[A-Za-z0-9_=-]{0,220}") {
        let _ = Advertisement::read(&text);
        let _ = Advertisement::read(&format!("A{text}"));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Message::read(&bytes);
        let (_, mut two) = connected(8);
        let _ = two.take(&bytes);
        let random = SeededRandom::new(1);
        let mut opening = [1; OPENING_BYTES];
        random.fill(&mut opening[1..]).unwrap();
        for (to, from) in opening.iter_mut().zip(&bytes) {
            *to = *from;
        }
        prop_assert!(accept(&key(2), &public(&[1]), &SALT, &opening, &random).is_err());
    }

    #[test]
    fn pieces_may_have_any_size(sizes in prop::collection::vec(1..80_000_usize, 1..12), messages in prop::collection::vec(0..150_000_usize, 0..5)) {
        let (mut one, mut two) = connected(9);
        let messages: Vec<Vec<u8>> = messages.iter().map(|size| vec![7; *size]).collect();
        let mut sealed: Vec<u8> = Vec::new();
        for message in &messages {
            sealed.extend(one.seal(message).unwrap());
        }
        let (mut rest, mut got, mut at) = (&sealed[..], Vec::new(), 0);
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(sizes[at % sizes.len()].min(rest.len()));
            got.extend(two.take(piece).unwrap());
            (rest, at) = (left, at + 1);
        }
        prop_assert!(got == messages);
    }
}

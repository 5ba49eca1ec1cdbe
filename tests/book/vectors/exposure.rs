//! The vectors of `docs/exposure.md`: lists, tags and posters.

use std::collections::BTreeMap;

use techo_protocol::basics::keys::{SIGNATURE_BYTES, sha256};
use techo_protocol::exposure::case_code::CaseCode;
use techo_protocol::exposure::diary_upload::{DiaryKey, SENT_BYTES, SentDiary, SentVisit};
use techo_protocol::exposure::manifest::{Manifest, SegmentRef, VALID_SECONDS};
use techo_protocol::exposure::notice::{Body, LocalisedText, Minutes, NoticeId, Severity, Window};
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::exposure::relay_api::{StoredDiary, TakeDiaries};
use techo_protocol::exposure::segment::{Entry, NewSegment, Recall, Segment};
use techo_protocol::exposure::slot::{day_of_slot, slot_of, slot_start};
use techo_protocol::exposure::tag::SlotMac;
use techo_protocol::exposure::venue_code::{NewPoster, NewRotating, Poster, Rotating, VenueCode};
use techo_protocol::trust::{AuthorityId, Role, TrustList, TrustedKey, succeed_root};

use super::{CODE, DIARY, MANIFEST, NOTICE, NOW, ROOT, key, random, signed};
use crate::vector::Vector;

/// All of this page.
pub fn all() -> Vec<Vector> {
    vec![
        poster_code(),
        rotating_code(),
        tags(),
        notice_body(),
        segment(),
        manifest(),
        trust_list(),
        case_code(),
        sent_diary(),
        take_diaries(),
    ]
}

fn slot() -> u32 {
    slot_of(NOW).expect("a time after 1970")
}

fn authority() -> AuthorityId {
    AuthorityId::of_root(&key(ROOT).public())
}

fn poster() -> Poster {
    let today = day_of_slot(slot());
    NewPoster {
        host: "techo.example",
        serial: 0x01_02_03,
        issued_day: today,
        expires_day: today + 366,
        stay_minutes: 90,
        name: "Bar Yoru",
        address: "Kita-ku, Osaka",
    }
    .sign(&key(CODE))
    .expect("a poster that can be written")
}

fn rotating() -> Rotating {
    NewRotating {
        host: "techo.example",
        first_slot: slot(),
        stay_minutes: 60,
        name: "Bar Yoru",
        address: "Kita-ku, Osaka",
        keys: 2,
    }
    .sign(&poster().seed(), &key(CODE))
    .expect("a code that can be written")
}

/// The payload of a code's text: its decimal digits as one number.
fn payload(text: &str) -> Vec<u8> {
    let (_, digits) = text.split_once('#').expect("a code has a #");
    techo_protocol::basics::decimal::from_digits(digits).expect("a code has digits")
}

/// Reads a code by its payload, and gives the payload of what it writes.
fn code_again(bytes: &[u8]) -> Vec<u8> {
    let text = format!(
        "https://techo.example/v#{}",
        techo_protocol::basics::decimal::to_digits(bytes)
    );
    let code = VenueCode::read(&text).expect("the vector is a venue code");
    code.check_signature([&list()]).expect("the vector's signature is right");
    payload(&code.to_text())
}

fn poster_code() -> Vector {
    let poster = poster();
    Vector::new(
        "poster-code",
        "The code on a poster: the payload that the decimal digits after # are.\nThe code key's seed is 32 bytes 02.",
        &payload(&poster.to_text()),
        code_again,
    )
    .fact("text", poster.to_text())
    .is("version and kind", &[0x11])
    .is("key id", &key(CODE).public().id().0)
    .is("serial", &[1, 2, 3])
    .is("last day", &poster.expires_day.to_be_bytes())
    .is("default stay", &[9])
    .is("name length", &[8])
    .is("name", b"Bar Yoru")
    .is("address", b"Kita-ku, Osaka")
    .take("signature", SIGNATURE_BYTES)
}

fn rotating_code() -> Vector {
    let rotating = rotating();
    Vector::new(
        "rotating-code",
        "The code on a tablet, with the keys of two hours of the venue of poster-code.txt.",
        &payload(&rotating.to_text()),
        code_again,
    )
    .fact("text", rotating.to_text())
    .is("version and kind", &[0x12])
    .is("key id", &key(CODE).public().id().0)
    .is("first slot", &slot().to_be_bytes())
    .is("default stay", &[6])
    .is("keys count", &[2])
    .is("name length", &[8])
    .is("name", b"Bar Yoru")
    .is("address", b"Kita-ku, Osaka")
    .is("keys", &[*rotating.keys[0].0.expose(), *rotating.keys[1].0.expose()].concat())
    .take("signature", SIGNATURE_BYTES)
}

fn tags() -> Vector {
    let payload = payload(&poster().to_text());
    let seed = poster().seed();
    let mac = SlotMac::new(&seed.slot_key(slot()));
    let salt = [0x5A; 16];
    let text = mac.text_pad(&salt, 0);
    Vector::of_facts(
        "tags",
        "Keys, a tag and the masks of one hour at the venue of poster-code.txt, for entry 0 of a segment with this salt.",
    )
    .hex("signature", &payload[payload.len() - SIGNATURE_BYTES..])
    .fact("slot", slot())
    .fact("day", day_of_slot(slot()))
    .hex("day_key", seed.day_key(day_of_slot(slot())).0.expose())
    .hex("slot_key", seed.slot_key(slot()).0.expose())
    .hex("salt", &salt)
    .fact("i", 0)
    .fact("tag", format!("{:014x}", mac.tag(&salt, 0)))
    .hex("body mask", &mac.body_pad(&salt, 0))
    .fact("wrap tag", format!("{:016x}", text.tag))
    .hex("wrap key mask", text.key.expose())
    .hex("wrap number mask", &text.number)
}

fn body() -> Body {
    Body {
        minutes: Minutes {
            from: 30,
            to: 60,
            tail: 60,
        },
        severity: Severity::Cluster,
        advice: 3,
        notice: NoticeId::from_low_bits(0xAB_CDEF),
        revision: 2,
        withdrawn: false,
        has_text: true,
    }
}

fn notice_body() -> Vector {
    Vector::new(
        "notice-body",
        "The nine bytes of one hour of a notice, before they are masked.",
        &body().to_bytes(),
        |bytes| {
            Body::from_bytes(bytes.try_into().expect("nine bytes"))
                .expect("the vector is a body")
                .to_bytes()
                .to_vec()
        },
    )
    .fact("from, to, tail", "30, 60, 60")
    .fact("severity", "cluster (2)")
    .fact("withdrawn, has text", "0, 1")
    .fact("advice", 3)
    .fact("revision", 2)
    .fact("notice", "abcdef")
    .take("body", 9)
}

fn text() -> LocalisedText {
    LocalisedText(BTreeMap::from([("en".to_owned(), "Call 06-1234.".to_owned())]))
}

fn write_segment() -> Vec<u8> {
    let window = Window {
        from: slot_start(slot()) + 1800,
        to: slot_start(slot()) + 3600,
        tail: 1800,
    };
    let entries = window
        .hours()
        .map(|(slot, minutes)| Entry {
            key: poster().seed().slot_key(slot),
            body: Body { minutes, ..body() },
            text: Some(0),
        })
        .collect();
    NewSegment {
        authority: authority(),
        sequence: 7,
        issued_at: NOW,
        area: 0,
        day: day_of_slot(slot()),
        entries,
        texts: vec![text()],
        recalls: vec![Recall {
            id: 1,
            revision: 1,
            withdrawn: false,
            product: "pfizer".into(),
            lot: "FE8206".into(),
            text: text(),
        }],
    }
    .write(&key(NOTICE), &random())
    .expect("a segment that can be written")
}

fn segment() -> Vector {
    let file = write_segment();
    let read = Segment::parse(&file).expect("what was written is read");
    let salt = read.header().salt;
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let (wraps, texts, recalls) = (number(63) as usize, number(67) as usize, number(71) as usize);
    Vector::new(
        "segment",
        "A segment that names two hours of the venue of poster-code.txt, with a text and a recalled lot.\nThe notice key's seed is 32 bytes 04.",
        &file,
        |file| {
            let segment = Segment::parse(file).expect("the vector is a segment");
            segment.verify([&key(NOTICE).public()]).expect("the vector's signature is right");
            for hour in [slot(), slot() + 1] {
                let opened = segment.open_all(&poster().seed().slot_key(hour));
                assert_eq!(opened.len(), 1);
                assert_eq!(opened[0].text, Some(text()));
            }
            assert_eq!(segment.recalls().expect("recalls").len(), 1);
            write_segment()
        },
    )
    .hex("sha256", &sha256(&file))
    .is("magic", b"TSEG")
    .is("version", &[1])
    .is("authority", &authority().0)
    .is("sequence", &7_u64.to_be_bytes())
    .is("issued at", &NOW.to_be_bytes())
    .is("area", &[0, 0])
    .is("day", &day_of_slot(slot()).to_be_bytes())
    .is("salt", &salt)
    .is("entries", &64_u32.to_be_bytes())
    .is("wraps", &8_u32.to_be_bytes())
    .take("texts length", 4)
    .take("recalls length", 4)
    .is("key id", &key(NOTICE).public().id().0)
    .take("high bits", 16)
    .take("low bits", 64 * 50 / 8)
    .take("bodies", 64 * 9)
    .take("wrap table", wraps * 28)
    .take("texts", texts)
    .take("recalls", recalls)
    .take("signature", SIGNATURE_BYTES)
}

fn list() -> TrustList {
    let trusted = |role, seed, revoked| TrustedKey {
        role,
        key: key(seed).public(),
        revoked,
    };
    TrustList {
        name: "Osaka Prefecture".into(),
        host: "techo.example".into(),
        number: 2,
        issued_at: NOW,
        expires_at: NOW + 365 * 86_400,
        roots: vec![
            techo_protocol::trust::Root {
                key: key(ROOT).public(),
                signed_by_previous: Vec::new(),
            },
            succeed_root(&key(ROOT), &key(11).public()),
        ],
        keys: vec![
            trusted(Role::Code, CODE, false),
            trusted(Role::Manifest, MANIFEST, false),
            trusted(Role::Notice, NOTICE, false),
            TrustedKey {
                role: Role::Diary,
                key: diary_key().public(),
                revoked: false,
            },
        ],
        relays: vec!["https://relay.example".into()],
        municipality: None,
    }
}

fn trust_list() -> Vector {
    let file = list().write(&key(11));
    let vector = Vector::new(
        "trust-list",
        "A trust list whose root was replaced once. The seeds: first root 01, second root 0b, code 02, manifest 03, notice 04.",
        &file,
        |file| TrustList::read(file).expect("the vector is a trust list").write(&key(11)),
    )
    .fact("authority", authority());
    signed(vector, b"TTRL", &key(11).public(), &file)
}

fn manifest() -> Vector {
    let segment = write_segment();
    let listed = SegmentRef {
        sequence: 7,
        hash: sha256(&segment),
        bytes: u32::try_from(segment.len()).expect("a small file"),
        area: 0,
        day: day_of_slot(slot()),
        listed_until: slot_start(slot() + 2) + 60 * 86_400,
    };
    let manifest = Manifest {
        authority: authority(),
        sequence: 9,
        previous: [0x77; 32],
        signed_at: NOW,
        valid_until: NOW + VALID_SECONDS,
        audit_head: [0x88; 32],
        segments: vec![listed],
        trust_list: list().write(&key(11)),
        files: vec![PublicFileRef {
            kind: 1,
            hash: [0x99; 32],
            bytes: 1234,
        }],
    };
    let file = manifest.write(&key(MANIFEST));
    let vector = Vector::new(
        "manifest",
        "A manifest that lists the segment of segment.txt and carries the trust list of trust-list.txt. The manifest key's seed is 32 bytes 03.",
        &file,
        |file| {
            Manifest::read(file)
                .expect("the vector is a manifest")
                .verify([&key(MANIFEST).public()])
                .expect("the vector's signature is right")
                .write(&key(MANIFEST))
        },
    );
    signed(vector, b"TMAN", &key(MANIFEST).public(), &file)
}

fn one_time_code() -> CaseCode {
    CaseCode::generate(&random()).expect("a source that does not fail")
}

fn case_code() -> Vector {
    let code = one_time_code();
    assert_eq!(CaseCode::read(&code.to_string()), Ok(code.clone()));
    Vector::of_facts("case-code", "A one-time code, and where a relay keeps what is sent with it.")
        .fact("code", &code)
        .hex("mailbox", &code.mailbox().0)
}

fn diary_key() -> DiaryKey {
    DiaryKey::from_seed(&[DIARY; 32])
}

fn diary() -> SentDiary {
    SentDiary {
        code: one_time_code().to_string(),
        visits: vec![SentVisit {
            name: "Bar Yoru".into(),
            address: Some("Kita-ku, Osaka".into()),
            from: NOW,
            to: NOW + 1800,
            keys: vec![(slot(), poster().seed().slot_key(slot()))],
        }],
    }
}

fn sent_diary() -> Vector {
    let seal = || {
        diary()
            .seal(authority(), &diary_key().public(), &random())
            .expect("a diary that can be sealed")
    };
    let sealed = seal();
    assert_eq!(diary_key().open(authority(), &sealed), Ok(diary()));
    assert_eq!(sealed.len(), SENT_BYTES);
    let mut plain = Vec::new();
    ciborium::into_writer(&diary(), &mut plain).expect("writing to memory does not fail");
    let length = u32::try_from(plain.len()).expect("a small diary").to_be_bytes();
    let content = [&length, plain.as_slice()].concat();
    Vector::new(
        "sent-diary",
        "What is sealed in a sent diary, without the zeros that fill it to 32,720 bytes. The diary key is derived from 32 bytes 05.",
        &content,
        |content| {
            // Sealed by hand as the page says, the authority opens it.
            let mut plain = content.to_vec();
            plain.resize(SENT_BYTES - techo_protocol::basics::hpke_seal::SEAL_BYTES, 0);
            let info = [b"techo diary v1".as_slice(), &authority().0].concat();
            let sealed = techo_protocol::basics::hpke_seal::seal_to(&diary_key().public().0, &info, &[], &plain, &random())
                .expect("a key that seals");
            assert_eq!(diary_key().open(authority(), &sealed), Ok(diary()));
            assert_eq!(sealed, diary().seal(authority(), &diary_key().public(), &random()).expect("sealed"));
            content.to_vec()
        },
    )
    .hex("public key", &diary_key().public().0)
    .hex("encapsulated key", &sealed[..32])
    .hex("sha256 of the sealed diary", &sha256(&sealed))
    .is("length", &length)
    .take("body", plain.len())
}

fn take_diaries() -> Vector {
    let request = TakeDiaries {
        authority: authority(),
        number: 3,
        stored: vec![StoredDiary {
            mailbox: one_time_code().mailbox().0,
            hash: [0x66; 32],
        }],
    };
    let file = request.write(&key(MANIFEST));
    let vector = Vector::new(
        "take-diaries",
        "An authority's request for its sent diaries. The manifest key's seed is 32 bytes 03.",
        &file,
        |file| {
            TakeDiaries::read(file, [&key(MANIFEST).public()])
                .expect("the vector is a request")
                .write(&key(MANIFEST))
        },
    );
    signed(vector, b"TTAK", &key(MANIFEST).public(), &file)
}

//! The vectors of `docs/sync.md`: sync and pairing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use serde_bytes::ByteBuf;
use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::hpke_seal::{HpkePrivate, open_with};
use techo_protocol::basics::keys::{SIGNATURE_BYTES, sha256};
use techo_protocol::household::body::{
    Body, GenerationKey, Heartbeat, Identity, Kind, Lineage, Snapshot, Subject, UnverifiedBody, VectorEntry, chain_after,
};
use techo_protocol::household::chunk::{Envelope, EpochKey, Padding};
use techo_protocol::household::direct::{Advertisement, Connecting, Message, OPENING_BYTES, Salt, accept};
use techo_protocol::household::epoch_record::{Author, Device, DeviceList, EpochRecord, Head, RECOVERY_SLOT, Removed};
use techo_protocol::household::household_file::HouseholdFile;
use techo_protocol::household::keyring_record::{DocumentKey, KeyringRecord, Recipients};
use techo_protocol::household::pairing::{Joiner, NewDevice, Owner, PairingText};
use techo_protocol::household::recovery::{RecoveryKeys, RecoveryWords};
use techo_protocol::household::sync_api::{
    Call, ChunkId, Mark, RecoveryCall, RecoveryRequest, StreamId, SyncAnswer, SyncRequest, relay_key,
};

use super::{key, random, signed};
use crate::vector::Vector;

/// All of this page.
pub fn all() -> Vec<Vector> {
    vec![
        chunk(),
        body_change(),
        body_snapshot(),
        body_heartbeat(),
        epoch_record(),
        device_list(),
        keyring(),
        keyring_content(),
        recovery_words(),
        household_file(),
        sync_request(),
        sync_calls(),
        sync_answer(),
        recovery_request(),
        pairing_text(),
        pairing(),
        announcement(),
        direct_opening(),
        direct_messages(),
    ]
}

const STREAM: StreamId = StreamId([0xA1; 16]);
const EPOCH_KEY: [u8; 32] = [0xE1; 32];
const GENERATION_KEY: [u8; 32] = [0xD1; 32];
/// The device's signing key.
const DEVICE: u8 = 21;
const DAY: u32 = 20_777;

/// AES-256-GCM with a nonce of zeros, as the page says.
fn opened(key: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"));
    let mut sealed = sealed.to_vec();
    key.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::from(aad), &mut sealed)
        .expect("it opens as the page says")
        .to_vec()
}

/// HKDF-SHA256, as the page says.
fn derived(salt: &[u8], material: &[u8], info: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(material)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out))
        .expect("32 bytes");
    out
}

fn cbor(value: &impl serde::Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("writing to memory does not fail");
    out
}

fn chunk() -> Vector {
    let content = b"content";
    let envelope = Envelope {
        stream: STREAM.0,
        chunk_id: [0xC1; 16],
        epoch: 3,
    };
    let seal = move || {
        envelope
            .seal(content, Padding::Cells, &EpochKey(EPOCH_KEY.into()), &random())
            .expect("a small chunk")
    };
    let chunk = seal();
    let plain = opened(
        &derived(&chunk[41..73], &EPOCH_KEY, b"techo chunk key v1"),
        &chunk[..41],
        &chunk[89..],
    );
    assert_eq!(&plain[..11], [&7_u32.to_be_bytes()[..], content].concat());
    let commitment = derived(&chunk[41..73], &EPOCH_KEY, b"techo chunk commitment v1");
    Vector::new("chunk", "A chunk of one cell.", &chunk, move |chunk| {
        let (envelope, plain) = Envelope::open(chunk, &EpochKey(EPOCH_KEY.into())).expect("the vector is a chunk");
        assert_eq!(plain, content);
        envelope
            .seal(&plain, Padding::Cells, &EpochKey(EPOCH_KEY.into()), &random())
            .expect("a small chunk")
    })
    .hex("epoch key", &EPOCH_KEY)
    .hex("content", content)
    .is("version", &[1])
    .is("stream", &STREAM.0)
    .is("chunk id", &[0xC1; 16])
    .is("epoch", &3_u32.to_be_bytes())
    .is("padded length", &512_u32.to_be_bytes())
    .take("salt", 32)
    .is("commitment", &commitment[..16])
    .take("ciphertext", 512)
    .take("tag", 16)
}

fn lineage() -> Lineage {
    Lineage {
        generation: 2,
        tag: GenerationKey(GENERATION_KEY.into()).tag(),
    }
}

/// A heartbeat's: it has no document, and a key of zeros.
fn no_lineage() -> Lineage {
    Lineage {
        generation: 0,
        tag: GenerationKey([0; 32].into()).tag(),
    }
}

fn body(kind: Kind, subject: Subject, vector: Vec<VectorEntry>) -> Body {
    let heartbeat = subject == Subject::Heartbeat;
    let mut body = Body {
        identity: Identity { device: 1, number: 300 },
        chain: [0xB1; 32],
        subject,
        lineage: if heartbeat { no_lineage() } else { lineage() },
        kind,
        vector,
        payload: Vec::new(),
    };
    if !heartbeat {
        body.seal(
            STREAM,
            &GenerationKey(GENERATION_KEY.into()),
            b"an Automerge change",
            &random(),
        )
        .expect("a source that does not fail");
    }
    body
}

/// Reads, checks and signs a body again.
fn body_again(bytes: &[u8]) -> Vec<u8> {
    let body = UnverifiedBody::read(bytes)
        .expect("the vector is a body")
        .verify(STREAM, &key(DEVICE).public())
        .expect("the vector's signature is right");
    if body.subject != Subject::Heartbeat {
        let plain = body
            .open(STREAM, &GenerationKey(GENERATION_KEY.into()))
            .expect("the payload opens");
        assert_eq!(plain, b"an Automerge change");
    }
    body.write(STREAM, &key(DEVICE)).expect("a small body")
}

fn entry() -> VectorEntry {
    VectorEntry {
        device: 0,
        seen: 9,
        at_relay: 8,
        gone: 7,
    }
}

/// Number 300 in LEB128.
const NUMBER: [u8; 2] = [0xAC, 0x02];

fn body_vector(name: &'static str, about: &'static str, bytes: &[u8]) -> Vector {
    Vector::new(name, about, bytes, body_again)
        .hex("household", &STREAM.0)
        .hex("document's key", &GENERATION_KEY)
        .hex("chain after it", &chain_after(bytes))
        .is("version", &[2])
        .is("device", &[1])
        .is("number", &NUMBER)
        .is("chain", &[0xB1; 32])
}

fn body_change() -> Vector {
    let body = body(Kind::Change, Subject::Week(2_968), vec![entry()]);
    let bytes = body.write(STREAM, &key(DEVICE)).expect("a small body");
    // The payload opens as the page says: bound to the household, and to what stands from the device to the lineage's tag.
    let head_end = 1 + 1 + 2 + 32 + 3 + 1 + 8;
    let plain = opened(
        &derived(&body.payload[..16], &GENERATION_KEY, b"techo payload key v1"),
        &[&STREAM.0[..], &bytes[1..head_end]].concat(),
        &body.payload[16..],
    );
    assert_eq!(plain, b"an Automerge change");
    body_vector(
        "body-change",
        "A change of the week 2968, by device 1. The device key's seed is 32 bytes 15; the payload is the text `an Automerge change`.",
        &bytes,
    )
    .is("subject", &[2, 0x98, 0x17])
    .is("generation", &[2])
    .is("lineage tag", &lineage().tag)
    .is("kind", &[0])
    .is("vector", &[1, 0, 9, 8, 7])
    .is("payload length", &[u8::try_from(body.payload.len()).expect("a short payload")])
    .is("payload", &body.payload)
    .take("signature", SIGNATURE_BYTES)
}

fn body_snapshot() -> Vector {
    let snapshot = Snapshot {
        absorbed: vec![Identity { device: 0, number: 5 }],
        heads: vec![[0x11; 32]],
    };
    let body = body(Kind::Snapshot(snapshot), Subject::Settings, vec![]);
    let bytes = body.write(STREAM, &key(DEVICE)).expect("a small body");
    body_vector(
        "body-snapshot",
        "A snapshot of the settings, made from chunk 5 of device 0. The device key's seed is 32 bytes 15.",
        &bytes,
    )
    .is("subject", &[1])
    .is("generation", &[2])
    .is("lineage tag", &lineage().tag)
    .is("kind", &[1])
    .is("absorbed", &[1, 0, 5])
    .is("heads", &[&[1][..], &[0x11; 32]].concat())
    .is("vector", &[0])
    .is(
        "payload length",
        &[u8::try_from(body.payload.len()).expect("a short payload")],
    )
    .is("payload", &body.payload)
    .take("signature", SIGNATURE_BYTES)
}

fn body_heartbeat() -> Vector {
    let heartbeat = Heartbeat {
        hpke: [0x99; 32],
        keyring: 4,
        day: DAY,
    };
    let body = body(Kind::Heartbeat(heartbeat), Subject::Heartbeat, vec![entry()]);
    let bytes = body.write(STREAM, &key(DEVICE)).expect("a small body");
    body_vector(
        "body-heartbeat",
        "A heartbeat of device 1. The device key's seed is 32 bytes 15.",
        &bytes,
    )
    .is("subject", &[0])
    .is("generation", &[0])
    .is("lineage tag", &no_lineage().tag)
    .is("kind", &[2])
    .is("hpke key", &[0x99; 32])
    .is("keyring", &[4])
    .is("day", &[0xA9, 0xA2, 0x01])
    .is("vector", &[1, 0, 9, 8, 7])
    .is("payload length", &[0])
    .take("signature", SIGNATURE_BYTES)
}

fn words() -> RecoveryKeys {
    RecoveryWords::parse(None, WORDS).expect("words of the list").keys()
}

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// The HPKE key of the household's one device.
fn hpke() -> HpkePrivate {
    HpkePrivate::from_seed(&[31; 32])
}

fn devices() -> DeviceList {
    DeviceList {
        devices: vec![Device {
            index: 0,
            key: key(DEVICE).public(),
            agreement: AgreementKey::from_seed(&[DEVICE; 32]).public(),
            hpke: hpke().public(),
            name: "phone".into(),
            since: 1,
            by_words: false,
        }],
        removed: vec![Removed {
            index: 1,
            key: key(22).public(),
            last: 12,
            after: [0x44; 32],
            day: DAY,
        }],
    }
}

/// The record before it had the epoch 2, whose key is 32 bytes e0.
fn record() -> EpochRecord {
    let head = Head {
        stream: STREAM,
        number: 5,
        epoch: 3,
        previous: [0x22; 32],
        day: DAY,
        relay_key: relay_key(&EpochKey(EPOCH_KEY.into())).public(),
        recovery: Some(words().public()),
    };
    EpochRecord::make(
        head,
        &devices(),
        &EpochKey(EPOCH_KEY.into()),
        Author::Device(0, &key(DEVICE)),
        &relay_key(&EpochKey([0xE0; 32].into())),
        &random(),
    )
    .expect("a source that does not fail")
}

fn epoch_record() -> Vector {
    let bytes = record().write();
    let length = u32::from_be_bytes(bytes[6..10].try_into().expect("four bytes"));
    let public = words().public();
    let slots = &bytes[10 + length as usize..][..17 * 80];
    Vector::new(
        "epoch-record",
        "An epoch record with its slots: one device, and the recovery words of recovery-words.txt.\nThe list inside is that of device-list.txt.",
        &bytes,
        |bytes| {
            let record = EpochRecord::read(bytes).expect("the vector is a record");
            let key_of = |slot, private| record.open_slot(slot, &[private]).expect("the slot opens").0;
            assert_eq!(key_of(0, hpke()), EPOCH_KEY.into());
            assert_eq!(key_of(RECOVERY_SLOT, words().sealing), EPOCH_KEY.into());
            let list = record.open_list(&EpochKey(EPOCH_KEY.into())).expect("the list opens");
            assert!(list.is_by(&key(DEVICE).public()) && list.list == devices());
            record.write()
        },
    )
    .hex("epoch key", &EPOCH_KEY)
    .hex("hash", &record().hash())
    .is("magic", b"TEPR")
    .is("version", &[1])
    .is("kind", &[1])
    .take("length", 4)
    .is("stream", &STREAM.0)
    .is("number", &5_u64.to_be_bytes())
    .is("epoch", &3_u32.to_be_bytes())
    .is("previous", &[0x22; 32])
    .is("day", &DAY.to_be_bytes())
    .is("relay key", &relay_key(&EpochKey(EPOCH_KEY.into())).public().0)
    .is("has words", &[1])
    .is("locator", &public.locator)
    .is("words signing key", &public.signing.0)
    .is("words sealing key", &public.sealing)
    .is("slots hash", &sha256(slots))
    .is("list length", &2_064_u32.to_be_bytes())
    .take("list", 2_064)
    .is("slots", slots)
    .take("signature by old", SIGNATURE_BYTES)
    .take("signature by new", SIGNATURE_BYTES)
}

/// What is left of padded content that begins with a length: length, body, author, signature.
fn unpadded(plain: &[u8]) -> &[u8] {
    let length = u32::from_be_bytes(plain[..4].try_into().expect("four bytes")) as usize;
    let end = 4 + length + 1 + SIGNATURE_BYTES;
    assert!(plain[end..].iter().all(|byte| *byte == 0), "padding is zeros");
    &plain[..end]
}

fn device_list() -> Vector {
    let bytes = record().write();
    let clear = &bytes[10..10 + 16 + 8 + 4 + 32 + 4 + 32 + 1 + 80 + 32];
    let sealed = &bytes[10 + clear.len() + 4..][..2_064];
    let key_bytes = derived(&sha256(clear), &EPOCH_KEY, b"techo device list key v1");
    let plain = opened(&key_bytes, clear, sealed);
    let content = unpadded(&plain);
    let list = cbor(&devices());
    let message = [b"techo epoch record author v1", clear, &list].concat();
    Vector::new(
        "device-list",
        "What is sealed as the list of epoch-record.txt, without the zeros that fill it to 2,048 bytes.",
        content,
        <[u8]>::to_vec,
    )
    .hex("key", &key_bytes)
    .is("length", &u32::try_from(list.len()).expect("a short list").to_be_bytes())
    .is("body", &list)
    .is("author", &[0])
    .is("signature", &key(DEVICE).sign(&message))
}

fn keyring_record() -> KeyringRecord {
    let keys = [DocumentKey {
        subject: Subject::Week(2_968),
        generation: 2,
        begins_empty: true,
        key: GenerationKey(GENERATION_KEY.into()),
    }];
    let recovery = words().public();
    let to = Recipients {
        devices: &devices(),
        recovery: Some(&recovery),
    };
    KeyringRecord::make(STREAM, 4, &keys, &to, (0, &key(DEVICE)), &random()).expect("a source that does not fail")
}

const SLOTS_BYTES: usize = 17 * 80;

fn keyring() -> Vector {
    let bytes = keyring_record().bytes().to_vec();
    Vector::new(
        "keyring",
        "A keyring: one document's key, sealed to the device and the words of epoch-record.txt. The content is that of keyring-content.txt.",
        &bytes,
        |bytes| {
            let record = KeyringRecord::read(bytes).expect("the vector is a keyring");
            let opened = record.open(0, &[hpke()]).expect("the slot opens");
            assert!(opened.is_by(&key(DEVICE).public()));
            assert_eq!(opened.keyring.keys[0].key.0, GENERATION_KEY.into());
            record.bytes().to_vec()
        },
    )
    .is("magic", b"TKYR")
    .is("version", &[1])
    .is("stream", &STREAM.0)
    .is("number", &4_u64.to_be_bytes())
    .take("slots", SLOTS_BYTES)
    .take("content", 2_048)
    .take("tag", 16)
}

fn keyring_content() -> Vector {
    let bytes = keyring_record().bytes().to_vec();
    let (clear, sealed) = bytes.split_at(29 + SLOTS_BYTES);
    let place = [&STREAM.0[..], &4_u64.to_be_bytes(), &[0]].concat();
    let content_key = open_with(&hpke(), b"techo keyring slot v1", &place, &clear[29..29 + 80]).expect("the slot opens");
    let plain = opened(&content_key, clear, sealed);
    let content = unpadded(&plain);
    let length = content.len() - 4 - 1 - SIGNATURE_BYTES;
    let message = [b"techo keyring author v1", clear, &content[4..4 + length]].concat();
    Vector::new(
        "keyring-content",
        "What is sealed as the content of keyring.txt, without the zeros that fill it to 2,048 bytes.",
        content,
        <[u8]>::to_vec,
    )
    .hex("key", &content_key)
    .is("length", &u32::try_from(length).expect("a short keyring").to_be_bytes())
    .take("body", length)
    .is("author", &[0])
    .is("signature", &key(DEVICE).sign(&message))
}

fn recovery_words() -> Vector {
    let keys = words().public();
    let secret = words();
    assert_eq!(
        derived(b"techo recovery v1", &[0; 16], b"signing key"),
        secret.signing.seed().expose()
    );
    Vector::of_facts(
        "recovery-words",
        "Twelve words, whose entropy is 16 zeros, and what they give.",
    )
    .fact("words", WORDS)
    .hex("entropy", &[0; 16])
    .hex("locator", &keys.locator)
    .hex("signing key", &keys.signing.0)
    .hex("sealing key", &keys.sealing)
}

fn household_file() -> Vector {
    let file = HouseholdFile {
        stream: STREAM,
        records: vec![b"epoch record".to_vec()],
        keyring: Some(b"keyring".to_vec()),
        chunks: vec![b"chunk".to_vec()],
    };
    let bytes = file.write().expect("a small file");
    Vector::new(
        "household-file",
        "A .techo file. In the place of real records stand the words `epoch record`, `keyring` and `chunk`: whoever reads the file looks into them later.",
        &bytes,
        |bytes| HouseholdFile::read(bytes).expect("the vector is a file").write().expect("a small file"),
    )
    .is("magic", b"TECHO")
    .is("kind", b"H")
    .is("version", &[1])
    .is("stream", &STREAM.0)
    .is("epoch records", &[&[2, 0, 0, 0, 12][..], b"epoch record"].concat())
    .is("keyring", &[&[3, 0, 0, 0, 7][..], b"keyring"].concat())
    .is("chunks", &[&[1, 0, 0, 0, 5][..], b"chunk"].concat())
}

fn sync_request() -> Vector {
    let signer = relay_key(&EpochKey(EPOCH_KEY.into()));
    let request = SyncRequest {
        stream: STREAM,
        call: Call::Pull { cursor: 7, wait: 55 },
    };
    let bytes = request.write(&signer);
    let vector = Vector::new(
        "sync-request",
        "A device asks for what came after cursor 7, and waits for 55 seconds. The relay key is that of epoch-record.txt.",
        &bytes,
        |bytes| {
            let signer = relay_key(&EpochKey(EPOCH_KEY.into()));
            SyncRequest::read(bytes)
                .expect("the vector is a request")
                .verify(&signer.public())
                .expect("the vector's signature is right")
                .write(&signer)
        },
    );
    signed(vector, b"TSRQ", &signer.public(), &bytes)
}

/// The items of a sequence of CBOR, each read as `T` and written again.
fn items_again<T: serde::Serialize + serde::de::DeserializeOwned>(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let item: T = ciborium::from_reader(&mut bytes).expect("the vector is a sequence of CBOR");
        out.extend(cbor(&item));
    }
    out
}

fn sequence<T: serde::Serialize + serde::de::DeserializeOwned + 'static>(
    name: &'static str,
    about: &'static str,
    items: &[(&'static str, T)],
) -> Vector {
    let whole: Vec<u8> = items.iter().flat_map(|(_, item)| cbor(item)).collect();
    let vector = Vector::new(name, about, &whole, items_again::<T>);
    items.iter().fold(vector, |vector, (name, item)| vector.is(name, &cbor(item)))
}

fn sync_calls() -> Vector {
    let chunk = || vec![ByteBuf::from(vec![1, 2, 3])];
    let id = || vec![ChunkId([0xC1; 16])];
    sequence(
        "sync-calls",
        "Each call as CBOR. In the place of whole chunks and records stand three bytes.",
        &[
            (
                "open",
                Call::Open {
                    key: relay_key(&EpochKey(EPOCH_KEY.into())).public(),
                },
            ),
            (
                "push",
                Call::Push {
                    epoch: 3,
                    last_swap: 2,
                    chunks: chunk(),
                },
            ),
            ("pull", Call::Pull { cursor: 7, wait: 55 }),
            (
                "swap",
                Call::Swap {
                    epoch: 3,
                    cursor: 7,
                    add: chunk(),
                    remove: id(),
                },
            ),
            ("records", Call::Records { since: Some(4) }),
            (
                "install",
                Call::Install {
                    record: Some(4),
                    keyring: Some(3),
                    cursor: 7,
                    records: chunk(),
                    new_keyring: Some(ByteBuf::from(vec![1, 2, 3])),
                    add: chunk(),
                    remove: id(),
                },
            ),
            ("inventory", Call::Inventory),
            (
                "delete",
                Call::Delete {
                    opening: [0x0F; 16],
                    cursor: 7,
                },
            ),
            ("open_mailbox", Call::OpenMailbox { mailbox: [0x3B; 16] }),
        ],
    )
}

fn sync_answer() -> Vector {
    let mark = |number| Mark {
        number,
        hash: [0x22; 32],
    };
    sequence(
        "sync-answer",
        "An answer with every key. In the place of whole chunks and records stand three bytes.",
        &[(
            "body",
            SyncAnswer {
                generation: [0x6E; 16],
                epoch: 3,
                last_swap: 2,
                cursor: 8,
                chunks: vec![ByteBuf::from(vec![1, 2, 3])],
                more: false,
                opening: [0x0F; 16],
                record: Some(mark(5)),
                keyring: Some(mark(4)),
                records: vec![ByteBuf::from(vec![1, 2, 3])],
                keyring_record: Some(ByteBuf::from(vec![1, 2, 3])),
                ids: vec![0xC1; 16],
                time: Some(1_795_360_400),
            },
        )],
    )
}

fn recovery_request() -> Vector {
    let keys = words();
    let request = RecoveryRequest {
        locator: keys.locator,
        call: RecoveryCall::Revive { cursor: 7 },
    };
    let bytes = request.write(&keys.signing);
    let vector = Vector::new(
        "recovery-request",
        "The owner of the words of recovery-words.txt brings a deleted account back.",
        &bytes,
        |bytes| {
            let keys = words();
            RecoveryRequest::verify(bytes, &[keys.signing.public()])
                .expect("the vector is a request")
                .write(&keys.signing)
        },
    );
    signed(vector, b"TSRR", &keys.signing.public(), &bytes)
}

fn owner() -> Owner {
    Owner::new("https://relay.example", &random()).expect("a short address")
}

fn pairing_text() -> Vector {
    let owner = owner();
    let text = owner.text();
    let digits = text.write();
    let bytes = hex::decode(digits.trim_start_matches("TECHO-PAIR:")).expect("digits");
    Vector::new("pairing-text", "What the device that has the diary shows.", &bytes, |bytes| {
        let text = format!("TECHO-PAIR:{}", hex::encode_upper(bytes));
        let read = PairingText::read(&text).expect("the vector is a pairing text");
        assert_eq!(read.write(), text);
        hex::decode(read.write().trim_start_matches("TECHO-PAIR:")).expect("digits")
    })
    .fact("text", &digits)
    .is("version", &[1])
    .is("key", &text.key)
    .is("mailbox", &text.mailbox)
    .is("secret", text.secret.expose())
    .is("relay", b"https://relay.example")
}

fn pairing() -> Vector {
    let owner = owner();
    let device = NewDevice {
        key: key(22).public(),
        agreement: AgreementKey::from_seed(&[22; 32]).public(),
        hpke: HpkePrivate::from_seed(&[32; 32]).public(),
        name: "tablet".into(),
    };
    let (joiner, commitment) = Joiner::new(owner.text(), &device, &random()).expect("a text that was just made");
    let (committed, nonce) = owner.take_commitment(&commitment, &random()).expect("a commitment");
    let (waiting, reveal) = joiner.take_nonce(&nonce).expect("a nonce");
    let confirming = committed.take_reveal(&reveal).expect("what was committed to");
    assert_eq!(confirming.device, device);
    let code = waiting.code.clone();
    let answer = confirming.confirm(&code).expect("the right code").answer(b"household");
    assert_eq!(waiting.take_answer(&answer).expect("it opens").as_slice(), b"household");
    Vector::of_facts(
        "pairing",
        "The messages of a pairing by the text of pairing-text.txt. In the place of the household's keys stands the word `household`.",
    )
    .hex("message 0, commitment", &commitment)
    .hex("message 1, nonce", &nonce)
    .hex("message 2, reveal", &reveal)
    .fact("code", code)
    .hex("message 3, answer", &answer)
}

fn unbase64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")
}

/// The agreement keys of two devices.
fn agreements() -> (AgreementKey, AgreementKey) {
    (AgreementKey::from_seed(&[DEVICE; 32]), AgreementKey::from_seed(&[22; 32]))
}

fn announcement() -> Vector {
    let (phone, tablet) = agreements();
    let made = Advertisement::new(&phone, &[tablet.public()], &random()).expect("a source that does not fail");
    assert_eq!(made.recognise(&tablet, &[phone.public()]), Some(0));
    let text = made.write();
    let bytes = unbase64(&text);
    Vector::new(
        "announcement",
        "What a phone announces on its network. The agreement keys come from the seeds 15 (phone) and 16 (tablet), 32 bytes each.",
        &bytes,
        move |bytes| {
            assert_eq!(bytes, unbase64(&text));
            unbase64(&Advertisement::read(&text).expect("the vector is an announcement").write())
        },
    )
    .fact("text", made.write())
    .hex("shared secret", phone.shared_secret(&tablet.public()).expect("two good keys").expose())
    .is("version", &[1])
    .is("salt", &made.salt.0)
    .take("tags", 16 * 8)
}

fn direct_opening() -> Vector {
    let (phone, tablet) = agreements();
    let listening = Salt([0x1C; 16]);
    let (_, opening) = Connecting::new(&phone, &tablet.public(), &listening, &random()).expect("two good keys");
    Vector::new(
        "direct-opening",
        "The first bytes of a phone that connects to a tablet, which listens under a salt of 16 bytes 1c. The agreement keys are those of announcement.txt.",
        &opening,
        |bytes| {
            let (phone, tablet) = agreements();
            let opening: &[u8; OPENING_BYTES] = bytes.try_into().expect("an opening has one length");
            let accepted = accept(&tablet, &[phone.public()], &Salt([0x1C; 16]), opening, &random()).expect("it is let in");
            assert_eq!(accepted.peer, 0);
            let (connecting, again) =
                Connecting::new(&phone, &tablet.public(), &Salt([0x1C; 16]), &random()).expect("two good keys");
            connecting.finish(&accepted.answer).expect("both have the same keys");
            again.to_vec()
        },
    )
    .is("version", &[1])
    .take("salt", 16)
    .take("tag", 8)
    .take("handshake", 48)
}

fn direct_messages() -> Vector {
    let bytes = || vec![ByteBuf::from(vec![1, 2, 3])];
    sequence(
        "direct-messages",
        "Each message of two devices as CBOR. In the place of whole chunks and records stand three bytes.",
        &[
            (
                "hello",
                Message::Hello {
                    records: bytes(),
                    keyring: Some(ByteBuf::from(vec![1, 2, 3])),
                },
            ),
            (
                "held",
                Message::Have {
                    chunks: vec![ChunkId([0xC1; 16])],
                },
            ),
            ("chunks", Message::Chunks { chunks: bytes() }),
            ("done", Message::Done),
        ],
    )
}

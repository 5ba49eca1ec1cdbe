//! An authority and a relay in memory, for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;

use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::manifest::{Head, Manifest, SegmentRef, VALID_SECONDS};
use techo_protocol::exposure::notice::{Body, LocalisedText, NoticeId, Severity, Window};
use techo_protocol::exposure::public_file::PublicFileRef;
use techo_protocol::exposure::relay_api::{manifest_path, segment_path};
use techo_protocol::exposure::segment::{Entry, NewSegment};
use techo_protocol::exposure::tag::VenueSeed;
use techo_protocol::trust::{AuthorityId, Role, Root, TrustList, TrustedKey};
use tempfile::TempDir;

use crate::diary::{EndedBy, Visit};
use crate::documents::EntryId;
use crate::documents::week::{CodeKind, Source, VisitKeys};
use crate::ports::{HttpError, Relay, testing::MemoryKeeper};
use crate::vault::Vault;

/// A midnight in UTC.
pub const MIDNIGHT: i64 = 20_000 * 86_400;
pub const NOW: i64 = MIDNIGHT + 2 * 86_400;

pub fn vault() -> (TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let vault = MemoryKeeper::default().open(folder.path());
    (folder, vault)
}

pub fn seed(venue: u8) -> VenueSeed {
    VenueSeed::from_signature(&[venue; 64])
}

/// A visit at a poster's venue, times in minutes from midnight.
pub fn visit(venue: u8, from: i64, to: i64) -> Visit {
    let check_in = MIDNIGHT + from * 60;
    let day = u32::try_from(check_in / 86_400).unwrap();
    Visit {
        id: EntryId([venue; 16]),
        name: format!("Venue {venue}"),
        address: None,
        check_in,
        check_out: None,
        out: MIDNIGHT + to * 60,
        ended_by: EndedBy::Automatic,
        default_stay_min: 60,
        source: Source::Code {
            authority: [1; 16],
            kind: CodeKind::Poster,
        },
        imported: false,
        keys: VisitKeys::Days((day..day + 2).map(|day| (day, seed(venue).day_key(day).0)).collect()),
        people: vec![],
        note: None,
        needs_repair: false,
        recorded: check_in,
        scanned_again: None,
    }
}

/// A window in minutes from midnight, with a tail of half an hour.
pub fn window(from: i64, to: i64) -> Window {
    Window {
        from: MIDNIGHT + from * 60,
        to: MIDNIGHT + to * 60,
        tail: 1_800,
    }
}

/// The entries of one revision: its window, and "withdrawn" under the hours of the windows before it that it leaves.
pub fn entries(venue: u8, notice: u32, revision: u8, now: Option<Window>, before: &[Window]) -> Vec<Entry> {
    let mut hours = BTreeMap::new();
    for (slot, _) in before.iter().flat_map(Window::hours) {
        hours.insert(
            slot,
            (techo_protocol::exposure::notice::Minutes { from: 0, to: 0, tail: 0 }, true),
        );
    }
    for (slot, minutes) in now.iter().flat_map(Window::hours) {
        hours.insert(slot, (minutes, false));
    }
    hours
        .into_iter()
        .map(|(slot, (minutes, withdrawn))| {
            let body = Body {
                minutes,
                severity: Severity::Caution,
                advice: 1,
                notice: NoticeId::from_low_bits(notice),
                revision,
                withdrawn,
                has_text: false,
            };
            Entry {
                key: seed(venue).slot_key(slot),
                body,
                text: None,
            }
        })
        .collect()
}

pub struct Authority {
    root: SigningKey,
    pub manifest_key: SigningKey,
    pub notice_key: SigningKey,
    pub trust: TrustList,
    pub segments: Vec<SegmentRef>,
    pub files: Vec<PublicFileRef>,
    pub head: Option<Head>,
    pub relay: MemoryRelay,
}

impl Authority {
    pub fn new(number: u8) -> Self {
        let key = |offset| SigningKey::from_seed(&[number + offset; 32]);
        let (root, manifest_key, notice_key) = (key(0), key(1), key(2));
        let trusted = |role, key: &SigningKey| TrustedKey {
            role,
            key: key.public(),
            revoked: false,
        };
        let trust = TrustList {
            name: format!("Authority {number}"),
            host: "techo.example".into(),
            number: 1,
            issued_at: 0,
            expires_at: i64::MAX,
            roots: vec![Root {
                key: root.public(),
                signed_by_previous: vec![],
            }],
            keys: vec![trusted(Role::Manifest, &manifest_key), trusted(Role::Notice, &notice_key)],
            relays: vec!["https://relay.example".into()],
            municipality: None,
        };
        Self {
            root,
            manifest_key,
            notice_key,
            trust,
            segments: vec![],
            files: vec![],
            head: None,
            relay: MemoryRelay::default(),
        }
    }

    pub fn id(&self) -> AuthorityId {
        self.trust.authority()
    }

    pub fn trust_file(&self) -> Vec<u8> {
        self.trust.write(&self.root)
    }

    /// Puts a segment on the relay, to be listed by the next manifest.
    pub fn add_segment(&mut self, entries: Vec<Entry>, texts: Vec<LocalisedText>) -> [u8; 32] {
        let sequence = self.segments.len() as u64 + 1;
        let new = NewSegment {
            authority: self.id(),
            sequence,
            issued_at: NOW,
            area: 0,
            day: 20_002,
            entries,
            texts,
            recalls: vec![],
        };
        let file = new.write(&self.notice_key, &SeededRandom::new(sequence)).unwrap();
        let hash = sha256(&file);
        let bytes = u32::try_from(file.len()).unwrap();
        self.segments.push(SegmentRef {
            sequence,
            hash,
            bytes,
            area: 0,
            day: 20_002,
            listed_until: i64::MAX,
        });
        self.relay.files.borrow_mut().insert(segment_path(&hash), file);
        hash
    }

    /// Signs a manifest of all segments and puts it on the relay.
    pub fn publish(&mut self, signed_at: i64) -> Vec<u8> {
        let manifest = Manifest {
            authority: self.id(),
            sequence: self.head.map_or(1, |head| head.sequence + 1),
            previous: self.head.map_or([0; 32], |head| head.hash),
            signed_at,
            valid_until: signed_at + VALID_SECONDS,
            audit_head: [0; 32],
            segments: self.segments.clone(),
            trust_list: self.trust_file(),
            files: self.files.clone(),
        };
        let file = manifest.write(&self.manifest_key);
        self.head = Some(Head::of(&manifest, &file));
        self.relay.files.borrow_mut().insert(manifest_path(self.id()), file.clone());
        file
    }
}

#[derive(Default)]
pub struct MemoryRelay {
    pub files: RefCell<BTreeMap<String, Vec<u8>>>,
    pub asked: RefCell<Vec<String>>,
}

impl Relay for MemoryRelay {
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.asked.borrow_mut().push(format!("{relay}{path}"));
        let file = self.files.borrow().get(path).cloned();
        assert!(file.as_ref().is_none_or(|file| file.len() <= most), "asked for too little");
        Ok(file)
    }

    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        self.asked.borrow_mut().push(format!("{relay}{path} {}", content.len()));
        Ok(())
    }
    fn post(&self, _: &str, _: &str, _: Vec<u8>, _: usize) -> Result<Vec<u8>, HttpError> {
        Err(HttpError::Unreachable)
    }
}

//! A relay in memory for tests, as strict as `techo_protocol::exposure::relay_api` says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use techo_protocol::basics::http::HttpError;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::manifest::{Head, Manifest};
use techo_protocol::exposure::relay_api::{
    DIARIES_A_PAGE, DepositedDiary, Diaries, TakeDiaries, diaries_path, manifest_path, publish_segment_path, trust_path,
};
use techo_protocol::exposure::segment::Segment;
use techo_protocol::trust::{Role, TrustList};
use techo_protocol::vaccination::public_file::PublicFileKind;

use super::RelayPort;
use crate::Authority;

/// A relay that follows one authority.
pub(crate) struct FakeRelay {
    pub trust: RefCell<TrustList>,
    pub segments: RefCell<BTreeMap<[u8; 32], Vec<u8>>>,
    pub manifest: RefCell<Option<Vec<u8>>>,
    pub diaries: RefCell<Vec<DepositedDiary>>,
    pub is_away: Cell<bool>,
    pub puts: Cell<usize>,
    taken: Cell<u64>,
}

impl FakeRelay {
    /// A relay that was given an authority's trust list.
    pub fn new(authority: &Authority) -> Self {
        Self {
            trust: RefCell::new(authority.trust_list().unwrap()),
            segments: RefCell::default(),
            manifest: RefCell::default(),
            diaries: RefCell::default(),
            is_away: Cell::new(false),
            puts: Cell::new(0),
            taken: Cell::new(0),
        }
    }

    /// The manifest that it hands out.
    pub fn manifest(&self) -> Manifest {
        let file = self.manifest.borrow();
        let unverified = Manifest::read(file.as_ref().unwrap()).unwrap();
        unverified.verify(self.trust.borrow().keys(Role::Manifest)).unwrap()
    }

    /// The files of the segments that the manifest lists.
    pub fn listed(&self) -> Vec<Vec<u8>> {
        let segments = self.segments.borrow();
        self.manifest()
            .segments
            .iter()
            .map(|segment| segments[&segment.hash].clone())
            .collect()
    }

    /// Puts in a sealed diary that somebody sends.
    pub fn deposit(&self, mailbox: MailboxId, sealed: Vec<u8>) {
        self.diaries.borrow_mut().push(DepositedDiary {
            mailbox: mailbox.0,
            sealed,
        });
    }

    fn answers(&self) -> Result<(), HttpError> {
        if self.is_away.get() {
            return Err(HttpError::Unreachable);
        }
        Ok(())
    }

    fn take_trust(&self, file: &[u8]) -> Option<()> {
        let newer = TrustList::read(file).ok()?;
        self.trust.borrow().check_successor(&newer).ok()?;
        *self.trust.borrow_mut() = newer;
        Some(())
    }

    fn take_segment(&self, path: &str, file: Vec<u8>) -> Option<()> {
        let trust = self.trust.borrow();
        let hash = sha256(&file);
        if path != publish_segment_path(trust.authority(), &hash) {
            return None;
        }
        match PublicFileKind::of(&file) {
            Some(kind) => kind.check(&file, &trust).ok()?,
            None => Segment::parse(&file).ok()?.verify(trust.keys(Role::Notice)).ok()?,
        }
        self.segments.borrow_mut().insert(hash, file);
        Some(())
    }

    fn take_manifest(&self, file: &[u8]) -> Option<()> {
        let unverified = Manifest::read(file).ok()?;
        let newer = TrustList::read(unverified.trust_list()).ok()?;
        self.trust.borrow().check_successor(&newer).ok()?;
        let manifest = unverified.verify(newer.keys(Role::Manifest)).ok()?;
        if let Some(held) = self.manifest.borrow().as_ref() {
            let before = Manifest::read(held)
                .ok()?
                .verify(self.trust.borrow().keys(Role::Manifest))
                .ok()?;
            Head::of(&before, held).check_next(&manifest, file).ok()?;
        }
        let segments = self.segments.borrow();
        let files = manifest.files.iter().map(|file| file.hash);
        let mut listed = manifest.segments.iter().map(|segment| segment.hash).chain(files);
        if !listed.all(|hash| segments.contains_key(&hash)) {
            return None;
        }
        *self.trust.borrow_mut() = newer;
        *self.manifest.borrow_mut() = Some(file.to_vec());
        Some(())
    }
}

impl RelayPort for FakeRelay {
    fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.answers()?;
        assert_eq!(path, manifest_path(self.trust.borrow().authority()));
        let manifest = self.manifest.borrow().clone();
        assert!(manifest.as_ref().is_none_or(|file| file.len() <= most));
        Ok(manifest)
    }

    fn put(&self, path: &str, body: Vec<u8>) -> Result<(), HttpError> {
        self.answers()?;
        self.puts.set(self.puts.get() + 1);
        let authority = self.trust.borrow().authority();
        let taken = if path == manifest_path(authority) {
            self.take_manifest(&body)
        } else if path == trust_path(authority) {
            self.take_trust(&body)
        } else {
            self.take_segment(path, body)
        };
        taken.ok_or(HttpError::Refused { status: 403 })
    }

    fn post(&self, path: &str, body: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        self.answers()?;
        assert_eq!(path, diaries_path(self.trust.borrow().authority()));
        let request = TakeDiaries::read(&body, self.trust.borrow().keys(Role::Manifest));
        let Some(request) = request.filter(|request| request.number > self.taken.get()) else {
            return Err(HttpError::Refused { status: 403 });
        };
        self.taken.set(request.number);
        let mut diaries = self.diaries.borrow_mut();
        diaries.retain(|diary| {
            let is_this = |s: &techo_protocol::exposure::relay_api::StoredDiary| {
                s.mailbox == diary.mailbox && s.hash == sha256(&diary.sealed)
            };
            !request.stored.iter().any(is_this)
        });
        let page = Diaries {
            diaries: diaries.iter().take(DIARIES_A_PAGE).cloned().collect(),
            more: diaries.len() > DIARIES_A_PAGE,
        }
        .to_bytes();
        assert!(page.len() <= most);
        Ok(page)
    }
}

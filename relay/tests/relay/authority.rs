//! An authority with its keys and its chain of manifests.

use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::exposure::manifest::{Manifest, SegmentRef};
use techo_protocol::exposure::notice::LocalisedText;
use techo_protocol::exposure::relay_api::{StoredDiary, TakeDiaries};
use techo_protocol::exposure::segment::{NewSegment, Recall};
use techo_protocol::trust::{AuthorityId, Role, Root, TrustList, TrustedKey};

pub const NOW: i64 = 1_795_000_000;

pub struct Authority {
    pub root: SigningKey,
    pub manifest: SigningKey,
    pub notice: SigningKey,
    pub list: TrustList,
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn trusted(role: Role, key: &SigningKey) -> TrustedKey {
    TrustedKey {
        role,
        key: key.public(),
        revoked: false,
    }
}

impl Authority {
    pub fn new(seed: u8) -> Self {
        let (root, manifest, notice) = (key(seed), key(seed + 1), key(seed + 2));
        let list = TrustList {
            name: "Osaka Prefecture".to_owned(),
            host: "techo.example".to_owned(),
            number: 1,
            issued_at: NOW,
            expires_at: NOW + 31_536_000,
            roots: vec![Root {
                key: root.public(),
                signed_by_previous: vec![],
            }],
            keys: vec![trusted(Role::Manifest, &manifest), trusted(Role::Notice, &notice)],
            relays: vec![],
            municipality: None,
        };
        Self {
            root,
            manifest,
            notice,
            list,
        }
    }

    pub fn id(&self) -> AuthorityId {
        self.list.authority()
    }

    pub fn trust(&self) -> Vec<u8> {
        self.list.write(&self.root)
    }

    /// New manifest and notice keys; the old ones are revoked.
    pub fn rotate(&mut self, seed: u8) {
        self.list.number += 1;
        self.list.keys.iter_mut().for_each(|key| key.revoked = true);
        (self.manifest, self.notice) = (key(seed), key(seed + 1));
        self.list.keys.push(trusted(Role::Manifest, &self.manifest));
        self.list.keys.push(trusted(Role::Notice, &self.notice));
    }

    pub fn segment(&self, sequence: u64) -> Vec<u8> {
        self.segment_with(sequence, 10, &self.notice)
    }

    /// A segment with a recall of so many bytes, so that it has a size of one's choice.
    pub fn segment_with(&self, sequence: u64, bytes: usize, signer: &SigningKey) -> Vec<u8> {
        let recall = Recall {
            id: 1,
            revision: 1,
            withdrawn: false,
            product: "x".repeat(bytes),
            lot: "EX0001".to_owned(),
            text: LocalisedText::default(),
        };
        let segment = NewSegment {
            authority: self.id(),
            sequence,
            issued_at: NOW,
            area: 0,
            day: 20_775,
            entries: vec![],
            texts: vec![],
            recalls: vec![recall],
        };
        segment.write(signer, &SeededRandom::new(sequence)).unwrap()
    }

    /// A manifest that follows on `before` and lists `segments`.
    pub fn manifest_of(&self, sequence: u64, before: &[u8], segments: &[&[u8]]) -> Manifest {
        Manifest {
            authority: self.id(),
            sequence,
            previous: if before.is_empty() { [0; 32] } else { sha256(before) },
            signed_at: NOW + i64::try_from(sequence).unwrap() * 3_600,
            valid_until: NOW + 86_400,
            audit_head: [0; 32],
            segments: segments
                .iter()
                .zip(1..)
                .map(|(file, sequence)| SegmentRef {
                    sequence,
                    hash: sha256(file),
                    bytes: u32::try_from(file.len()).unwrap(),
                    area: 0,
                    day: 20_775,
                    listed_until: NOW + 5_000_000,
                })
                .collect(),
            trust_list: self.trust(),
            files: vec![],
        }
    }

    /// A manifest with these segments, signed by the authority.
    pub fn manifest(&self, sequence: u64, before: &[u8], segments: &[&[u8]]) -> Vec<u8> {
        self.manifest_of(sequence, before, segments).write(&self.manifest)
    }

    pub fn take(&self, number: u64, stored: &[StoredDiary]) -> Vec<u8> {
        let take = TakeDiaries {
            authority: self.id(),
            number,
            stored: stored.to_vec(),
        };
        take.write(&self.manifest)
    }
}

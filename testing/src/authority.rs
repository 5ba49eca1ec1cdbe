//! A health authority for examples: it signs posters and the trust file, warns of places, and publishes to a relay in memory.

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::keys::{SigningKey, sha256};
use techo_protocol::basics::random::{RandomError, SystemRandom};
use techo_protocol::certificates::issuer_key::IssuerKey;
use techo_protocol::certificates::trust_bundle::TrustBundle;
use techo_protocol::exposure::case_code::CaseCode;
use techo_protocol::exposure::diary_upload::{DiaryKey, SentDiary};
use techo_protocol::exposure::manifest::{Head, Manifest, SegmentRef, VALID_SECONDS};
use techo_protocol::exposure::notice::{Body, DEFAULT_TAIL_SECONDS, NoticeId, Severity, Window};
use techo_protocol::exposure::relay_api::{diaries_path, manifest_path, segment_path};
use techo_protocol::exposure::segment::{Entry, NewSegment, WriteError};
use techo_protocol::exposure::venue_code::{NewPoster, Poster, VenueCodeError};
use techo_protocol::trust::{AuthorityId, Role, Root, TrustList, TrustedKey};

use crate::{Files, NOW, RELAY};

const HOST: &str = "techo.example";
/// How long posters of the examples hold, and how long what is published stays listed.
const LIFE_DAYS: u32 = 60;

/// A health authority whose keys come from its name: the same name is the same authority.
///
/// ```
/// use techo_testing::Authority;
///
/// let osaka = Authority::named("Osaka Prefecture");
/// assert!(osaka.poster("Bar Yoru")?.starts_with("https://techo.example/v#"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Authority {
    name: String,
    list_number: u32,
    entries: Vec<Entry>,
    notices: u32,
    segments: Vec<SegmentRef>,
    head: Option<Head>,
}

impl Authority {
    /// The authority of a name, which has published nothing yet.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            list_number: 1,
            entries: Vec::new(),
            notices: 0,
            segments: Vec::new(),
            head: None,
        }
    }

    /// The id that devices know it by.
    pub fn id(&self) -> AuthorityId {
        self.trust_list().authority()
    }

    /// The file by which a person follows it.
    pub fn trust_file(&self) -> Vec<u8> {
        self.trust_list().write(&self.key("root"))
    }

    /// Signs its trust list anew, under the next number.
    pub fn renew_trust(&mut self) {
        self.list_number += 1;
    }

    /// The text of the poster of a place: valid for 60 days around [`NOW`], for stays of an hour.
    ///
    /// # Errors
    /// [`VenueCodeError::CannotBeWritten`] for a name that no code can carry.
    pub fn poster(&self, place: &str) -> Result<String, VenueCodeError> {
        Ok(self.signed_poster(place)?.to_text())
    }

    /// Warns of a place between two times in Unix seconds, with the next list that it publishes.
    ///
    /// # Errors
    /// [`VenueCodeError::CannotBeWritten`] for a name that no code can carry.
    pub fn warn(&mut self, place: &str, from: i64, to: i64) -> Result<NoticeId, VenueCodeError> {
        let seed = self.signed_poster(place)?.seed();
        self.notices += 1;
        let notice = NoticeId::from_low_bits(self.notices);
        let window = Window {
            from,
            to,
            tail: DEFAULT_TAIL_SECONDS,
        };
        self.entries.extend(window.hours().map(|(slot, minutes)| Entry {
            key: seed.slot_key(slot),
            body: Body {
                minutes,
                severity: Severity::Caution,
                advice: 1,
                notice,
                revision: 1,
                withdrawn: false,
                has_text: false,
            },
            text: None,
        }));
        Ok(notice)
    }

    /// Publishes what it warns of to a relay, signed at a time in Unix seconds.
    ///
    /// # Errors
    /// [`WriteError`]: no randomness, or more warnings than a list holds.
    pub fn publish(&mut self, relay: &Files, now: i64) -> Result<(), WriteError> {
        if !self.entries.is_empty() {
            let segment = NewSegment {
                authority: self.id(),
                sequence: self.segments.len() as u64 + 1,
                issued_at: now,
                area: 0,
                day: day(now),
                entries: std::mem::take(&mut self.entries),
                texts: vec![],
                recalls: vec![],
            };
            let file = segment.write(&self.key("notice"), &SystemRandom::new())?;
            let hash = sha256(&file);
            self.segments.push(SegmentRef {
                sequence: segment.sequence,
                hash,
                bytes: u32::try_from(file.len()).unwrap_or(u32::MAX),
                area: 0,
                day: day(now),
                listed_until: now + i64::from(LIFE_DAYS) * DAY_SECONDS,
            });
            relay.add(&segment_path(&hash), file);
        }
        let manifest = Manifest {
            authority: self.id(),
            sequence: self.head.map_or(1, |head| head.sequence + 1),
            previous: self.head.map_or([0; 32], |head| head.hash),
            signed_at: now,
            valid_until: now + VALID_SECONDS,
            audit_head: [0; 32],
            segments: self.segments.clone(),
            trust_list: self.trust_file(),
            files: vec![],
        };
        let file = manifest.write(&self.key("manifest"));
        self.head = Some(Head::of(&manifest, &file));
        relay.add(&manifest_path(self.id()), file);
        Ok(())
    }

    /// A bundle of issuers' keys that it signed at a time in Unix seconds.
    pub fn bundle(&self, name: &str, keys: Vec<IssuerKey>, signed_at: i64) -> Vec<u8> {
        let bundle = TrustBundle {
            name: name.to_owned(),
            signed_at,
            keys,
            trust_list: self.trust_file(),
        };
        bundle.write(&self.key("manifest"))
    }

    /// A one-time code for sending a diary, as it is read out to a person.
    ///
    /// # Errors
    /// No randomness.
    pub fn case_code(&self) -> Result<String, RandomError> {
        Ok(CaseCode::generate(&SystemRandom::new())?.to_string())
    }

    /// The diaries that lie at a relay and that this authority can open.
    pub fn received(&self, relay: &Files) -> Vec<SentDiary> {
        let key = DiaryKey::from_seed(&self.seed("diary"));
        let folder = diaries_path(self.id());
        let sent = relay.paths().into_iter().filter(|path| path.starts_with(&folder));
        sent.filter_map(|path| key.open(self.id(), &relay.file(&path)?).ok())
            .collect()
    }

    fn signed_poster(&self, place: &str) -> Result<Poster, VenueCodeError> {
        let number = sha256(place.as_bytes());
        let poster = NewPoster {
            host: HOST,
            serial: u32::from_be_bytes([0, number[0], number[1], number[2]]),
            issued_day: day(NOW) - LIFE_DAYS / 2,
            expires_day: day(NOW) + LIFE_DAYS / 2,
            stay_minutes: 60,
            name: place,
            address: "",
        };
        poster.sign(&self.key("code"))
    }

    /// What the trust file says.
    pub fn trust_list(&self) -> TrustList {
        let trusted = |role, key| TrustedKey {
            role,
            key,
            revoked: false,
        };
        TrustList {
            name: self.name.clone(),
            host: HOST.into(),
            number: self.list_number,
            issued_at: NOW - i64::from(LIFE_DAYS) * DAY_SECONDS,
            expires_at: NOW + 365 * DAY_SECONDS,
            roots: vec![Root {
                key: self.key("root").public(),
                signed_by_previous: vec![],
            }],
            keys: vec![
                trusted(Role::Code, self.key("code").public()),
                trusted(Role::Manifest, self.key("manifest").public()),
                trusted(Role::Notice, self.key("notice").public()),
                trusted(Role::Diary, DiaryKey::from_seed(&self.seed("diary")).public()),
            ],
            relays: vec![RELAY.into()],
            municipality: None,
        }
    }

    fn key(&self, role: &str) -> SigningKey {
        SigningKey::from_seed(&self.seed(role))
    }

    fn seed(&self, role: &str) -> [u8; 32] {
        sha256(format!("{role} of {}", self.name).as_bytes())
    }
}

fn day(unix_seconds: i64) -> u32 {
    u32::try_from(unix_seconds / DAY_SECONDS).unwrap_or_default()
}

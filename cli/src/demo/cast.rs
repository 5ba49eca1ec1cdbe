//! Who takes part: an authority with one venue, a relay on loopback, residents with vaults.

use std::path::{Path, PathBuf};

use techo_authority::Authority;
use techo_authority::notices::Change;
use techo_authority::posters::{Fonts, Sheet};
use techo_authority::profile::NewAuthority;
use techo_authority::venues::{NewVenue, VenueKind, VenueNumber};
use techo_core::arrival;
use techo_core::diary::{Diary, Filter};
use techo_core::exposure::alerts::{self, Alert};
use techo_core::exposure::fetch;
use techo_core::following;
use techo_core::ports::FixedClock;
use techo_core::recognise::Recognised;
use techo_core::scan::{Options, picture, scan};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest};
use techo_protocol::exposure::notice::NoticeId;
use techo_protocol::exposure::relay_api::{manifest_path, segment_path};
use techo_protocol::exposure::segment::Segment;
use techo_protocol::trust::{AuthorityId, Role, TrustList};
use techo_relay::Background;

use super::loopback::{self, Log};
use crate::device::HttpRelay;
use crate::failure::CliError;
use crate::relay_client::RelayClient;
use crate::{Failure, time};

/// Everybody but the residents.
pub struct Cast {
    authority: Authority,
    pub venue: VenueNumber,
    pub poster: Vec<u8>,
    pub code_digits: usize,
    trust_file: Vec<u8>,
    relay: Option<Background>,
    log: Log,
    folder: PathBuf,
    random: SystemRandom,
}

impl Cast {
    /// The venue registers and prints its poster; the relay starts and is told of the authority.
    pub fn gather(folder: &Path, venue: &str, address: &str, now: i64) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let new = NewAuthority {
            name: "Osaka Prefecture",
            host: "techo.example",
        };
        let mut authority = Authority::init(&folder.join("authority"), &new, None, now, &random)?;
        let new = NewVenue {
            name: venue,
            address,
            kind: VenueKind::Restaurant,
            seats: Some(40),
            area_m2: None,
            stay_minutes: Some(60),
        };
        let venue = authority.add_venue(&new, now, &random)?;
        let code = venue.code.as_ref().ok_or(CliError::DemoFailed)?;
        let day = |at| time::iso_day(at);
        let sheet = Sheet::poster(
            &venue.name,
            &venue.address,
            &code.text,
            venue.number,
            &day(now),
            &day(code.expires_at - 1),
        );
        let poster = sheet.to_png(&Fonts::of_system())?.png;
        let trust_file = authority.export_trust(&[], now)?;

        let log = Log::default();
        let relay = loopback::start(
            &folder.join("relay"),
            ([127, 0, 0, 1], 0).into(),
            vec![trust_file.clone()],
            &log,
        )?;
        Ok(Self {
            code_digits: code.text.split_once('#').map_or(0, |(_, digits)| digits.len()),
            authority,
            venue: venue.number,
            poster,
            trust_file,
            relay: Some(relay),
            log,
            folder: folder.to_path_buf(),
            random,
        })
    }

    /// Where the relay listens.
    pub fn relay_url(&self) -> String {
        self.relay.as_ref().map_or_else(String::new, Background::url)
    }

    /// A resident who follows the authority and scans the picture of the poster; and how long reading it took, in milliseconds.
    pub fn resident(&self, name: &str, from: i64, stay: u16, now: i64) -> Result<(Resident, f64), Failure> {
        let folder = self.folder.join(name);
        let keeper = KeyFile::new(&folder, None, Box::new(SystemRandom::new()));
        let vault = Vault::open(&folder, Box::new(keeper), Box::new(SystemRandom::new()))?;
        let mut diary = Diary::open(vault, Box::new(FixedClock(now)))?;
        let list = following::add(diary.vault(), &self.trust_file)?;
        let picture = picture::decode(&self.poster)?;
        let start = std::time::Instant::now();
        let found = scan(&picture, &Options::default());
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let text = &found.first().ok_or(CliError::DemoFailed)?.text;
        let mut arrival = arrival::arrive(&Recognised::of(text, &[list]), from)?;
        arrival.visit.default_stay_min = stay;
        diary.check_in(&arrival.visit)?;
        Ok((
            Resident {
                name: name.to_owned(),
                diary,
                http: HttpRelay::default(),
            },
            ms,
        ))
    }

    /// Adds, revises or withdraws a notice.
    pub fn change(&mut self, change: &Change, now: i64) -> Result<NoticeId, Failure> {
        Ok(self.authority.change_notice(change, false, now, &self.random)?.notice)
    }

    /// Publishes what is pending; the length of the files that were sent, in bytes.
    pub fn publish(&mut self, now: i64) -> Result<usize, Failure> {
        let relay = RelayClient::new(&self.relay_url())?;
        let published = self.authority.publish(&[&relay], now, &self.random)?;
        let mut bytes = 0;
        for sent in published.relays {
            bytes += sent?.bytes;
        }
        Ok(bytes)
    }

    /// One tag of the newest list, as everybody can see it at the relay.
    pub fn any_tag(&self) -> Result<String, Failure> {
        let http = techo_http::Http::new()?;
        let id: AuthorityId = self.authority.id();
        let missing = CliError::DemoFailed;
        let manifest = http
            .get(&self.relay_url(), &manifest_path(id), LARGEST_MANIFEST_BYTES)?
            .ok_or(missing.clone())?;
        let keys: TrustList = TrustList::read(&self.trust_file)?;
        let manifest = Manifest::read(&manifest)?.verify(keys.keys(Role::Manifest))?;
        let newest = manifest.segments.last().ok_or(missing.clone())?;
        let file = http
            .get(&self.relay_url(), &segment_path(&newest.hash), 1 << 20)?
            .ok_or(missing)?;
        let mut first = None;
        Segment::parse(&file)?.for_each_tag(|tag| first = first.or(Some(tag)));
        Ok(format!("{:014x}", first.unwrap_or(0)))
    }

    /// Ends the relay; how many lines it logged, and the log.
    pub fn stop_relay(&mut self) -> (usize, String) {
        if let Some(relay) = self.relay.take() {
            relay.stop();
        }
        let log = self.log.text();
        (log.lines().count(), log)
    }
}

/// A person with a vault.
pub struct Resident {
    pub name: String,
    diary: Diary,
    http: HttpRelay,
}

impl Resident {
    /// Fetches the lists and looks at the alerts, which count as seen then.
    pub fn look(&mut self, cast: &Cast, now: i64) -> Result<Vec<Alert>, Failure> {
        let relays = [cast.relay_url()];
        for fetched in fetch::fetch(self.diary.vault(), &self.http, &relays, now)? {
            fetched.outcome?;
        }
        let visits = self.diary.list(&Filter::default())?.visits;
        let found = alerts::list(self.diary.vault(), &visits)?;
        alerts::mark_seen(self.diary.vault(), &found)?;
        Ok(found)
    }
}

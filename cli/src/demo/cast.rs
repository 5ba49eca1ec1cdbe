//! Who takes part: an authority with one venue, a relay on loopback, residents with vaults.

use std::path::{Path, PathBuf};

use techo_authority::Authority;
use techo_authority::notices::Change;
use techo_authority::posters::{Fonts, Sheet};
use techo_authority::profile::NewAuthority;
use techo_authority::venues::{NewVenue, VenueKind, VenueNumber};
use techo_core::device::{CheckIn, Device, FetchOutcome};
use techo_core::exposure::alerts::Alert;
use techo_core::ports::FixedClock;
use techo_core::recognise::FileContent;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest};
use techo_protocol::exposure::notice::NoticeId;
use techo_protocol::exposure::relay_api::{manifest_path, segment_path};
use techo_protocol::exposure::segment::Segment;
use techo_protocol::trust::{AuthorityId, Role, TrustList};
use techo_relay::Background;

use super::loopback::{self, Log};
use super::phone;
use crate::failure::CliError;
use crate::relay_client::RelayClient;
use crate::{Failure, device, time};

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
        let mut device = phone::open(&self.folder.join(name), Box::new(FixedClock(now)), device::relay())?;
        device.follow(&self.trust_file)?;
        let picture = FileContent::of(&self.poster)?;
        let start = std::time::Instant::now();
        let found = picture.texts();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        device.check_in(&CheckIn {
            texts: found.into_iter().map(|code| code.text).collect(),
            at: Some(from),
            stay_minutes: Some(stay.into()),
            ..CheckIn::default()
        })?;
        let name = name.to_owned();
        Ok((Resident { name, device }, ms))
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

/// A person with a phone.
pub struct Resident {
    pub name: String,
    device: Device,
}

impl Resident {
    /// Fetches the lists and looks at the alerts, which count as seen then.
    pub fn look(&mut self, cast: &Cast) -> Result<Vec<Alert>, Failure> {
        for fetched in self.device.fetch(&[cast.relay_url()])? {
            if let FetchOutcome::Failed { why } = fetched.outcome {
                return Err(why.into());
            }
        }
        let found = self.device.warnings()?.alerts;
        self.device.mark_alerts_seen(&found)?;
        Ok(found)
    }
}

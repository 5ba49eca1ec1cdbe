//! `techo-bench sync`: bytes on the wire, HTTP included, of one check-in, of a month's catching up and of joining, through a real relay on
//! loopback and a proxy that counts.
//!
//! The month is 28 days with three visits each, entered on one device that syncs every evening, while the other is away.

mod counting;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use techo_core::device::{CheckIn, JoinRequest, JoiningStep, PairingPlace, PairingStep, ScheduledTurn, TurnKind};
use techo_core::diary::Filter;
use techo_core::ports::{FixedClock, HttpError, Ports, Relay, SystemRandom};
use techo_core::sync::engine;
use techo_core::vault::key_file::KeyFile;
use techo_http::Http;
use techo_protocol::basics::clock::{DAY_SECONDS as DAY, HOUR_SECONDS};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::exposure::venue_code::NewPoster;
use techo_protocol::household::chunk::{CELL_BYTES, ENVELOPE_BYTES, UPLOAD_CELLS};
use techo_relay::{Background, Config, Limits, store};
use techo_testing::Loopback;

use counting::Counting;

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const DAYS: i64 = 28;
const VISITS_A_DAY: i64 = 3;
/// How long a device waits for the other's next message of a pairing, in seconds.
const PATIENCE: u32 = 10;

type Failed = Box<dyn std::error::Error>;

/// Runs the measurement and answers its line.
///
/// # Errors
/// When a device, the relay or the proxy fails.
pub fn run() -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let relay = start_relay(folder.path())?;
    let proxy = Counting::before(relay.address())?;
    let url = proxy.url();
    let begun = NOW - DAYS * DAY;
    let mut phone = Device::open(folder.path(), "phone", begun)?;
    let mut tablet = Device::open(folder.path(), "tablet", begun)?;
    phone.visit(begun - DAY)?;
    join(&mut phone, &mut tablet, &url)?;

    for day in 1..=DAYS {
        let now = begun + day * DAY;
        phone = Device::open(folder.path(), "phone", now)?;
        for visit in 0..VISITS_A_DAY {
            phone.visit(now - (visit + 1) * HOUR_SECONDS)?;
        }
        phone.sync(&url)?;
    }
    proxy.take();
    let mut tablet = Device::open(folder.path(), "tablet", NOW)?;
    let started = Instant::now();
    tablet.sync(&url)?;
    let (month_ms, month_bytes) = (milliseconds(started), proxy.take());
    let visits = tablet.visits()?;

    let mut laptop = Device::open(folder.path(), "laptop", NOW)?;
    phone.sync(&url)?;
    proxy.take();
    let started = Instant::now();
    join(&mut phone, &mut laptop, &url)?;
    let (join_ms, join_bytes) = (milliseconds(started), proxy.take());
    if laptop.visits()? != visits {
        return Err("the new device did not get the diary".into());
    }

    for _ in 0..2 {
        for device in [&mut phone, &mut tablet, &mut laptop] {
            device.sync(&url)?;
        }
    }
    proxy.take();
    phone.sync(&url)?;
    let nothing = proxy.take();
    phone.visit(NOW - 60)?;
    // What goes out for it, before it goes: no person sees that, so it is looked at below the door.
    let outgoing = engine::outgoing(phone.door.vault(), NOW)?;
    let sent: usize = outgoing.push.iter().map(Vec::len).sum();
    let started = Instant::now();
    phone.sync(&url)?;
    let (checkin_ms, with_one) = (milliseconds(started), proxy.take());
    phone.visit(NOW - 30)?;
    let started = Instant::now();
    let turn = ScheduledTurn {
        relay: Some(url.clone()),
        next_upload: Some(NOW),
    };
    if !matches!(phone.door.take_turn(&turn)?.did, TurnKind::Uploaded { .. }) {
        return Err("the turn that was due was not taken".into());
    }
    let (scheduled_ms, scheduled) = (milliseconds(started), proxy.take());
    let cell = CELL_BYTES + ENVELOPE_BYTES;
    relay.stop();
    Ok(json!({
        "checkin_bytes": sent,
        "overhead_bytes": with_one.saturating_sub(nothing).saturating_sub(sent),
        "filler_bytes": (UPLOAD_CELLS - 1) * cell,
        "sync_with_nothing_bytes": nothing,
        "scheduled_turn_bytes": scheduled,
        "month_visits": visits,
        "month_bytes": month_bytes,
        "join_bytes": join_bytes,
        "checkin_ms": checkin_ms,
        "scheduled_turn_ms": scheduled_ms,
        "month_ms": month_ms,
        "join_ms": join_ms,
    }))
}

fn start_relay(folder: &Path) -> Result<Background, Failed> {
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        trust: vec![],
        proxies: vec![],
        random: Arc::new(SystemRandom::new()),
        limits: Limits::default(),
        log: techo_relay::log::json(std::io::sink),
    };
    let store = store::open(&store::Place::Sqlite(folder.join("relay.sqlite")), &config.log)?;
    Ok(Background::start(config, store, Arc::new(techo_relay::SystemClock))?)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The relay over HTTP, as a shell asks it.
struct Wire(Http);

impl Relay for Wire {
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.0.get(relay, path, most)
    }

    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        Http::new()?.put(relay, path, content)
    }

    fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        self.0.post(relay, path, content, most)
    }
}

struct Device {
    door: techo_core::device::Device,
}

impl Device {
    fn open(folder: &Path, name: &str, now: i64) -> Result<Self, Failed> {
        let folder = folder.join(name);
        let ports = Ports {
            keys: Box::new(KeyFile::new(&folder, None, Box::new(SystemRandom::new()))),
            clock: Box::new(FixedClock(now)),
            random: Arc::new(SystemRandom::new()),
            relay: Arc::new(Wire(Http::new()?)),
            network: Arc::new(Loopback),
        };
        let door = techo_core::device::Device::open(&folder, ports)?;
        Ok(Self { door })
    }

    /// A check-in by a poster with a name and an address of 40 bytes each.
    fn visit(&mut self, at: i64) -> Result<(), Failed> {
        let poster = NewPoster {
            host: "techo.example",
            serial: 7,
            issued_day: u32::try_from(NOW / DAY - DAYS - 1)?,
            expires_day: u32::try_from(NOW / DAY)?,
            stay_minutes: 60,
            name: &"n".repeat(40),
            address: &"a".repeat(40),
        };
        let text = poster.sign(&SigningKey::from_seed(&[9; 32]))?.to_text();
        self.door.check_in(&CheckIn {
            texts: vec![text],
            at: Some(at),
            ..CheckIn::default()
        })?;
        Ok(())
    }

    fn visits(&mut self) -> Result<usize, Failed> {
        Ok(self.door.visits(&Filter::default())?.visits.len())
    }

    fn sync(&mut self, url: &str) -> Result<(), Failed> {
        self.door.sync_now(Some(url))?;
        Ok(())
    }
}

/// Lets a device in, and brings it the diary.
fn join(owner: &mut Device, joiner: &mut Device, url: &str) -> Result<(), Failed> {
    let place = PairingPlace::Relay { address: url.to_owned() };
    let mut pairing = owner.door.begin_pairing(&place)?;
    let texts = vec![pairing.text()];
    let name = "new".to_owned();
    let mut joining = joiner.door.begin_joining(&JoinRequest { texts, name })?;
    // Each waits for the other's message, and the relay holds what is asked until it is there.
    let (waited, shown) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| pairing.wait(PATIENCE));
        let shown = joining.wait(PATIENCE);
        (waiting.join(), shown)
    });
    let (Ok(PairingStep::TypeDigits { .. }), JoiningStep::ShowDigits { digits }) =
        (waited.map_err(|_| "the waiting ended")?, shown?)
    else {
        return Err("the two devices did not find each other".into());
    };
    owner.door.confirm_pairing(pairing, &digits)?;
    joining.wait(PATIENCE)?;
    joiner.door.join(joining)?;
    joiner.sync(url)
}

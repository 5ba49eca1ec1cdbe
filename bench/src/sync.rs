//! `techo-bench sync`: bytes on the wire, HTTP included, of one check-in, of a month's catching up and of joining, through a real relay on
//! loopback and a proxy that counts.
//!
//! The month is 28 days with three visits each, entered on one device that syncs every evening, while the other is away.

mod counting;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use techo_core::diary::{CodeKind, Diary, Filter, NewVisit, Source, VisitKeys};
use techo_core::ports::{FixedClock, SystemRandom};
use techo_core::sync::exchange::{StreamRelay, exchange};
use techo_core::sync::household::{NewIdentity, ensure};
use techo_core::sync::{engine, pairing, schedule};
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_http::{Http, HttpError};
use techo_protocol::basics::clock::{DAY_SECONDS as DAY, HOUR_SECONDS};
use techo_protocol::household::chunk::{CELL_BYTES, ENVELOPE_BYTES, UPLOAD_CELLS};
use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest, stream_path};
use techo_relay::{Background, Config, Limits, store};

use counting::Counting;

/// Friday, 2026-11-20T10:05:00Z.
const NOW: i64 = 1_795_169_100;
const DAYS: i64 = 28;
const VISITS_A_DAY: i64 = 3;
const LARGEST_ANSWER: usize = 32 << 20;

type Failed = Box<dyn std::error::Error>;

/// Runs the measurement and answers its line.
///
/// # Errors
/// When a device, the relay or the proxy fails.
pub fn run() -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let relay = start_relay(folder.path())?;
    let proxy = Counting::before(relay.address())?;
    let streams = Streams {
        http: Http::new()?,
        address: proxy.url(),
    };
    let begun = NOW - DAYS * DAY;
    let mut phone = Device::open(folder.path(), "phone", begun)?;
    let mut tablet = Device::open(folder.path(), "tablet", begun)?;
    phone.visit(begun - DAY)?;
    join(&mut phone, &mut tablet, &streams, begun)?;

    for day in 1..=DAYS {
        let now = begun + day * DAY;
        phone = Device::open(folder.path(), "phone", now)?;
        for visit in 0..VISITS_A_DAY {
            phone.visit(now - (visit + 1) * HOUR_SECONDS)?;
        }
        phone.sync(&streams, now)?;
    }
    proxy.take();
    let mut tablet = Device::open(folder.path(), "tablet", NOW)?;
    let started = Instant::now();
    tablet.sync(&streams, NOW)?;
    let (month_ms, month_bytes) = (milliseconds(started), proxy.take());
    let visits = tablet.diary.list(&Filter::default())?.visits.len();

    let mut laptop = Device::open(folder.path(), "laptop", NOW)?;
    phone.sync(&streams, NOW)?;
    proxy.take();
    let started = Instant::now();
    join(&mut phone, &mut laptop, &streams, NOW)?;
    let (join_ms, join_bytes) = (milliseconds(started), proxy.take());
    if laptop.diary.list(&Filter::default())?.visits.len() != visits {
        return Err("the new device did not get the diary".into());
    }

    for _ in 0..2 {
        for device in [&mut phone, &mut tablet, &mut laptop] {
            device.sync(&streams, NOW)?;
        }
    }
    proxy.take();
    phone.sync(&streams, NOW)?;
    let nothing = proxy.take();
    phone.visit(NOW - 60)?;
    // What goes out for it, before it goes.
    let outgoing = engine::outgoing(phone.diary.vault(), NOW)?;
    let sent: usize = outgoing.push.iter().map(Vec::len).sum();
    let started = Instant::now();
    phone.sync(&streams, NOW)?;
    let (checkin_ms, with_one) = (milliseconds(started), proxy.take());
    phone.visit(NOW - 30)?;
    let started = Instant::now();
    schedule::upload(phone.diary.vault(), &streams, &streams.address, NOW)?;
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

/// The relay over HTTP.
struct Streams {
    http: Http,
    address: String,
}

impl StreamRelay for Streams {
    type Error = Failed;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Failed> {
        match self
            .http
            .post(&self.address, &stream_path(request.stream), signed, LARGEST_ANSWER)
        {
            Ok(answer) => Ok(Some(SyncAnswer::from_bytes(&answer).ok_or("no answer")?)),
            // One device syncs at a time here: nobody is ever faster.
            Err(HttpError::Problem { code, .. }) => Err(code.into()),
            Err(error) => Err(error.into()),
        }
    }
}

struct Device {
    diary: Diary,
}

impl Device {
    fn open(folder: &Path, name: &str, now: i64) -> Result<Self, Failed> {
        let folder = folder.join(name);
        let keeper = KeyFile::new(&folder, None, Box::new(SystemRandom::new()));
        let vault = Vault::open(&folder, Box::new(keeper), Box::new(SystemRandom::new()))?;
        let mut diary = Diary::open(vault, Box::new(FixedClock(now)))?;
        ensure(diary.vault(), name, now)?;
        Ok(Self { diary })
    }

    /// A check-in by a poster with a name and an address of 40 bytes each.
    fn visit(&mut self, at: i64) -> Result<(), Failed> {
        let day = u32::try_from(at / DAY)?;
        self.diary.check_in(&NewVisit {
            name: "n".repeat(40),
            address: Some("a".repeat(40)),
            check_in: at,
            check_out: None,
            default_stay_min: 60,
            source: Source::Code {
                authority: [9; 16],
                kind: CodeKind::Poster,
            },
            keys: VisitKeys::Days(vec![(day, [3; 16].into()), (day + 1, [4; 16].into())]),
            with: vec![],
            note: None,
        })?;
        Ok(())
    }

    fn sync(&mut self, streams: &Streams, now: i64) -> Result<(), Failed> {
        exchange(self.diary.vault(), streams, &streams.address, now)?;
        Ok(())
    }
}

/// Lets a device in, and brings it the diary.
fn join(owner: &mut Device, joiner: &mut Device, streams: &Streams, now: i64) -> Result<(), Failed> {
    let identity = NewIdentity::generate("new", &SystemRandom::new())?;
    let welcome = pairing::admit(owner.diary.vault(), streams, &streams.address, &identity.device, now)?;
    pairing::join(joiner.diary.vault(), streams, &identity, &welcome, now)?;
    joiner.sync(streams, now)
}

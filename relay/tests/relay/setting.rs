//! A running relay with a clock that a test moves, a store that a test opens again, and a log that a test reads.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::case_code::MailboxId;
use techo_protocol::exposure::relay_api::{
    diaries_path, diary_path, manifest_path, publish_segment_path, segment_path, trust_path,
};
use techo_protocol::trust::AuthorityId;
use techo_relay::store::{Place, Store};
use techo_relay::{Background, Clock, Config, Limits, log, store};
use tempfile::TempDir;

use crate::authority::{Authority, NOW};
use crate::client::{Answer, request};
use crate::on_postgres::Schema;

pub struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A relay that runs.
pub struct Running {
    pub relay: Background,
    pub clock: Arc<Hands>,
    pub log: Log,
    /// Dropped after the relay: its tables go with it.
    _schema: Option<Arc<Schema>>,
}

/// What a relay is started with.
pub struct Setting {
    pub folder: TempDir,
    pub place: Place,
    pub schema: Option<Arc<Schema>>,
    pub trust: Vec<Vec<u8>>,
    pub limits: Limits,
    pub proxies: Vec<std::net::IpAddr>,
    /// Where the clock stands when the relay is started, in Unix seconds.
    pub now: i64,
}

impl Setting {
    pub fn with(authorities: &[&Authority]) -> Self {
        let folder = TempDir::new().unwrap();
        let schema = Schema::of_this_run().map(Arc::new);
        let place = match &schema {
            Some(schema) => schema.place(),
            None => Place::Sqlite(folder.path().join("relay.sqlite")),
        };
        Self {
            place,
            schema,
            folder,
            trust: authorities.iter().map(|authority| authority.trust()).collect(),
            limits: Limits::default(),
            proxies: vec![],
            now: NOW,
        }
    }

    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub fn store(&self) -> Arc<dyn Store> {
        store::open(&self.place, &log::none()).unwrap()
    }

    pub fn start(&self) -> Running {
        self.try_start(self.store()).unwrap()
    }

    pub fn start_on(&self, store: impl Store + 'static) -> Running {
        self.try_start(Arc::new(store)).unwrap()
    }

    pub fn try_start(&self, store: Arc<dyn Store>) -> Result<Running, techo_relay::Refusal> {
        let log = Log::default();
        let writer = log.clone();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            trust: self.trust.clone(),
            proxies: self.proxies.clone(),
            random: std::sync::Arc::new(techo_protocol::basics::random::SystemRandom::new()),
            limits: self.limits,
            log: log::json(move || writer.clone()),
        };
        let clock = Arc::new(Hands(AtomicI64::new(self.now)));
        let relay = Background::start(config, store, Arc::clone(&clock) as Arc<dyn Clock>)?;
        Ok(Running {
            relay,
            clock,
            log,
            _schema: self.schema.clone(),
        })
    }
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.relay.address()
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Waits until the relay has looked at its clock and forgotten what is due.
    pub fn a_round(&self) {
        let rounds = || self.log.text().matches("forgot what was due").count();
        // One of them began after this.
        let enough = rounds() + 2;
        eventually("it forgets", || rounds() >= enough);
    }

    /// Moves the clock on by `seconds`, and lets it stand there for a day: then the relay goes by that.
    pub fn wait_and_stand(&self, seconds: i64) {
        self.wait(seconds);
        self.a_round();
        self.wait(86_400);
        self.a_round();
    }

    pub fn get(&self, path: &str) -> Answer {
        request(self.address(), "GET", path, &[], b"")
    }

    pub fn put(&self, path: &str, body: &[u8]) -> Answer {
        request(self.address(), "PUT", path, &[], body)
    }

    pub fn put_trust(&self, authority: &Authority) -> Answer {
        self.put(&trust_path(authority.id()), &authority.trust())
    }

    pub fn put_segment(&self, authority: &Authority, file: &[u8]) -> Answer {
        self.put(&publish_segment_path(authority.id(), &sha256(file)), file)
    }

    pub fn put_manifest(&self, authority: &Authority, file: &[u8]) -> Answer {
        self.put(&manifest_path(authority.id()), file)
    }

    pub fn manifest(&self, authority: &Authority) -> Answer {
        self.get(&manifest_path(authority.id()))
    }

    pub fn segment(&self, file: &[u8]) -> Answer {
        self.get(&segment_path(&sha256(file)))
    }

    pub fn put_diary(&self, authority: AuthorityId, mailbox: u8, sealed: &[u8]) -> Answer {
        self.put(&diary_path(authority, MailboxId([mailbox; 16])), sealed)
    }

    pub fn take(&self, authority: &Authority, take: &[u8]) -> Answer {
        request(self.address(), "POST", &diaries_path(authority.id()), &[], take)
    }

    /// Publishes one segment and a first manifest that lists it, and gives both.
    pub fn published(&self, authority: &Authority) -> (Vec<u8>, Vec<u8>) {
        let segment = authority.segment(1);
        assert_eq!(self.put_segment(authority, &segment).status, 204);
        let manifest = authority.manifest(1, b"", &[&segment]);
        assert_eq!(self.put_manifest(authority, &manifest).status, 204);
        (segment, manifest)
    }
}

/// Waits until something has come about; a test that waits in vain fails.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

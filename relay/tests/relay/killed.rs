//! A relay process that is killed under load: what it acknowledged is there when it starts again.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use techo_protocol::household::sync_api::{SyncAnswer, stream_path};
use techo_relay::store::{self, Place, PostgresPlace};
use techo_relay::{Background, Config, Limits, SystemClock, log};

use crate::client::Wire;
use crate::household::{Household, pull, push};
use crate::on_postgres::Schema;

/// Names the child's database; without it the child's test does nothing.
const DATABASE: &str = "TECHO_RELAY_TO_KILL";
const SAYS: &str = "listening ";

/// Not a test of its own: the process that [`nothing_acknowledged_is_lost`] kills.
#[test]
#[ignore = "a child process of another test"]
fn a_relay_to_kill() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let place = match database.to_str() {
        Some(url) if url.starts_with("postgres:") => Place::Postgres(PostgresPlace {
            url: url.to_owned(),
            roots: None,
        }),
        _ => Place::Sqlite(database.into()),
    };
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        trust: vec![],
        proxies: vec![],
        random: std::sync::Arc::new(techo_protocol::basics::random::SystemRandom::new()),
        limits: Limits {
            burst: u32::MAX,
            ..Limits::default()
        },
        log: log::none(),
    };
    let store = store::open(&place, &log::none()).unwrap();
    let relay = Background::start(config, store, std::sync::Arc::new(SystemClock)).unwrap();
    println!("{SAYS}{}", relay.address());
    // Ends with the parent at the latest.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn start(database: &OsStr) -> (Child, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::a_relay_to_kill", "--ignored", "--nocapture"])
        .env(DATABASE, database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines
        .find_map(|line| Some(line.split_once(SAYS)?.1.parse().unwrap()))
        .unwrap();
    (child, address)
}

/// An answer, or `None` from a relay that is gone.
fn ask(address: SocketAddr, home: &Household, file: &[u8]) -> Option<SyncAnswer> {
    // One connection: the relay may be killed between two.
    let mut wire = Wire::if_there(address)?;
    wire.head(
        "POST",
        &stream_path(home.stream),
        &[("Content-Length", &file.len().to_string())],
    );
    wire.send(file);
    SyncAnswer::from_bytes(&wire.answer("POST")?.body)
}

#[test]
fn nothing_acknowledged_is_lost() {
    let folder = tempfile::TempDir::new().unwrap();
    let schema = Schema::of_this_run();
    let database = match &schema {
        Some(schema) => schema.url().into(),
        None => folder.path().join("relay.sqlite").into_os_string(),
    };
    let homes: Vec<Household> = (1..9).map(Household::new).collect();
    let acknowledged = Mutex::new(Vec::<(usize, u8)>::new());
    for round in 0..4_u8 {
        let (mut child, address) = start(&database);
        let done = AtomicBool::new(false);
        let before = acknowledged.lock().unwrap().len();
        std::thread::scope(|scope| {
            for (number, home) in homes.iter().enumerate() {
                let (acknowledged, done) = (&acknowledged, &done);
                scope.spawn(move || {
                    let _ = ask(address, home, &home.sign(home.open()));
                    for n in 0..60 {
                        let id = round * 60 + n;
                        if done.load(Ordering::Relaxed) || ask(address, home, &home.sign(push(&[home.chunk(id)]))).is_none() {
                            break;
                        }
                        acknowledged.lock().unwrap().push((number, id));
                    }
                });
            }
            let until = Instant::now() + Duration::from_mins(1);
            while acknowledged.lock().unwrap().len() < before + 20 + usize::from(round) * 30 {
                assert!(Instant::now() < until, "the relay answers");
                std::thread::sleep(Duration::from_millis(1));
            }
            // SIGKILL: no handler runs, nothing is flushed.
            child.kill().unwrap();
            done.store(true, Ordering::Relaxed);
        });
        child.wait().unwrap();
    }
    let (mut child, address) = start(&database);
    let held: Vec<Vec<u8>> = homes
        .iter()
        .map(|home| ask(address, home, &home.sign(pull(0))).unwrap())
        .map(|answer| answer.chunks.iter().map(|chunk| chunk[17]).collect())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for (number, id) in acknowledged.into_inner().unwrap() {
        assert!(held[number].contains(&id), "chunk {id} of household {number}");
    }
}

//! The process that is all devices: connections that stay open, each for its share of the households.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_bytes::ByteBuf;
use serde_json::{Value, json};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::chunk::{CELL_BYTES, Envelope, EpochKey, Padding, UPLOAD_CELLS};
use techo_protocol::household::sync_api::{Call, StreamId, SyncAnswer, SyncRequest, stream_path};

use super::{Failed, Load};

/// Connections at once.
const CONNECTIONS: usize = 256;

/// One household and its requests.
struct Household {
    stream: StreamId,
    key: SigningKey,
    cursors: Vec<u64>,
    pushes: Vec<Vec<u8>>,
}

/// What one connection did.
#[derive(Default)]
struct Done {
    pushes_ms: Vec<f64>,
    pulls: usize,
    chunks_pulled: usize,
}

/// Loads the relay at `address`, and says what came of it.
///
/// # Errors
/// When the relay does not answer as it should.
pub fn run(address: SocketAddr, how: Load) -> Result<Value, Failed> {
    let households = how.devices.div_ceil(2).max(1);
    let connections = CONNECTIONS.min(households);
    let rounds = how.pushes_each;
    let ready = Barrier::new(connections + 1);
    let (done, seconds) = std::thread::scope(|scope| {
        let ready = &ready;
        let threads: Vec<_> = (0..connections)
            .map(|first| {
                scope.spawn(move || {
                    let numbers = (first..households).step_by(connections);
                    let prepared = prepare(address, numbers, rounds);
                    // Waited for even where preparing failed, or the others would wait for ever.
                    ready.wait();
                    load(address, prepared?, how)
                })
            })
            .collect();
        ready.wait();
        let started = Instant::now();
        let joined: Vec<Result<Done, String>> = threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a thread failed".to_owned())?)
            .collect();
        (joined, started.elapsed().as_secs_f64())
    });
    let done = done.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut times: Vec<f64> = done.iter().flat_map(|done| done.pushes_ms.iter().copied()).collect();
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied();
    #[allow(clippy::cast_precision_loss, reason = "a count far under 2^52")]
    let chunks = (times.len() * UPLOAD_CELLS) as f64;
    Ok(json!({
        "pushes": times.len(),
        "pulls": done.iter().map(|done| done.pulls).sum::<usize>(),
        "chunks_pulled": done.iter().map(|done| done.chunks_pulled).sum::<usize>(),
        "chunks_per_s": chunks / seconds,
        "p50_ms": at(50),
        "p99_ms": at(99),
    }))
}

fn prepare(address: SocketAddr, numbers: impl Iterator<Item = usize>, rounds: usize) -> Result<Vec<Household>, String> {
    let mut connection = Connection::open(address)?;
    let mut households = Vec::new();
    for number in numbers {
        let household = household(number, rounds)?;
        let key = household.key.public();
        connection.ask(&household, &household.sign(Call::Open { key }))?;
        households.push(household);
    }
    Ok(households)
}

fn household(number: usize, rounds: usize) -> Result<Household, String> {
    let random = SeededRandom::new(number as u64);
    let mut stream = [0; 16];
    stream[..8].copy_from_slice(&techo_protocol::basics::keys::sha256(&number.to_be_bytes())[..8]);
    let mut household = Household {
        stream: StreamId(stream),
        key: SigningKey::generate(&random).map_err(|error| error.to_string())?,
        cursors: vec![0; 2],
        pushes: Vec::new(),
    };
    for _ in 0..2 * rounds {
        let mut chunks = Vec::new();
        for _ in 0..UPLOAD_CELLS {
            let envelope = Envelope {
                stream,
                chunk_id: techo_protocol::basics::random::random_bytes(&random).map_err(|error| error.to_string())?,
                epoch: 0,
            };
            let sealed = envelope.seal(&[7; CELL_BYTES - 4], Padding::Cells, &EpochKey([1; 32].into()), &random);
            chunks.push(ByteBuf::from(sealed.map_err(|error| error.to_string())?));
        }
        household.pushes.push(household.sign(Call::Push {
            epoch: 0,
            last_swap: 0,
            chunks,
        }));
    }
    Ok(household)
}

impl Household {
    fn sign(&self, call: Call) -> Vec<u8> {
        let stream = self.stream;
        SyncRequest { stream, call }.write(&self.key)
    }
}

fn load(address: SocketAddr, mut households: Vec<Household>, how: Load) -> Result<Done, String> {
    let until = how.longest.map(|longest| Instant::now() + longest);
    // The one before may have been quiet for longer than the relay keeps it.
    let mut connection = Connection::open(address)?;
    let mut done = Done::default();
    for _ in 0..how.pushes_each {
        for device in 0..2 {
            for household in &mut households {
                if until.is_some_and(|until| Instant::now() >= until) {
                    return Ok(done);
                }
                let Some(push) = household.pushes.pop() else { continue };
                let started = Instant::now();
                connection.ask(household, &push)?;
                done.pushes_ms.push(started.elapsed().as_secs_f64() * 1e3);
                let cursor = household.cursors[device];
                let pulled = connection.ask(household, &household.sign(Call::Pull { cursor, wait: 0 }))?;
                household.cursors[device] = pulled.cursor;
                done.pulls += 1;
                done.chunks_pulled += pulled.chunks.len();
            }
        }
    }
    Ok(done)
}

/// An HTTP connection that stays open.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .map_err(|error| error.to_string())?;
        Ok(Self(BufReader::new(stream)))
    }

    fn ask(&mut self, household: &Household, file: &[u8]) -> Result<SyncAnswer, String> {
        let mut request = format!(
            "POST {} HTTP/1.1\r\nHost: relay.example\r\nContent-Length: {}\r\n\r\n",
            stream_path(household.stream),
            file.len()
        )
        .into_bytes();
        request.extend_from_slice(file);
        self.0.get_mut().write_all(&request).map_err(|error| error.to_string())?;
        let body = self.answer().map_err(|error| error.to_string())?;
        SyncAnswer::from_bytes(&body).ok_or_else(|| format!("the relay refused: {}", String::from_utf8_lossy(&body)))
    }

    fn answer(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}

use std::io::{Read, Write};
use std::sync::Mutex;

use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::sync_api::ChunkId;

use super::*;
use crate::ports::SystemRandom;
use crate::sync::direct::Records;
use crate::sync::engine::Report;

/// Enough for a slow machine; a test that needs it has failed.
const LONG: Duration = Duration::from_mins(1);

fn key(byte: u8) -> AgreementKey {
    AgreementKey::from_seed(&[byte; 32])
}

fn devices(indices: &[u8]) -> Vec<NearbyPeer> {
    let device = |index: &u8| NearbyPeer {
        index: *index,
        key: key(*index).public(),
    };
    indices.iter().map(device).collect()
}

#[derive(Default)]
struct Memory(Vec<Vec<u8>>);

fn id_of(chunk: &[u8]) -> ChunkId {
    let mut id = [0; 16];
    id.copy_from_slice(&sha256(chunk)[..16]);
    ChunkId(id)
}

impl Holdings for Memory {
    type Error = DirectError;

    fn records(&mut self) -> Result<Records, DirectError> {
        Ok(Records::default())
    }

    fn take_records(&mut self, _: &Records) -> Result<(), DirectError> {
        Ok(())
    }

    fn ids(&mut self) -> Result<Vec<ChunkId>, DirectError> {
        Ok(self.0.iter().map(|chunk| id_of(chunk)).collect())
    }

    fn chunk(&mut self, id: ChunkId) -> Result<Option<Vec<u8>>, DirectError> {
        Ok(self.0.iter().find(|chunk| id_of(chunk) == id).cloned())
    }

    fn take(&mut self, chunks: &[Vec<u8>]) -> Result<Report, DirectError> {
        self.0.extend_from_slice(chunks);
        let taken = chunks.len();
        Ok(Report {
            taken,
            ..Report::default()
        })
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn begun(own: u8, others: &[u8], listener: Option<TcpListener>, found_by: FoundBy, time: Duration) -> NearbySession {
    NearbySession::begin(
        key(own),
        devices(others),
        listener,
        found_by,
        time,
        Arc::new(SystemRandom::new()),
    )
    .unwrap()
}

/// A session that listens and is to be called.
fn listening(own: u8, others: &[u8], time: Duration) -> NearbySession {
    begun(own, others, Some(listener()), FoundBy::Invitations(vec![]), time)
}

/// A session that calls whom it was told of.
fn calling(own: u8, others: &[u8], there: Heard) -> NearbySession {
    begun(own, others, None, FoundBy::Invitations(vec![there]), LONG)
}

/// Runs a session on a thread: what it holds at the end, and what it reported.
fn start(mut nearby: NearbySession, held: &[&[u8]]) -> std::thread::JoinHandle<(Vec<Vec<u8>>, Vec<Met>)> {
    let mut memory = Memory(held.iter().map(|chunk| chunk.to_vec()).collect());
    std::thread::spawn(move || {
        let mut met = Vec::new();
        while !nearby.is_over() {
            let next = nearby.meet_next(&mut memory, Duration::from_millis(50));
            met.extend(next.unwrap_or_else(|failure| panic!("{failure:?}")));
        }
        memory.0.sort();
        (memory.0, met)
    })
}

fn heard(nearby: &NearbySession) -> Heard {
    Heard {
        announcement: nearby.announcement(),
        addresses: vec![nearby.address().unwrap().unwrap()],
    }
}

fn code(met: &Met) -> Option<&'static str> {
    use techo_protocol::Coded as _;
    met.result.as_ref().err().map(SyncError::code)
}

#[test]
fn two_devices_meet_past_strangers_who_learn_nothing() {
    // The third device never comes: the session ends once it has run out of time.
    let listening = listening(1, &[2, 3], Duration::from_secs(8));
    let (there, address) = (heard(&listening), listening.address().unwrap().unwrap());
    let salt = Advertisement::read(&there.announcement).unwrap().salt;
    let first = start(listening, &[b"a"]);
    let silent = TcpStream::connect(address).unwrap();
    let mut strangers = Vec::new();
    for opening in [
        vec![0; 73],
        vec![1; 73],
        b"GET / HTTP/1.1\r\n\r\n".repeat(9),
        // A device that was removed, and one of another household that has seen this key.
        techo_protocol::household::direct::Connecting::new(&key(9), &key(1).public(), &salt, &SeededRandom::new(1))
            .unwrap()
            .1
            .to_vec(),
    ] {
        let mut stranger = TcpStream::connect(address).unwrap();
        stranger.write_all(&opening).unwrap();
        strangers.push(stranger);
    }
    let second = start(calling(2, &[1, 3], there), &[b"b", b"c"]);
    let (held, met) = second.join().unwrap();
    assert_eq!((held.len(), met.len(), met[0].device), (3, 1, 1));
    let exchanged = met[0].result.as_ref().unwrap();
    assert_eq!((exchanged.sent, exchanged.received.taken), (2, 1));
    let (same, met) = first.join().unwrap();
    assert_eq!((same, met.len(), met[0].device), (held, 1, 2));
    strangers.push(silent);
    for mut stranger in strangers {
        stranger.set_read_timeout(Some(LONG)).unwrap();
        let mut answer = Vec::new();
        // Closed, or closed hard because of what it still had to say.
        let _ = stranger.read_to_end(&mut answer);
        assert_eq!(answer, Vec::<u8>::new());
    }
}

#[test]
fn a_removed_device_is_told_that_it_is_not_let_in() {
    let listening = listening(1, &[3], Duration::from_secs(10));
    let there = heard(&listening);
    let first = start(listening, &[b"a"]);
    // It lists the other still, and has heard from somebody where it listens.
    let forged = Advertisement::new(&key(1), &[key(2).public()], &SeededRandom::new(1)).unwrap();
    let by = |there| {
        NearbySession::begin(
            key(2),
            devices(&[1]),
            None,
            FoundBy::Invitations(vec![there]),
            LONG,
            Arc::new(SystemRandom::new()),
        )
    };
    assert_eq!(by(there.clone()).err(), Some(DirectError::Stranger.into()));
    let there = Heard {
        announcement: forged.write(),
        ..there
    };
    let (held, met) = start(by(there).unwrap(), &[b"b"]).join().unwrap();
    assert_eq!((held.len(), met.len(), code(&met[0])), (1, 1, Some("lan.cut")));
    let (held, met) = first.join().unwrap();
    assert_eq!((held.len(), met.len()), (1, 0));
}

/// A notice board in place of the network.
#[derive(Clone, Default)]
struct Board {
    notices: Arc<Mutex<Vec<Heard>>>,
    seen: usize,
}

impl Discovery for Board {
    fn announce(&mut self, announcement: &str, port: u16) -> Result<(), NearbyError> {
        self.notices.lock().unwrap().push(Heard {
            announcement: announcement.to_owned(),
            addresses: vec![([127, 0, 0, 1], port).into()],
        });
        Ok(())
    }

    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, NearbyError> {
        let next = self.notices.lock().unwrap().get(self.seen).cloned();
        match next {
            Some(_) => self.seen += 1,
            None => std::thread::sleep(wait),
        }
        Ok(next)
    }
}

#[test]
fn four_devices_that_look_at_once_all_meet() {
    let board = Board::default();
    // What others announce, and what is no announcement at all, is passed over.
    for announcement in [
        "hello".to_owned(),
        Advertisement::new(&key(9), &[key(8).public()], &SeededRandom::new(1))
            .unwrap()
            .write(),
    ] {
        board.notices.lock().unwrap().push(Heard {
            announcement,
            addresses: vec![([127, 0, 0, 1], 9).into()],
        });
    }
    let all = [1, 2, 3, 4];
    let running: Vec<_> = all
        .iter()
        .map(|own| {
            let others: Vec<u8> = all.iter().copied().filter(|other| other != own).collect();
            let found_by = FoundBy::Announcements(Box::new(board.clone()));
            start(begun(*own, &others, Some(listener()), found_by, LONG), &[&[*own]])
        })
        .collect();
    for one in running {
        let (held, met) = one.join().unwrap();
        assert!(met.iter().all(|met| met.result.is_ok()), "{met:?}");
        assert_eq!(met.len(), 3);
        assert_eq!(held, [[1], [2], [3], [4]]);
    }
}

/// Passes on so many bytes of the first connection, and all of the next ones.
fn cutting_proxy(to: SocketAddr, cut_after: usize) -> SocketAddr {
    let proxy = listener();
    let address = proxy.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut left = cut_after;
        while let Ok((near, _)) = proxy.accept() {
            let far = TcpStream::connect(to).unwrap();
            let ends = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
            let most = std::mem::replace(&mut left, usize::MAX);
            for (mut from, mut to) in ends {
                std::thread::spawn(move || {
                    let (mut buffer, mut passed) = ([0; 1_000], 0);
                    while let Ok(length @ 1..) = from.read(&mut buffer) {
                        let length = length.min(most - passed);
                        passed += length;
                        if to.write_all(&buffer[..length]).is_err() || passed == most {
                            break;
                        }
                    }
                    let _ = from.shutdown(std::net::Shutdown::Both);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    address
}

#[test]
fn a_connection_that_is_cut_is_made_again() {
    let large = vec![7; 300_000];
    for cut_after in [40, 100, 100_000] {
        let listening = listening(1, &[2], LONG);
        let mut there = heard(&listening);
        there.addresses = vec![cutting_proxy(there.addresses[0], cut_after)];
        let first = start(listening, &[b"a"]);
        let (held, met) = start(calling(2, &[1], there), &[&large]).join().unwrap();
        assert!(met[0].result.is_ok(), "{met:?}");
        let (same, met) = first.join().unwrap();
        assert!(met[0].result.is_ok() && same == held && held.len() == 2, "{cut_after}");
    }
}

#[test]
fn nobody_there_is_the_end_of_it() {
    let found_by = FoundBy::Announcements(Box::new(Board::default()));
    let session = begun(1, &[2], Some(listener()), found_by, Duration::from_millis(300));
    let (_, met) = start(session, &[b"a"]).join().unwrap();
    assert_eq!(met.len(), 0);
}

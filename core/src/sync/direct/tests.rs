use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::basics::keys::sha256;
use techo_protocol::household::direct::{Connecting, Salt, Session, accept};

use super::*;
use crate::ports::SeededRandom;

/// Holdings in memory, which note the order in which they are asked.
#[derive(Default)]
struct Memory {
    chunks: Vec<Vec<u8>>,
    records: Records,
    taken: Vec<usize>,
    asked: Vec<&'static str>,
    /// Chunks that it knows and does not keep.
    keeps_nothing: bool,
    /// Writes something new whenever something comes in.
    is_restless: bool,
}

fn id_of(chunk: &[u8]) -> ChunkId {
    let mut id = [0; 16];
    id.copy_from_slice(&sha256(&chunk[..chunk.len().min(64)])[..16]);
    ChunkId(id)
}

impl Memory {
    fn of(chunks: &[&[u8]]) -> Self {
        Self {
            chunks: chunks.iter().map(|chunk| chunk.to_vec()).collect(),
            ..Self::default()
        }
    }

    fn sorted(&self) -> Vec<Vec<u8>> {
        let mut chunks = self.chunks.clone();
        chunks.sort();
        chunks
    }
}

impl Holdings for Memory {
    type Error = DirectError;

    fn records(&mut self) -> Result<Records, DirectError> {
        self.asked.push("records");
        Ok(self.records.clone())
    }

    fn take_records(&mut self, records: &Records) -> Result<(), DirectError> {
        self.asked.push("take records");
        for record in &records.records {
            if !self.records.records.contains(record) {
                self.records.records.push(record.clone());
            }
        }
        self.records.keyring = self.records.keyring.clone().max(records.keyring.clone());
        Ok(())
    }

    fn ids(&mut self) -> Result<Vec<ChunkId>, DirectError> {
        self.asked.push("ids");
        Ok(self.chunks.iter().map(|chunk| id_of(chunk)).collect())
    }

    fn chunk(&mut self, id: ChunkId) -> Result<Option<Vec<u8>>, DirectError> {
        Ok(self.chunks.iter().find(|chunk| id_of(chunk) == id).cloned())
    }

    fn take(&mut self, chunks: &[Vec<u8>]) -> Result<Report, DirectError> {
        self.asked.push("take");
        self.taken.push(chunks.len());
        let mut report = Report::default();
        for chunk in chunks {
            if self.keeps_nothing || self.chunks.contains(chunk) {
                report.known += 1;
            } else {
                self.chunks.push(chunk.clone());
                report.taken += 1;
            }
        }
        if self.is_restless {
            let new = sha256(&self.chunks.concat()).to_vec();
            self.chunks.push(new);
        }
        Ok(report)
    }
}

/// The two ends of one connection.
fn connection() -> [Session; 2] {
    let random = SeededRandom::new(1);
    let (one, two) = (AgreementKey::from_seed(&[1; 32]), AgreementKey::from_seed(&[2; 32]));
    let salt = Salt::new(&random).unwrap();
    let (connecting, opening) = Connecting::new(&one, &two.public(), &salt, &random).unwrap();
    let accepted = accept(&two, &[one.public()], &salt, &opening, &random).unwrap();
    [connecting.finish(&accepted.answer).unwrap(), accepted.session]
}

/// Lets two devices talk over a connection that is cut after so many messages. What each did, and how many messages there were.
fn talk<A: Holdings, B: Holdings>(one: &mut A, two: &mut B, cut_after: usize) -> Result<([PeerSession; 2], usize), DirectError>
where
    DirectError: From<A::Error> + From<B::Error>,
{
    let [mut here, mut there] = connection();
    let (mut first, message) = PeerSession::begin(one)?;
    let mut second = PeerSession::wait();
    let mut next = Some(message);
    let mut count = 0;
    while let Some(message) = next.take() {
        if count == cut_after {
            break;
        }
        let is_to_second = count % 2 == 0;
        let (from, to) = if is_to_second {
            (&mut here, &mut there)
        } else {
            (&mut there, &mut here)
        };
        let [came] = &to.take(&from.seal(&message)?)?[..] else {
            panic!("one message")
        };
        next = if is_to_second {
            second.take(came, two)?
        } else {
            first.take(came, one)?
        };
        count += 1;
    }
    Ok(([first, second], count))
}

fn whole_talk<A: Holdings, B: Holdings>(one: &mut A, two: &mut B) -> [PeerExchange; 2]
where
    DirectError: From<A::Error> + From<B::Error>,
{
    let (both, _) = talk(one, two, usize::MAX).unwrap();
    assert!(both.iter().all(PeerSession::is_over));
    both.map(|side| side.exchanged())
}

#[test]
fn both_get_what_the_other_has() {
    let mut one = Memory::of(&[b"a", b"b", b"c"]);
    let mut two = Memory::of(&[b"b", b"d"]);
    let [first, second] = whole_talk(&mut one, &mut two);
    assert_eq!(one.sorted(), two.sorted());
    assert_eq!(one.chunks.len(), 4);
    assert_eq!((first.sent, first.received.taken), (2, 1));
    assert_eq!((second.sent, second.received.taken), (1, 2));
    // What the other holds already is not sent.
    assert_eq!((&one.taken[..], &two.taken[..]), (&[1][..], &[2][..]));
    let [first, second] = whole_talk(&mut one, &mut two);
    assert_eq!((first, second), (PeerExchange::default(), PeerExchange::default()));
}

#[test]
fn records_are_taken_in_before_anything_else() {
    let mut one = Memory::of(&[b"a"]);
    let mut two = Memory::of(&[b"b"]);
    one.records.records.push(b"epoch 2".to_vec());
    one.records.keyring = Some(b"keyring 4".to_vec());
    two.records.keyring = Some(b"keyring 5".to_vec());
    whole_talk(&mut one, &mut two);
    assert_eq!(one.asked[..5], ["records", "take records", "ids", "take", "records"]);
    assert_eq!(two.asked[..4], ["take records", "records", "ids", "take"]);
    assert_eq!(one.records, two.records);
    assert_eq!(one.records.keyring.as_deref(), Some(&b"keyring 5"[..]));
}

#[test]
fn much_goes_over_in_pages() {
    let chunk = |n: u32, size| [&n.to_be_bytes()[..], &vec![7; size]].concat();
    let mut one = Memory {
        chunks: (0..300).map(|n| chunk(n, 100_000)).collect(),
        ..Memory::default()
    };
    // As large as a chunk can be: a page of its own.
    one.chunks
        .push(chunk(300, techo_protocol::household::chunk::LARGEST_CHUNK_BYTES - 4));
    let mut two = Memory {
        chunks: (1_000..6_000).map(|n| chunk(n, 10)).collect(),
        ..Memory::default()
    };
    let [first, second] = whole_talk(&mut one, &mut two);
    assert!(one.sorted() == two.sorted());
    assert_eq!((first.sent, second.sent), (301, 5_000));
    assert_eq!(one.taken, [4_096, 904]);
    assert_eq!(two.taken.iter().sum::<usize>(), 301);
    assert!(
        two.taken.len() == 8 && two.taken.iter().all(|count| *count <= 42),
        "{:?}",
        two.taken
    );
}

#[test]
fn a_cut_connection_loses_nothing() {
    let fresh = || (Memory::of(&[b"a", b"b"]), Memory::of(&[b"c"]));
    let (mut one, mut two) = fresh();
    let (_, count) = talk(&mut one, &mut two, usize::MAX).unwrap();
    let whole = one.sorted();
    for cut in 0..count {
        let (mut one, mut two) = fresh();
        let ([first, second], _) = talk(&mut one, &mut two, cut).unwrap();
        // Nobody takes it for done, but for whom only the way home of the last word is missing.
        assert!(!(first.is_over() && second.is_over()), "cut at {cut}");
        assert!(
            first.exchanged().sent <= second.exchanged().received.taken
                && second.exchanged().sent <= first.exchanged().received.taken
        );
        whole_talk(&mut one, &mut two);
        assert_eq!((one.sorted(), two.sorted()), (whole.clone(), whole.clone()), "cut at {cut}");
    }
}

#[test]
fn what_the_other_does_not_keep_is_not_sent_again_and_again() {
    let mut one = Memory::of(&[b"a", b"b"]);
    let mut two = Memory::of(&[b"c"]);
    two.keeps_nothing = true;
    let [first, _] = whole_talk(&mut one, &mut two);
    assert_eq!((first.sent, &two.taken[..]), (2, &[2][..]));
}

#[test]
fn what_came_of_it_goes_over_in_the_next_round_and_rounds_end() {
    let mut one = Memory::of(&[b"a"]);
    let mut two = Memory::of(&[b"b"]);
    one.is_restless = true;
    let [_, second] = whole_talk(&mut one, &mut two);
    assert_eq!(one.sorted(), two.sorted());
    assert_eq!(second.received.taken, 2);
    // Two that answer each other with something new each time come to an end too.
    two.is_restless = true;
    one.chunks.push(b"c".to_vec());
    let [first, _] = whole_talk(&mut one, &mut two);
    assert!(first.sent > 1 && first.sent <= MOST_ROUNDS, "{first:?}");
}

#[test]
fn what_is_not_said_at_this_point_is_refused() {
    let [hello, held, done] = [
        Message::Hello {
            records: vec![],
            keyring: None,
        },
        Message::Have { chunks: vec![] },
        Message::Done,
    ];
    let page = |chunks: &[&[u8]]| Message::Chunks {
        chunks: chunks.iter().map(|chunk| ByteBuf::from(chunk.to_vec())).collect(),
    };
    let refused = |said: &[&Message]| {
        let (last, before) = said.split_last().unwrap();
        let (mut side, mut holdings) = (PeerSession::wait(), Memory::default());
        for message in before {
            side.take(&message.write(), &mut holdings).unwrap();
        }
        assert_eq!(
            side.take(&last.write(), &mut holdings),
            Err(DirectError::Misunderstood),
            "{said:?}"
        );
    };
    for early in [&held, &done, &page(&[b"a"])] {
        refused(&[early]);
    }
    for early in [&hello, &done, &page(&[b"a"])] {
        refused(&[&hello, early]);
    }
    for late in [&hello, &held, &page(&[])] {
        refused(&[&hello, &held, late]);
    }
    // After the end there is nothing.
    refused(&[&hello, &held, &done, &hello]);
    let mut side = PeerSession::wait();
    assert_eq!(side.take(b"\xff", &mut Memory::default()), Err(DirectError::Misunderstood));
}

#[test]
fn what_has_no_end_is_refused() {
    struct Sink;
    impl Holdings for Sink {
        type Error = DirectError;
        fn records(&mut self) -> Result<Records, DirectError> {
            Ok(Records::default())
        }
        fn take_records(&mut self, _: &Records) -> Result<(), DirectError> {
            Ok(())
        }
        fn ids(&mut self) -> Result<Vec<ChunkId>, DirectError> {
            Ok(Vec::new())
        }
        fn chunk(&mut self, _: ChunkId) -> Result<Option<Vec<u8>>, DirectError> {
            Ok(None)
        }
        fn take(&mut self, _: &[Vec<u8>]) -> Result<Report, DirectError> {
            Ok(Report::default())
        }
    }
    let mut side = PeerSession::wait();
    side.take(
        &Message::Hello {
            records: vec![],
            keyring: None,
        }
        .write(),
        &mut Sink,
    )
    .unwrap();
    side.take(&Message::Have { chunks: vec![] }.write(), &mut Sink).unwrap();
    let page = Message::Chunks {
        chunks: vec![ByteBuf::from(vec![7; 16 << 20])],
    };
    let page = page.write();
    for _ in 0..MOST_BYTES / (16 << 20) {
        side.take(&page, &mut Sink).unwrap();
    }
    assert_eq!(side.take(&page, &mut Sink), Err(DirectError::TooLarge));
}

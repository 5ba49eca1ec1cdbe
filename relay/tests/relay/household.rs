//! A household with one device, as far as a relay can tell: it signs, and its chunks are sealed.

use serde_bytes::ByteBuf;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::chunk::{CELL_BYTES, Envelope, EpochKey, Padding};
use techo_protocol::household::sync_api::{
    Call, ChunkId, StreamId, SyncAnswer, SyncRequest, relay_key, rendezvous_path, stream_path,
};

use crate::client::{Answer, Wire, request};
use crate::setting::Running;

/// A household's stream and the key that signs for it.
pub struct Household {
    pub stream: StreamId,
    pub key: SigningKey,
}

impl Household {
    pub fn new(number: u8) -> Self {
        Self {
            stream: StreamId([number; 16]),
            key: relay_key(&EpochKey([number; 32].into())),
        }
    }

    /// One that has an account.
    pub fn opened(number: u8, relay: &Running) -> Self {
        let household = Self::new(number);
        household.call(relay, household.open());
        household
    }

    pub fn sign(&self, call: Call) -> Vec<u8> {
        let stream = self.stream;
        SyncRequest { stream, call }.write(&self.key)
    }

    pub fn send(&self, relay: &Running, file: &[u8]) -> Answer {
        request(relay.address(), "POST", &stream_path(self.stream), &[], file)
    }

    pub fn ask(&self, relay: &Running, call: Call) -> Answer {
        self.send(relay, &self.sign(call))
    }

    pub fn call(&self, relay: &Running, call: Call) -> SyncAnswer {
        let answer = self.ask(relay, call);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        SyncAnswer::from_bytes(&answer.body).unwrap()
    }

    /// Asks and leaves the answer for later.
    pub fn begin(&self, relay: &Running, call: Call) -> Wire {
        let file = self.sign(call);
        let mut wire = Wire::open(relay.address());
        wire.head(
            "POST",
            &stream_path(self.stream),
            &[("Content-Length", &file.len().to_string())],
        );
        wire.send(&file);
        wire
    }

    pub fn open(&self) -> Call {
        Call::Open { key: self.key.public() }
    }

    pub fn chunk(&self, id: u8) -> Vec<u8> {
        self.sized_chunk(id, CELL_BYTES)
    }

    /// A chunk of an epoch.
    pub fn chunk_at(&self, id: u8, epoch: u32) -> Vec<u8> {
        let mut chunk = self.chunk(id);
        chunk[33..37].copy_from_slice(&epoch.to_be_bytes());
        chunk
    }

    /// A chunk whose padded content has so many bytes.
    pub fn sized_chunk(&self, id: u8, bytes: usize) -> Vec<u8> {
        let envelope = Envelope {
            stream: self.stream.0,
            chunk_id: [id; 16],
            epoch: 0,
        };
        let content = vec![7; bytes - 4];
        let random = SeededRandom::new(id.into());
        envelope
            .seal(&content, Padding::Cells, &EpochKey([1; 32].into()), &random)
            .unwrap()
    }
}

pub fn push(chunks: &[Vec<u8>]) -> Call {
    push_after(0, chunks)
}

pub fn push_after(last_swap: u64, chunks: &[Vec<u8>]) -> Call {
    Call::Push {
        epoch: 0,
        last_swap,
        chunks: chunks.iter().cloned().map(ByteBuf::from).collect(),
    }
}

pub fn pull(cursor: u64) -> Call {
    Call::Pull { cursor, wait: 0 }
}

pub fn swap(cursor: u64, add: &[Vec<u8>], remove: &[u8]) -> Call {
    Call::Swap {
        epoch: 0,
        cursor,
        add: add.iter().cloned().map(ByteBuf::from).collect(),
        remove: remove.iter().map(|&id| ChunkId([id; 16])).collect(),
    }
}

/// The chunks of an answer.
pub fn chunks(answer: &SyncAnswer) -> Vec<Vec<u8>> {
    answer.chunks.iter().map(|chunk| chunk.to_vec()).collect()
}

pub fn message_path(mailbox: u8, message: u8) -> String {
    rendezvous_path(&[mailbox; 16], message)
}

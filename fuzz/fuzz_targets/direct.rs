//! What comes over a direct connection: an opening from anybody, then frames, then messages of a listed device.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use techo_core::sync::direct::{PeerSession, Holdings, Records};
use techo_core::sync::engine::Report;
use techo_protocol::basics::agreement::AgreementKey;
use techo_protocol::household::direct::{Connecting, DirectError, OPENING_BYTES, Salt, Session, accept};
use techo_protocol::basics::random::SeededRandom;
use techo_protocol::household::sync_api::ChunkId;

const SALT: Salt = Salt([5; 16]);

static KEYS: LazyLock<[AgreementKey; 2]> = LazyLock::new(|| [1, 2].map(|byte| AgreementKey::from_seed(&[byte; 32])));

struct Nothing;

impl Holdings for Nothing {
    type Error = DirectError;

    fn records(&mut self) -> Result<Records, DirectError> {
        Ok(Records::default())
    }

    fn take_records(&mut self, _: &Records) -> Result<(), DirectError> {
        Ok(())
    }

    fn ids(&mut self) -> Result<Vec<ChunkId>, DirectError> {
        Ok(vec![ChunkId([1; 16])])
    }

    fn chunk(&mut self, _: ChunkId) -> Result<Option<Vec<u8>>, DirectError> {
        Ok(Some(vec![7; 617]))
    }

    fn take(&mut self, _: &[Vec<u8>]) -> Result<Report, DirectError> {
        Ok(Report::default())
    }
}

fn connected() -> (Session, Session) {
    let random = SeededRandom::new(1);
    let [one, two] = &*KEYS;
    let (connecting, opening) = Connecting::new(one, &two.public(), &SALT, &random).expect("both keys are good");
    let accepted = accept(two, &[one.public()], &SALT, &opening, &random).expect("it is listed");
    let session = connecting.finish(&accepted.answer).expect("it is the answer");
    (session, accepted.session)
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => {
            let mut opening = [0; OPENING_BYTES];
            for (to, from) in opening.iter_mut().zip(data) {
                *to = *from;
            }
            assert!(accept(&KEYS[1], &[KEYS[0].public()], &SALT, &opening, &SeededRandom::new(1)).is_err());
        }
        1 => {
            let (mut one, mut two) = connected();
            let _ = two.take(&one.seal(b"before").expect("it is short"));
            assert!(two.take(data).is_err_and(|_| two.seal(b"after").is_err()) || two.is_amid_message() || data.is_empty());
        }
        // Messages one after the other, each after its length.
        _ => {
            let mut side = PeerSession::wait();
            let mut rest = data;
            while let Some((&length, after)) = rest.split_first() {
                let (message, left) = after.split_at(after.len().min(length.into()));
                rest = left;
                if side.take(message, &mut Nothing).is_err() {
                    break;
                }
            }
        }
    }
});

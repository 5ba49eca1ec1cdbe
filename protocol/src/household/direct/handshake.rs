//! The first bytes of a connection: who it is, and keys for the rest.

use snow::HandshakeState;

use super::advertisement::{Salt, TAG_BYTES, Tag, connecting};
use super::noise::{self, Side};
use super::session::Session;
use super::{DirectError, DirectFailure, VERSION};
use crate::basics::agreement::{AgreementKey, AgreementPublic};
use crate::basics::random::Random;
use crate::basics::reader::{ByteReader, Unreadable};

/// What the connecting device sends first, in bytes.
pub const OPENING_BYTES: usize = CLEAR_BYTES + HANDSHAKE_BYTES;
/// What the listening device answers, in bytes.
pub const ANSWER_BYTES: usize = HANDSHAKE_BYTES;

const CLEAR_BYTES: usize = 1 + 16 + TAG_BYTES;
/// An ephemeral key, and the tag of an empty payload.
const HANDSHAKE_BYTES: usize = 32 + 16;

/// A device that has opened a connection and waits for the answer.
///
/// ```
/// use techo_protocol::basics::{agreement::AgreementKey, random::SystemRandom};
/// use techo_protocol::household::direct::{Connecting, Salt, accept};
/// let (random, [phone, tablet]) = (SystemRandom::new(), [1, 2].map(|seed| AgreementKey::from_seed(&[seed; 32])));
/// let listening = Salt::new(&random)?;
/// let (connecting, opening) = Connecting::new(&phone, &tablet.public(), &listening, &random)?;
/// let mut accepted = accept(&tablet, &[phone.public()], &listening, &opening, &random)?;
/// let mut session = connecting.finish(&accepted.answer)?;
/// let frames = session.seal(b"a chunk")?;
/// assert_eq!(accepted.session.take(&frames)?, [b"a chunk".to_vec()]);
/// assert!(accepted.session.take(&frames).is_err(), "what is repeated ends the session");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Connecting {
    handshake: HandshakeState,
}

/// A device that has let another one in.
pub struct Accepted {
    /// Who it is, by its place among the peers that were given.
    pub peer: usize,
    /// What it is to be sent.
    pub answer: [u8; ANSWER_BYTES],
    /// For all that follows. That the other end is really that device is sure with its first message: an opening can be repeated by whoever
    /// overheard it, while the announcement that it was made for still stands.
    pub session: Session,
}

impl Connecting {
    /// Opens a connection to a device that announced itself under the salt `listening`: what is to be sent first.
    ///
    /// # Errors
    /// [`DirectError::Stranger`] for a key with which nothing can be agreed, or no randomness.
    pub fn new(
        own: &AgreementKey,
        peer: &AgreementPublic,
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<(Self, [u8; OPENING_BYTES]), DirectFailure> {
        let salt = Salt::new(random)?;
        let tag = connecting(own, peer, listening, &salt, &own.public(), peer).ok_or(DirectError::Stranger)?;
        let mut opening = [0; OPENING_BYTES];
        let (clear, message) = opening.split_at_mut(CLEAR_BYTES);
        clear.copy_from_slice(&[&[VERSION], &salt.0[..], &tag].concat());
        let mut handshake = noise::begin(Side::Connecting, own, peer, &prologue(listening, clear), random)?;
        write(&mut handshake, message)?;
        Ok((Self { handshake }, opening))
    }

    /// Takes the answer.
    ///
    /// # Errors
    /// [`DirectError::Stranger`]: it is not from the device that was called.
    pub fn finish(mut self, answer: &[u8; ANSWER_BYTES]) -> Result<Session, DirectError> {
        read(&mut self.handshake, answer)?;
        Session::new(self.handshake)
    }
}

/// Takes an opening that came under one's own announcement `listening`. A stranger is to be told nothing: the connection is closed.
///
/// # Errors
/// [`DirectError::Stranger`], [`DirectError::NewerVersion`], or no randomness.
pub fn accept(
    own: &AgreementKey,
    peers: &[AgreementPublic],
    listening: &Salt,
    opening: &[u8; OPENING_BYTES],
    random: &dyn Random,
) -> Result<Accepted, DirectFailure> {
    let (clear, message) = opening.split_at(CLEAR_BYTES);
    let (salt, tag) = read_clear(clear)?;
    let is_of = |peer: &AgreementPublic| connecting(own, peer, listening, &salt, peer, &own.public()) == Some(tag);
    let place = peers.iter().position(is_of).ok_or(DirectError::Stranger)?;
    let mut handshake = noise::begin(Side::Listening, own, &peers[place], &prologue(listening, clear), random)?;
    read(&mut handshake, message)?;
    let mut answer = [0; ANSWER_BYTES];
    write(&mut handshake, &mut answer)?;
    Ok(Accepted {
        peer: place,
        answer,
        session: Session::new(handshake)?,
    })
}

fn read_clear(clear: &[u8]) -> Result<(Salt, Tag), DirectError> {
    let mut reader = ByteReader::of_version(clear, VERSION).map_err(|why| match why {
        Unreadable::Newer => DirectError::NewerVersion,
        Unreadable::Other | Unreadable::TooLarge | Unreadable::Damaged => DirectError::Stranger,
    })?;
    let (salt, tag) = reader.array().zip(reader.array()).ok_or(DirectError::Stranger)?;
    Ok((Salt(salt), tag))
}

/// Both sides go on only where they agree on what was said in the clear.
fn prologue(listening: &Salt, clear: &[u8]) -> Vec<u8> {
    [b"techo direct v1", &listening.0[..], clear].concat()
}

fn write(handshake: &mut HandshakeState, out: &mut [u8]) -> Result<(), DirectError> {
    match handshake.write_message(&[], out) {
        Ok(length) if length == out.len() => Ok(()),
        _ => Err(DirectError::Stranger),
    }
}

fn read(handshake: &mut HandshakeState, message: &[u8]) -> Result<(), DirectError> {
    match handshake.read_message(message, &mut []) {
        Ok(0) => Ok(()),
        _ => Err(DirectError::Stranger),
    }
}

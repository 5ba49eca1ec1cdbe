//! A connection whose keys are agreed on: messages to frames, frames to messages. No I/O: bytes come in pieces of any size.

use snow::{HandshakeState, TransportState};

use super::DirectError;

/// Largest message in bytes: a chunk fits, whatever its size.
pub const LARGEST_MESSAGE_BYTES: usize = 32 << 20;

const LENGTH_BYTES: usize = 2;
const LARGEST_NOISE_BYTES: usize = 65_535;
const SEAL_BYTES: usize = 16;
const LAST_BYTES: usize = 1;
/// How much of a message one frame holds.
const PART_BYTES: usize = LARGEST_NOISE_BYTES - SEAL_BYTES - LAST_BYTES;

const MORE: u8 = 0;
const LAST: u8 = 1;

/// Both directions of a connection. It holds at most one message and one frame that are not whole yet.
pub struct Session {
    noise: TransportState,
    /// The beginning of a frame.
    frame: Vec<u8>,
    /// The beginning of a message.
    message: Vec<u8>,
    opened: Vec<u8>,
    /// Once something was wrong, nothing more is believed.
    ended: Option<DirectError>,
}

impl Session {
    pub(super) fn new(handshake: HandshakeState) -> Result<Self, DirectError> {
        Ok(Self {
            noise: handshake.into_transport_mode().map_err(|_| DirectError::Stranger)?,
            frame: Vec::new(),
            message: Vec::new(),
            opened: vec![0; LARGEST_NOISE_BYTES],
            ended: None,
        })
    }

    /// Seals a message: the bytes that are to be sent, whole and in order.
    ///
    /// # Errors
    /// [`DirectError::TooLarge`]; or why the session has ended.
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, DirectError> {
        self.go_on()?;
        if message.len() > LARGEST_MESSAGE_BYTES {
            return Err(DirectError::TooLarge);
        }
        let mut rest = message;
        let mut out = Vec::new();
        loop {
            let (part, left) = rest.split_at(rest.len().min(PART_BYTES));
            rest = left;
            let last = rest.is_empty();
            out.append(&mut self.seal_part(part, last)?);
            if last {
                return Ok(out);
            }
        }
    }

    /// Seals one frame; `last` says that the message ends with it.
    pub(super) fn seal_part(&mut self, part: &[u8], last: bool) -> Result<Vec<u8>, DirectError> {
        let plain = [&[if last { LAST } else { MORE }], part].concat();
        let length = u16::try_from(plain.len() + SEAL_BYTES).map_err(|_| DirectError::TooLarge)?;
        let mut out = length.to_be_bytes().to_vec();
        out.resize(LENGTH_BYTES + usize::from(length), 0);
        // The nonces are used up after 2^64 frames, and by nothing else.
        self.noise
            .write_message(&plain, &mut out[LENGTH_BYTES..])
            .map_err(|_| DirectError::TooLarge)?;
        Ok(out)
    }

    /// Takes what has come, and gives the messages that are whole by it.
    ///
    /// # Errors
    /// [`DirectError::Damaged`] or [`DirectError::TooLarge`]; the session has ended then.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, DirectError> {
        self.go_on()?;
        let taken = self.take_frames(bytes);
        if let Err(error) = &taken {
            self.ended = Some(error.clone());
            self.frame = Vec::new();
            self.message = Vec::new();
        }
        taken
    }

    /// Whether something has come that is not whole yet.
    pub fn is_amid_message(&self) -> bool {
        !self.frame.is_empty() || !self.message.is_empty()
    }

    fn go_on(&self) -> Result<(), DirectError> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    fn take_frames(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, DirectError> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let wanted = self.wanted();
            let (part, rest) = bytes.split_at(bytes.len().min(wanted - self.frame.len()));
            self.frame.extend_from_slice(part);
            bytes = rest;
            if self.frame.len() > LENGTH_BYTES && self.frame.len() == self.wanted() {
                messages.extend(self.open()?);
            }
        }
        Ok(messages)
    }

    /// How long the frame is that has begun, as far as that is known.
    fn wanted(&self) -> usize {
        match self.frame.first_chunk() {
            // Too short for a seal, it is read and refused: never of no length.
            Some(length) => LENGTH_BYTES + usize::from(u16::from_be_bytes(*length)).max(1),
            None => LENGTH_BYTES,
        }
    }

    /// Opens the frame that is whole.
    fn open(&mut self) -> Result<Option<Vec<u8>>, DirectError> {
        let length = self
            .noise
            .read_message(&self.frame[LENGTH_BYTES..], &mut self.opened)
            .map_err(|_| DirectError::Damaged)?;
        self.frame.clear();
        let (&last, part) = self.opened[..length].split_first().ok_or(DirectError::Damaged)?;
        if self.message.len() + part.len() > LARGEST_MESSAGE_BYTES {
            return Err(DirectError::TooLarge);
        }
        self.message.extend_from_slice(part);
        match last {
            LAST => Ok(Some(std::mem::take(&mut self.message))),
            // A frame that brings nothing could go on for ever.
            MORE if !part.is_empty() => Ok(None),
            _ => Err(DirectError::Damaged),
        }
    }
}

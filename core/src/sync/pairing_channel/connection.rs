//! A connection between the two devices, without a relay: each message with its length before it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use techo_protocol::household::pairing::PairingError;
use techo_protocol::household::sync_api::LARGEST_MAILBOX_MESSAGE_BYTES;

use super::LOOK;
use crate::ports::NearbyError;
use crate::sync::SyncError;
use crate::sync::nearby::prepare;

/// The last message has the household's records with it.
const LARGEST_LAST_MESSAGE_BYTES: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);
const LENGTH_BYTES: usize = 4;

/// The connection of one pairing.
pub(super) enum Connection {
    /// Nobody has connected yet.
    Listening(TcpListener),
    /// The connection, and what has come of the next message.
    Connected { stream: TcpStream, received: Vec<u8> },
}

impl Connection {
    /// Waits for whoever connects first.
    pub(super) fn listening(listener: TcpListener) -> Result<Self, NearbyError> {
        listener.set_nonblocking(true).map_err(|_| NearbyError::NoNetwork)?;
        Ok(Self::Listening(listener))
    }

    /// Connects to the first address that answers.
    pub(super) fn connecting(addresses: &[SocketAddr]) -> Result<Self, SyncError> {
        let connected = addresses
            .iter()
            .find_map(|address| TcpStream::connect_timeout(address, CONNECT).ok());
        Ok(Self::connected(connected.ok_or(PairingError::Unreachable)?)?)
    }

    fn connected(stream: TcpStream) -> Result<Self, NearbyError> {
        prepare(&stream)?;
        Ok(Self::Connected {
            stream,
            received: Vec::new(),
        })
    }

    /// The connection, for the diary itself.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        match self {
            Self::Listening(_) => None,
            Self::Connected { stream, .. } => Some(stream),
        }
    }

    pub(super) fn leave(&mut self, message: &[u8]) -> Result<(), SyncError> {
        let length = u32::try_from(message.len()).map_err(|_| PairingError::Damaged)?;
        let framed = [&length.to_be_bytes()[..], message].concat();
        let written = match self {
            Self::Listening(_) => false,
            Self::Connected { stream, .. } => stream.write_all(&framed).is_ok(),
        };
        if written { Ok(()) } else { Err(PairingError::TimedOut.into()) }
    }

    pub(super) fn take(&mut self, number: u8, until: Instant) -> Result<Option<Vec<u8>>, SyncError> {
        let most = if number < 3 {
            LARGEST_MAILBOX_MESSAGE_BYTES
        } else {
            LARGEST_LAST_MESSAGE_BYTES
        };
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self {
                Self::Listening(listener) => match listener.accept() {
                    Ok((stream, _)) => {
                        *self = Self::connected(stream)?;
                        continue;
                    }
                    Err(_) => std::thread::sleep(LOOK.min(left)),
                },
                Self::Connected { stream, received } => {
                    // A time of nothing would be none.
                    let patience = LOOK.min(left).max(Duration::from_millis(1));
                    if let Some(message) = read(stream, received, most, patience)? {
                        return Ok(Some(message));
                    }
                }
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }
}

/// Reads on for so long at most, however the bytes drip; gives the message once all of it is there. Nothing beyond it is read.
fn read(
    stream: &mut TcpStream,
    received: &mut Vec<u8>,
    most: usize,
    patience: Duration,
) -> Result<Option<Vec<u8>>, PairingError> {
    let until = Instant::now() + patience;
    stream.set_read_timeout(Some(patience)).map_err(|_| PairingError::TimedOut)?;
    loop {
        let mut wanted = LENGTH_BYTES;
        if let Some(length) = received.first_chunk::<LENGTH_BYTES>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PairingError::Damaged)?;
            if length > most {
                return Err(PairingError::Damaged);
            }
            wanted += length;
            if received.len() == wanted {
                let message = received.split_off(LENGTH_BYTES);
                received.clear();
                return Ok(Some(message));
            }
        }
        let mut part = vec![0; wanted - received.len()];
        match stream.read(&mut part) {
            // One that hung up does not answer any more either.
            Ok(0) => return Err(PairingError::TimedOut),
            Ok(length) => received.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
            Err(_) => return Err(PairingError::TimedOut),
        }
        if Instant::now() >= until && received.len() < wanted {
            return Ok(None);
        }
    }
}

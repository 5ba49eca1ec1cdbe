//! Pairing over a connection between the two devices, without a relay: each message with its length before it.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use techo_protocol::household::pairing::PairingError;
use techo_protocol::household::sync_api::{LARGEST_MAILBOX_MESSAGE_BYTES, MAILBOX_SECONDS};

use super::Messages;
use crate::Failure;
use crate::sync::LanError;
use crate::sync::lan::connection::{prepare, read_until};

/// The last message has the household's records with it.
const LARGEST_LAST_MESSAGE_BYTES: usize = 1 << 20;
/// A code with more would be hard to scan.
const MOST_ADDRESSES: usize = 3;
const CONNECT: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

/// The connection of one pairing.
pub struct Line {
    stream: TcpStream,
    until: Instant,
}

fn until() -> Instant {
    Instant::now() + Duration::from_secs(u64::try_from(MAILBOX_SECONDS).unwrap_or_default())
}

/// The addresses at which other devices of the network reach `listener`.
///
/// # Errors
/// [`LanError::NoNetwork`].
pub fn addresses(listener: &TcpListener) -> Result<Vec<SocketAddr>, LanError> {
    let bound = listener.local_addr().map_err(|_| LanError::NoNetwork)?;
    if !bound.ip().is_unspecified() {
        return Ok(vec![bound]);
    }
    let interfaces = if_addrs::get_if_addrs().map_err(|_| LanError::NoNetwork)?;
    let mut found: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    // The older kind first: homes have it.
    found.sort_unstable();
    found.truncate(MOST_ADDRESSES);
    if found.is_empty() {
        return Err(LanError::NoNetwork);
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect())
}

impl Line {
    /// Waits for the new device.
    ///
    /// # Errors
    /// [`PairingError::TimedOut`], or the network cannot be used.
    pub fn accept(listener: &TcpListener) -> Result<Self, Failure> {
        listener.set_nonblocking(true).map_err(|_| LanError::NoNetwork)?;
        let until = until();
        while Instant::now() < until {
            if let Ok((stream, _)) = listener.accept() {
                prepare(&stream)?;
                return Ok(Self { stream, until });
            }
            std::thread::sleep(LOOK);
        }
        Err(PairingError::TimedOut.into())
    }

    /// Connects to the device that has the diary, at the first of its addresses that answers.
    ///
    /// # Errors
    /// [`PairingError::Unreachable`] where none does.
    pub fn connect(addresses: &[SocketAddr]) -> Result<Self, Failure> {
        let connected = addresses
            .iter()
            .find_map(|address| TcpStream::connect_timeout(address, CONNECT).ok());
        let stream = connected.ok_or(PairingError::Unreachable)?;
        prepare(&stream)?;
        Ok(Self { stream, until: until() })
    }

    /// One that hung up does not answer any more either.
    fn read(&mut self, out: &mut [u8]) -> Result<(), PairingError> {
        read_until(&mut self.stream, out, self.until).map_err(|_| PairingError::TimedOut)
    }

    /// The connection, for the diary itself.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }
}

impl Messages for Line {
    fn leave(&mut self, _: u8, message: Vec<u8>) -> Result<(), Failure> {
        let length = u32::try_from(message.len()).map_err(|_| PairingError::Damaged)?;
        let framed = [&length.to_be_bytes()[..], &message].concat();
        Ok(self.stream.write_all(&framed).map_err(|_| PairingError::TimedOut)?)
    }

    fn take(&mut self, number: u8) -> Result<Vec<u8>, Failure> {
        let most = if number < 3 {
            LARGEST_MAILBOX_MESSAGE_BYTES
        } else {
            LARGEST_LAST_MESSAGE_BYTES
        };
        let mut length = [0; 4];
        self.read(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| PairingError::Damaged)?;
        if length > most {
            return Err(PairingError::Damaged.into());
        }
        let mut message = vec![0; length];
        self.read(&mut message)?;
        Ok(message)
    }
}

//! How the four messages of one pairing go over: through a mailbox that a relay keeps for two minutes, or over a connection between the two.

mod connection;
mod mailbox;

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use techo_protocol::household::pairing::{PairingError, PairingText};
use techo_protocol::household::sync_api::MAILBOX_SECONDS;

use self::connection::Connection;
use self::mailbox::Mailbox;
use super::SyncError;
use crate::ports::{NearbyError, Relay};

/// How often it is looked whether somebody or something has come.
const LOOK: Duration = Duration::from_millis(100);
/// A code with more addresses would be hard to scan.
const MOST_ADDRESSES: usize = 3;

/// The way that the messages of one pairing take, for two minutes.
pub struct PairingChannel {
    way: Way,
    ends: Instant,
}

enum Way {
    Mailbox(Mailbox),
    Connection(Connection),
}

impl PairingChannel {
    fn new(way: Way) -> Self {
        let seconds = u64::try_from(MAILBOX_SECONDS).unwrap_or_default();
        Self {
            way,
            ends: Instant::now() + Duration::from_secs(seconds),
        }
    }

    /// Through the mailbox that a pairing text names, once its relay keeps it.
    pub fn mailbox(text: &PairingText, relay: Arc<dyn Relay + Send + Sync>) -> Self {
        Self::new(Way::Mailbox(Mailbox::new(text, relay)))
    }

    /// Over the connection of whoever connects first.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`].
    pub fn listening(listener: TcpListener) -> Result<Self, SyncError> {
        Ok(Self::new(Way::Connection(Connection::listening(listener)?)))
    }

    /// Over a connection to the first of these addresses that answers.
    ///
    /// # Errors
    /// [`PairingError::Unreachable`] where none does.
    pub fn connecting(addresses: &[SocketAddr]) -> Result<Self, SyncError> {
        Ok(Self::new(Way::Connection(Connection::connecting(addresses)?)))
    }

    /// Leaves a message for the other device.
    ///
    /// # Errors
    /// The relay's, or [`PairingError::TimedOut`] where the other has hung up.
    pub fn leave(&mut self, number: u8, message: Vec<u8>) -> Result<(), SyncError> {
        match &mut self.way {
            Way::Mailbox(mailbox) => mailbox.leave(number, message),
            Way::Connection(connection) => connection.leave(&message),
        }
    }

    /// The other's message, waiting for so long at most; `None` where it has not come by then. It is looked for once at least; a relay may hold
    /// the request for up to [`LONGEST_WAIT_SECONDS`](techo_protocol::household::sync_api::LONGEST_WAIT_SECONDS).
    ///
    /// # Errors
    /// [`PairingError::TimedOut`] where the two minutes are over or the other has hung up; the relay's; or a message that is too large.
    pub fn take(&mut self, number: u8, wait: Duration) -> Result<Option<Vec<u8>>, SyncError> {
        let until = self.ends.min(Instant::now() + wait);
        let taken = match &mut self.way {
            Way::Mailbox(mailbox) => mailbox.take(number, until)?,
            Way::Connection(connection) => connection.take(number, until)?,
        };
        if taken.is_none() && Instant::now() >= self.ends {
            return Err(PairingError::TimedOut.into());
        }
        Ok(taken)
    }

    /// The connection, for the diary itself; none where a relay is used.
    pub fn into_stream(self) -> Option<TcpStream> {
        match self.way {
            Way::Mailbox(_) => None,
            Way::Connection(connection) => connection.into_stream(),
        }
    }
}

/// The addresses at which others reach a listener: its own, or those that the network gives this device.
///
/// # Errors
/// [`NearbyError::NoNetwork`].
pub fn addresses(
    listener: &TcpListener,
    of_device: impl FnOnce() -> Result<Vec<IpAddr>, NearbyError>,
) -> Result<Vec<SocketAddr>, NearbyError> {
    let bound = listener.local_addr().map_err(|_| NearbyError::NoNetwork)?;
    if !bound.ip().is_unspecified() {
        return Ok(vec![bound]);
    }
    let mut found = of_device()?;
    found.truncate(MOST_ADDRESSES);
    if found.is_empty() {
        return Err(NearbyError::NoNetwork);
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect())
}

#[cfg(test)]
mod tests;

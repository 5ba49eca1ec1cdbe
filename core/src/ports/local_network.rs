//! How the devices of a household hear of each other on one network. The connections themselves are made by core, over TCP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

techo_protocol::coded_errors! {
    /// What can go wrong between devices on one network.
    pub enum NearbyError {
        /// No device of the household answered.
        Nobody = "lan.nobody", "No other device of this household was found on this network.", "Sync on the other device within the same two minutes. Networks for guests often keep devices apart: use a relay or a file there.";
        /// The household has no other device.
        NoPeers = "lan.no_peers", "This household has no other device that could be found.", "Pair another device first.";
        /// The network cannot be used.
        NoNetwork = "lan.no_network", "This device cannot look for others on this network.", "Check that it is connected, and that a firewall lets it receive multicast (UDP port 5353).";
        /// The connection broke off.
        Cut = "lan.cut", "The connection to the other device broke off. What came over is kept, and nothing is lost.", "Sync again, with both devices near the access point.";
    }
}

/// An announcement that was heard on the network, from whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The text that was announced (`techo_protocol::household::direct::Advertisement`).
    pub announcement: String,
    /// The addresses at which the device that announced it listens.
    pub addresses: Vec<SocketAddr>,
}

/// The network that this device is on, as the platform gives it.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use techo_core::ports::{Discovery, LocalNetwork, NearbyError};
///
/// /// A device whose person has not allowed it to look at the network.
/// struct NotAllowed;
///
/// impl LocalNetwork for NotAllowed {
///     fn discovery(&self) -> Result<Box<dyn Discovery>, NearbyError> {
///         Err(NearbyError::NoNetwork)
///     }
///     fn addresses(&self) -> Result<Vec<IpAddr>, NearbyError> {
///         Ok(vec![Ipv4Addr::new(192, 168, 1, 7).into()])
///     }
/// }
/// assert_eq!(NotAllowed.discovery().err(), Some(NearbyError::NoNetwork));
/// ```
pub trait LocalNetwork {
    /// Begins one session of announcing and hearing: NWBrowser, NsdManager, or `mdns-sd` in the command line.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`].
    fn discovery(&self) -> Result<Box<dyn Discovery>, NearbyError>;

    /// The addresses of this device at which others on the network reach it, the likeliest first; loopback is not among them.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`].
    fn addresses(&self) -> Result<Vec<IpAddr>, NearbyError>;
}

/// How devices on one network hear of each other, for one session.
///
/// Service [`SERVICE`], the announcement in the TXT entry [`SERVICE_ENTRY`]. Instance and host name are random each session and say nothing of
/// the device. It is used at home, or for two minutes when a person asks for it; dropping it takes the announcement back.
pub trait Discovery: Send {
    /// Announces this device, which listens at a TCP port.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`].
    fn announce(&mut self, announcement: &str, port: u16) -> Result<(), NearbyError>;

    /// The next announcement that is heard within `wait`; `None` where nothing is heard. The same announcement may come again.
    ///
    /// # Errors
    /// [`NearbyError::NoNetwork`]: the network cannot be used any more.
    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, NearbyError>;
}

/// The type of service under which devices announce themselves (RFC 6763).
pub const SERVICE: &str = "_techo._tcp.local.";
/// The name of the TXT entry that holds the announcement.
pub const SERVICE_ENTRY: &str = "a";

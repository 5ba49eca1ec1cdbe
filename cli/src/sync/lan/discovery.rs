//! How devices hear of each other: by multicast DNS, or because a person said where the other is.

use std::net::{SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use mdns_sd::{Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use techo_core::ports::{Discovery, Heard, Random, SERVICE, SERVICE_ENTRY, random_bytes};

use super::LanError;
use crate::Failure;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Multicast DNS on all interfaces of this machine.
pub struct Mdns {
    daemon: ServiceDaemon,
    events: Receiver<ServiceEvent>,
    name: String,
    host: String,
}

impl Mdns {
    /// Begins to listen, under names that are drawn anew.
    ///
    /// # Errors
    /// [`LanError::NoNetwork`], or no randomness.
    pub fn new(random: &dyn Random) -> Result<Self, Failure> {
        let drawn = || random_bytes::<8>(random).map(|bytes| format!("{:016x}", u64::from_be_bytes(bytes)));
        let (name, host) = (drawn()?, drawn()?);
        let daemon = ServiceDaemon::new().map_err(|_| LanError::NoNetwork)?;
        let events = daemon.browse(SERVICE).map_err(|_| LanError::NoNetwork)?;
        Ok(Self {
            daemon,
            events,
            name,
            host: format!("{host}.local."),
        })
    }
}

impl Discovery for Mdns {
    type Error = LanError;

    fn announce(&mut self, announcement: &str, port: u16) -> Result<(), LanError> {
        let entries = [(SERVICE_ENTRY, announcement)];
        let service =
            ServiceInfo::new(SERVICE, &self.name, &self.host, (), port, &entries[..]).map_err(|_| LanError::NoNetwork)?;
        self.daemon
            .register(service.enable_addr_auto())
            .map_err(|_| LanError::NoNetwork)
    }

    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, LanError> {
        let until = Instant::now() + wait;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.events.recv_timeout(left) {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    if let Some(heard) = heard(&service) {
                        return Ok(Some(heard));
                    }
                }
                Ok(_) => {}
                Err(mdns_sd::RecvTimeoutError::Timeout) => break,
                // It gives up on whoever was busy for long while much was announced.
                Err(mdns_sd::RecvTimeoutError::Disconnected) => {
                    self.events = self.daemon.browse(SERVICE).map_err(|_| LanError::NoNetwork)?;
                }
            }
        }
        Ok(None)
    }
}

impl Drop for Mdns {
    /// Takes the announcement back, so that nobody calls a device that does not listen any more.
    fn drop(&mut self) {
        if let Ok(ended) = self.daemon.shutdown() {
            // Where it takes longer, the announcement runs out by itself.
            let _ = ended.recv_timeout(GOODBYE);
        }
    }
}

fn heard(service: &ResolvedService) -> Option<Heard> {
    let announcement = service.get_property_val_str(SERVICE_ENTRY)?.to_owned();
    let mut addresses: Vec<SocketAddr> = service.addresses.iter().map(|ip| address(ip, service.port)).collect();
    // The older kind first: it needs no scope.
    addresses.sort_unstable();
    Some(Heard { announcement, addresses })
}

fn address(ip: &ScopedIp, port: u16) -> SocketAddr {
    match ip {
        ScopedIp::V6(v6) => SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into(),
        other => (other.to_ip_addr(), port).into(),
    }
}

/// Where the person said that the others are.
pub struct Given {
    peers: std::vec::IntoIter<Heard>,
}

impl Given {
    pub fn new(peers: Vec<Heard>) -> Self {
        Self {
            peers: peers.into_iter(),
        }
    }
}

impl Discovery for Given {
    type Error = LanError;

    fn announce(&mut self, _: &str, _: u16) -> Result<(), LanError> {
        Ok(())
    }

    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, LanError> {
        let next = self.peers.next();
        if next.is_none() {
            std::thread::sleep(wait);
        }
        Ok(next)
    }
}

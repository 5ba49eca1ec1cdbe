//! The network that this machine is on: multicast DNS, and the machine's own addresses.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use mdns_sd::{Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo};
use techo_core::ports::{Discovery, Heard, LocalNetwork, NearbyError, SERVICE, SERVICE_ENTRY, SystemRandom, random_bytes};

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// The network of this machine.
pub struct ThisNetwork;

impl LocalNetwork for ThisNetwork {
    fn discovery(&self) -> Result<Box<dyn Discovery>, NearbyError> {
        Ok(Box::new(Mdns::new()?))
    }

    fn addresses(&self) -> Result<Vec<IpAddr>, NearbyError> {
        let interfaces = if_addrs::get_if_addrs().map_err(|_| NearbyError::NoNetwork)?;
        let mut found: Vec<IpAddr> = interfaces
            .iter()
            .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
            .map(if_addrs::Interface::ip)
            .collect();
        // The older kind first: homes have it.
        found.sort_unstable();
        Ok(found)
    }
}

/// Multicast DNS on all interfaces of this machine, for one session.
struct Mdns {
    daemon: ServiceDaemon,
    events: Receiver<ServiceEvent>,
    name: String,
    host: String,
}

impl Mdns {
    /// Begins to listen, under names that are drawn anew.
    fn new() -> Result<Self, NearbyError> {
        let drawn = || {
            let bytes = random_bytes::<8>(&SystemRandom::new()).map_err(|_| NearbyError::NoNetwork)?;
            Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
        };
        let (name, host) = (drawn()?, drawn()?);
        let daemon = ServiceDaemon::new().map_err(|_| NearbyError::NoNetwork)?;
        let events = daemon.browse(SERVICE).map_err(|_| NearbyError::NoNetwork)?;
        Ok(Self {
            daemon,
            events,
            name,
            host: format!("{host}.local."),
        })
    }
}

impl Discovery for Mdns {
    fn announce(&mut self, announcement: &str, port: u16) -> Result<(), NearbyError> {
        let entries = [(SERVICE_ENTRY, announcement)];
        let service =
            ServiceInfo::new(SERVICE, &self.name, &self.host, (), port, &entries[..]).map_err(|_| NearbyError::NoNetwork)?;
        self.daemon
            .register(service.enable_addr_auto())
            .map_err(|_| NearbyError::NoNetwork)
    }

    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, NearbyError> {
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
                    self.events = self.daemon.browse(SERVICE).map_err(|_| NearbyError::NoNetwork)?;
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

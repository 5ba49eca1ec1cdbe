//! `techo sync --lan`: find the household's devices on this network, and sync with each without a relay.

pub mod connection;
mod discovery;
pub mod nearby;

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
pub use techo_core::ports::NearbyError as LanError;
use techo_core::ports::{Heard, LocalNetwork as _};
use techo_core::sync::direct::{Talked, VaultHoldings};
use techo_protocol::household::direct::{Advertisement, DirectError};

use self::discovery::Given;
use self::nearby::{Device, Met, Nearby};
use super::the_household;
use crate::local_network::ThisNetwork;
use crate::session::Session;
use crate::{Failure, Outcome, device};

/// How long a device looks for others, in seconds.
const LONGEST_SECONDS: u64 = 120;

/// What goes with `--lan`.
#[derive(Debug, Args)]
pub struct Flags {
    /// How long to look for the others, in seconds
    #[arg(long, requires = "lan", value_name = "SECONDS", default_value_t = LONGEST_SECONDS, value_parser = clap::value_parser!(u64).range(1..=LONGEST_SECONDS))]
    wait: u64,
    /// Listen here and announce nothing; the first line says what to give to --peer. For machines without multicast, and tests
    #[arg(long, requires = "lan", hide = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Connect to a device that was started with --listen
    #[arg(long, requires = "lan", hide = true, value_name = "PEER", value_parser = read_peer)]
    peer: Vec<Heard>,
}

/// What `--listen` prints: an address, and what would be announced there.
fn read_peer(text: &str) -> Result<Heard, String> {
    let (address, announcement) = text.split_once('/').ok_or("give what the other device has printed")?;
    let address = address.parse().map_err(|_| "the address cannot be read")?;
    Advertisement::read(announcement).map_err(|error| error.to_string())?;
    Ok(Heard {
        announcement: announcement.to_owned(),
        addresses: vec![address],
    })
}

pub fn run(session: &Session, flags: &Flags) -> Result<Outcome, Failure> {
    let mut diary = device::open_or_make(session)?;
    let household = the_household(diary.vault())?;
    let name_of = |index: u8| {
        let listed = household.list.device(index);
        listed.map(|device| device.name.clone()).unwrap_or_default()
    };
    let others = household.list.devices.iter().filter(|device| device.index != household.index);
    let peers: Vec<Device> = others
        .map(|device| Device {
            index: device.index,
            key: device.agreement,
        })
        .collect();
    if peers.is_empty() {
        return Err(LanError::NoPeers.into());
    }
    let is_given = flags.listen.is_some() || !flags.peer.is_empty();
    let listener = match flags.listen {
        Some(address) => Some(TcpListener::bind(address).map_err(|_| LanError::NoNetwork)?),
        None if is_given => None,
        None => Some(listen_everywhere()?),
    };
    let mut nearby = Nearby::new(household.agreement(), peers, listener, &session.random)?;
    nearby.calls_always = !flags.peer.is_empty();
    if nearby.calls_always && flags.listen.is_none() {
        nearby.wanted = flags.peer.len();
    }
    if flags.peer.iter().any(|peer| nearby.whose(peer).is_none()) {
        return Err(DirectError::Stranger.into());
    }
    let until = Instant::now() + Duration::from_secs(flags.wait);
    let mut holdings = VaultHoldings::new(diary.vault(), session.now());
    let mut results = Results::default();
    let mut report = |met: Met| results.say(session, &met, &name_of(met.device));
    if is_given {
        if let Some(address) = nearby.address()? {
            let listening = format!("{address}/{}", nearby.announcement());
            session.out.print(&json!({ "listening": listening }).to_string())?;
        }
        let mut discovery = Given::new(flags.peer.clone());
        nearby.run(&mut discovery, &mut holdings, until, &mut report)?;
    } else {
        session.out.warn("lan-looking", &[("seconds", &flags.wait)]);
        let mut discovery = ThisNetwork.discovery()?;
        nearby.run(&mut *discovery, &mut holdings, until, &mut report)?;
    }
    results.outcome()
}

/// On every address of this machine, of both kinds where the system allows.
pub fn listen_everywhere() -> Result<TcpListener, LanError> {
    let port = 0;
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind((std::net::Ipv4Addr::UNSPECIFIED, port)))
        .map_err(|_| LanError::NoNetwork)
}

/// What came of it, a line a device.
#[derive(Default)]
struct Results {
    done: usize,
    failed: Option<Failure>,
}

impl Results {
    fn say(&mut self, session: &Session, met: &Met, name: &str) -> Result<(), Failure> {
        match &met.result {
            Ok(talked) => {
                self.done += 1;
                say_done(session, met.device, name, *talked)
            }
            Err(error) => {
                let failure = Failure::from(error.clone());
                let line = json!({ "device": met.device, "name": name, "error": failure.line() });
                let message = session.out.texts().message(error);
                session
                    .out
                    .answer(&line, "lan-failed", &[("name", &name), ("message", &message)])?;
                self.failed = Some(failure);
                Ok(())
            }
        }
    }

    fn outcome(self) -> Result<Outcome, Failure> {
        match (self.done, self.failed) {
            (0, None) => Err(LanError::Nobody.into()),
            (0, Some(failure)) => Err(failure),
            (_, None) => Ok(Outcome::Done),
            (_, Some(_)) => Ok(Outcome::No),
        }
    }
}

fn say_done(session: &Session, device: u8, name: &str, talked: Talked) -> Result<(), Failure> {
    let received = talked.received;
    let line = json!({
        "device": device,
        "name": name,
        "received": received.taken,
        "sent": talked.sent,
        "waiting": received.waiting,
        "refused": received.refused,
        "copied": received.copied,
    });
    let arguments: [(&str, &dyn crate::texts::Argument); 3] =
        [("name", &name), ("received", &received.taken), ("sent", &talked.sent)];
    session.out.answer(&line, "lan-done", &arguments)?;
    super::warn_of(session, received);
    Ok(())
}

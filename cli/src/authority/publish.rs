//! `techo authority publish`: sign what is pending and send it to the relays.

use std::time::Duration;

use clap::Args;
use techo_protocol::basics::clock::{DAY_SECONDS, HOUR_SECONDS};

use serde_json::{Value, json};
use techo_authority::Authority;
use techo_authority::publishing::{Prepared, Published, RelayPort};

use super::{AuthorityCommandError, open, warn_of_clear_keys};
use crate::relay_client::RelayClient;
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Sign what is pending, and a list that says so, and send both to the relays
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data pref authority publish --relay https://relay.example
  techo --data pref authority publish --every 1h")]
pub struct Publish {
    /// This relay in place of those that the trust list names; may be given several times
    #[arg(long, value_name = "URL")]
    relay: Vec<String>,
    /// Again and again, such as 1h or 30m. Phones call a list old after 24 hours
    #[arg(long, value_name = "TIME", value_parser = read_interval)]
    every: Option<Duration>,
}

/// The shortest interval: a list an hour is what phones expect.
const SHORTEST_INTERVAL: Duration = Duration::from_mins(1);

fn read_interval(text: &str) -> Result<Duration, String> {
    let wrong = || "an interval is a number and s, m, h or d, such as 1h, and at least a minute".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => HOUR_SECONDS,
        "d" => DAY_SECONDS,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let interval = Duration::from_secs(number.checked_mul(seconds.unsigned_abs()).ok_or_else(wrong)?);
    if interval < SHORTEST_INTERVAL || interval > Duration::from_hours(24) {
        return Err(wrong());
    }
    Ok(interval)
}

impl Publish {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        warn_of_clear_keys(session, &authority);
        let addresses = relays(&authority, &self.relay)?;
        let clients = addresses
            .iter()
            .map(|address| RelayClient::new(address))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(every) = self.every else {
            return once(session, &mut authority, &addresses, &clients, session.now());
        };
        let clock = session.running_clock();
        loop {
            if let Err(failure) = once(session, &mut authority, &addresses, &clients, clock.now()) {
                // The next hour may find the relay back, or the disk emptied.
                let _ = failure.report(session.out.is_json());
            }
            std::thread::sleep(every);
        }
    }
}

/// The relays that were named, or those of the trust list.
pub fn relays(authority: &Authority, named: &[String]) -> Result<Vec<String>, Failure> {
    let relays = if named.is_empty() {
        authority.trust_list()?.relays
    } else {
        named.to_vec()
    };
    if relays.is_empty() {
        return Err(AuthorityCommandError::NoRelay.into());
    }
    Ok(relays)
}

fn once(
    session: &Session,
    authority: &mut Authority,
    addresses: &[String],
    clients: &[RelayClient],
    now: i64,
) -> Result<Outcome, Failure> {
    let ports: Vec<&dyn RelayPort> = clients.iter().map(|client| client as &dyn RelayPort).collect();
    let Published { prepared, relays } = authority.publish(&ports, now, &session.random)?;
    for signed in &prepared {
        for warning in &signed.warnings {
            super::warn(session, warning);
        }
        session.out.answer(
            &line(signed),
            "authority-signed",
            &[
                ("number", &signed.sequence),
                ("notices", &signed.notices),
                ("recalls", &signed.recalls),
                ("bytes", &signed.bytes),
            ],
        )?;
    }
    let mut failed = None;
    for (address, result) in addresses.iter().zip(relays) {
        match result {
            Ok(sent) => {
                let line = json!({ "relay": address, "manifest": sent.sequence, "segments": sent.segments, "bytes": sent.bytes });
                session
                    .out
                    .answer(&line, "authority-sent", &[("relay", address), ("bytes", &sent.bytes)])?;
            }
            Err(error) => {
                let failure = Failure::from(error).about(address);
                if let Some(earlier) = failed.replace(failure) {
                    let _ = Failure::report(&earlier, session.out.is_json());
                }
            }
        }
    }
    failed.map_or(Ok(Outcome::Done), Err)
}

fn line(signed: &Prepared) -> Value {
    json!({
        "manifest": signed.sequence,
        "signed": time::write(signed.signed_at),
        "segments": signed.segments,
        "notices": signed.notices,
        "recalls": signed.recalls,
        "entries": signed.entries,
        "bytes": signed.bytes,
        "warnings": signed.warnings.iter().map(techo_protocol::Coded::code).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        assert_eq!(read_interval("1h"), Ok(Duration::from_hours(1)));
        assert_eq!(read_interval("90s"), Ok(Duration::from_secs(90)));
        for text in [
            "",
            "h",
            "1",
            "-1h",
            "59s",
            "25h",
            "99999999999999999999h",
            "18446744073709551615d",
            "1時",
        ] {
            assert!(read_interval(text).is_err(), "{text}");
        }
    }
}

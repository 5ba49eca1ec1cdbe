//! What keeps one address, or many, from using up the relay. Addresses are in memory only, as long as they count.

mod connections;
mod rate;

use std::net::{IpAddr, Ipv6Addr};

pub use connections::{Admitted, Connections};
pub use rate::RateTable;

/// What limits count by: an IPv4 address, or an IPv6 network of 64 bits, all of which one household has for itself (RFC 6177, section 2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source that an address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// What all share for whom the table has no room.
    const REST: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        assert!(source("2001:db8:1:2::1") == source("2001:db8:1:2:ffff::9"));
        assert!(source("2001:db8:1:2::1") != source("2001:db8:1:3::1"));
        assert!(source("192.0.2.1") != source("192.0.2.2"));
        assert!(source("::ffff:192.0.2.1") == source("192.0.2.1"));
    }
}

//! Which addresses a target may have.
//!
//! Helpdesks stand in the same house as often as not, so private addresses and this machine's own are as good as
//! any. What no helpdesk stands at is refused: whoever can set a URL or a name in the DNS could have requests sent
//! to what a cloud machine tells about itself, its credentials among it.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::Url;

/// Which addresses a target may have: all but those that no target has, and of those the ones listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// What an administrator has listed in `allow_addresses`.
    allowed: Vec<IpNet>,
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine or in a network of its own: loopback, private, shared (RFC 6598) and unique local addresses,
    /// and those that are only reached because they are listed.
    Near,
    /// In the internet.
    Far,
}

/// An address that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barred {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub kind: &'static str,
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, where no target is", self.address, self.kind)
    }
}

/// Addresses of services that tell a cloud machine about itself, beside the link-local ones.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), // Alibaba
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),   // Azure
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),     // Oracle
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), // Amazon
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), // Google
];

/// Addresses of RFC 6598: behind a carrier's translation, and in private networks that ran out of others.
const SHARED: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);

/// Unique local addresses (RFC 4193).
const UNIQUE_LOCAL: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

/// Site-local addresses, which RFC 3879 did away with and some networks have still.
const SITE_LOCAL: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10);

impl Reach {
    /// All addresses but those that no target has, and of those the ones in `allowed`.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// With what is listed there, for tests.
    #[cfg(test)]
    pub(crate) fn of(allowed: &[&str]) -> Self {
        let net = |text: &&str| text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().unwrap()));
        Self { allowed: allowed.iter().map(net).collect() }
    }

    /// Where `address` is.
    ///
    /// # Errors
    /// No target is there, and it is not listed.
    pub fn place(&self, address: IpAddr) -> Result<Place, Barred> {
        let meant = meant(address);
        match kind(meant) {
            Some(_) if self.lists(address) => Ok(Place::Near),
            Some(kind) => Err(Barred { address, kind }),
            None if is_near(meant) => Ok(Place::Near),
            None => Ok(Place::Far),
        }
    }

    /// What is listed, as it is written: a single address without the length of its prefix.
    pub fn allowed(&self) -> impl Iterator<Item = String> {
        self.allowed.iter().map(|net| match net.prefix_len() == net.max_prefix_len() {
            true => net.addr().to_string(),
            false => net.to_string(),
        })
    }

    /// Whether `address` is listed.
    pub fn lists(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|allowed| allowed.contains(&address) || allowed.contains(&meant(address)))
    }
}

/// The address that a packet to `address` ends up at: an IPv6 address may have an IPv4 address in it.
fn meant(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Mapped, compatible (RFC 4291, section 2.5.5), and translated (RFC 6052, section 2.1).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(joined(high, low))
        }
        // 6to4 (RFC 3056, section 2).
        [0x2002, high, low, ..] => Some(joined(high, low)),
        // Teredo (RFC 4380, section 4): the client's address, inverted.
        [0x2001, 0, _, _, _, _, high, low] => Some(joined(!high, !low)),
        _ => None,
    }
}

/// What `address` is, if it is none that a target has.
fn kind(address: IpAddr) -> Option<&'static str> {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let nowhere = match address {
        IpAddr::V4(v4) => v4.octets().first() == Some(&0),
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    if METADATA.contains(&address) {
        Some("the address of a cloud's metadata service")
    } else if link_local {
        Some("a link-local address, as clouds' metadata services have")
    } else if nowhere {
        Some("an address of no machine")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else if address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        Some("the broadcast address")
    } else {
        None
    }
}

fn is_near(address: IpAddr) -> bool {
    address.is_loopback()
        || match address {
            IpAddr::V4(v4) => v4.is_private() || SHARED.contains(&v4),
            IpAddr::V6(v6) => UNIQUE_LOCAL.contains(&v6) || SITE_LOCAL.contains(&v6),
        }
}

/// The address that stands in `url` instead of a name.
pub fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of each of `addresses` where `allowed` is listed.
    #[track_caller]
    fn check(allowed: &[&str], addresses: &[&str], expected: Result<Place, &str>) {
        let reach = Reach::of(allowed);
        for address in addresses {
            let address = address.parse().unwrap();
            let place = reach.place(address);
            match (place, expected) {
                (Err(barred), Err(kind)) => {
                    assert!(barred.kind.contains(kind), "{barred}");
                    assert_eq!(barred.address, address);
                }
                _ => assert_eq!(place.map_err(|barred| barred.kind), expected, "{address}"),
            }
        }
    }

    #[test]
    fn addresses_are_classified_as_near_or_far() {
        let near = [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.178.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::192.168.0.1",
            "2002:0a00:0001::1",
            "2001:0:0:0:0:0:f5ff:fffe",
        ];
        let far = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:db8::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "fbff::1",
            "fe00::1",
        ];
        check(&[], &near, Ok(Place::Near));
        check(&[], &far, Ok(Place::Far));
    }

    #[test]
    fn metadata_link_local_and_void_addresses_are_blocked() {
        let link_local = [
            "169.254.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "fe80::1",
            "febf:ffff::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001:0:0:0:0:0:5601:5601",
        ];
        check(&[], &link_local, Err("link-local"));
        let metadata = [
            "100.100.100.200",
            "::ffff:100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ];
        check(&[], &metadata, Err("metadata"));
        check(&[], &["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"], Err("no machine"));
        check(
            &[],
            &["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1", "::ffff:224.0.0.1"],
            Err("multicast"),
        );
        check(&[], &["255.255.255.255", "::ffff:255.255.255.255"], Err("broadcast"));
    }

    #[test]
    fn allowed_addresses_match_in_any_notation() {
        let listed = ["169.254.1.2/32", "169.254.8.0/24", "fe80::/64"];
        check(
            &listed,
            &["169.254.1.2", "::ffff:169.254.1.2", "169.254.8.77", "fe80::1", "64:ff9b::169.254.1.2"],
            Ok(Place::Near),
        );
        check(&listed, &["169.254.1.3", "169.254.9.1", "fe80:0:0:1::1"], Err("link-local"));
        check(&["0.0.0.0/0"], &["1.1.1.1"], Ok(Place::Far));
        check(&["::ffff:169.254.1.2/128"], &["::ffff:169.254.1.2"], Ok(Place::Near));
    }
}

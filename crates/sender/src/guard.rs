//! Where a name may lead.
//!
//! Every connection to a name is made through here: addresses that no target has are refused, and so is a name
//! that changes sides. A name that led into the internet and then leads into the house is how a web page, or whoever
//! keeps the name, has others reach what stands behind their firewall.

use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
};

use reqwest::{
    Url,
    dns::{Name, Resolve, Resolving},
};
use ringwire_config::{Place, Reach, literal};

/// How a name is looked up.
pub(super) type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// A lookup on its way.
pub(super) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks the name of one target up, and lets through what it may lead to.
pub(super) struct Guard {
    lookup: Lookup,
    sides: Arc<Sides>,
}

/// What keeps a connection from being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The name cannot be looked up now.
    Unknown(String),
    /// It leads where it may not.
    Refused(String),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(reason) | Self::Refused(reason) => f.write_str(reason),
        }
    }
}

impl Error for Kept {}

impl Guard {
    /// A guard for a target at `url` that may have the addresses in `reach`.
    pub(super) fn new(url: &Url, reach: &Reach, lookup: Lookup) -> Self {
        let sides = Sides { reach: reach.clone(), is_plain: url.scheme() == "http", first: OnceLock::new() };
        Self { lookup, sides: Arc::new(sides) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (looking, sides) = ((self.lookup)(host.clone()), Arc::clone(&self.sides));
        Box::pin(async move {
            let found = looking.await.map_err(|error| {
                Kept::Unknown(format!("the address of {host} cannot be looked up: {error}"))
            })?;
            let addresses = sides.pass(&host, &found)?.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

/// As the system looks names up.
pub(super) fn system() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Refuses an address that stands in `url` itself: nothing looks it up, so the guard never sees it.
///
/// # Errors
/// In words, why nothing is sent there.
pub(super) fn check_literal(url: &Url, reach: &Reach) -> Result<(), String> {
    let Some(address) = literal(url) else { return Ok(()) };
    reach.place(address).map(|_| ()).map_err(|barred| format!("{barred}; {}", listing(address)))
}

/// On which sides a name was found at first, and what that means for where it leads later.
#[derive(Debug)]
struct Sides {
    reach: Reach,
    /// Whether what is sent can be read on the way.
    is_plain: bool,
    first: OnceLock<First>,
}

/// Where a name led when it was first looked up.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    near: bool,
    far: bool,
}

impl Sides {
    /// Those of `addresses` that `host` may lead to.
    fn pass(&self, host: &str, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Kept> {
        let (mut placed, mut refused) = (Vec::new(), None);
        for &address in addresses {
            match self.reach.place(address) {
                Ok(place) => placed.push((address, place)),
                Err(barred) => {
                    refused.get_or_insert_with(|| {
                        format!(
                            "{host} leads to {address}, which is {}: correct the URL or the name, or {}",
                            barred.kind,
                            listing(address)
                        )
                    });
                }
            }
        }
        self.note(&placed);
        let mut passed = Vec::new();
        for (address, place) in placed {
            match self.strayed(host, address, place) {
                None => passed.push(address),
                Some(reason) => refused = refused.or(Some(reason)),
            }
        }
        if passed.is_empty() {
            let none = || Kept::Unknown(format!("{host} has no address"));
            return Err(refused.map_or_else(none, Kept::Refused));
        }
        Ok(passed)
    }

    /// Remembers where the name leads, if this is the first time. What is listed may come and go.
    fn note(&self, placed: &[(IpAddr, Place)]) {
        let mut places = placed
            .iter()
            .filter(|(address, _)| !self.reach.lists(*address))
            .map(|(_, place)| *place)
            .peekable();
        if places.peek().is_some() {
            self.first.get_or_init(|| {
                places.fold(First::default(), |first, place| First {
                    near: first.near || place == Place::Near,
                    far: first.far || place == Place::Far,
                })
            });
        }
    }

    /// What is wrong with `host` leading to `address`, after what it led to at first.
    fn strayed(&self, host: &str, address: IpAddr, place: Place) -> Option<String> {
        let first = self.first.get()?;
        if self.reach.lists(address) {
            return None;
        }
        match place {
            Place::Near if !first.near => Some(format!(
                "{host} led into the internet and now leads to {address}, which is this machine or in a private \
                 network: nothing is sent there until ringwire is reloaded, which is what to do if the target has \
                 moved; or {}",
                listing(address)
            )),
            Place::Far if !first.far && self.is_plain => Some(format!(
                "{host} led to this machine or into a private network and now leads to {address} in the internet, \
                 where all could be read on the way: nothing is sent there until ringwire is reloaded, which is what \
                 to do if the target has moved; or use https"
            )),
            Place::Near | Place::Far => None,
        }
    }
}

fn listing(address: IpAddr) -> String {
    format!("set allow_addresses = [\"{address}\"] if the target is there")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, and what is let through of it or a word of what is said.
    type Looked<'a> = (&'a [&'a str], Result<&'a [&'a str], &'a str>);

    /// What comes of looking the host of a URL with `scheme` up again and again, where `allowed` is listed.
    #[track_caller]
    fn check(scheme: &str, allowed: &[&str], lookups: &[Looked<'_>]) {
        let reach = Reach::new(allowed.iter().map(|net| net.parse().unwrap()).collect());
        let url = format!("{scheme}://desk.example.com/t0ken").parse().unwrap();
        let guard = Guard::new(&url, &reach, system());
        for (found, expected) in lookups {
            let found: Vec<_> = found.iter().map(|address| address.parse().unwrap()).collect();
            match (guard.sides.pass("desk.example.com", &found), expected) {
                (Ok(passed), Ok(expected)) => {
                    let passed: Vec<_> = passed.iter().map(ToString::to_string).collect();
                    assert_eq!(passed, *expected, "of {found:?}");
                }
                (Err(kept), Err(said)) => {
                    let reason = kept.to_string();
                    assert!(reason.contains(said) && reason.contains("desk.example.com"), "{reason}");
                    assert_eq!(matches!(kept, Kept::Unknown(_)), *said == "has no address");
                }
                (passed, expected) => panic!("{passed:?} and not {expected:?} of {found:?}"),
            }
        }
    }

    #[test]
    fn what_no_target_has_is_left_out_and_refused_where_nothing_else_is_left() {
        let said = Err("leads to 169.254.169.254, which is a link-local address");
        check(
            "https",
            &[],
            &[(&["169.254.169.254"], said), (&["169.254.169.254", "10.0.0.1"], Ok(&["10.0.0.1"]))],
        );
        check("https", &[], &[(&["fe80::1"], Err("set allow_addresses = [\"fe80::1\"]"))]);
        check("https", &["169.254.169.254/32"], &[(&["169.254.169.254"], Ok(&["169.254.169.254"]))]);
        check("https", &[], &[(&[], Err("has no address"))]);
    }

    #[test]
    fn a_name_that_led_into_the_internet_does_not_lead_into_the_house() {
        let moved = Err("led into the internet and now leads to");
        for near in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:192.168.0.1", "100.64.0.1"] {
            check(
                "https",
                &[],
                &[
                    (&["1.1.1.1"], Ok(&["1.1.1.1"])),
                    (&[near], moved),
                    (&["2606:4700::1111"], Ok(&["2606:4700::1111"])),
                    (&[near, "1.0.0.1"], Ok(&["1.0.0.1"])),
                    (&[near], moved),
                ],
            );
        }
        check(
            "https",
            &["10.0.0.0/8"],
            &[(&["1.1.1.1"], Ok(&["1.1.1.1"])), (&["10.0.0.1"], Ok(&["10.0.0.1"]))],
        );
    }

    #[test]
    fn a_name_in_the_house_moves_within_it_and_out_of_it_only_over_tls() {
        let within: [Looked<'_>; 2] =
            [(&["10.0.0.1"], Ok(&["10.0.0.1"])), (&["127.0.0.1", "fd00::1"], Ok(&["127.0.0.1", "fd00::1"]))];
        check("http", &[], &within);
        check("https", &[], &within);
        let out: &[&str] = &["1.1.1.1"];
        check("https", &[], &[(&["10.0.0.1"], Ok(&["10.0.0.1"])), (out, Ok(out))]);
        check("http", &[], &[(&["10.0.0.1"], Ok(&["10.0.0.1"])), (out, Err("use https"))]);
    }

    #[test]
    fn a_name_that_is_on_both_sides_stays_on_both() {
        let both: &[&str] = &["192.168.0.1", "2606:4700::1"];
        check(
            "http",
            &[],
            &[(both, Ok(both)), (&["1.1.1.1"], Ok(&["1.1.1.1"])), (&["10.0.0.1"], Ok(&["10.0.0.1"]))],
        );
    }

    #[test]
    fn an_address_in_the_url_is_held_against_the_same_rules() {
        for (url, refused) in [
            ("http://169.254.169.254/latest", true),
            ("http://0xa9fea9fe/", true),
            ("http://2852039166/", true),
            ("http://169.254.169.254./", true),
            ("http://[::ffff:169.254.169.254]/", true),
            ("http://0/", true),
            ("http://127.1/", false),
            ("http://[fd00::1]/", false),
            ("http://169.254.169.254.example.com/", false),
        ] {
            assert_eq!(check_literal(&url.parse().unwrap(), &Reach::default()).is_err(), refused, "{url}");
        }
    }
}

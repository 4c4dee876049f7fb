//! Checks which addresses a name may resolve to.
//!
//! A target's requests may go to several names. Every connection to a name passes this check: addresses that no target has are refused, and so is a name that moves
//! between public and private addresses. A name that resolves to a public address first and to a private one later is
//! how an attacker reaches servers behind a firewall (DNS rebinding).

use std::{
    collections::BTreeMap,
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::{
    Url,
    dns::{Name, Resolve, Resolving},
};
use ringwire_config::{Place, Reach, literal};

/// Looks a name up.
pub(super) type Lookup = Arc<dyn Fn(String) -> LookupFuture + Send + Sync>;

/// A lookup in progress.
pub(super) type LookupFuture = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How many names the requests to one target may have. Nobody has so many; what chooses names from events would have.
const MOST_NAMES: usize = 64;

/// Resolves the names of one target, and passes only the addresses that each may have. Clones share what they know.
#[derive(Clone)]
pub(super) struct AddressGuard {
    lookup: Lookup,
    reach: Reach,
    names: Arc<Mutex<BTreeMap<String, Arc<AddressSides>>>>,
}

/// Why a name gives no address to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ResolveError {
    /// The name cannot be resolved now.
    NotFound(String),
    /// It resolves to addresses that are not allowed.
    NotAllowed(String),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(reason) | Self::NotAllowed(reason) => f.write_str(reason),
        }
    }
}

impl Error for ResolveError {}

impl fmt::Debug for AddressGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressGuard").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl AddressGuard {
    /// A guard for a target that may have the addresses in `reach`.
    pub(super) fn new(reach: &Reach, lookup: Lookup) -> Self {
        Self { lookup, reach: reach.clone(), names: Arc::default() }
    }

    /// Checks a `url` that is about to be requested, before its name is looked up.
    ///
    /// # Errors
    /// It is not allowed; the text says why, and shows at most its host.
    pub(super) fn check(&self, url: &Url) -> Result<(), String> {
        check_literal_address(url, &self.reach)?;
        let host = url.host_str().unwrap_or_default();
        match self.sides(host) {
            Some(sides) => {
                let is_plain = matches!(url.scheme(), "http" | "nats" | "mqtt" | "amqp");
                sides.is_plain_http.fetch_or(is_plain, Ordering::Relaxed);
                Ok(())
            }
            None => {
                Err(format!("requests to this target have gone to {MOST_NAMES} hosts, and {host} is another"))
            }
        }
    }

    /// The addresses that the name or address `host` may have now.
    ///
    /// # Errors
    /// It has none, or none that is allowed.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let sides = self.sides(host);
        let sides = sides.ok_or_else(|| ResolveError::NotAllowed(format!("{host} is one host too many")))?;
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => (self.lookup)(host.to_owned())
                .await
                .map_err(|error| ResolveError::NotFound(format!("cannot resolve {host}: {error}")))?,
        };
        sides.filter_addresses(host, &found)
    }

    /// What is known of the name `host`; `None` where there are too many.
    fn sides(&self, host: &str) -> Option<Arc<AddressSides>> {
        // Nothing panics while it is locked.
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains_key(host) && names.len() >= MOST_NAMES {
            return None;
        }
        let new = || Arc::new(AddressSides { reach: self.reach.clone(), ..AddressSides::default() });
        Some(Arc::clone(names.entry(host.to_owned()).or_insert_with(new)))
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(&host).await?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

/// The lookup of the system.
pub(super) fn system_lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Checks an address in `url` itself: it is not looked up, so the guard never sees it.
///
/// # Errors
/// The address is not allowed; the text says why.
fn check_literal_address(url: &Url, reach: &Reach) -> Result<(), String> {
    let Some(address) = literal(url) else { return Ok(()) };
    reach.place(address).map(|_| ()).map_err(|barred| format!("{barred}; {}", allow_hint(address)))
}

/// Whether a name resolved to private or public addresses first, which limits the later ones.
#[derive(Debug, Default)]
struct AddressSides {
    reach: Reach,
    /// Whether requests are not encrypted, or some of them.
    is_plain_http: AtomicBool,
    first: OnceLock<FirstLookup>,
}

/// What a name resolved to at the first lookup.
#[derive(Clone, Copy, Debug, Default)]
struct FirstLookup {
    near: bool,
    far: bool,
}

impl AddressSides {
    /// The `addresses` that `host` may have.
    fn filter_addresses(&self, host: &str, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, ResolveError> {
        let (mut placed, mut refused) = (Vec::new(), None);
        for &address in addresses {
            match self.reach.place(address) {
                Ok(place) => placed.push((address, place)),
                Err(barred) => {
                    refused.get_or_insert_with(|| {
                        format!(
                            "{host} resolves to {address}, which is {}: correct the URL or the DNS record, or {}",
                            barred.kind,
                            allow_hint(address)
                        )
                    });
                }
            }
        }
        self.remember_first(&placed);
        let mut passed = Vec::new();
        for (address, place) in placed {
            match self.check_move(host, address, place) {
                None => passed.push(address),
                Some(reason) => refused = refused.or(Some(reason)),
            }
        }
        if passed.is_empty() {
            let none = || ResolveError::NotFound(format!("{host} has no address"));
            return Err(refused.map_or_else(none, ResolveError::NotAllowed));
        }
        Ok(passed)
    }

    /// Remembers the first lookup. Addresses that the configuration allows explicitly may come and go.
    fn remember_first(&self, placed: &[(IpAddr, Place)]) {
        let mut places = placed
            .iter()
            .filter(|(address, _)| !self.reach.lists(*address))
            .map(|(_, place)| *place)
            .peekable();
        if places.peek().is_some() {
            self.first.get_or_init(|| {
                places.fold(FirstLookup::default(), |first, place| FirstLookup {
                    near: first.near || place == Place::Near,
                    far: first.far || place == Place::Far,
                })
            });
        }
    }

    /// Why `host` may not move to `address` after its first lookup, if so.
    fn check_move(&self, host: &str, address: IpAddr, place: Place) -> Option<String> {
        let first = self.first.get()?;
        if self.reach.lists(address) {
            return None;
        }
        match place {
            Place::Near if !first.near => Some(format!(
                "{host} resolved to a public address and now resolves to {address}, which is this machine or in a \
                 private network, so nothing is sent there; if the target has moved, run systemctl reload ringwire, or {}",
                allow_hint(address)
            )),
            Place::Far if !first.far && self.is_plain_http.load(Ordering::Relaxed) => Some(format!(
                "{host} resolved to this machine or a private network and now resolves to {address} in the internet, \
                 where requests could be read on the way, so nothing is sent there; use https, or if the target has \
                 moved, run systemctl reload ringwire"
            )),
            Place::Near | Place::Far => None,
        }
    }
}

fn allow_hint(address: IpAddr) -> String {
    format!("set allow_addresses = [\"{address}\"] if the target has this address")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses found, and the addresses passed or a part of the error.
    type LookupCase<'a> = (&'a [&'a str], Result<&'a [&'a str], &'a str>);

    /// Checks lookups of the host of a URL with `scheme`, where `allowed` is listed.
    #[track_caller]
    fn check(scheme: &str, allowed: &[&str], lookups: &[LookupCase<'_>]) {
        let reach = Reach::new(allowed.iter().map(|net| net.parse().unwrap()).collect());
        let url = format!("{scheme}://desk.example.com/t0ken").parse().unwrap();
        let guard = AddressGuard::new(&reach, system_lookup());
        guard.check(&url).unwrap();
        let sides = guard.sides("desk.example.com").unwrap();
        for (found, expected) in lookups {
            let found: Vec<_> = found.iter().map(|address| address.parse().unwrap()).collect();
            match (sides.filter_addresses("desk.example.com", &found), expected) {
                (Ok(passed), Ok(expected)) => {
                    let passed: Vec<_> = passed.iter().map(ToString::to_string).collect();
                    assert_eq!(passed, *expected, "of {found:?}");
                }
                (Err(error), Err(text)) => {
                    let reason = error.to_string();
                    assert!(reason.contains(text) && reason.contains("desk.example.com"), "{reason}");
                    assert_eq!(matches!(error, ResolveError::NotFound(_)), *text == "has no address");
                }
                (passed, expected) => panic!("{passed:?} and not {expected:?} of {found:?}"),
            }
        }
    }

    #[test]
    fn addresses_that_no_target_has_are_filtered_out() {
        let refused = Err("resolves to 169.254.169.254, which is a link-local address");
        check(
            "https",
            &[],
            &[(&["169.254.169.254"], refused), (&["169.254.169.254", "10.0.0.1"], Ok(&["10.0.0.1"]))],
        );
        check("https", &[], &[(&["fe80::1"], Err("set allow_addresses = [\"fe80::1\"]"))]);
        check("https", &["169.254.169.254/32"], &[(&["169.254.169.254"], Ok(&["169.254.169.254"]))]);
        check("https", &[], &[(&[], Err("has no address"))]);
    }

    #[test]
    fn a_name_may_not_move_from_public_to_private_addresses() {
        let moved = Err("resolved to a public address and now resolves to");
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
    fn a_private_name_moves_to_public_addresses_only_with_tls() {
        let within: [LookupCase<'_>; 2] =
            [(&["10.0.0.1"], Ok(&["10.0.0.1"])), (&["127.0.0.1", "fd00::1"], Ok(&["127.0.0.1", "fd00::1"]))];
        check("http", &[], &within);
        check("https", &[], &within);
        let out: &[&str] = &["1.1.1.1"];
        check("https", &[], &[(&["10.0.0.1"], Ok(&["10.0.0.1"])), (out, Ok(out))]);
        check("http", &[], &[(&["10.0.0.1"], Ok(&["10.0.0.1"])), (out, Err("use https"))]);
    }

    #[test]
    fn a_name_with_private_and_public_addresses_may_use_both() {
        let both: &[&str] = &["192.168.0.1", "2606:4700::1"];
        check(
            "http",
            &[],
            &[(both, Ok(both)), (&["1.1.1.1"], Ok(&["1.1.1.1"])), (&["10.0.0.1"], Ok(&["10.0.0.1"]))],
        );
    }

    #[test]
    fn each_name_of_a_target_has_addresses_of_its_own() {
        let guard = AddressGuard::new(&Reach::default(), system_lookup());
        let passes = |host: &str, address: &str| {
            let sides = guard.sides(host).unwrap();
            sides.filter_addresses(host, &[address.parse().unwrap()]).is_ok()
        };
        assert!(passes("portal.example.com", "1.1.1.1"));
        assert!(passes("login.office.example", "10.0.0.1"));
        assert!(!passes("portal.example.com", "10.0.0.1"), "it may not move there");
        for name in 0..MOST_NAMES - 2 {
            guard.check(&format!("https://{name}.example.com/").parse().unwrap()).unwrap();
        }
        let refused = guard.check(&"https://t0ken@other.example.com/t0ken".parse().unwrap()).unwrap_err();
        assert!(refused.contains("other.example.com is another") && !refused.contains("t0ken"), "{refused}");
        assert!(guard.check(&"https://portal.example.com/".parse().unwrap()).is_ok());
    }

    #[test]
    fn an_address_in_the_url_follows_the_same_rules() {
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
            assert_eq!(
                check_literal_address(&url.parse().unwrap(), &Reach::default()).is_err(),
                refused,
                "{url}"
            );
        }
    }
}

//! How much a client may ask for.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{access::Principal, problem::Problem};

/// Requests a second of one token to one path, and their burst.
const REQUESTS: (u32, u32) = (50, 200);

/// Searches a second of one token, and its burst: each may read much of the journal.
const SEARCHES: (u32, u32) = (5, 10);

/// Requests a second of one address without a token to one path, and their burst.
const ANONYMOUS: (u32, u32) = (50, 400);

/// Unknown tokens a minute of one address.
const FAILURES: u32 = 10;

/// Open streams.
const STREAMS: usize = 512;

/// Open streams of one token.
const STREAMS_EACH: usize = 64;

/// The number of limited tokens or addresses from which idle ones are forgotten.
const KEYS: usize = 10_000;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A client, the network it is in, and the route that it asks.
type ClientRoute = (Arc<str>, Option<IpAddr>, Box<str>);

/// How much a client may ask for, by the clock `C`.
pub(crate) struct RateLimits<C: Clock + Clone = DefaultClock> {
    clock: C,
    requests: Limiter<ClientRoute, C>,
    searches: Limiter<Arc<str>, C>,
    anonymous: Limiter<(Option<IpAddr>, Box<str>), C>,
    failures: Limiter<Option<IpAddr>, C>,
    streams: Arc<Streams>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new(DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    pub(crate) fn new(clock: C) -> Self {
        Self {
            requests: limiter(per_second(REQUESTS), &clock),
            searches: limiter(per_second(SEARCHES), &clock),
            anonymous: limiter(per_second(ANONYMOUS), &clock),
            failures: limiter(Quota::per_minute(at_least_one(FAILURES)), &clock),
            streams: Arc::default(),
            clock,
        }
    }

    /// Admits a request of a client at `address`, or of an unknown one, to the route `path`. Those to other paths, and
    /// those from elsewhere, are not affected by who asks too often.
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn request(
        &self,
        client: Option<&Principal>,
        address: Option<IpAddr>,
        path: &str,
    ) -> Result<(), Problem> {
        let address = address.map(network);
        match client {
            Some(client) if client.local => Ok(()),
            Some(client) => {
                let key = (Arc::clone(&client.name), address, path.into());
                self.take(&self.requests, &key, "too many requests with this token")
            }
            None => self.take(&self.anonymous, &(address, path.into()), "too many requests without a token"),
        }
    }

    /// Admits a search in the journal.
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn search(&self, client: &Principal) -> Result<(), Problem> {
        if client.local {
            return Ok(());
        }
        self.take(&self.searches, &client.name, "too many searches with this token")
    }

    /// Admits an unknown token from `address`.
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn failure(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        self.take(&self.failures, &address.map(network), "too many unknown tokens from this address")
    }

    fn take<K: std::hash::Hash + Eq + Clone>(
        &self,
        limiter: &Limiter<K, C>,
        key: &K,
        detail: &str,
    ) -> Result<(), Problem> {
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|early| {
            let pause = early.wait_time_from(self.clock.now());
            Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(pause)
        })
    }

    /// A permit for one more stream, as long as it is held.
    ///
    /// # Errors
    /// All are taken, or all that this token may have.
    pub(crate) fn stream(&self, client: &Principal) -> Result<StreamPermit, Problem> {
        let limit = if client.local { STREAMS } else { STREAMS_EACH };
        self.streams.open(Arc::clone(&client.name), limit)
    }

    /// How many streams are open.
    pub(crate) fn streams(&self) -> usize {
        self.streams.all.load(Ordering::Relaxed)
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone, C: Clock + Clone>(quota: Quota, clock: &C) -> Limiter<K, C> {
    RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
}

/// What is limited as one: whoever has an IPv6 address has the 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

fn per_second((rate, burst): (u32, u32)) -> Quota {
    Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(burst))
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The open streams.
#[derive(Debug, Default)]
struct Streams {
    all: AtomicUsize,
    by_name: Mutex<HashMap<Arc<str>, usize>>,
}

/// Permission for one stream, as long as it is held.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    streams: Arc<Streams>,
    name: Arc<str>,
}

impl Streams {
    fn open(self: &Arc<Self>, name: Arc<str>, limit: usize) -> Result<StreamPermit, Problem> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if self.all.load(Ordering::Relaxed) >= STREAMS {
            let full = Problem::no_answer(format!("{STREAMS} streams are open, which is the limit"));
            return Err(full.retry_after(Duration::from_secs(30)));
        }
        let open = by_name.entry(Arc::clone(&name)).or_insert(0);
        if *open >= limit {
            let detail = format!("{limit} streams are open with this token, which is the limit");
            return Err(
                Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(Duration::from_secs(30))
            );
        }
        *open += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Ok(StreamPermit { streams: Arc::clone(self), name })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut by_name = self.streams.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        self.streams.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(open) = by_name.get_mut(&self.name) {
            *open -= 1;
            if *open == 0 {
                by_name.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::access::Role;

    fn client(name: &str) -> Principal {
        Principal { name: name.into(), role: Role::Viewer, local: false, session: None }
    }

    fn until_refused(mut ask: impl FnMut() -> Result<(), Problem>) -> u32 {
        (0..).find(|_| ask().is_err()).unwrap()
    }

    #[test]
    fn a_client_that_asks_too_much_is_limited_and_others_are_not() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::new(clock.clone());
        let (anna, berta) = (client("anna"), client("berta"));
        assert_eq!(until_refused(|| limits.request(Some(&anna), None, "/metrics")), REQUESTS.1);
        assert_eq!(until_refused(|| limits.search(&anna)), SEARCHES.1);
        assert_eq!(until_refused(|| limits.failure(None)), FAILURES);
        assert!(limits.request(Some(&berta), None, "/metrics").is_ok() && limits.search(&berta).is_ok());
        assert!(limits.failure(Some([127, 0, 0, 1].into())).is_ok());
        clock.advance(Duration::from_secs(1));
        assert_eq!(until_refused(|| limits.request(Some(&anna), None, "/metrics")), REQUESTS.0);
        assert_eq!(until_refused(|| limits.search(&anna)), SEARCHES.0);
        clock.advance(Duration::from_secs(5));
        assert_eq!(until_refused(|| limits.failure(None)), 1);
    }

    #[test]
    fn each_address_and_each_path_has_a_limit_of_its_own() {
        let limits = RateLimits::new(FakeRelativeClock::default());
        let anna = client("anna");
        let address = |text: &str| Some(text.parse().unwrap());
        let (near, far) = (address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(until_refused(|| limits.request(None, near, "/metrics")), ANONYMOUS.1);
        assert!(limits.request(None, near, "/api/v1/live").is_ok());
        assert!(limits.request(None, far, "/metrics").is_ok());
        assert_eq!(until_refused(|| limits.request(Some(&anna), near, "/metrics")), REQUESTS.1);
        assert!(limits.request(Some(&anna), near, "/api/v1/live").is_ok());
        assert!(limits.request(Some(&anna), far, "/metrics").is_ok());
        // A network of IPv6 is one client.
        assert_eq!(until_refused(|| limits.request(None, address("2001:db8::1"), "")), ANONYMOUS.1);
        assert!(limits.request(None, address("2001:db8::2"), "").is_err());
        assert!(limits.request(None, address("2001:db8:0:1::1"), "").is_ok());
    }

    #[test]
    fn streams_are_counted_as_long_as_they_are_open() {
        let limits = RateLimits::new(FakeRelativeClock::default());
        let (anna, local) = (client("anna"), Principal::local());
        let mut open: Vec<_> = (0..STREAMS_EACH).map(|_| limits.stream(&anna).unwrap()).collect();
        assert!(limits.stream(&anna).is_err() && limits.stream(&client("berta")).is_ok());
        open.extend((STREAMS_EACH..STREAMS).map(|_| limits.stream(&local).unwrap()));
        assert!(limits.stream(&local).is_err() && limits.stream(&client("berta")).is_err());
        assert_eq!(limits.streams(), STREAMS);
        drop(open);
        assert_eq!(limits.streams(), 0);
        assert!(limits.stream(&anna).is_ok());
    }
}

//! Tokens that are unknown: answered slowly, and reported now and then.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::http::StatusCode;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ringwire_live::{ApiEvent, EventEmitter};
use tokio::{sync::Semaphore, time::sleep};

use crate::{limits::RateLimits, problem::Problem};

/// How long the answer to an unknown token takes.
const DELAY: Duration = Duration::from_secs(1);

/// How many such answers may be delayed at once; further ones are refused at once.
const DELAYED: usize = 32;

/// How often unknown tokens are reported at most.
const REPORTED: Duration = Duration::from_secs(60);

/// What is known of unknown tokens.
pub(crate) struct UnknownTokens {
    delayed: Semaphore,
    reports: DefaultDirectRateLimiter,
    unreported: AtomicU64,
}

impl Default for UnknownTokens {
    fn default() -> Self {
        let quota = Quota::with_period(REPORTED).unwrap_or(Quota::per_minute(std::num::NonZeroU32::MIN));
        Self {
            delayed: Semaphore::new(DELAYED),
            reports: RateLimiter::direct(quota),
            unreported: AtomicU64::default(),
        }
    }
}

impl UnknownTokens {
    /// The answer to a client at `address` that has shown an unknown token: a slow one, and after some of them a refusal.
    ///
    /// A known token is accepted all the same: a program that keeps sending an unknown one cannot lock out others at the
    /// same address. That tokens are long and random makes guessing hopeless.
    pub(crate) async fn refuse(
        &self,
        address: Option<IpAddr>,
        limits: &RateLimits,
        emitter: &EventEmitter,
    ) -> Problem {
        self.unreported.fetch_add(1, Ordering::Relaxed);
        if self.reports.check().is_ok() {
            let count = self.unreported.swap(0, Ordering::Relaxed);
            let client = address.map(|address| address.to_string()).unwrap_or_default();
            emitter.emit(ApiEvent::TokenUnknown { client: &client, count });
        }
        if let Err(too_many) = limits.failure(address) {
            return too_many;
        }
        let Ok(_turn) = self.delayed.try_acquire() else {
            return Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many unknown tokens").retry_after(DELAY);
        };
        sleep(DELAY).await;
        Problem::new(StatusCode::UNAUTHORIZED, "this token is unknown")
            .hint("tokens are set in the configuration, as [api.token.NAME]")
    }
}

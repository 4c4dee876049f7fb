//! Sending to one endpoint from a program that is no daemon.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use ringwire_config::{Routes, Target};
use ringwire_delivery::{DeliveryCounts, DeliveryPolicy, EventLifetimes, LatePolicy};
use ringwire_event::CallEvent;
use ringwire_live::{EventEmitter, LiveState};
use ringwire_outbox::RecoveredState;
use ringwire_terminal::{Code, Failure};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    dispatch::{Dispatch, Ended},
    journal::Journal,
    messages::{BACKLOG, DeliveryMessage},
    recipients::{recipients, unusable},
};

/// How long the last events may take: long enough for an endpoint that starts up, short enough to wait for.
const DRAIN: Duration = Duration::from_secs(60);

/// Sends events to one endpoint as the daemon would, in order and with retries, on a thread of its own.
pub struct Pusher {
    endpoint: String,
    events: mpsc::Sender<DeliveryMessage>,
    thread: JoinHandle<Ended>,
}

impl Pusher {
    /// A pusher to `endpoint`.
    ///
    /// # Errors
    /// The endpoint cannot be sent to with these settings, or there is no thread to be had.
    pub fn start(endpoint: &Target) -> Result<Self, Failure> {
        let mut endpoints = recipients(std::slice::from_ref(endpoint)).map_err(unusable)?;
        for recipient in &mut endpoints {
            // What was recorded long ago is wanted all the same.
            recipient.terms = DeliveryPolicy {
                lifetimes: EventLifetimes::FOREVER,
                late: LatePolicy::All,
                ..recipient.terms
            };
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (events, inbox) = mpsc::channel(BACKLOG);
        let (seed, clock) = (RandomState::new().hash_one(()), Clock::new());
        let now = clock.clone();
        let emitter = EventEmitter::new(LiveState::new(clock.now()), |_| {}, move || now.now());
        let journal = runtime.block_on(Journal::temporary(&clock, emitter.clone()))?;
        let left = RecoveredState::default();
        let dispatch = Dispatch::new(clock, emitter, (journal, left), seed).draining_for(DRAIN);
        let run = move || runtime.block_on(dispatch.run(inbox, CancellationToken::new()));
        let thread = std::thread::Builder::new().name("push".to_owned()).spawn(run)?;
        let pusher = Self { endpoint: endpoint.name.clone(), events, thread };
        pusher.tell(DeliveryMessage::Configure {
            routes: Routes::new(vec![endpoint.name.clone()], Vec::new()),
            endpoints,
            journal: None,
            done: None,
        });
        Ok(pusher)
    }

    /// Sends `event` in its turn; waits while too many wait already.
    pub fn push(&self, event: CallEvent) {
        self.tell(DeliveryMessage::Event(Arc::new(event)));
    }

    /// Waits until everything was delivered, or can be waited for no longer.
    ///
    /// # Errors
    /// Something was not delivered.
    pub fn finish(self) -> Result<(), Failure> {
        let Self { endpoint, events, thread } = self;
        drop(events);
        let fault =
            |_| Failure::new(Code::Software, anyhow!("the thread that sends ended by a fault of its own"));
        let Ended { counts, drained } = thread.join().map_err(fault)?;
        let DeliveryCounts { delivered, dead, expired, pending: waiting, in_flight, .. } = counts;
        let lost = dead + expired + (waiting + in_flight) as u64;
        if lost > 0 || !drained {
            let told = anyhow!("endpoint {endpoint}: {delivered} posts were delivered, {lost} were not");
            return Err(Failure::new(Code::Unavailable, told)
                .hint("ringwire check --probe says what is wrong with it"));
        }
        Ok(())
    }

    fn tell(&self, message: DeliveryMessage) {
        // A thread that is gone is told of by finish.
        let _ = self.events.blocking_send(message);
    }
}

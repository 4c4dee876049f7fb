//! Sending to one target from a program that is no daemon.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use ringwire_config::{Routes, Target};
use ringwire_delivery::{DeliveryCounts, DeliveryPolicy, EventLifetimes, LatePolicy, RetrySchedule};
use ringwire_event::CallEvent;
use ringwire_live::{EventEmitter, LiveState};
use ringwire_outbox::RecoveredState;
use ringwire_terminal::{Code, Failure};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    delivery_task::{DeliverySummary, DeliveryTask},
    journal::Journal,
    messages::{BACKLOG, DeliveryMessage},
    target_clients::{target_clients, unusable},
};

/// How long the last events may take: long enough for a target that starts up, short enough to wait for.
const DRAIN: Duration = Duration::from_secs(60);

/// The longest waits after refusals: somebody waits for the program to end, and corrects nothing meanwhile.
const REFUSAL_WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// Sends events to one target as the daemon would, in order and with retries, on a thread of its own.
pub struct Pusher {
    target: String,
    events: mpsc::Sender<DeliveryMessage>,
    thread: JoinHandle<DeliverySummary>,
}

impl Pusher {
    /// A pusher to `target`.
    ///
    /// # Errors
    /// The target cannot be sent to with these settings, or no thread can be created.
    pub fn start(target: &Target) -> Result<Self, Failure> {
        let mut targets = target_clients(std::slice::from_ref(target)).map_err(unusable)?;
        for client in &mut targets {
            // Recorded events are old, and wanted all the same.
            client.policy = DeliveryPolicy {
                lifetimes: EventLifetimes::FOREVER,
                late: LatePolicy::All,
                quiet_after: Duration::MAX,
                ..client.policy
            };
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (events, inbox) = mpsc::channel(BACKLOG);
        let (seed, clock) = (RandomState::new().hash_one(()), Clock::new());
        let now = clock.clone();
        let emitter = EventEmitter::new(LiveState::new(clock.now()), |_| {}, move || now.now());
        let journal = runtime.block_on(Journal::temporary(&clock, emitter.clone()))?;
        let recovered = RecoveredState::default();
        let schedule = RetrySchedule::default().with_refusal_waits(REFUSAL_WAITS.to_vec());
        let task =
            DeliveryTask::new(clock, emitter, (journal, recovered), schedule, seed).draining_for(DRAIN);
        let run = move || runtime.block_on(task.run(inbox, CancellationToken::new()));
        let thread = std::thread::Builder::new().name("push".to_owned()).spawn(run)?;
        let pusher = Self { target: target.name.clone(), events, thread };
        pusher.send(DeliveryMessage::Configure {
            routes: Routes::new(vec![target.name.clone()], Vec::new()),
            targets,
            journal: None,
            done: None,
        });
        Ok(pusher)
    }

    /// Sends `event` in its turn; waits while too many wait already.
    pub fn push(&self, event: CallEvent) {
        self.send(DeliveryMessage::Event(Arc::new(event)));
    }

    /// Waits until everything was delivered, or can be waited for no longer.
    ///
    /// # Errors
    /// Something was not delivered.
    pub fn finish(self) -> Result<(), Failure> {
        let Self { target, events, thread } = self;
        drop(events);
        let fault = |_| Failure::new(Code::Software, anyhow!("the sending thread panicked"));
        let DeliverySummary { counts, drained } = thread.join().map_err(fault)?;
        let DeliveryCounts { delivered, dead, expired, pending: waiting, in_flight, .. } = counts;
        let lost = dead + expired + (waiting + in_flight) as u64;
        if lost > 0 || !drained {
            let error = anyhow!("target {target}: {delivered} posts were delivered, {lost} were not");
            return Err(Failure::new(Code::Unavailable, error)
                .hint("ringwire check --probe says what is wrong with it"));
        }
        Ok(())
    }

    fn send(&self, message: DeliveryMessage) {
        // If the thread is gone, `finish` reports it.
        let _ = self.events.blocking_send(message);
    }
}

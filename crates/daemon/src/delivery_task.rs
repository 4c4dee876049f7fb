//! The task that owns the deliveries: call events go into the journal, and from there to the targets.

mod configured;
mod journey;
mod loading;
mod memories;
mod reporter;
mod reports;
mod requests;
mod sending;
mod stored;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ringwire_config::Routes;
use ringwire_delivery::{
    DeliveryCounts, DeliveryId, DeliveryMachine, DeliveryPolicy, DeliveryState, LoadRequest, MachineLimits,
    RetrySchedule, StateChange, TargetName,
};
use ringwire_event::CallEvent;
use ringwire_live::{EventEmitter, JournalEvent};
use ringwire_outbox::{MemoryUpdate, NewEvent, RecoveredState, StoreReport, StoreWrite};
use ringwire_sender::Sender;
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{
    journey::{Journey, WaitingMoves, WaitingRequests},
    memories::Memories,
    reporter::DeliveryReporter,
    requests::{EndedTask, Requests},
    stored::JournalAnswer,
};
use super::{clock::Clock, event_router::EventRouter, journal::Journal, messages::DeliveryMessage, notify};

/// How long the requests on their way may take to end when the daemon does.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How many events may wait to be committed. Over it, no more are taken from the trackers.
const UNCOMMITTED: usize = 8192;

/// How often the journal is swept of what is too old.
const SWEEP: Duration = Duration::from_secs(60);

/// How long to wait before a failed load request is made again.
const LOAD_RETRY_DELAY: Duration = Duration::from_secs(1);

/// How often the states of targets are reported.
const REPORT_STATUSES: Duration = Duration::from_secs(1);

/// What wakes the task up.
enum Wakeup {
    Message(Option<DeliveryMessage>),
    Report(Option<StoreReport>),
    Ended(EndedTask),
    Read(Result<JournalAnswer, JoinError>),
    Due,
    Sweep,
    ReportStatuses,
    /// Failed load requests are made again.
    RetryLoads,
    /// The time to drain is over.
    Cut,
    /// Nothing is to be waited for any more.
    Hurry,
}

/// The state of a journal that cannot be written.
#[derive(Clone, Copy, Debug, Default)]
struct JournalTrouble {
    failing: bool,
    /// Events were reported as committed that are in memory only, where they cannot be loaded from.
    undurable: bool,
    /// It could not be read either: its pending deliveries are still to be loaded.
    unread: bool,
}

/// The deliveries when the task ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliverySummary {
    /// How many deliveries there were.
    pub(crate) counts: DeliveryCounts,
    /// Whether nothing is left to be delivered.
    pub(crate) drained: bool,
}

/// The task: pending deliveries and the targets they go to.
pub(crate) struct DeliveryTask {
    clock: Clock,
    router: EventRouter,
    senders: BTreeMap<TargetName, Sender>,
    policies: BTreeMap<TargetName, DeliveryPolicy>,
    dialects: BTreeMap<TargetName, Arc<str>>,
    machine: DeliveryMachine,
    journal: Journal,
    /// The state recovered from an earlier process, until the targets are known.
    recovered: Option<RecoveredState>,
    /// How many events were given to the journal and not yet reported.
    uncommitted: usize,
    trouble: JournalTrouble,
    reads: JoinSet<JournalAnswer>,
    /// Load requests that failed and are made again.
    deferred: Vec<LoadRequest>,
    /// Deliveries whose state could not be read, which is tried again.
    unread: Vec<Journey>,
    requests: Requests,
    /// Requests that may not be repeated, until their attempt is on disk.
    opening: WaitingRequests,
    /// Deliveries of which a request has arrived, until that is on disk.
    saving: WaitingMoves,
    memories: Memories,
    /// What is remembered of calls that are over, to be removed once that is written.
    ended: Vec<MemoryUpdate>,
    /// Deliveries up to this one may have been on their way when the process before this one ended.
    interrupted_to: DeliveryId,
    reporter: DeliveryReporter,
    drain: Duration,
    /// The longest that a request which may not be repeated is waited for.
    longest_request: Duration,
    /// Whether the time to drain is over, and only such requests are still waited for.
    is_lingering: bool,
}

impl DeliveryTask {
    /// A task that starts from the `recovered` state, without targets yet, and retries by `schedule`. It emits its
    /// events through `emitter`.
    pub(crate) fn new(
        clock: Clock,
        emitter: EventEmitter,
        (journal, recovered): (Journal, RecoveredState),
        schedule: RetrySchedule,
        seed: u64,
    ) -> Self {
        let failing = journal.is_failing();
        let interrupted_to = recovered.last_delivery;
        Self {
            clock,
            router: EventRouter::new(Routes::default()),
            senders: BTreeMap::new(),
            policies: BTreeMap::new(),
            dialects: BTreeMap::new(),
            machine: DeliveryMachine::new(MachineLimits::default(), schedule, seed),
            journal,
            recovered: Some(recovered),
            uncommitted: 0,
            trouble: JournalTrouble { failing, ..JournalTrouble::default() },
            reads: JoinSet::new(),
            deferred: Vec::new(),
            unread: Vec::new(),
            requests: Requests::default(),
            opening: BTreeMap::new(),
            saving: BTreeMap::new(),
            memories: Memories::default(),
            ended: Vec::new(),
            interrupted_to,
            reporter: DeliveryReporter::new(emitter),
            drain: DRAIN,
            longest_request: DRAIN,
            is_lingering: false,
        }
    }

    /// The same, but with `drain` as the time to deliver what is pending at the end.
    pub(crate) fn draining_for(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// Commits and sends events until `inbox` is closed, and then until all that is due has been delivered, the time to
    /// drain is over, or `hurry` is cancelled. Requests that may not be repeated are waited for to their end.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<DeliveryMessage>,
        hurry: CancellationToken,
    ) -> DeliverySummary {
        let mut cut_at = None;
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut report = interval(REPORT_STATUSES);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if !self.is_lingering {
                self.send_due();
            }
            self.drain_machine();
            if let Some(cut_at) = cut_at
                && self.is_drained(cut_at)
            {
                break;
            }
            match self.next(&mut inbox, (&mut sweep, &mut report), cut_at, &hurry).await {
                Wakeup::Message(Some(message)) => self.on_message(message),
                Wakeup::Message(None) => cut_at = Some(Instant::now() + self.drain),
                Wakeup::Report(Some(report)) => self.on_report(report),
                Wakeup::Report(None) => {
                    self.reporter.emitter().emit(JournalEvent::WriterEnded);
                    break;
                }
                Wakeup::Ended(ended) => self.on_ended(ended),
                Wakeup::Read(answer) => self.load(answer),
                Wakeup::Sweep => self.journal.sweep(&self.clock),
                Wakeup::ReportStatuses => {
                    self.report_statuses();
                    if self.is_lingering {
                        notify::alive();
                    }
                }
                Wakeup::RetryLoads => self.retry_deferred(),
                Wakeup::Due => {}
                Wakeup::Cut if self.linger() => cut_at = Some(Instant::now() + self.longest_request),
                Wakeup::Cut | Wakeup::Hurry => break,
            }
        }
        self.requests.abort_all();
        self.reporter.report_stop(&self.machine, self.uncommitted);
        let ended = DeliverySummary {
            counts: self.machine.counts(),
            drained: self.machine.is_idle() && self.uncommitted == 0,
        };
        self.journal.close(&self.clock).await;
        ended
    }

    async fn next(
        &mut self,
        inbox: &mut mpsc::Receiver<DeliveryMessage>,
        (sweep, report): (&mut Interval, &mut Interval),
        cut_at: Option<Instant>,
        hurry: &CancellationToken,
    ) -> Wakeup {
        let next_due = self.machine.next_due().map(|due| self.clock.until(due));
        let due = async {
            match next_due {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let cut = async {
            match cut_at {
                Some(cut_at) => sleep_until(cut_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(ended) = self.requests.next() => Wakeup::Ended(ended),
            report = self.journal.report() => Wakeup::Report(report),
            Some(answer) = self.reads.join_next() => Wakeup::Read(answer),
            message = inbox.recv(), if cut_at.is_none() && self.uncommitted < UNCOMMITTED => Wakeup::Message(message),
            () = due => Wakeup::Due,
            _ = sweep.tick() => Wakeup::Sweep,
            _ = report.tick() => Wakeup::ReportStatuses,
            () = sleep(LOAD_RETRY_DELAY), if !self.deferred.is_empty() || !self.unread.is_empty() => Wakeup::RetryLoads,
            () = cut => Wakeup::Cut,
            () = hurry.cancelled(), if cut_at.is_some() => Wakeup::Hurry,
        }
    }

    fn on_message(&mut self, message: DeliveryMessage) {
        match message {
            DeliveryMessage::Event(event) => self.commit(&event),
            DeliveryMessage::Explanation(explanation) => {
                if let Some(call) = explanation.call.clone() {
                    self.journal.write(StoreWrite::Explanation { call, explanation });
                }
            }
            DeliveryMessage::Configure { routes, targets, journal, done } => {
                self.configure(routes, targets);
                if let Some(journal) = journal {
                    self.journal.set_retention(journal);
                }
                if let Some(done) = done {
                    // Nobody may wait any more.
                    let _ = done.send(());
                }
            }
        }
    }

    /// Writes the event with the targets it goes to. It is sent once that is on disk.
    fn commit(&mut self, event: &Arc<CallEvent>) {
        let recorded_at = self.clock.now();
        let mut targets = Vec::new();
        for (routed, mut names) in self.router.route(event) {
            // What waits for a target that is not configured now is judged once it is.
            names.retain(|name| self.senders.get(name.as_str()).is_none_or(|sender| sender.wants(&routed)));
            if routed.id == event.id {
                targets = names;
            } else if !names.is_empty() {
                self.write_event(NewEvent { event: routed, targets: names, is_replay: true, recorded_at });
            }
        }
        self.write_event(NewEvent { event: Arc::clone(event), targets, is_replay: false, recorded_at });
    }

    fn write_event(&mut self, event: NewEvent) {
        self.uncommitted += 1;
        self.journal.write(StoreWrite::Event(event));
    }

    /// Carries out what the machine requests: journal writes, notices and loads.
    fn drain_machine(&mut self) {
        let now = self.clock.now();
        let mut has_notice = false;
        while let Some(change) = self.machine.poll_state_change() {
            self.reporter.report_change(&change, now);
            if let StateChange::Delivery { id, state, .. } = &change
                && !matches!(state, DeliveryState::Retry { .. })
            {
                self.memories.end_delivery(*id);
            }
            self.journal.write(stored::write(change, now));
        }
        self.ended.drain(..).for_each(|memory| self.journal.write(StoreWrite::Memory(memory)));
        while let Some(notice) = self.machine.poll_notice() {
            self.reporter.report_notice(&notice);
            has_notice = true;
        }
        if has_notice {
            self.report_statuses();
        }
        while let Some(request) = self.machine.poll_load_request() {
            self.request_load(request);
        }
    }

    /// Whether everything is committed and nothing is on its way, nor will be before `cut_at`.
    fn is_drained(&self, cut_at: Instant) -> bool {
        let left = cut_at.saturating_duration_since(Instant::now());
        let is_quiet = self.uncommitted == 0 && self.requests.is_empty();
        let is_quiet = is_quiet && self.opening.is_empty() && self.saving.is_empty();
        if self.is_lingering {
            return is_quiet;
        }
        is_quiet
            && self.reads.is_empty()
            && self.machine.next_due().is_none_or(|due| self.clock.until(due) > left)
    }
}

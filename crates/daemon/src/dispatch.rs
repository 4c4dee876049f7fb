//! The task that owns what is owed: call events into the journal, and from there out to the endpoints.

mod configured;
mod loading;
mod reporter;
mod reports;
mod stored;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ringwire_config::Routes;
use ringwire_delivery::{
    Delivery, DeliveryCounts, DeliveryId, DeliveryMachine, DeliveryOutcome, DeliveryPolicy, LoadRequest,
    MachineLimits, RetrySchedule, TargetName,
};
use ringwire_event::CallEvent;
use ringwire_live::{DeliveryEvent, EventEmitter, JournalEvent};
use ringwire_outbox::{DeliveryAttempt, NewEvent, RecoveredState, StoreReport, StoreWrite};
use ringwire_sender::{SendResult, Sender};
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{reporter::Reporter, stored::Answer};
use super::{clock::Clock, journal::Journal, messages::DeliveryMessage, router::Router};

/// How long the requests on their way may take to end when the daemon does.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How many events may wait to be committed. Over it, no more are taken from the trackers.
const UNCOMMITTED: usize = 8192;

/// How often the journal is rid of what is too old.
const SWEEP: Duration = Duration::from_secs(60);

/// How long what could not be read is left alone before it is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How often the states of targets are reported.
const REPORT_STATUSES: Duration = Duration::from_secs(1);

/// Everything that makes the task do something.
enum Event {
    Message(Option<DeliveryMessage>),
    Report(Option<StoreReport>),
    Sent(Result<(Id, Tried), JoinError>),
    Read(Result<Answer, JoinError>),
    Due,
    Sweep,
    ReportStatuses,
    /// What could not be read may be asked for again.
    AskAgain,
    /// The time to drain is over, or nobody wants to wait for it.
    Cut,
}

/// A delivery that was tried.
struct Tried {
    delivery: Delivery,
    sent: SendResult,
    at: Timestamp,
    took: Duration,
}

/// How it stands with a journal that cannot be written.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    failing: bool,
    /// Events were told that are in memory only, where nobody can read them.
    undurable: bool,
    /// It could not be read either: what it has is still to be loaded.
    unread: bool,
}

/// What became of everything when the task ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// How many deliveries there were.
    pub(crate) counts: DeliveryCounts,
    /// Whether nothing is left to be delivered.
    pub(crate) drained: bool,
}

/// What is owed, and who it is sent to.
pub(crate) struct Dispatch {
    clock: Clock,
    router: Router,
    /// In the order in which the routes number them.
    recipients: Vec<TargetName>,
    senders: BTreeMap<TargetName, Sender>,
    terms: BTreeMap<TargetName, DeliveryPolicy>,
    dialects: BTreeMap<TargetName, &'static str>,
    machine: DeliveryMachine,
    journal: Journal,
    /// What the process before this one left, until the endpoints are known.
    left: Option<RecoveredState>,
    /// How many events were given to the journal and not yet reported.
    uncommitted: usize,
    trouble: Trouble,
    reads: JoinSet<Answer>,
    /// What cannot be read for now.
    deferred: Vec<LoadRequest>,
    requests: JoinSet<Tried>,
    /// Which request is on its way for what.
    under_way: HashMap<Id, DeliveryId>,
    reporter: Reporter,
    drain: Duration,
}

impl Dispatch {
    /// Nothing is owed but what `left` says, and there are no endpoints yet. What happens is emitted through `emitter`.
    pub(crate) fn new(
        clock: Clock,
        emitter: EventEmitter,
        (journal, left): (Journal, RecoveredState),
        seed: u64,
    ) -> Self {
        let failing = journal.is_failing();
        Self {
            clock,
            router: Router::new(Routes::default()),
            recipients: Vec::new(),
            senders: BTreeMap::new(),
            terms: BTreeMap::new(),
            dialects: BTreeMap::new(),
            machine: DeliveryMachine::new(MachineLimits::default(), RetrySchedule::default(), seed),
            journal,
            left: Some(left),
            uncommitted: 0,
            trouble: Trouble { failing, ..Trouble::default() },
            reads: JoinSet::new(),
            deferred: Vec::new(),
            requests: JoinSet::new(),
            under_way: HashMap::new(),
            reporter: Reporter::new(emitter),
            drain: DRAIN,
        }
    }

    /// The same, with as long as `drain` to deliver what is left when nothing more will come.
    pub(crate) fn draining_for(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// Takes events and sends them until nobody is left to say anything, and then until all that is due has
    /// arrived, the time to drain is over, or `hurry` is cancelled. Gives what became of everything.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<DeliveryMessage>,
        hurry: CancellationToken,
    ) -> Ended {
        let mut cut_at = None;
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut report = interval(REPORT_STATUSES);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.send_due();
            self.note();
            if let Some(cut_at) = cut_at
                && self.is_drained(cut_at)
            {
                break;
            }
            match self.next(&mut inbox, (&mut sweep, &mut report), cut_at, &hurry).await {
                Event::Message(Some(message)) => self.take(message),
                Event::Message(None) => cut_at = Some(Instant::now() + self.drain),
                Event::Report(Some(report)) => self.heed(report),
                Event::Report(None) => {
                    self.reporter.emitter().emit(JournalEvent::WriterEnded);
                    break;
                }
                Event::Sent(sent) => self.settle(sent),
                Event::Read(answer) => self.load(answer),
                Event::Sweep => self.journal.sweep(&self.clock),
                Event::ReportStatuses => self.report_statuses(),
                Event::AskAgain => self.ask_again(),
                Event::Due => {}
                Event::Cut => break,
            }
        }
        self.requests.abort_all();
        self.reporter.report_stop(&self.machine, self.uncommitted);
        let ended =
            Ended { counts: self.machine.counts(), drained: self.machine.is_idle() && self.uncommitted == 0 };
        self.journal.close(&self.clock).await;
        ended
    }

    async fn next(
        &mut self,
        inbox: &mut mpsc::Receiver<DeliveryMessage>,
        (sweep, report): (&mut Interval, &mut Interval),
        cut_at: Option<Instant>,
        hurry: &CancellationToken,
    ) -> Event {
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
            Some(sent) = self.requests.join_next_with_id() => Event::Sent(sent),
            report = self.journal.report() => Event::Report(report),
            Some(answer) = self.reads.join_next() => Event::Read(answer),
            message = inbox.recv(), if cut_at.is_none() && self.uncommitted < UNCOMMITTED => Event::Message(message),
            () = due => Event::Due,
            _ = sweep.tick() => Event::Sweep,
            _ = report.tick() => Event::ReportStatuses,
            () = sleep(ASK_AGAIN), if !self.deferred.is_empty() => Event::AskAgain,
            () = cut => Event::Cut,
            () = hurry.cancelled(), if cut_at.is_some() => Event::Cut,
        }
    }

    fn take(&mut self, message: DeliveryMessage) {
        match message {
            DeliveryMessage::Event(event) => self.commit(&event),
            DeliveryMessage::Explanation(explanation) => {
                if let Some(call) = explanation.call.clone() {
                    self.journal.write(StoreWrite::Explanation { call, explanation });
                }
            }
            DeliveryMessage::Configure { routes, endpoints, journal, done } => {
                self.configure(routes, endpoints);
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

    /// Has the event written, with who is owed it. It is sent when that is on disk.
    fn commit(&mut self, event: &Arc<CallEvent>) {
        let recorded_at = self.clock.now();
        let mut targets = Vec::new();
        for (told, indices) in self.router.route(event) {
            let wants = |name: &&TargetName| {
                self.senders.get(name.as_str()).is_some_and(|sender| sender.wants(&told))
            };
            let names: Vec<_> = indices
                .iter()
                .filter_map(|index| self.recipients.get(*index))
                .filter(wants)
                .cloned()
                .collect();
            if told.id == event.id {
                targets = names;
            } else if !names.is_empty() {
                self.write_event(NewEvent { event: told, targets: names, is_replay: true, recorded_at });
            }
        }
        self.write_event(NewEvent { event: Arc::clone(event), targets, is_replay: false, recorded_at });
    }

    fn write_event(&mut self, event: NewEvent) {
        self.uncommitted += 1;
        self.journal.write(StoreWrite::Event(event));
    }

    fn send_due(&mut self) {
        while let Some(delivery) = self.machine.take(self.clock.now()) {
            let now = self.clock.now();
            let Some(sender) = self.senders.get(&delivery.target).cloned() else {
                let reason = "the endpoint is not configured".to_owned();
                self.machine.complete(delivery.id, DeliveryOutcome::Dead { reason }, Duration::ZERO, now);
                continue;
            };
            let id = delivery.id;
            let request = self.requests.spawn(async move {
                let began = Instant::now();
                let sent = sender.send(&delivery.event).await;
                Tried { delivery, sent, at: now, took: began.elapsed() }
            });
            self.under_way.insert(request.id(), id);
        }
    }

    fn settle(&mut self, sent: Result<(Id, Tried), JoinError>) {
        let now = self.clock.now();
        match sent {
            Ok((task, Tried { delivery, sent, at, took })) => {
                self.under_way.remove(&task);
                let SendResult { outcome, directives, status, reply } = sent;
                self.reporter.report_attempt(&delivery, &outcome);
                self.reporter.report_directives(&delivery, &directives);
                let outcome_in_words = stored::describe(&outcome, delivery.is_replay);
                let attempt = DeliveryAttempt {
                    delivery: delivery.id,
                    at,
                    duration: took,
                    outcome: outcome_in_words,
                    status,
                    reply,
                };
                self.journal.write(StoreWrite::Attempt(attempt));
                self.machine.complete(delivery.id, outcome, took, now);
            }
            Err(error) => {
                self.reporter.emitter().emit(DeliveryEvent::AttemptPanicked { error: &error.to_string() });
                if let Some(id) = self.under_way.remove(&error.id()) {
                    let outcome = DeliveryOutcome::Retry { reason: "internal error".to_owned(), after: None };
                    self.machine.complete(id, outcome, Duration::ZERO, now);
                }
            }
        }
    }

    /// Passes on what the machine wants read, has to have written, and has to say.
    fn note(&mut self) {
        let now = self.clock.now();
        let mut noticed = false;
        while let Some(change) = self.machine.poll_state_change() {
            self.reporter.report_change(&change, now);
            self.journal.write(stored::write(change, now));
        }
        while let Some(notice) = self.machine.poll_notice() {
            self.reporter.report_notice(&notice);
            noticed = true;
        }
        if noticed {
            self.report_statuses();
        }
        while let Some(want) = self.machine.poll_load_request() {
            self.ask(want);
        }
    }

    /// Whether everything is committed and nothing is on its way, nor will be before `cut_at`.
    fn is_drained(&self, cut_at: Instant) -> bool {
        let left = cut_at.saturating_duration_since(Instant::now());
        self.uncommitted == 0
            && self.requests.is_empty()
            && self.reads.is_empty()
            && self.machine.next_due().is_none_or(|due| self.clock.until(due) > left)
    }
}

//! The delivery machine on one side, Zammad's double on the other, and what goes wrong between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ringwire_delivery::{
    Delivery, DeliveryId, DeliveryMachine, DeliveryOutcome, DeliveryPolicy, DeliveryState, LatePolicy,
    LoadRequest, MachineLimits, PendingDelivery, PriorAttempt, RetrySchedule, StateChange, TargetName,
    TargetState,
};
use ringwire_dialects::{Dialect, ReplyVerdict, TargetReply, Zammad, ZammadOptions};
use ringwire_event::{CallEvent, EventKind};
use ringwire_testkit::zammad::{CallLogState, RequestParams, ZammadConfig, ZammadPerson, ZammadState};

use super::{
    calls::{self, CallKind},
    fault::{Fate, Fault, Reply},
};
use crate::daemon::oracle::Chance;

/// How long it lasts.
const LENGTH: Duration = Duration::from_secs(60);
/// How long a database is read-only.
const READ_ONLY: Duration = Duration::from_secs(30);
/// How long the reply to a request is waited for.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The same for a request that may not be repeated.
const HANGUP_TIMEOUT: Duration = Duration::from_secs(180);
const TOKEN: &str = "t0ken";
const PAGE: &[u8] = b"<html><body>Please come back later</body></html>";

/// What happens at a time.
enum Step {
    Commit(Arc<CallEvent>),
    /// Zammad gets to the request of this number.
    Process(usize),
    /// The reply to it, or its end without one.
    Complete(usize, Option<Reply>),
}

struct Request {
    delivery: Delivery,
    params: RequestParams,
    /// What Zammad said to it.
    own: Option<(u16, Vec<u8>)>,
    vanishes: bool,
}

pub(super) struct Weather {
    fault: Fault,
    /// One in so many requests is hit.
    one_in: u64,
    chance: Chance,
    machine: DeliveryMachine,
    target: TargetName,
    dialect: Zammad,
    zammad: ZammadState,
    start: Timestamp,
    steps: BTreeMap<(Timestamp, usize), Step>,
    scheduled: usize,
    requests: Vec<Request>,
    committed: Vec<Arc<CallEvent>>,
    ends: BTreeMap<DeliveryId, DeliveryState>,
    /// How often a call has opened an agent's screen.
    screens: BTreeMap<(String, String), u32>,
}

/// How the calls came out.
#[derive(Debug, Default)]
pub(super) struct Figures {
    calls: usize,
    requests: usize,
    /// Missed calls that are listed as done.
    ticked: Vec<String>,
    /// Other calls that are listed as missed.
    falsely_missed: Vec<String>,
    /// Screens that opened twice.
    doubled: Vec<String>,
    /// Calls that ring or talk for ever, though the outcome of their hangup is known.
    pub(super) ringing: usize,
    pub(super) dead: usize,
    unknown: usize,
}

impl Weather {
    pub(super) fn new(fault: Fault, one_in: u64, seed: u64) -> Self {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let dialect = Zammad::new(&ZammadOptions::default());
        let target = TargetName::from("zammad");
        let limits = MachineLimits { window: 100_000, ..MachineLimits::default() };
        let mut machine = DeliveryMachine::new(limits, RetrySchedule::default(), seed);
        let policy = DeliveryPolicy {
            late: LatePolicy::Final { after: Duration::from_secs(60) },
            repeats: dialect.repeat_rules(),
            ..DeliveryPolicy::default()
        };
        machine.set_target(&target, policy, TargetState::Running, start);
        let mut config = ZammadConfig::new(TOKEN);
        config.people = ["101", "102"].map(|phone| ZammadPerson::agent(phone, phone, phone)).to_vec();
        Self {
            fault,
            one_in,
            chance: Chance::new(seed),
            machine,
            target,
            dialect,
            zammad: ZammadState::new(config),
            start,
            steps: BTreeMap::new(),
            scheduled: 0,
            requests: Vec::new(),
            committed: Vec::new(),
            ends: BTreeMap::new(),
            screens: BTreeMap::new(),
        }
    }

    /// Has so many calls, until nothing of them is left to be done.
    pub(super) fn run(mut self, calls: u32) -> Figures {
        for nth in 0..calls {
            let begins = LENGTH * nth / calls;
            for (after, event) in calls::events(nth) {
                self.schedule(self.start + begins + after, Step::Commit(event));
            }
        }
        let mut now = self.start;
        loop {
            self.settle(now);
            while let Some(delivery) = self.machine.take(now) {
                self.send(delivery, now);
                self.settle(now);
            }
            let due = self.machine.next_due().map(|due| due.max(now));
            let next = self.steps.first_key_value().map(|((at, _), _)| *at);
            now = match [due, next].into_iter().flatten().min() {
                Some(next) => next,
                None => break,
            };
            while let Some(step) = self.steps.first_entry().filter(|step| step.key().0 <= now) {
                let step = step.remove();
                self.step(step, now);
            }
        }
        assert!(self.machine.is_idle());
        self.figures(calls)
    }

    fn schedule(&mut self, at: Timestamp, step: Step) {
        self.scheduled += 1;
        self.steps.insert((at, self.scheduled), step);
    }

    fn step(&mut self, step: Step, now: Timestamp) {
        match step {
            Step::Commit(event) => {
                self.committed.push(Arc::clone(&event));
                let id = DeliveryId(self.committed.len() as i64);
                let (committed_at, failures, due_at, prior) = (now, 0, None, PriorAttempt::None);
                let pending = PendingDelivery { id, event, committed_at, failures, due_at, prior };
                self.machine.commit(&self.target, pending, now);
            }
            Step::Process(number) => self.process(number, now),
            Step::Complete(number, reply) => {
                let outcome = self.outcome(number, reply);
                let id = self.requests[number].delivery.id;
                self.machine.complete(id, outcome, Duration::from_millis(40), now);
            }
        }
    }

    /// Answers what the machine asks of the store, and notes what became of deliveries.
    fn settle(&mut self, now: Timestamp) {
        while let Some(request) = self.machine.poll_load_request() {
            match request {
                LoadRequest::Pending(range) => self.machine.load(&range, Vec::new(), true, now),
                LoadRequest::Opening { target, call } => {
                    let of_call = |event: &&Arc<CallEvent>| event.call == call;
                    let new_call = self.committed.iter().find(of_call);
                    let is_answer = |event: &&Arc<CallEvent>| {
                        of_call(event) && matches!(event.kind, EventKind::Answer { .. })
                    };
                    let answer = self.committed.iter().rfind(is_answer);
                    let opening = new_call.into_iter().chain(answer).cloned().collect();
                    self.machine.resend_opening(&target, &call, opening, now);
                }
            }
        }
        while let Some(change) = self.machine.poll_state_change() {
            if let StateChange::Delivery { id, state, .. } = change
                && !matches!(state, DeliveryState::Retry { .. })
            {
                self.ends.insert(id, state);
            }
        }
        while self.machine.poll_notice().is_some() {}
    }

    fn send(&mut self, delivery: Delivery, now: Timestamp) {
        let request = match delivery.is_quiet {
            true => self.dialect.build_quiet_request(&delivery.event),
            false => self.dialect.build_request(&delivery.event),
        };
        let params = RequestParams(request.unwrap().body.fields());
        let elapsed = Duration::try_from(now.duration_since(self.start)).unwrap();
        let length = if self.fault == Fault::ReadOnly { READ_ONLY } else { LENGTH };
        let is_fair = elapsed > length;
        let mut fate = if is_fair { Fate::fair() } else { self.fault.fate(self.one_in, &mut self.chance) };
        let exists = self.zammad.entry(&delivery.event.call).is_some();
        if self.fault == Fault::ReadOnly && !is_fair && exists && is_new_call(&delivery.event) {
            // It is found without being written.
            fate = Fate::fair();
        }
        let timeout = if delivery.is_unrepeatable { HANGUP_TIMEOUT } else { TIMEOUT };
        let number = self.requests.len();
        self.requests.push(Request { delivery, params, own: None, vanishes: fate.vanishes });
        if let Some(after) = fate.processed_after {
            self.schedule(now + after, Step::Process(number));
        }
        match fate.reply {
            Some((reply, after)) if after <= timeout => {
                self.schedule(now + after, Step::Complete(number, Some(reply)));
            }
            _ => self.schedule(now + timeout, Step::Complete(number, None)),
        }
    }

    fn process(&mut self, number: usize, now: Timestamp) {
        let Request { delivery, params, vanishes, .. } = &self.requests[number];
        let call = delivery.event.call.clone();
        if *vanishes {
            self.zammad.forget(&call);
        }
        let reply = self.zammad.apply(TOKEN, params, now);
        if let Some(agent) = reply.screen_pop {
            *self.screens.entry((call, agent)).or_default() += 1;
        }
        self.requests[number].own = Some((reply.status, reply.body.to_string().into_bytes()));
    }

    /// What the sender makes of a reply, or of its absence.
    fn outcome(&self, number: usize, reply: Option<Reply>) -> DeliveryOutcome {
        let error_id = br#"{"error":"Error ID x7Rk-29Q: Please contact your administrator."}"#;
        let request = &self.requests[number];
        let (status, body) = match reply {
            None | Some(Reply::Cut) => return DeliveryOutcome::Unknown { reason: "no reply".to_owned() },
            Some(Reply::NotSent) => {
                return DeliveryOutcome::Retry { reason: "connection refused".to_owned(), after: None };
            }
            Some(Reply::Own) => request.own.clone().unwrap(),
            Some(Reply::Page(status)) => (status, PAGE.to_vec()),
            Some(Reply::ErrorId(status)) => (status, error_id.to_vec()),
        };
        let reply = TargetReply { status, content_type: None, headers: &[], body: &body, redirect: None };
        match self.dialect.judge(&request.delivery.event, &reply) {
            ReplyVerdict::Delivered(_) => DeliveryOutcome::Delivered,
            ReplyVerdict::AlreadyExists => DeliveryOutcome::AlreadyExists,
            ReplyVerdict::Unknown { reason } => DeliveryOutcome::Unknown { reason },
            ReplyVerdict::Retry { reason } => DeliveryOutcome::Retry { reason, after: None },
            ReplyVerdict::UnknownCall { reason } => DeliveryOutcome::UnknownCall { reason },
            ReplyVerdict::Refused { reason } => DeliveryOutcome::Refused { reason },
            ReplyVerdict::Dead { reason } => DeliveryOutcome::Dead { reason },
            ReplyVerdict::Misconfigured { reason } => DeliveryOutcome::Misconfigured { reason },
            ReplyVerdict::Gone { reason } => DeliveryOutcome::Gone { reason },
        }
    }

    fn figures(&self, calls: u32) -> Figures {
        let mut figures =
            Figures { calls: calls as usize, requests: self.requests.len(), ..Figures::default() };
        let mut unknown = BTreeSet::new();
        for (id, state) in &self.ends {
            let event = &self.committed[id.0 as usize - 1];
            match state {
                DeliveryState::Dead { .. } => figures.dead += 1,
                DeliveryState::Unknown { .. } => {
                    unknown.insert(event.call.as_str());
                }
                _ => {}
            }
        }
        figures.unknown = unknown.len();
        for nth in 0..calls {
            let (call, kind) = (format!("call{nth}"), CallKind::nth(nth));
            let entry = self.zammad.entry(&call);
            let is_over = entry.is_some_and(|entry| entry.state == CallLogState::Hangup);
            let is_missed = entry.is_some_and(|entry| entry.is_missed());
            let is_listed = unknown.contains(&*call) && kind == CallKind::Missed;
            if !is_over && !is_listed {
                figures.ringing += 1;
            } else if is_over && kind.is_missed() && !is_missed {
                figures.ticked.push(call);
            } else if is_missed && !kind.is_missed() {
                figures.falsely_missed.push(call);
            }
        }
        let doubled = self.screens.iter().filter(|(_, times)| **times > 1);
        figures.doubled = doubled.map(|((call, agent), _)| format!("{call} {agent}")).collect();
        figures
    }
}

fn is_new_call(event: &CallEvent) -> bool {
    matches!(event.kind, EventKind::NewCall { .. })
}

impl Figures {
    #[track_caller]
    pub(super) fn assert_right(&self) {
        assert_eq!(self.ticked, [""; 0], "missed calls are done");
        assert_eq!(self.falsely_missed, [""; 0], "other calls are missed");
        assert_eq!(self.doubled, [""; 0], "screens opened twice");
        assert_eq!((self.ringing, self.dead), (0, 0), "ringing for ever, permanently failed");
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, requests, ticked, falsely_missed, doubled, ringing, dead, unknown } = self;
        write!(
            f,
            "{calls} calls, {requests} requests; missed and done {}, falsely missed {}, screens twice {}, ringing \
             {ringing}, permanently failed {dead}, listed as unknown {unknown}",
            ticked.len(),
            falsely_missed.len(),
            doubled.len()
        )
    }
}

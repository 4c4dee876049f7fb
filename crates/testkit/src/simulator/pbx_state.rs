//! The state of a simulated PBX: its calls and its clients.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::clients::ConnectedClients;
use super::options::SimulatorOptions;
use super::recorded_call::CALLS;
use super::scenario::{CallMoment, CallScenario};
use super::selection::EventClasses;
use super::simulated_call::{SentEvent, SentEvents, SimulatedCall};
use super::template::CallValues;

/// The number of the first caller.
const FIRST_NUMBER: u64 = 491_700_000_000;

/// The range of random durations, as factors of the recorded ones.
const DURATION_FACTORS: std::ops::RangeInclusive<f64> = 0.02..=4.0;

/// A call that is active.
#[derive(Clone, Copy, Debug)]
struct ActiveCall {
    scenario: usize,
    moment: usize,
    first_channel: u64,
    since: Instant,
}

/// The calls of one PBX, and its clients.
#[derive(Debug)]
pub(super) struct PbxState {
    pub(super) scenarios: Vec<CallScenario>,
    pub(super) clients: ConnectedClients,
    /// All calls so far, indexed by their numbers.
    pub(super) call_log: Vec<SimulatedCall>,
    /// How many events were queued for clients.
    pub(super) events: u64,
    active: BTreeMap<u64, ActiveCall>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    next_call: Option<Instant>,
    is_paused: bool,
    channels: u64,
    epoch: i64,
    started: Instant,
    origin: Instant,
    rng: Rng,
    rate: f64,
    pace: f64,
}

impl PbxState {
    /// An idle PBX that was started at `now`, which is this second since 1970.
    pub(super) fn new(options: &SimulatorOptions, now: Instant, second: i64) -> Self {
        let read = EventClasses::parse(&options.read);
        Self {
            scenarios: CALLS
                .map(|recorded| CallScenario::new(recorded, |classes| read.admits(classes)))
                .into_iter()
                .collect(),
            clients: ConnectedClients::new(options.backlog),
            call_log: Vec::new(),
            events: 0,
            active: BTreeMap::new(),
            due: BinaryHeap::new(),
            next_call: None,
            is_paused: true,
            channels: 0,
            epoch: second,
            started: now,
            origin: now,
            rng: Rng::with_seed(options.seed),
            rate: options.rate,
            pace: options.pace,
        }
    }

    /// When the next event happens.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        self.next_call.into_iter().chain(due).min()
    }

    /// Runs everything that happens until `now`.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(at) = self.next_time().filter(|at| *at <= now) {
            if self.next_call == Some(at) {
                self.begin_call(at);
                self.next_call = Some(at + self.random_interval());
            } else if let Some(Reverse((at, call))) = self.due.pop() {
                self.advance_call(call, at);
            }
        }
    }

    /// Starts generating calls at `now`.
    pub(super) fn resume(&mut self, now: Instant) {
        self.is_paused = false;
        self.next_call.get_or_insert(now);
    }

    /// Stops generating calls.
    pub(super) fn pause(&mut self) {
        self.is_paused = true;
        self.next_call = None;
    }

    /// Drops all calls without events, and restarts the PBX at `now`. Calls are generated from then on, unless they are
    /// paused.
    pub(super) fn restart(&mut self, now: Instant, second: i64) {
        for call in std::mem::take(&mut self.active).into_keys() {
            let ended = now - self.origin;
            if let Some(entry) = self.entry(call) {
                entry.ended = Some(ended);
                entry.lost = true;
            }
        }
        self.due.clear();
        self.channels = 0;
        // Two starts in one second would repeat Uniqueids.
        self.epoch = second.max(self.epoch + 1);
        self.started = now;
        self.next_call = (!self.is_paused).then_some(now);
    }

    /// Records that an event of a call was sent to a client.
    pub(super) fn record_sent(&mut self, call: u64, event: SentEvent) {
        if let Some(entry) = self.entry(call) {
            entry.sent.record(event);
        }
    }

    /// A random number for a challenge.
    pub(super) fn new_challenge(&mut self) -> u32 {
        self.rng.u32(100_000_000..1_000_000_000)
    }

    /// When the PBX was started, in seconds since 1970.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// How long it has been running.
    pub(super) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// The number of active calls.
    pub(super) fn active_call_count(&self) -> usize {
        self.active.len()
    }

    /// The active calls, the oldest first, each with its current moment.
    pub(super) fn active_calls(&self, now: Instant) -> impl Iterator<Item = (CallValues, &CallMoment)> {
        self.active.iter().filter_map(move |(call, active)| {
            let moment = self.scenarios.get(active.scenario)?.moments.get(active.moment)?;
            let seconds = now.saturating_duration_since(active.since).as_secs();
            Some((CallValues { seconds, ..self.values(*call, active.first_channel) }, moment))
        })
    }

    fn values(&self, call: u64, first_channel: u64) -> CallValues {
        CallValues {
            number: FIRST_NUMBER + call,
            epoch: self.epoch,
            first_channel,
            call,
            ..CallValues::default()
        }
    }

    fn entry(&mut self, call: u64) -> Option<&mut SimulatedCall> {
        self.call_log.get_mut(usize::try_from(call).ok()?)
    }

    fn begin_call(&mut self, at: Instant) {
        let scenario = self.choose_scenario();
        let Some(kind) = self.scenarios.get(scenario) else { return };
        let call = self.call_log.len() as u64;
        let first_channel = self.channels;
        let values = self.values(call, first_channel);
        self.channels += kind.channel_count;
        self.call_log.push(SimulatedCall {
            number: values.number,
            uniqueid: values.uniqueid(0),
            epoch: self.epoch,
            kind: kind.name,
            begun: at - self.origin,
            answered: None,
            ended: None,
            lost: false,
            sent: SentEvents::default(),
        });
        self.active.insert(call, ActiveCall { scenario, moment: 0, first_channel, since: at });
        self.run_moment(call, at);
    }

    fn advance_call(&mut self, call: u64, at: Instant) {
        if let Some(active) = self.active.get_mut(&call) {
            active.moment += 1;
            self.run_moment(call, at);
        }
    }

    /// Queues the events of a call's current moment, and schedules the next one.
    fn run_moment(&mut self, call: u64, at: Instant) {
        let Some(&ActiveCall { scenario, moment, first_channel, .. }) = self.active.get(&call) else {
            return;
        };
        let values = self.values(call, first_channel);
        let Some(kind) = self.scenarios.get(scenario) else { return };
        let Some(now) = kind.moments.get(moment) else { return };
        let next = kind.moments.get(moment + 1).map(|next| next.after);
        let since = at - self.origin;
        let sent_event = match next {
            _ if moment == 0 => Some(SentEvent::Begun),
            None => Some(SentEvent::Ended),
            Some(_) if now.answered => Some(SentEvent::Answered),
            Some(_) => None,
        };
        self.events += self.clients.queue_moment((scenario, kind), (moment, now), &values, sent_event);
        if let Some(entry) = usize::try_from(call).ok().and_then(|call| self.call_log.get_mut(call)) {
            match sent_event {
                Some(SentEvent::Answered) => entry.answered = Some(since),
                Some(SentEvent::Ended) => entry.ended = Some(since),
                _ => {}
            }
        }
        match next {
            Some(after) => {
                let length = after.mul_f64(self.pace * self.random_factor());
                self.due.push(Reverse((at + length, call)));
            }
            None => {
                self.active.remove(&call);
            }
        }
    }

    fn choose_scenario(&mut self) -> usize {
        let mut left = self.rng.u32(0..self.scenarios.iter().map(|kind| kind.share).sum());
        let chosen = self.scenarios.iter().position(|kind| match left.checked_sub(kind.share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        chosen.unwrap_or_default()
    }

    /// The random time until the next call.
    fn random_interval(&mut self) -> Duration {
        let seconds = self.random_exponential() / self.rate.max(f64::MIN_POSITIVE);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(86_400))
    }

    fn random_factor(&mut self) -> f64 {
        self.random_exponential().clamp(*DURATION_FACTORS.start(), *DURATION_FACTORS.end())
    }

    /// A random number with an exponential distribution and an average of 1, as the durations of calls have.
    fn random_exponential(&mut self) -> f64 {
        -(1.0 - self.rng.f64()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started_pbx(seed: u64) -> (PbxState, Instant) {
        let now = Instant::now();
        let options = SimulatorOptions { rate: 100.0, seed, ..SimulatorOptions::default() };
        let mut pbx = PbxState::new(&options, now, 1_795_226_702);
        pbx.resume(now);
        (pbx, now)
    }

    #[test]
    fn calls_begin_at_the_rate_and_end() {
        let (mut pbx, start) = started_pbx(1);
        pbx.advance(start + Duration::from_secs(10));
        assert!((850..1150).contains(&pbx.call_log.len()), "{}", pbx.call_log.len());
        assert!(pbx.active_call_count() > 50);
        pbx.pause();
        pbx.advance(start + Duration::from_secs(60));
        assert_eq!((pbx.active_call_count(), pbx.next_time()), (0, None));
        assert!(pbx.call_log.iter().all(|call| call.ended > Some(call.begun) && !call.lost));
        let answered = pbx.call_log.iter().filter(|call| call.answered.is_some()).count();
        let share = answered as f64 / pbx.call_log.len() as f64;
        assert!((0.6..0.8).contains(&share), "{share}");
        assert_eq!(pbx.call_log[2].number, FIRST_NUMBER + 2);
        assert!(!pbx.call_log.iter().any(SimulatedCall::must_be_reported));
    }

    #[test]
    fn the_same_seed_gives_the_same_calls() {
        let calls = |seed| {
            let (mut pbx, start) = started_pbx(seed);
            pbx.advance(start + Duration::from_secs(5));
            pbx.call_log
        };
        assert_eq!(calls(1), calls(1));
        assert_ne!(calls(1), calls(2));
    }

    #[test]
    fn a_restart_ends_all_calls_and_repeats_no_uniqueid() {
        let (mut pbx, start) = started_pbx(1);
        let later = start + Duration::from_secs(1);
        pbx.advance(later);
        let (before, living) = (pbx.call_log.len(), pbx.active_call_count());
        pbx.restart(later, pbx.epoch());
        assert_eq!(pbx.active_call_count(), 0);
        assert_eq!(pbx.call_log.iter().filter(|call| call.lost).count(), living);
        pbx.advance(later + Duration::from_secs(1));
        assert!(pbx.call_log.len() > before);
        let ids: std::collections::BTreeSet<_> = pbx.call_log.iter().map(|call| &call.uniqueid).collect();
        assert_eq!(ids.len(), pbx.call_log.len());
    }
}

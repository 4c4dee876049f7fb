//! The calls: what goes on whether or not anybody listens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::ExchangeOptions;
use super::clients::Clients;
use super::ledger::{Entry, Told, What};
use super::lifecycle::{Lifecycle, Moment};
use super::recorded::CALLS;
use super::selection::Classes;
use super::template::Filling;

/// The number of the first caller.
const FIRST_NUMBER: u64 = 491_700_000_000;

/// How far the length of anything goes from what was recorded.
const SPREAD: std::ops::RangeInclusive<f64> = 0.02..=4.0;

/// A call that goes on.
#[derive(Clone, Copy, Debug)]
struct Living {
    lifecycle: usize,
    moment: usize,
    first_leg: u64,
    since: Instant,
}

/// The calls of one PBX, and who listens.
#[derive(Debug)]
pub(super) struct Switchboard {
    pub(super) lifecycles: Vec<Lifecycle>,
    pub(super) clients: Clients,
    /// All calls there were, by their numbers.
    pub(super) ledger: Vec<Entry>,
    /// How many events were said.
    pub(super) events: u64,
    living: BTreeMap<u64, Living>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    next_call: Option<Instant>,
    resting: bool,
    legs: u64,
    epoch: i64,
    started: Instant,
    zero: Instant,
    rng: Rng,
    rate: f64,
    pace: f64,
}

impl Switchboard {
    /// An idle PBX that was started at `now`, in this second since 1970.
    pub(super) fn new(options: &ExchangeOptions, now: Instant, second: i64) -> Self {
        let read = Classes::parse(&options.read);
        Self {
            lifecycles: CALLS
                .map(|recorded| Lifecycle::new(recorded, |classes| read.admits(classes)))
                .into_iter()
                .collect(),
            clients: Clients::new(options.backlog),
            ledger: Vec::new(),
            events: 0,
            living: BTreeMap::new(),
            due: BinaryHeap::new(),
            next_call: None,
            resting: true,
            legs: 0,
            epoch: second,
            started: now,
            zero: now,
            rng: Rng::with_seed(options.seed),
            rate: options.rate,
            pace: options.pace,
        }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Instant> {
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        self.next_call.into_iter().chain(due).min()
    }

    /// Lets happen all that happens until `now`.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(at) = self.next().filter(|at| *at <= now) {
            if self.next_call == Some(at) {
                self.begin(at);
                self.next_call = Some(at + self.interval());
            } else if let Some(Reverse((at, call))) = self.due.pop() {
                self.go_on(call, at);
            }
        }
    }

    /// New calls come from `now` on.
    pub(super) fn resume(&mut self, now: Instant) {
        self.resting = false;
        self.next_call.get_or_insert(now);
    }

    /// No new calls come.
    pub(super) fn pause(&mut self) {
        self.resting = true;
        self.next_call = None;
    }

    /// All calls are gone without a word, and the PBX has started anew at `now`. New calls come then, unless they were
    /// paused.
    pub(super) fn restart(&mut self, now: Instant, second: i64) {
        for call in std::mem::take(&mut self.living).into_keys() {
            let ended = now - self.zero;
            if let Some(entry) = self.entry(call) {
                entry.ended = Some(ended);
                entry.lost = true;
            }
        }
        self.due.clear();
        self.legs = 0;
        // Two starts in one second would give Uniqueids twice.
        self.epoch = second.max(self.epoch + 1);
        self.started = now;
        self.next_call = (!self.resting).then_some(now);
    }

    /// What was marked has been sent.
    pub(super) fn told(&mut self, call: u64, what: What) {
        if let Some(entry) = self.entry(call) {
            entry.told.note(what);
        }
    }

    /// A number for a challenge.
    pub(super) fn challenge(&mut self) -> u32 {
        self.rng.u32(100_000_000..1_000_000_000)
    }

    /// In which second since 1970 the PBX was started.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// How long it has been running.
    pub(super) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// How many calls go on.
    pub(super) fn living(&self) -> usize {
        self.living.len()
    }

    /// The calls that go on, oldest first, each with the moment it is in.
    pub(super) fn calls(&self, now: Instant) -> impl Iterator<Item = (Filling, &Moment)> {
        self.living.iter().filter_map(move |(call, living)| {
            let moment = self.lifecycles.get(living.lifecycle)?.moments.get(living.moment)?;
            let seconds = now.saturating_duration_since(living.since).as_secs();
            Some((Filling { seconds, ..self.filling(*call, living.first_leg) }, moment))
        })
    }

    fn filling(&self, call: u64, first_leg: u64) -> Filling {
        Filling { number: FIRST_NUMBER + call, epoch: self.epoch, first_leg, call, ..Filling::default() }
    }

    fn entry(&mut self, call: u64) -> Option<&mut Entry> {
        self.ledger.get_mut(usize::try_from(call).ok()?)
    }

    fn begin(&mut self, at: Instant) {
        let lifecycle = self.choose();
        let Some(kind) = self.lifecycles.get(lifecycle) else { return };
        let call = self.ledger.len() as u64;
        let first_leg = self.legs;
        let filling = self.filling(call, first_leg);
        self.legs += kind.legs;
        self.ledger.push(Entry {
            number: filling.number,
            uniqueid: filling.uniqueid(0),
            epoch: self.epoch,
            kind: kind.name,
            begun: at - self.zero,
            answered: None,
            ended: None,
            lost: false,
            told: Told::default(),
        });
        self.living.insert(call, Living { lifecycle, moment: 0, first_leg, since: at });
        self.say(call, at);
    }

    fn go_on(&mut self, call: u64, at: Instant) {
        if let Some(living) = self.living.get_mut(&call) {
            living.moment += 1;
            self.say(call, at);
        }
    }

    /// Says the moment a call is in, and when the next one comes.
    fn say(&mut self, call: u64, at: Instant) {
        let Some(&Living { lifecycle, moment, first_leg, .. }) = self.living.get(&call) else { return };
        let filling = self.filling(call, first_leg);
        let Some(kind) = self.lifecycles.get(lifecycle) else { return };
        let Some(now) = kind.moments.get(moment) else { return };
        let next = kind.moments.get(moment + 1).map(|next| next.after);
        let since = at - self.zero;
        let tells = match next {
            _ if moment == 0 => Some(What::Begun),
            None => Some(What::Ended),
            Some(_) if now.answered => Some(What::Answered),
            Some(_) => None,
        };
        self.events += self.clients.say((lifecycle, kind), (moment, now), &filling, tells);
        if let Some(entry) = usize::try_from(call).ok().and_then(|call| self.ledger.get_mut(call)) {
            match tells {
                Some(What::Answered) => entry.answered = Some(since),
                Some(What::Ended) => entry.ended = Some(since),
                _ => {}
            }
        }
        match next {
            Some(after) => {
                let length = after.mul_f64(self.pace * self.spread());
                self.due.push(Reverse((at + length, call)));
            }
            None => {
                self.living.remove(&call);
            }
        }
    }

    fn choose(&mut self) -> usize {
        let mut left = self.rng.u32(0..self.lifecycles.iter().map(|kind| kind.share).sum());
        let chosen = self.lifecycles.iter().position(|kind| match left.checked_sub(kind.share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        chosen.unwrap_or_default()
    }

    /// Until the next call: they come by chance, as many as the rate says.
    fn interval(&mut self) -> Duration {
        let seconds = self.exponential() / self.rate.max(f64::MIN_POSITIVE);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(86_400))
    }

    fn spread(&mut self) -> f64 {
        self.exponential().clamp(*SPREAD.start(), *SPREAD.end())
    }

    /// A number that is 1 on average, mostly smaller and sometimes much larger, as the lengths of calls are.
    fn exponential(&mut self) -> f64 {
        -(1.0 - self.rng.f64()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(seed: u64) -> (Switchboard, Instant) {
        let now = Instant::now();
        let options = ExchangeOptions { rate: 100.0, seed, ..ExchangeOptions::default() };
        let mut board = Switchboard::new(&options, now, 1_795_226_702);
        board.resume(now);
        (board, now)
    }

    #[test]
    fn calls_come_at_the_rate_and_end() {
        let (mut board, start) = board(1);
        board.advance(start + Duration::from_secs(10));
        assert!((850..1150).contains(&board.ledger.len()), "{}", board.ledger.len());
        assert!(board.living() > 50);
        board.pause();
        board.advance(start + Duration::from_secs(60));
        assert_eq!((board.living(), board.next()), (0, None));
        assert!(board.ledger.iter().all(|call| call.ended > Some(call.begun) && !call.lost));
        let answered = board.ledger.iter().filter(|call| call.answered.is_some()).count();
        let share = answered as f64 / board.ledger.len() as f64;
        assert!((0.6..0.8).contains(&share), "{share}");
        assert_eq!(board.ledger[2].number, FIRST_NUMBER + 2);
        assert!(!board.ledger.iter().any(Entry::must_be_known));
    }

    #[test]
    fn the_same_seed_makes_the_same_calls() {
        let ledger = |seed| {
            let (mut board, start) = board(seed);
            board.advance(start + Duration::from_secs(5));
            board.ledger
        };
        assert_eq!(ledger(1), ledger(1));
        assert_ne!(ledger(1), ledger(2));
    }

    #[test]
    fn a_restart_ends_all_calls_and_no_uniqueid_comes_twice() {
        let (mut board, start) = board(1);
        let later = start + Duration::from_secs(1);
        board.advance(later);
        let (before, living) = (board.ledger.len(), board.living());
        board.restart(later, board.epoch());
        assert_eq!(board.living(), 0);
        assert_eq!(board.ledger.iter().filter(|call| call.lost).count(), living);
        board.advance(later + Duration::from_secs(1));
        assert!(board.ledger.len() > before);
        let ids: std::collections::BTreeSet<_> = board.ledger.iter().map(|call| &call.uniqueid).collect();
        assert_eq!(ids.len(), board.ledger.len());
    }
}

//! What one endpoint is owed of one call, in order.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use ringwire_event::{CallEvent, EventKind};

use crate::{
    delivery::{DeliveryId, Late, Owed, Terms},
    schedule::after,
};

/// One event in a lane.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: DeliveryId,
    pub(super) event: Arc<CallEvent>,
    pub(super) committed: Timestamp,
    /// How many tries have failed.
    pub(super) failures: u32,
    /// How many of them were refusals, since it came into memory.
    pub(super) refusals: u32,
    /// Whether the operator wants it sent however late it is.
    forced: bool,
    /// Whether the operator dropped it while it was on its way.
    pub(super) dropped: bool,
}

impl Entry {
    pub(super) fn new(owed: Owed, forced: bool) -> Self {
        let Owed { id, event, committed, failures, due: _ } = owed;
        Self { id, event, committed, failures, refusals: 0, forced, dropped: false }
    }

    fn happened(&self) -> Timestamp {
        self.event.time.unwrap_or(self.committed)
    }

    /// From when on it is too late to tell.
    pub(super) fn expires(&self, terms: &Terms) -> Timestamp {
        if self.forced {
            return Timestamp::MAX;
        }
        after(self.happened(), terms.lifetimes.of(&self.event.kind))
    }
}

/// How the endpoint comes to know the call of the head, which it said that it does not.
#[derive(Debug)]
pub(super) enum Introduction {
    /// It has not said so.
    NotNeeded,
    /// The newCall is asked for; until it comes, nothing is sent.
    Asked,
    /// The newCall is to be sent before the head.
    Ready(Arc<CallEvent>),
    /// It was sent; it is not sent again for the same head.
    Sent,
}

/// What one endpoint is owed of one call. It vanishes when that is nothing.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) call: Arc<str>,
    owed: VecDeque<Entry>,
    pub(super) in_flight: bool,
    pub(super) introduction: Introduction,
    /// When the head may be sent.
    pub(super) due: Timestamp,
    /// Before when the endpoint asked not to be sent the head.
    pub(super) not_before: Option<Timestamp>,
    /// When the head failed last; what was loaded from the store may have failed at any time.
    pub(super) failed_at: Timestamp,
    /// Whether the hangup stands here.
    over: bool,
    last_answer: Option<DeliveryId>,
}

impl Lane {
    pub(super) fn new(call: Arc<str>, now: Timestamp) -> Self {
        Self {
            call,
            owed: VecDeque::new(),
            in_flight: false,
            introduction: Introduction::NotNeeded,
            due: now,
            not_before: None,
            failed_at: Timestamp::MIN,
            over: false,
            last_answer: None,
        }
    }

    /// Puts a delivery at the end.
    pub(super) fn push(&mut self, entry: Entry, due: Timestamp) {
        self.note(&entry);
        if self.owed.is_empty() {
            self.due = due;
        }
        self.owed.push_back(entry);
    }

    /// Puts a delivery where it belongs by its id, but not before one that is on its way.
    pub(super) fn insert(&mut self, entry: Entry, now: Timestamp) {
        self.note(&entry);
        let taken = usize::from(self.in_flight);
        let place = self.owed.iter().skip(taken).take_while(|other| other.id < entry.id).count() + taken;
        self.owed.insert(place, entry);
        if place == 0 {
            self.next_head(now);
        }
    }

    /// The head is to be tried now, and however late it is; a delivery behind it waits for it in any case.
    pub(super) fn force(&mut self, id: DeliveryId, failures: u32, now: Timestamp) {
        if let Some(taken) = self.taken_mut(id) {
            taken.dropped = false;
            return;
        }
        if let Some(entry) = self.owed.iter_mut().find(|entry| entry.id == id) {
            entry.forced = true;
            entry.failures = failures;
            entry.refusals = 0;
        }
        if self.head().is_some_and(|head| head.id == id) {
            self.due = now;
            self.not_before = None;
        }
    }

    /// Takes a delivery that is not on its way out.
    pub(super) fn remove(&mut self, id: DeliveryId, now: Timestamp) -> Option<Entry> {
        let place = self.owed.iter().position(|entry| entry.id == id)?;
        if place == 0 {
            return self.pop(now);
        }
        self.owed.remove(place)
    }

    /// The head is not on its way any more and waits again, behind what came in before it by its id meanwhile.
    pub(super) fn put_back(&mut self, now: Timestamp) {
        self.in_flight = false;
        let precedes = |other: &Entry| self.head().is_some_and(|head| other.id < head.id);
        if self.owed.get(1).is_some_and(precedes)
            && let Some(head) = self.pop(now)
        {
            self.insert(head, now);
        }
    }

    /// The head leaves the lane; what is behind it is due at once.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Entry> {
        self.in_flight = false;
        self.next_head(now);
        self.owed.pop_front()
    }

    pub(super) fn head(&self) -> Option<&Entry> {
        self.owed.front()
    }

    pub(super) fn head_mut(&mut self) -> Option<&mut Entry> {
        self.owed.front_mut()
    }

    /// The head, if it is this one and on its way.
    pub(super) fn taken_mut(&mut self, id: DeliveryId) -> Option<&mut Entry> {
        let in_flight = self.in_flight;
        self.head_mut().filter(|head| in_flight && head.id == id)
    }

    pub(super) fn holds(&self, id: DeliveryId) -> bool {
        self.owed.iter().any(|entry| entry.id == id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.owed.len().saturating_sub(usize::from(self.in_flight))
    }

    /// When the lane wants to be served; `None` while it is, and while it waits for the newCall.
    pub(super) fn wants(&self) -> Option<Timestamp> {
        let waits = self.in_flight || self.owed.is_empty();
        (!waits && !matches!(self.introduction, Introduction::Asked)).then_some(self.due)
    }

    /// Whether the head waits because a try has failed.
    pub(super) fn retrying(&self) -> bool {
        !self.in_flight && self.head().is_some_and(|head| head.failures > 0)
    }

    /// How many deliveries count against the window: none while the head waits for another try, since such a call
    /// must not keep others out.
    pub(super) fn active(&self) -> usize {
        if self.retrying() { 0 } else { self.owed.len() }
    }

    /// Why it is too late to tell the head.
    pub(super) fn too_late(&self, terms: &Terms, now: Timestamp) -> Option<String> {
        let head = self.head()?;
        let what = &head.event.kind;
        if head.expires(terms) <= now {
            let lifetime = terms.lifetimes.of(what).as_secs();
            return Some(format!("too late: {} is told for {lifetime} s after it happened", what.name()));
        }
        let Late::Final { after: late } = terms.late else { return None };
        let tells_the_end = match what {
            EventKind::NewCall { .. } | EventKind::Hangup { .. } => true,
            EventKind::Answer { .. } => self.last_answer == Some(head.id),
            EventKind::Ringing { .. }
            | EventKind::Hold { .. }
            | EventKind::Unhold { .. }
            | EventKind::Transfer { .. } => false,
        };
        let skipped = self.over && !tells_the_end && !head.forced && after(head.happened(), late) <= now;
        skipped.then(|| "the call was over before it could be said".to_owned())
    }

    fn next_head(&mut self, now: Timestamp) {
        self.introduction = Introduction::NotNeeded;
        self.due = self.not_before.unwrap_or(now).max(now);
    }

    fn note(&mut self, entry: &Entry) {
        match entry.event.kind {
            EventKind::Hangup { .. } => self.over = true,
            EventKind::Answer { .. } => self.last_answer = self.last_answer.max(Some(entry.id)),
            _ => {}
        }
    }
}

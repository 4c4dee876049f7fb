//! What a reply means for the delivery and for its endpoint.

use std::time::Duration;

use jiff::Timestamp;
use ringwire_event::EventKind;

use super::Endpoint;
use crate::{
    Jitter, Schedule,
    delivery::{
        Change, DeliveryId, Notice, Outcome, PausedBy, Standing, State, Want, gate::Trial,
        lane::Introduction, machine::Out,
    },
    schedule::after,
};

/// So many times an event may be refused before it is dead.
const REFUSALS: u32 = 3;

/// What an endpoint needs of the machine to settle a delivery.
pub(crate) struct Settling<'a> {
    pub(crate) now: Timestamp,
    /// How long an endpoint whose settings are wrong is left alone between probes.
    pub(crate) hold: Duration,
    pub(crate) schedule: &'a Schedule,
    pub(crate) jitter: &'a mut Jitter,
    pub(crate) out: &'a mut Out,
}

impl Endpoint {
    pub(crate) fn settle(
        &mut self,
        id: DeliveryId,
        number: u64,
        outcome: Outcome,
        took: Duration,
        settling: &mut Settling<'_>,
    ) {
        let held = self.trial.is_some_and(|trial| trial.is_probe(id));
        let in_flight = self.counts.in_flight;
        if outcome.is_answer() {
            self.limit.answered(took, in_flight);
            self.answered(id, settling);
        }
        match &outcome {
            Outcome::Retry { reason, .. } => {
                self.limit.failed(in_flight);
                self.failed(id, reason, settling);
            }
            Outcome::Misconfigured { reason } => self.misconfigured(id, reason, settling),
            Outcome::Gone { reason } => self.gone(reason, settling),
            _ => {}
        }
        self.settle_row(number, outcome, held, settling);
    }

    /// What becomes of the row. A probe of an endpoint that is paused for its settings uses up no try.
    fn settle_row(&mut self, number: u64, outcome: Outcome, held: bool, settling: &mut Settling<'_>) {
        let now = settling.now;
        let Some(lane) = self.lanes.get(&number) else { return };
        let announced = matches!(lane.introduction, Introduction::Ready(_));
        let arrived = outcome == Outcome::Delivered && !announced;
        if lane.head().is_some_and(|head| head.dropped) && !arrived {
            self.finish(number, State::Dropped, now, settling.out);
            return;
        }
        match outcome {
            Outcome::Delivered if announced => {
                self.change(number, |lane| lane.introduction = Introduction::Sent);
                self.put_off(number, now);
            }
            Outcome::Delivered => {
                self.finish(number, State::Delivered, now, settling.out);
            }
            Outcome::Retry { .. } if held => self.put_off(number, now),
            Outcome::Retry { reason, after } => self.retry(number, reason, after, settling),
            Outcome::Refused { reason } => self.refused(number, reason, settling),
            Outcome::Dead { reason } => self.dead(number, reason, now, settling.out),
            Outcome::UnknownCall { reason } => self.unknown_call(number, reason, settling),
            Outcome::Misconfigured { .. } | Outcome::Gone { .. } => self.put_off(number, now),
        }
    }

    /// The head of a lane will not arrive. What is behind it goes on: the endpoint may take it, and if it says that
    /// it does not know the call, the call is announced again for it.
    pub(super) fn dead(&mut self, number: u64, reason: String, now: Timestamp, out: &mut Out) {
        let announced =
            self.lanes.get(&number).is_some_and(|lane| matches!(lane.introduction, Introduction::Ready(_)));
        let reason = if announced {
            format!("the call is unknown there and could not be announced again: {reason}")
        } else {
            reason
        };
        let Some(entry) = self.finish(number, State::Dead { reason: reason.clone() }, now, out) else {
            return;
        };
        let endpoint = self.name.clone();
        out.notices.push_back(Notice::Dead { id: entry.id, endpoint, event: entry.event, reason });
    }

    fn unknown_call(&mut self, number: u64, reason: String, settling: &mut Settling<'_>) {
        let asked = self.change(number, |lane| {
            let introduced = !matches!(lane.introduction, Introduction::NotNeeded);
            let is_new_call =
                lane.head().is_some_and(|head| matches!(head.event.kind, EventKind::NewCall { .. }));
            if introduced || is_new_call {
                return None;
            }
            lane.introduction = Introduction::Asked;
            lane.put_back(settling.now);
            Some(lane.call.to_string())
        });
        match asked.flatten() {
            Some(call) => {
                settling.out.wants.push_back(Want::Introduction { endpoint: self.name.clone(), call });
            }
            None => self.dead(number, reason, settling.now, settling.out),
        }
    }

    fn refused(&mut self, number: u64, reason: String, settling: &mut Settling<'_>) {
        let refusals = self.change(number, |lane| {
            lane.head_mut().map_or(REFUSALS, |head| {
                head.refusals += 1;
                head.refusals
            })
        });
        if refusals.is_some_and(|refusals| refusals < REFUSALS) {
            self.retry(number, reason, None, settling);
        } else {
            self.dead(number, reason, settling.now, settling.out);
        }
    }

    fn retry(
        &mut self,
        number: u64,
        reason: String,
        retry_after: Option<Duration>,
        settling: &mut Settling<'_>,
    ) {
        let now = settling.now;
        let Some(head) = self.lanes.get(&number).and_then(|lane| lane.head()) else { return };
        let (id, failures, expires) = (head.id, head.failures.saturating_add(1), head.expires(&self.terms));
        let Some(wait) = settling.schedule.wait(failures, settling.jitter) else {
            let reason = format!("{failures} tries have failed, the last one so: {reason}");
            return self.dead(number, reason, now, settling.out);
        };
        let not_before = retry_after.map(|wait| after(now, settling.schedule.honoured(wait)));
        // Once it is too late there will be no other try, and what is behind it need not wait for one.
        let due = after(now, wait).max(not_before.unwrap_or(now)).min(expires);
        self.change(number, |lane| {
            lane.not_before = not_before;
            lane.failed_at = now;
            lane.due = due;
            if let Some(head) = lane.head_mut() {
                head.failures = failures;
            }
            lane.put_back(now);
        });
        self.note(id, State::Retry { failures, due, reason }, settling.out);
    }

    /// The head goes back to where it waits; nothing is held against it.
    fn put_off(&mut self, number: u64, now: Timestamp) {
        self.change(number, |lane| {
            lane.due = now;
            lane.put_back(now);
        });
    }

    /// The endpoint is there, and it is set up.
    fn answered(&mut self, id: DeliveryId, settling: &mut Settling<'_>) {
        let now = settling.now;
        if self.standing.is_shut() {
            return;
        }
        if let Some(trial) = self.trial {
            if trial.is_probe(id) {
                self.heard = true;
                self.run(now, settling.out);
                settling.out.notices.push_back(Notice::Resumed { endpoint: self.name.clone() });
            }
            return;
        }
        let ended = self.breaker.answered(id, now);
        if ended.is_some() {
            self.limit.restart();
            let (endpoint, waiting) = (self.name.clone(), self.counts.waiting);
            settling.out.notices.push_back(Notice::Recovered { endpoint, waiting });
        }
        if !self.heard {
            // What was put off before the start may have been put off for an outage that is over.
            self.bring_forward(Timestamp::MIN, now);
        } else if let Some(since) = ended {
            self.bring_forward(since, now);
        }
        self.heard = true;
        self.failure = None;
    }

    fn failed(&mut self, id: DeliveryId, reason: &str, settling: &mut Settling<'_>) {
        let now = settling.now;
        if self.standing.is_shut() {
            return;
        }
        self.failure = Some(reason.to_owned());
        if let Some(trial) = &mut self.trial {
            if trial.is_probe(id) {
                *trial = Trial::from(after(now, settling.hold));
            }
        } else if self.breaker.failed(id, now, settling.jitter) {
            settling.out.notices.push_back(Notice::Failing {
                endpoint: self.name.clone(),
                reason: reason.to_owned(),
                waiting: self.held(),
            });
        }
    }

    fn misconfigured(&mut self, id: DeliveryId, reason: &str, settling: &mut Settling<'_>) {
        if self.standing.is_shut() {
            return;
        }
        if self.trial.is_some_and(|trial| !trial.is_probe(id)) {
            // It was sent before the pause and says nothing new.
            return;
        }
        let known = self.trial.is_some();
        self.trial = Some(Trial::from(after(settling.now, settling.hold)));
        self.breaker.close();
        self.failure = Some(reason.to_owned());
        self.stand(Standing::Paused { reason: reason.to_owned(), by: PausedBy::Endpoint }, settling.out);
        if !known {
            let (endpoint, reason) = (self.name.clone(), reason.to_owned());
            settling.out.notices.push_back(Notice::Paused { endpoint, reason });
        }
    }

    fn gone(&mut self, reason: &str, settling: &mut Settling<'_>) {
        if matches!(self.standing, Standing::Disabled { .. }) {
            return;
        }
        self.trial = None;
        self.breaker.close();
        self.failure = Some(reason.to_owned());
        self.stand(Standing::Disabled { reason: reason.to_owned() }, settling.out);
        let (endpoint, reason) = (self.name.clone(), reason.to_owned());
        settling.out.notices.push_back(Notice::Disabled { endpoint, reason });
    }

    /// Takes another standing, and tells the store if it is another one.
    pub(super) fn stand(&mut self, standing: Standing, out: &mut Out) {
        if self.standing != standing {
            self.standing = standing.clone();
            out.changes.push_back(Change::Endpoint { endpoint: self.name.clone(), standing });
        }
    }
}

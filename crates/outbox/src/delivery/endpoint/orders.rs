//! What the operator does to an endpoint and its deliveries.

use jiff::Timestamp;

use super::Endpoint;
use crate::delivery::{
    DeliveryId, Owed, PausedBy, Standing, State, Terms, gate::Trial, lane::Entry, machine::Out, window::Ahead,
};

impl Endpoint {
    /// Somebody has changed the endpoint: what was known of its health is void, and all is due.
    pub(crate) fn reconfigure(&mut self, terms: Terms, standing: Standing, now: Timestamp, out: &mut Out) {
        self.terms = terms;
        self.limit.set_max(terms.in_flight);
        if !self.standing.is_paused_by(PausedBy::Operator) {
            self.trial = standing.is_paused_by(PausedBy::Endpoint).then(|| Trial::from(now));
            self.stand(standing, out);
        }
        self.start_over(now);
    }

    pub(crate) fn pause(&mut self, reason: String, out: &mut Out) {
        self.trial = None;
        self.breaker.close();
        self.stand(Standing::Paused { reason, by: PausedBy::Operator }, out);
    }

    pub(crate) fn resume(&mut self, now: Timestamp, out: &mut Out) {
        self.run(now, out);
    }

    pub(crate) fn retry_now(&mut self, owed: Owed, now: Timestamp) {
        let id = owed.id;
        if self.window.is_beyond(id) {
            return self.window.order(id, Ahead::Retry);
        }
        let number = self.lane(&owed.event.call, now);
        self.change(number, |lane| {
            if lane.holds(id) {
                lane.force(id, owed.failures, now);
            } else {
                lane.insert(Entry::new(owed, true), now);
            }
        });
    }

    pub(crate) fn drop_row(&mut self, id: DeliveryId, now: Timestamp, out: &mut Out) {
        let number = self.lanes.iter().find(|(_, lane)| lane.holds(id)).map(|(number, _)| *number);
        let Some(number) = number else {
            if self.window.is_beyond(id) {
                self.window.order(id, Ahead::Drop);
            }
            return self.note(id, State::Dropped, out);
        };
        let removed = self.change(number, |lane| {
            if let Some(head) = lane.taken_mut(id) {
                head.dropped = true;
                return false;
            }
            lane.remove(id, now).is_some()
        });
        if removed == Some(true) {
            self.note(id, State::Dropped, out);
        }
    }

    /// The endpoint is sent to from now on, as if nothing had been wrong with it.
    pub(super) fn run(&mut self, now: Timestamp, out: &mut Out) {
        self.trial = None;
        self.stand(Standing::Running, out);
        self.start_over(now);
    }

    fn start_over(&mut self, now: Timestamp) {
        self.breaker.close();
        self.failure = None;
        self.limit.restart();
        self.bring_forward(Timestamp::MIN, now);
    }
}

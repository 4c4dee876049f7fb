//! Which of an endpoint's rows are in memory, and which are only in the store.

use std::collections::BTreeMap;

use crate::{
    EndpointName,
    delivery::{DeliveryId, More},
};

/// How far the rows of an endpoint are in memory.
///
/// Rows come in the order of their ids, from the store or as they are committed, so that one id says which are
/// in and which are not.
#[derive(Debug)]
pub(super) struct Window {
    /// Every row up to this one is in memory, or settled.
    known_to: DeliveryId,
    /// Whether there are rows beyond, as far as is known.
    more: bool,
    /// The question that is open.
    asked: Option<u64>,
    /// Whether a row was left in the store since the question was asked: the answer may lack it.
    missed: bool,
    /// What the operator ordered about rows beyond.
    orders: BTreeMap<DeliveryId, Ahead>,
}

/// What the operator ordered about a row that is not in memory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// It is to be sent however late it is.
    Retry,
    /// It is not to be sent.
    Drop,
}

impl Window {
    /// Nothing is in memory, and everything is to be asked for.
    pub(super) fn new() -> Self {
        Self { known_to: DeliveryId(0), more: true, asked: None, missed: false, orders: BTreeMap::new() }
    }

    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// A row was committed: says whether it comes into memory now, where `room` says whether it may.
    pub(super) fn commit(&mut self, id: DeliveryId, room: bool) -> bool {
        if id <= self.known_to {
            return false;
        }
        if self.more || !room {
            self.more = true;
            self.missed |= self.asked.is_some();
            return false;
        }
        self.known_to = id;
        true
    }

    /// Asks for `limit` more rows, unless there are none or they were asked for.
    pub(super) fn ask(&mut self, endpoint: &EndpointName, limit: usize, tickets: &mut u64) -> Option<More> {
        if !self.more || self.asked.is_some() || limit == 0 {
            return None;
        }
        *tickets += 1;
        self.asked = Some(*tickets);
        self.missed = false;
        Some(More { endpoint: endpoint.clone(), after: self.known_to, limit, ticket: *tickets })
    }

    /// Whether `more` is the question that is open; it no longer is.
    pub(super) fn is_answer_to(&mut self, more: &More) -> bool {
        let open = self.asked == Some(more.ticket);
        if open {
            self.asked = None;
        }
        open
    }

    /// A row was loaded: says whether it comes into memory, and if so whether it is to be sent however late.
    pub(super) fn load(&mut self, id: DeliveryId) -> Option<bool> {
        if id <= self.known_to {
            return None;
        }
        self.known_to = id;
        match self.orders.remove(&id) {
            None => Some(false),
            Some(Ahead::Retry) => Some(true),
            Some(Ahead::Drop) => None,
        }
    }

    /// All rows of an answer were loaded; `complete` says whether they were the last ones then.
    pub(super) fn loaded(&mut self, complete: bool) {
        self.more = !complete || self.missed;
        self.missed = false;
        if self.more {
            let known_to = self.known_to;
            self.orders.retain(|id, _| *id > known_to);
        } else {
            self.orders.clear();
        }
    }

    /// Whether a row is in the store only.
    pub(super) fn is_beyond(&self, id: DeliveryId) -> bool {
        self.more && id > self.known_to
    }

    /// The operator ordered something about a row that is in the store only.
    pub(super) fn order(&mut self, id: DeliveryId, order: Ahead) {
        self.orders.insert(id, order);
        // What is being read may lack a row that has only now become pending again: it is read anew.
        self.asked = None;
    }
}

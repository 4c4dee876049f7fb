//! What one endpoint is owed of one call, in order.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId, What};

use crate::DeliveryId;

/// One event in a lane.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: DeliveryId,
    pub(crate) event: Arc<CallEvent>,
    /// How many tries have failed.
    pub(crate) failures: u32,
    /// Whether the call has been announced again for this event: it is done once.
    pub(crate) announced_again: bool,
}

/// What one endpoint is owed of one call.
///
/// A lane lives until the call is over and nothing is owed of it, because until then the endpoint may say that
/// it does not know the call and must be told of it again.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) call: CallId,
    /// The newCall of the call, for an endpoint that does not know it.
    introduction: Option<Arc<CallEvent>>,
    owed: VecDeque<Entry>,
    pub(crate) in_flight: bool,
    /// Whether the next thing to send is the introduction, and not the head.
    pub(crate) announcing: bool,
    /// When the head may be sent.
    pub(crate) due: Timestamp,
    /// Before when the endpoint asked not to be sent the head.
    pub(crate) not_before: Option<Timestamp>,
    over: bool,
    last_seq: u32,
}

impl Lane {
    pub(crate) fn new(call: CallId, now: Timestamp) -> Self {
        Self {
            call,
            introduction: None,
            owed: VecDeque::new(),
            in_flight: false,
            announcing: false,
            due: now,
            not_before: None,
            over: false,
            last_seq: 0,
        }
    }

    /// Whether `event` stands in the lane already, or stood there.
    pub(crate) fn has_had(&self, event: &CallEvent) -> bool {
        event.seq <= self.last_seq
    }

    pub(crate) fn push(&mut self, id: DeliveryId, event: Arc<CallEvent>, now: Timestamp) {
        if self.owed.is_empty() {
            self.due = now;
        }
        self.last_seq = event.seq;
        if matches!(event.what, What::NewCall { .. }) {
            self.introduction = Some(event.clone());
        }
        self.owed.push_back(Entry { id, event, failures: 0, announced_again: false });
    }

    /// The call has ended: nothing will follow.
    pub(crate) fn end(&mut self) {
        self.over = true;
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.over && self.owed.is_empty()
    }

    pub(crate) fn head(&self) -> Option<&Entry> {
        self.owed.front()
    }

    pub(crate) fn head_mut(&mut self) -> Option<&mut Entry> {
        self.owed.front_mut()
    }

    /// What to send for the head.
    pub(crate) fn next_event(&self) -> Option<Arc<CallEvent>> {
        if self.announcing { self.introduction.clone() } else { self.head().map(|entry| entry.event.clone()) }
    }

    /// Whether the call can be announced again for the sake of the head.
    pub(crate) fn can_announce(&self) -> bool {
        self.introduction.is_some()
            && self
                .head()
                .is_some_and(|head| !head.announced_again && !matches!(head.event.what, What::NewCall { .. }))
    }

    /// The head leaves the lane; what is behind it is due at once.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<Entry> {
        self.in_flight = false;
        self.announcing = false;
        self.not_before = None;
        self.due = now;
        self.owed.pop_front()
    }

    /// Drops all that is not on its way; says how many events that were.
    pub(crate) fn give_up(&mut self) -> usize {
        let kept = usize::from(self.in_flight);
        let dropped = self.owed.len().saturating_sub(kept);
        self.owed.truncate(kept);
        if kept == 0 {
            self.announcing = false;
            self.not_before = None;
        }
        dropped
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.owed.len().saturating_sub(usize::from(self.in_flight))
    }

    /// The event that has waited longest.
    pub(crate) fn longest_waiting(&self) -> Option<DeliveryId> {
        self.owed.get(usize::from(self.in_flight)).map(|entry| entry.id)
    }

    /// When the lane wants to be served; `None` while it is, and when nothing is owed.
    pub(crate) fn wants(&self) -> Option<Timestamp> {
        (!self.in_flight && !self.owed.is_empty()).then_some(self.due)
    }

    /// Whether the head waits because a try has failed.
    pub(crate) fn retrying(&self) -> bool {
        !self.in_flight && self.head().is_some_and(|head| head.failures > 0)
    }
}

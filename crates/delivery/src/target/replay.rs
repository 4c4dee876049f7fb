//! The replay of what a call began with, for a target that does not know the call.

use std::{collections::VecDeque, sync::Arc};

use ringwire_event::{CallEvent, EventKind};

/// The replay of a call's newCall, and of its answer, before the head of its lane.
#[derive(Debug, Default)]
pub(super) enum CallReplay {
    /// The target has not said that it does not know the call.
    #[default]
    NotNeeded,
    /// The events were requested from the store; until they come, nothing is sent.
    Requested {
        /// Whether the newCall is sent only to find out whether the target takes events, because the head itself may
        /// not be repeated.
        is_probe: bool,
    },
    /// These are to be sent before the head.
    Ready(VecDeque<Arc<CallEvent>>),
    /// The target has confirmed that it has the call.
    Confirmed,
}

impl CallReplay {
    /// The replay of `opening` before the event `head`; `None` if the newCall is missing.
    ///
    /// The answer goes only before the hangup of a call that was answered: that would end as missed without it.
    pub(super) fn new(opening: Vec<Arc<CallEvent>>, head: &CallEvent) -> Option<Self> {
        let needs_answer = matches!(head.kind, EventKind::Hangup { answered_by: Some(_), .. });
        let mut events: VecDeque<_> = opening
            .into_iter()
            .filter(|event| match event.kind {
                EventKind::NewCall { .. } => true,
                EventKind::Answer { .. } => needs_answer,
                _ => false,
            })
            .collect();
        events.make_contiguous().sort_by_key(|event| event.seq);
        events.front().is_some_and(|event| is_new_call(event)).then_some(Self::Ready(events))
    }

    /// The event that is to be sent before the head.
    pub(super) fn next(&self) -> Option<&Arc<CallEvent>> {
        match self {
            Self::Ready(events) => events.front(),
            Self::NotNeeded | Self::Requested { .. } | Self::Confirmed => None,
        }
    }

    /// The next event has arrived. If the call `existed` at the target, it has the others too.
    pub(super) fn advance(&mut self, existed: bool) {
        if let Self::Ready(events) = self {
            events.pop_front();
            if existed || events.is_empty() {
                *self = Self::Confirmed;
            }
        }
    }

    /// Whether the target has confirmed since the head was last sent that it has the call.
    pub(super) fn is_confirmed(&self) -> bool {
        match self {
            Self::Confirmed => true,
            Self::Ready(events) => events.front().is_some_and(|event| !is_new_call(event)),
            Self::NotNeeded | Self::Requested { .. } => false,
        }
    }
}

pub(super) fn is_new_call(event: &CallEvent) -> bool {
    matches!(event.kind, EventKind::NewCall { .. })
}

//! The handle through which events are emitted.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use ringwire_event::AgentEvent;

use super::{
    InternalEvent,
    sinks::{Sinks, StatusLine},
};
use crate::state::LiveState;

/// The handle through which tasks emit events. Clones share one destination. Emitting never waits.
#[derive(Clone)]
pub struct EventEmitter(Arc<Inner>);

struct Inner {
    live: LiveState,
    status: StatusLine,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl EventEmitter {
    /// An emitter that updates `live`, and gives the states of all components to `status` as one line each time one of
    /// them changes. `clock` gives the time.
    pub fn new(
        live: LiveState,
        status: impl Fn(&str) + Send + Sync + 'static,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { live, status: StatusLine::new(status), clock: Box::new(clock) }))
    }

    /// Shows what happened to an agent or a device to those who look on.
    pub fn publish_agent(&self, event: &AgentEvent) {
        self.0.live.publish_agent(event);
    }

    /// Logs `event`, counts it, and shows what follows from it.
    pub fn emit<'a>(&self, event: impl Into<InternalEvent<'a>>) {
        let sinks = Sinks { live: &self.0.live, status: &self.0.status, now: (self.0.clock)() };
        match event.into() {
            InternalEvent::Daemon(event) => event.apply(&sinks),
            InternalEvent::Pbx(event) => event.apply(&sinks),
            InternalEvent::Tracker(event) => event.apply(&sinks),
            InternalEvent::Journal(event) => event.apply(&sinks),
            InternalEvent::Target(event) => event.apply(&sinks),
            InternalEvent::Delivery(event) => event.apply(&sinks),
            InternalEvent::Api(event) => event.apply(),
        }
    }
}

impl fmt::Debug for EventEmitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventEmitter").field("live", &self.0.live).finish_non_exhaustive()
    }
}

//! What the operator is told of deliveries and of the journal: one line for each change.

use std::path::Path;

use ringwire_dialects::Directive;
use ringwire_outbox::{
    EndpointName,
    delivery::{Delivery, Machine, Notice, Outcome, PausedBy, Standing},
    store::StoreError,
};

use crate::{board::Board, journal};

/// Says what happens, in the log and on the board.
pub(super) struct Say {
    board: Board,
}

impl Say {
    pub(super) fn new(board: Board) -> Self {
        Self { board }
    }

    pub(super) fn begins(&self, endpoint: &EndpointName, standing: &Standing) {
        let state = match standing {
            Standing::Running => "well".to_owned(),
            Standing::Paused { reason, by: PausedBy::Operator } => {
                tracing::warn!(%endpoint, reason, "is paused; ringwire deliveries resume {endpoint} sends to it again");
                format!("paused: {reason}")
            }
            Standing::Paused { reason, by: PausedBy::Endpoint } => format!("held: {reason}"),
            Standing::Disabled { reason } => {
                tracing::error!(%endpoint, reason, "is disabled; ringwire deliveries resume {endpoint} sends to it again");
                format!("disabled: {reason}")
            }
        };
        self.board.endpoint_is(endpoint.as_str(), &state);
    }

    pub(super) fn is_gone(&self, endpoint: &EndpointName) {
        self.board.endpoint_is_gone(endpoint.as_str());
        tracing::warn!(%endpoint, "is not configured any more; what it is owed waits in the journal");
    }

    pub(super) fn ordered(&self, endpoint: &EndpointName, state: &str) {
        self.board.endpoint_is(endpoint.as_str(), state);
        tracing::info!(%endpoint, state, "the operator has ordered");
    }

    pub(super) fn notice(&self, notice: Notice) {
        let (endpoint, state) = match notice {
            Notice::Failing { endpoint, reason, waiting } => {
                tracing::warn!(%endpoint, reason, waiting, "takes no events; they are kept and tried again");
                (endpoint, format!("failing: {reason}"))
            }
            Notice::Recovered { endpoint, waiting } => {
                tracing::info!(%endpoint, waiting, "takes events again");
                (endpoint, "well".to_owned())
            }
            Notice::Paused { endpoint, reason } => {
                tracing::error!(%endpoint, reason, "refuses all events; they are kept, and one is tried each minute");
                (endpoint, format!("held: {reason}"))
            }
            Notice::Resumed { endpoint } => {
                tracing::info!(%endpoint, "takes events again");
                (endpoint, "well".to_owned())
            }
            Notice::Disabled { endpoint, reason } => {
                tracing::error!(%endpoint, reason, "says that it is no more; ringwire deliveries resume {endpoint} sends to it again");
                (endpoint, format!("disabled: {reason}"))
            }
            Notice::Dead { id, endpoint, event, reason } => {
                tracing::error!(%endpoint, delivery = %id, event = event.id, what = event.kind.name(), reason, "given up: it will not be delivered unless it is retried");
                return;
            }
        };
        self.board.endpoint_is(endpoint.as_str(), &state);
    }

    pub(super) fn journal_fails(&self, error: &StoreError) {
        journal::say_failing(error);
        self.board.journal_is(Some((error.to_string(), Some(error.advice().to_owned()))));
    }

    pub(super) fn journal_is_well(&self, lost: u64) {
        if lost > 0 {
            tracing::error!(
                lost,
                "the journal can be written again, but events were too many to keep in memory: it does not have them"
            );
        } else {
            tracing::info!("the journal can be written again, and has everything");
        }
        self.board.journal_is(None);
    }

    pub(super) fn journal_set_aside(&self, path: &Path, found: &str) {
        let aside = path.display();
        tracing::error!(%aside, found, "the journal was damaged and is set aside; a new one is begun");
    }

    pub(super) fn unreadable(&self, error: &str) {
        tracing::warn!(error, "what is owed cannot be read from the journal; it is tried again");
    }

    /// Says what is left when the daemon ends.
    pub(super) fn cut(&self, machine: &Machine, uncommitted: usize) {
        if uncommitted > 0 {
            tracing::error!(events = uncommitted, "ended before everything was written into the journal");
        }
        for status in machine.endpoints() {
            let (endpoint, waiting, in_flight) =
                (status.endpoint, status.counts.waiting, status.counts.in_flight);
            if waiting + in_flight > 0 || status.more_on_disk {
                tracing::info!(%endpoint, waiting, in_flight, more = status.more_on_disk, "what is left waits in the journal");
            }
        }
    }
}

/// Tells what came of one try.
pub(super) fn sent(delivery: &Delivery, outcome: &Outcome) {
    let Delivery { id, endpoint, event, failures, again, .. } = delivery;
    tracing::debug!(%endpoint, delivery = %id, event = event.id, what = event.kind.name(), failures, again, ?outcome, "sent");
}

/// What an endpoint wants of the PBX. Nothing carries it there yet, which is said and not hidden.
pub(super) fn obey(delivery: &Delivery, directive: &Directive) {
    let Delivery { endpoint, event, .. } = delivery;
    let call = &event.call;
    match directive {
        Directive::Reject { reason } => {
            tracing::info!(%endpoint, call, reason, "wants the caller turned away; not acted on yet");
        }
        Directive::ShowNumber { number } => {
            tracing::debug!(number, "the number to show");
            tracing::info!(%endpoint, call, "wants another number shown; not acted on yet");
        }
    }
}

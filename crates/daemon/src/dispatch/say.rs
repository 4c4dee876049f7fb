//! What the operator is told of deliveries and of the journal: one line for each change.

use std::path::Path;

use ringwire_delivery::{
    Delivery, DeliveryMachine, DeliveryOutcome, OperatorNotice, TargetName, TargetState,
};
use ringwire_dialects::Directive;
use ringwire_outbox::StoreError;

use crate::{board::Board, journal};

/// Says what happens, in the log and on the board.
pub(super) struct Say {
    board: Board,
}

impl Say {
    pub(super) fn new(board: Board) -> Self {
        Self { board }
    }

    pub(super) fn begins(&self, target: &TargetName, standing: &TargetState) {
        let state = match standing {
            TargetState::Running => "well".to_owned(),
            TargetState::Paused { reason } => {
                tracing::warn!(endpoint = %target, reason, "is paused; ringwire deliveries resume {target} sends to it again");
                format!("paused: {reason}")
            }
            TargetState::Misconfigured { reason } => format!("held: {reason}"),
            TargetState::Disabled { reason } => {
                tracing::error!(endpoint = %target, reason, "is disabled; ringwire deliveries resume {target} sends to it again");
                format!("disabled: {reason}")
            }
        };
        self.board.endpoint_is(target.as_str(), &state);
    }

    pub(super) fn is_gone(&self, target: &TargetName) {
        self.board.endpoint_is_gone(target.as_str());
        tracing::warn!(endpoint = %target, "is not configured any more; what it is owed waits in the journal");
    }

    pub(super) fn ordered(&self, target: &TargetName, state: &str) {
        self.board.endpoint_is(target.as_str(), state);
        tracing::info!(endpoint = %target, state, "the operator has ordered");
    }

    pub(super) fn notice(&self, notice: OperatorNotice) {
        let (target, state) = match notice {
            OperatorNotice::Failing { target, reason, pending } => {
                tracing::warn!(endpoint = %target, reason, pending, "takes no events; they are kept and tried again");
                (target, format!("failing: {reason}"))
            }
            OperatorNotice::Recovered { target, pending } => {
                tracing::info!(endpoint = %target, pending, "takes events again");
                (target, "well".to_owned())
            }
            OperatorNotice::Misconfigured { target, reason } => {
                tracing::error!(endpoint = %target, reason, "refuses all events; they are kept, and one is tried each minute");
                (target, format!("held: {reason}"))
            }
            OperatorNotice::Resumed { target } => {
                tracing::info!(endpoint = %target, "takes events again");
                (target, "well".to_owned())
            }
            OperatorNotice::Disabled { target, reason } => {
                tracing::error!(endpoint = %target, reason, "says that it is no more; ringwire deliveries resume {target} sends to it again");
                (target, format!("disabled: {reason}"))
            }
            OperatorNotice::Dead { id, target, event, reason } => {
                tracing::error!(endpoint = %target, delivery = %id, event = event.id, what = event.kind.name(), reason, "given up: it will not be delivered unless it is retried");
                return;
            }
        };
        self.board.endpoint_is(target.as_str(), &state);
    }

    pub(super) fn journal_fails(&self, error: &StoreError) {
        journal::say_failing(error);
        self.board.journal_is(Some((error.to_string(), Some(error.hint().to_owned()))));
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
    pub(super) fn cut(&self, machine: &DeliveryMachine, uncommitted: usize) {
        if uncommitted > 0 {
            tracing::error!(events = uncommitted, "ended before everything was written into the journal");
        }
        for status in machine.targets() {
            let (target, pending, in_flight) =
                (status.target, status.counts.pending, status.counts.in_flight);
            if pending + in_flight > 0 || status.more_in_store {
                tracing::info!(endpoint = %target, pending, in_flight, more = status.more_in_store, "what is left waits in the journal");
            }
        }
    }
}

/// Tells what came of one try.
pub(super) fn sent(delivery: &Delivery, outcome: &DeliveryOutcome) {
    let Delivery { id, target, event, failures, is_replay, .. } = delivery;
    tracing::debug!(endpoint = %target, delivery = %id, event = event.id, what = event.kind.name(), failures, is_replay, ?outcome, "sent");
}

/// What an endpoint wants of the PBX. Nothing carries it there yet, which is said and not hidden.
pub(super) fn obey(delivery: &Delivery, directive: &Directive) {
    let Delivery { target, event, .. } = delivery;
    let call = &event.call;
    match directive {
        Directive::Reject { reason } => {
            tracing::info!(endpoint = %target, call, reason, "wants the caller turned away; not acted on yet");
        }
        Directive::ShowNumber { number } => {
            tracing::debug!(number, "the number to show");
            tracing::info!(endpoint = %target, call, "wants another number shown; not acted on yet");
        }
    }
}

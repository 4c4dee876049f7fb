//! Between the delivery machine and the journal: what is asked for, and what is written down.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId};
use ringwire_outbox::{
    EndpointName,
    delivery::{Change, More, Outcome, PausedBy, Standing, State, Want},
    store::{self, Page, Resumption, StateChange, StoredState, Write},
};

use crate::journal::Reading;

/// What was found in the journal.
pub(super) enum Answer {
    More(More, Result<Page, String>),
    Introduction(EndpointName, CallId, Result<Option<Arc<CallEvent>>, String>),
}

/// Finds in the journal what the machine wants.
pub(super) async fn read(reading: Reading, want: Want) -> Answer {
    match want {
        Want::More(more) => {
            let (endpoint, after, limit) = (more.endpoint.clone(), more.after, more.limit);
            let page = reading.read(move |journal| journal.owed(&endpoint, after, limit)).await;
            Answer::More(more, page)
        }
        Want::Introduction { endpoint, call } => {
            let (to, of) = (endpoint.clone(), call.clone());
            let event = reading.read(move |journal| journal.introduction(&to, &of)).await;
            Answer::Introduction(endpoint, call, event)
        }
    }
}

/// What the journal must note of `change`.
pub(super) fn write(change: Change, at: Timestamp) -> Write {
    match change {
        Change::Delivery { id, state, .. } => {
            let (state, failures, due, reason) = match state {
                State::Delivered => (StoredState::Delivered, None, None, None),
                State::Retry { failures, due, reason } => {
                    (StoredState::Retry, Some(failures), Some(due), Some(reason))
                }
                State::Dead { reason } => (StoredState::Dead, None, None, Some(reason)),
                State::Expired { reason } => (StoredState::Expired, None, None, Some(reason)),
                State::Dropped => (StoredState::Dropped, None, None, Some("by the operator".to_owned())),
            };
            Write::State(StateChange { delivery: id, state, failures, due, reason, at })
        }
        Change::Endpoint { endpoint, standing } => {
            let (standing, reason) = match standing {
                Standing::Running => ("running", None),
                Standing::Paused { reason, by: PausedBy::Operator } => ("paused", Some(reason)),
                Standing::Paused { reason, by: PausedBy::Endpoint } => ("held", Some(reason)),
                Standing::Disabled { reason } => ("disabled", Some(reason)),
            };
            Write::Standing(store::Standing { endpoint, standing, reason, at })
        }
    }
}

/// How `name` stood when the process before this one ended.
pub(super) fn standing(left: &Resumption, name: &EndpointName) -> Standing {
    let Some((_, standing, reason)) = left.standings.iter().find(|(endpoint, ..)| endpoint == name) else {
        return Standing::Running;
    };
    let reason = reason.clone().unwrap_or_default();
    match standing.as_str() {
        "paused" => Standing::Paused { reason, by: PausedBy::Operator },
        "held" => Standing::Paused { reason, by: PausedBy::Endpoint },
        "disabled" => Standing::Disabled { reason },
        _ => Standing::Running,
    }
}

/// What came of a try, for whoever reads it later.
pub(super) fn in_words(outcome: &Outcome, again: bool) -> String {
    let said = match outcome {
        Outcome::Delivered => "delivered".to_owned(),
        Outcome::Retry { reason, .. } => format!("failed: {reason}"),
        Outcome::Refused { reason } => format!("refused: {reason}"),
        Outcome::Dead { reason } => format!("refused for good: {reason}"),
        Outcome::Misconfigured { reason } => format!("refused until a setting is corrected: {reason}"),
        Outcome::Gone { reason } => format!("the endpoint is gone: {reason}"),
        Outcome::UnknownCall { reason } => format!("the call is unknown there: {reason}"),
    };
    if again { format!("call announced again: {said}") } else { said }
}

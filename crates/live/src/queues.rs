//! Queues that have calls.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ringwire_event::CallId;
use serde::Serialize;

use crate::call::{CallState, LiveCall};

/// A queue that has calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LiveQueue {
    /// The PBX it is at.
    pub pbx: String,
    /// Its name.
    pub name: String,
    /// The callers who wait in it, longest first.
    pub waiting: Vec<WaitingCaller>,
    /// How many of its calls are answered.
    pub talking: usize,
}

/// A caller who waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WaitingCaller {
    /// The call.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub call: CallId,
    /// The caller.
    pub from: String,
    /// The caller's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// The queues that have some of `calls`, which are sorted oldest first; by PBX and name.
#[must_use]
pub fn queues(calls: &[LiveCall]) -> Vec<LiveQueue> {
    let mut queues: BTreeMap<(&str, &str), LiveQueue> = BTreeMap::new();
    for call in calls {
        let Some(name) = &call.queue else { continue };
        let queue = queues.entry((&call.pbx, name)).or_insert_with(|| LiveQueue {
            pbx: call.pbx.clone(),
            name: name.clone(),
            waiting: Vec::new(),
            talking: 0,
        });
        if call.state == CallState::Waiting {
            queue.waiting.push(WaitingCaller {
                call: call.id.clone(),
                from: call.from.clone(),
                from_name: call.from_name.clone(),
                since: call.started_at,
            });
        } else {
            queue.talking += 1;
        }
    }
    queues.into_values().collect()
}

//! What is kept between the requests of a call, and between those of an event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a dialect has learnt about one call from the replies of one target, such as the target's own id of the call.
///
/// It is kept as long as the call's deliveries, beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallMemory {
    captures: BTreeMap<String, Value>,
}

impl FromIterator<(String, Value)> for CallMemory {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(captures: T) -> Self {
        Self { captures: captures.into_iter().collect() }
    }
}

impl CallMemory {
    /// The capture called `key`: `NAME`, or `NAME@ENDPOINT` where it belongs to one user of the call.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.captures.get(key)
    }

    /// Keeps `value` under `key`, in place of an earlier one.
    pub fn set(&mut self, key: String, value: Value) {
        self.captures.insert(key, value);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.captures.clear();
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.captures.is_empty()
    }

    /// Everything that is known, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.captures.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// How far the delivery of one event has come: the ids of the steps that are done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryProgress {
    done: Vec<String>,
}

impl DeliveryProgress {
    /// Whether the step `id` is done.
    #[must_use]
    pub fn is_done(&self, id: &str) -> bool {
        self.done.iter().any(|done| done == id)
    }

    /// Notes that the step `id` is done.
    pub fn set_done(&mut self, id: &str) {
        if !self.is_done(id) {
            self.done.push(id.to_owned());
        }
    }

    /// Whether no step is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }
}

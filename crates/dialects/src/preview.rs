//! The requests for an event, without sending them.

use ringwire_event::CallEvent;
use serde_json::{Map, Value};

use crate::{
    dialect::Dialect,
    memory::{CallMemory, DeliveryProgress},
    step::{DeliveryStep, StepContext, StepError},
    user_map::UserMap,
};

/// More requests for one event than any dialect needs: a list that repeats itself ends here.
const MOST_STEPS: usize = 256;

/// The fields of the request for `event`, to be shown; of several requests, the fields of each under its id. `None` if no
/// request is made.
#[must_use]
pub fn show_requests(dialect: &dyn Dialect, event: &CallEvent) -> Option<Map<String, Value>> {
    let steps = match plan_requests(dialect, event, &mut CallMemory::default()) {
        Ok(steps) => steps,
        Err(error) => return Some(Map::from_iter([("error".to_owned(), error.to_string().into())])),
    };
    match steps.as_slice() {
        [] => None,
        [step] => Some(step.request.shown()),
        steps => Some(steps.iter().map(|step| (step.id.clone(), step.request.shown().into())).collect()),
    }
}

/// The requests for `event` in order, if each is delivered at once. Where later ones contain what a reply brings, a
/// placeholder stands in for it and goes into `memory`.
///
/// # Errors
/// One cannot be built.
pub fn plan_requests(
    dialect: &dyn Dialect,
    event: &CallEvent,
    memory: &mut CallMemory,
) -> Result<Vec<DeliveryStep>, StepError> {
    let users = UserMap::with_placeholders();
    let mut progress = DeliveryProgress::default();
    let mut steps = Vec::new();
    while steps.len() < MOST_STEPS {
        let context = StepContext { memory, progress: &progress, users: &users, is_quiet: false };
        let Some(step) = dialect.next_step(event, &context)? else { break };
        for (key, value) in dialect.placeholders(&step) {
            memory.set(key, value);
        }
        progress.set_done(&step.id);
        steps.push(step);
    }
    Ok(steps)
}

//! The requests in flight.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, RepeatPolicy};
use ringwire_dialects::DeliveryStep;
use ringwire_sender::SendResult;
use tokio::{
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::Instant,
};

use super::journey::Journey;

/// A task that has ended, or the error by which it did.
pub(super) type EndedTask = Result<(Id, TaskEnd), JoinError>;

/// What a task was for.
pub(super) enum TaskEnd {
    /// A request was sent.
    Sent(Box<SentRequest>),
    /// What requests are planned with was read from the target; or the result of sending anything.
    Prepared(Box<Journey>, Result<(), SendResult>),
}

/// A request with its result.
pub(super) struct SentRequest {
    pub(super) journey: Journey,
    pub(super) step: DeliveryStep,
    pub(super) sent: SendResult,
    /// When it was sent.
    pub(super) at: Timestamp,
    pub(super) took: Duration,
}

/// The requests in flight.
#[derive(Default)]
pub(super) struct Requests {
    tasks: JoinSet<TaskEnd>,
    in_flight: HashMap<Id, RequestInFlight>,
}

/// A request in flight.
pub(super) struct RequestInFlight {
    pub(super) delivery: DeliveryId,
    pub(super) is_unrepeatable: bool,
    task: AbortHandle,
}

impl Requests {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next task that ends; `None` if there is none.
    pub(super) async fn next(&mut self) -> Option<EndedTask> {
        self.tasks.join_next_with_id().await
    }

    /// A task has ended; gives its request.
    pub(super) fn ended(&mut self, task: Id) -> Option<RequestInFlight> {
        self.in_flight.remove(&task)
    }

    pub(super) fn abort_all(&mut self) {
        self.tasks.abort_all();
    }

    /// Sends `step`.
    pub(super) fn send(&mut self, journey: Journey, step: DeliveryStep, at: Timestamp) {
        let (delivery, is_unrepeatable) = (journey.delivery.id, step.repeat == RepeatPolicy::Never);
        let task = self.tasks.spawn(async move {
            journey.sender.wait_for_turn().await;
            let began = Instant::now();
            let key = journey.key(&step);
            let sent = journey.sender.send_step(&journey.delivery.event, &step, &key).await;
            TaskEnd::Sent(Box::new(SentRequest { journey, step, sent, at, took: began.elapsed() }))
        });
        self.in_flight.insert(task.id(), RequestInFlight { delivery, is_unrepeatable, task });
    }

    /// Reads what requests are planned with.
    pub(super) fn prepare(&mut self, journey: Journey) {
        let delivery = journey.delivery.id;
        let task = self.tasks.spawn(async move {
            let prepared = journey.sender.prepare().await;
            TaskEnd::Prepared(Box::new(journey), prepared)
        });
        self.in_flight.insert(task.id(), RequestInFlight { delivery, is_unrepeatable: false, task });
    }

    /// Aborts the requests that may be repeated; says whether there are others.
    pub(super) fn abort_repeatable(&mut self) -> bool {
        for request in self.in_flight.values().filter(|request| !request.is_unrepeatable) {
            request.task.abort();
        }
        self.in_flight.values().any(|request| request.is_unrepeatable)
    }
}

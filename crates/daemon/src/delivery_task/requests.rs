//! The requests in flight.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{Delivery, DeliveryId};
use ringwire_sender::{SendOptions, SendResult, Sender};
use tokio::{
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::Instant,
};

/// A request that has ended, or the error by which its task did.
pub(super) type SentRequest = Result<(Id, AttemptedDelivery), JoinError>;

/// A delivery with the result of an attempt.
pub(super) struct AttemptedDelivery {
    pub(super) delivery: Delivery,
    pub(super) sent: SendResult,
    /// When it was sent.
    pub(super) at: Timestamp,
    pub(super) took: Duration,
}

/// The requests in flight.
#[derive(Default)]
pub(super) struct Requests {
    tasks: JoinSet<AttemptedDelivery>,
    in_flight: HashMap<Id, RequestInFlight>,
}

struct RequestInFlight {
    delivery: DeliveryId,
    is_unrepeatable: bool,
    task: AbortHandle,
}

impl Requests {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next request that ends; `None` if there is none.
    pub(super) async fn next(&mut self) -> Option<SentRequest> {
        self.tasks.join_next_with_id().await
    }

    /// The request of `task` has ended; gives its delivery.
    pub(super) fn ended(&mut self, task: Id) -> Option<DeliveryId> {
        self.in_flight.remove(&task).map(|request| request.delivery)
    }

    pub(super) fn abort_all(&mut self) {
        self.tasks.abort_all();
    }

    pub(super) fn spawn(&mut self, delivery: Delivery, sender: Sender, at: Timestamp) {
        let (id, is_unrepeatable) = (delivery.id, delivery.is_unrepeatable);
        let task = self.tasks.spawn(async move {
            let began = Instant::now();
            let options = SendOptions { is_quiet: delivery.is_quiet, is_unrepeatable };
            let sent = sender.send(&delivery.event, options).await;
            AttemptedDelivery { delivery, sent, at, took: began.elapsed() }
        });
        self.in_flight.insert(task.id(), RequestInFlight { delivery: id, is_unrepeatable, task });
    }

    /// Aborts the requests that may be repeated; says whether there are others.
    pub(super) fn abort_repeatable(&mut self) -> bool {
        for request in self.in_flight.values().filter(|request| !request.is_unrepeatable) {
            request.task.abort();
        }
        self.in_flight.values().any(|request| request.is_unrepeatable)
    }
}

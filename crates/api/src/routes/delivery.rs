//! One delivery, as a client with a role may see it.

use ringwire_outbox::{AttemptRecord, DeliveryRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Role;

/// A delivery with each of its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[serde(flatten)]
    pub(crate) delivery: DeliveryRecord,
    /// Each attempt, in order. Only an admin sees the replies.
    pub(crate) attempts: Vec<AttemptRecord>,
}

impl Delivery {
    /// A delivery, as a client with this role may see it.
    pub(crate) fn shown_to(
        role: Role,
        (delivery, mut attempts): (DeliveryRecord, Vec<AttemptRecord>),
    ) -> Self {
        if role < Role::Admin {
            attempts.iter_mut().for_each(|attempt| attempt.reply = None);
        }
        Self { delivery, attempts }
    }
}

//! One delivery, as somebody of a role may see it.

use ringwire_outbox::{AttemptRecord, DeliveryRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Role;

/// A delivery with each of its tries.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[serde(flatten)]
    pub(crate) delivery: DeliveryRecord,
    /// Each try, in order; what was replied only for an administrator.
    pub(crate) attempts: Vec<AttemptRecord>,
}

impl Delivery {
    /// A delivery, as somebody of this role may see it.
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

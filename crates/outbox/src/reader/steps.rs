//! How far a delivery has come, and what is remembered of its call.

use ringwire_delivery::{DeliveryId, TargetName};
use rusqlite::{OptionalExtension, params};

use super::{super::migrations::DELIVERY_STEPS, connection::StoreReader};

/// What an earlier attempt of a delivery, or an earlier event of its call, has left for the next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverySteps {
    /// Which of its requests have arrived, as JSON; `None` if it has not come that far.
    pub progress: Option<String>,
    /// What is remembered of its call for its target, as JSON; `None` if there is nothing.
    pub memory: Option<String>,
}

impl StoreReader {
    /// How far `delivery` has come, and what is remembered of `call` for `target`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn delivery_steps(
        &self,
        delivery: DeliveryId,
        target: &TargetName,
        call: &str,
    ) -> rusqlite::Result<DeliverySteps> {
        if self.version < DELIVERY_STEPS {
            return Ok(DeliverySteps::default());
        }
        let snapshot = self.db.unchecked_transaction()?;
        let progress = snapshot
            .prepare_cached("SELECT progress FROM deliveries WHERE id = ?1")?
            .query_row([delivery.0], |row| row.get(0))
            .optional()?;
        let memory = snapshot
            .prepare_cached("SELECT body FROM call_memory WHERE call = ?1 AND target = ?2")?
            .query_row(params![call, target.as_str()], |row| row.get(0))
            .optional()?;
        Ok(DeliverySteps { progress: progress.flatten(), memory })
    }
}

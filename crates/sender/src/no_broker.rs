//! Stands for the brokers in a build without their clients.

use ringwire_config::Target;
use ringwire_dialects::DeliveryStep;
use ringwire_event::CallEvent;

use super::{address_guard::AddressGuard, failure::RequestFailure, reply::SendResult};

/// A broker, of which there is none.
#[derive(Debug)]
pub(super) enum Broker {}

impl Broker {
    /// None.
    ///
    /// # Errors
    /// `target` is a broker.
    pub(super) fn new(target: &Target, _: &AddressGuard) -> Result<Option<Self>, String> {
        match target.broker {
            Some(_) => {
                Err("this build has no clients of brokers; build it with --features brokers".to_owned())
            }
            None => Ok(None),
        }
    }

    pub(super) async fn check(&self) -> Result<(), RequestFailure> {
        match *self {}
    }

    pub(super) async fn publish(&self, _: &CallEvent, _: &DeliveryStep, _: &str) -> SendResult {
        match *self {}
    }
}

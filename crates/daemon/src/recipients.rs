//! The targets that can be sent to.

use anyhow::anyhow;
use ringwire_config::Target;
use ringwire_delivery::DeliveryPolicy;
use ringwire_sender::Sender;
use ringwire_terminal::{Code, Failure};

use super::messages::Recipient;

/// The clients for all endpoints. One without an address is left out of what is sent, but keeps its place.
pub(super) fn recipients(endpoints: &[Target]) -> Result<Vec<Recipient>, String> {
    let recipient = |endpoint: &Target| match Sender::new(endpoint) {
        Ok(Some(sender)) => {
            let (in_flight, lifetimes, late) = (endpoint.concurrency, endpoint.lifetimes, endpoint.late);
            let terms = DeliveryPolicy { in_flight, lifetimes, late };
            let (name, dialect) = (endpoint.name.as_str().into(), endpoint.dialect.name());
            Ok(Recipient { name, terms, dialect, sender })
        }
        Ok(None) => Err(format!("endpoint {}: no URL is set", endpoint.name)),
        Err(reason) => Err(format!("endpoint {}: {reason}", endpoint.name)),
    };
    endpoints.iter().map(recipient).collect()
}

/// The configuration cannot be used, for this `reason`.
pub(super) fn unusable(reason: String) -> Failure {
    Failure::new(Code::Config, anyhow!(reason))
}

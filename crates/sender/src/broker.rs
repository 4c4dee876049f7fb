//! Publishes to a target that is a broker.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use ringwire_brokers::{BrokerClient, BrokerMessage, BrokerSettings, ConnectionGate, PublishFailure};
use ringwire_config::{Authorization, BrokerTarget, Target};
use ringwire_delivery::DeliveryOutcome;
use ringwire_dialects::{DeliveryStep, DestinationTemplate, RequestUrl};
use ringwire_event::CallEvent;
use secrecy::ExposeSecret;

use super::{
    address_guard::AddressGuard,
    failure::RequestFailure,
    reply::{SendResult, unknown},
};

/// A broker, and where events go there.
#[derive(Debug)]
pub(super) struct Broker {
    client: BrokerClient,
    destination: Arc<DestinationTemplate>,
}

impl Broker {
    /// The broker that `target` is; `None` if it is none.
    ///
    /// # Errors
    /// No client can be made with these settings.
    pub(super) fn new(target: &Target, guard: &AddressGuard) -> Result<Option<Self>, String> {
        let (Some(broker), Some(address)) = (&target.broker, &target.address) else { return Ok(None) };
        let BrokerTarget { template, exchange, .. } = broker;
        let url: Url = address.url.expose_secret().parse().map_err(|_| "the URL is invalid".to_owned())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let guard = guard.clone();
        let gate = ConnectionGate::new(move || {
            let (guard, host) = (guard.clone(), host.clone());
            async move { guard.addresses(&host).await.map(drop).map_err(|error| error.to_string()) }
        });
        let (credentials, token) = match &target.credentials.authorization {
            Some(Authorization::Basic { user, password }) => (Some((user.clone(), password.clone())), None),
            Some(Authorization::Bearer(token)) => (None, Some(token.clone())),
            None => (None, None),
        };
        let client = BrokerClient::new(&BrokerSettings {
            url: address.url.clone(),
            credentials,
            token,
            authorities: target.authorities_der.clone(),
            exchange: exchange.clone(),
            client_id: format!("ringwire-{}", target.name),
            connect_timeout: target.connect_timeout,
            confirm_timeout: target.timeout,
            gate,
        })?;
        Ok(Some(Self { client, destination: Arc::clone(template) }))
    }

    /// Connects, and publishes nothing.
    ///
    /// # Errors
    /// There is no connection.
    pub(super) async fn check(&self) -> Result<(), RequestFailure> {
        self.client.check().await.map_err(|failure| match failure {
            PublishFailure::Misconfigured(reason) => RequestFailure::permanent(reason),
            PublishFailure::NotSent(reason)
            | PublishFailure::Unknown(reason)
            | PublishFailure::Refused(reason) => RequestFailure::temporary(reason),
        })
    }

    /// Publishes what `step` sends of `event`, under the id `key`. It is delivered once the broker has confirmed it.
    pub(super) async fn publish(&self, event: &CallEvent, step: &DeliveryStep, key: &str) -> SendResult {
        let destination = match &step.request.url {
            RequestUrl::Own => self.destination.render(event),
            // A file that is made for brokers says it itself.
            RequestUrl::Below(place) => Ok(percent_decode_str(place).decode_utf8_lossy().into_owned()),
            RequestUrl::Absolute(_) => {
                Err("the url of a message to a broker is its destination, no URL".to_owned())
            }
        };
        let destination = match destination {
            Ok(destination) => destination,
            Err(reason) => {
                let reason = format!("the event has no destination: {reason}");
                return SendResult::without_reply(DeliveryOutcome::Dead { reason });
            }
        };
        let headers = step.request.other_headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let message = BrokerMessage {
            id: key.to_owned(),
            destination,
            content_type: step.request.content_type().unwrap_or("application/octet-stream").to_owned(),
            headers: headers.collect(),
            body: step.request.body.encode(),
        };
        SendResult::without_reply(match self.client.publish(&message).await {
            Ok(()) => DeliveryOutcome::Delivered,
            Err(PublishFailure::NotSent(reason)) => DeliveryOutcome::Retry { reason, after: None },
            Err(PublishFailure::Unknown(reason)) => unknown(reason, step.repeat),
            Err(PublishFailure::Refused(reason)) => DeliveryOutcome::Refused { reason },
            Err(PublishFailure::Misconfigured(reason)) => DeliveryOutcome::Misconfigured { reason },
        })
    }
}

//! Targets that are brokers.

use std::{ops::Range, sync::Arc};

use reqwest::Url;
use ringwire_dialects::DestinationTemplate;
use toml::Spanned;

use super::Resolver;
use crate::{raw::RawTarget, resolved::BrokerTarget};

/// What a broker speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Nats,
    Mqtt,
    Amqp,
}

/// The protocol of the broker at `url`; `None` if it is no broker's.
fn protocol(url: &Url) -> Option<Protocol> {
    match url.scheme() {
        "nats" | "tls" => Some(Protocol::Nats),
        "mqtt" | "mqtts" => Some(Protocol::Mqtt),
        "amqp" | "amqps" => Some(Protocol::Amqp),
        _ => None,
    }
}

/// Whether `url` has a path where that means nothing: in AMQP it is the virtual host.
pub(super) fn refuses_path(url: &Url) -> bool {
    protocol(url).is_some_and(|protocol| protocol != Protocol::Amqp)
        && !url.path().trim_start_matches('/').is_empty()
}

impl Resolver<'_> {
    /// How the target at `url` is published to, if that is a broker.
    pub(super) fn broker(
        &mut self,
        raw: &RawTarget,
        url: Option<&Url>,
        span: &Range<usize>,
        path: &str,
    ) -> Option<BrokerTarget> {
        // Without a URL that could be read, nobody knows what it is.
        let url = url?;
        let protocol = protocol(url);
        if protocol.is_none()
            && let Some(destination) = &raw.destination
        {
            let finding = self.wrong(&destination.span(), "only a broker has a destination");
            self.errors.push(finding.expected("a url of NATS, MQTT or AMQP"));
        }
        if protocol != Some(Protocol::Amqp)
            && let Some(exchange) = &raw.exchange
        {
            let finding = self.wrong(&exchange.span(), "only AMQP has exchanges");
            self.errors.push(finding.expected("a url that begins with amqp or amqps"));
        }
        let separator = if protocol? == Protocol::Mqtt { '/' } else { '.' };
        let default = format!("ringwire{separator}{{{{ event }}}}");
        let destination = raw.destination.as_ref().map_or(default, |text| text.get_ref().clone());
        let at = raw.destination.as_ref().map_or_else(|| span.clone(), Spanned::span);
        match DestinationTemplate::parse(&destination) {
            Ok(template) => {
                let exchange = raw.exchange.as_ref().map(|exchange| exchange.get_ref().clone());
                let exchange = exchange.unwrap_or_default();
                Some(BrokerTarget { destination, template: Arc::new(template), exchange })
            }
            Err(mistakes) => {
                for mistake in mistakes {
                    let finding = self.wrong(&at, mistake.what).key(format!("{path}.destination"));
                    self.errors.push(finding.hint(mistake.cure));
                }
                None
            }
        }
    }
}

//! The address of a broker.

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::settings::BrokerSettings;

/// What a broker speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerProtocol {
    /// NATS JetStream.
    Nats,
    /// MQTT 5.
    Mqtt,
    /// AMQP 0.9.1.
    Amqp,
}

impl BrokerProtocol {
    /// The protocol of a URL with `scheme`, and whether it is with TLS; `None` if it is no broker's.
    #[must_use]
    pub fn of_scheme(scheme: &str) -> Option<(Self, bool)> {
        Some(match scheme {
            "nats" => (Self::Nats, false),
            "tls" => (Self::Nats, true),
            "mqtt" => (Self::Mqtt, false),
            "mqtts" => (Self::Mqtt, true),
            "amqp" => (Self::Amqp, false),
            "amqps" => (Self::Amqp, true),
            _ => return None,
        })
    }

    fn port(self, has_tls: bool) -> u16 {
        match (self, has_tls) {
            (Self::Nats, _) => 4222,
            (Self::Mqtt, false) => 1883,
            (Self::Mqtt, true) => 8883,
            (Self::Amqp, false) => 5672,
            (Self::Amqp, true) => 5671,
        }
    }
}

/// A URL is not that of a broker. The URL itself is not shown: it may have a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BrokerAddressError {
    /// It is none.
    #[error("the URL is invalid: {0}")]
    Invalid(String),
    /// It is of something else.
    #[error("the scheme {0} is not that of a broker; expected nats, tls, mqtt, mqtts, amqp or amqps")]
    Scheme(String),
    /// There is no host in it.
    #[error("the URL has no host")]
    NoHost,
}

/// Where a broker is, and who connects to it.
#[derive(Clone, Debug)]
pub(crate) struct BrokerAddress {
    pub(crate) protocol: BrokerProtocol,
    pub(crate) has_tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The user, and the password.
    pub(crate) credentials: Option<(String, SecretString)>,
    /// The virtual host of AMQP.
    pub(crate) virtual_host: String,
}

impl BrokerAddress {
    pub(crate) fn parse(settings: &BrokerSettings) -> Result<Self, BrokerAddressError> {
        let url = settings.url.expose_secret();
        let url = Url::parse(url).map_err(|error| BrokerAddressError::Invalid(error.to_string()))?;
        let (protocol, has_tls) = BrokerProtocol::of_scheme(url.scheme())
            .ok_or_else(|| BrokerAddressError::Scheme(url.scheme().to_owned()))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BrokerAddressError::NoHost)?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = match url.username() {
            "" => settings.credentials.clone(),
            user => Some((decode(user), decode(url.password().unwrap_or_default()).into())),
        };
        // Without a path it is the default virtual host, `/`.
        let virtual_host = url.path().strip_prefix('/').filter(|path| !path.is_empty());
        Ok(Self {
            protocol,
            has_tls,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(protocol.port(has_tls)),
            credentials,
            virtual_host: virtual_host.map_or_else(|| "/".to_owned(), decode),
        })
    }

    /// Host and port, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::ConnectionGate;

    fn settings(url: &str) -> BrokerSettings {
        BrokerSettings {
            url: url.into(),
            credentials: Some(("anna".into(), "swordfish".into())),
            token: None,
            authorities: Vec::new(),
            exchange: String::new(),
            client_id: "ringwire".into(),
            connect_timeout: Duration::from_secs(1),
            confirm_timeout: Duration::from_secs(1),
            gate: ConnectionGate::default(),
        }
    }

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let text = match BrokerAddress::parse(&settings(url)) {
            Ok(address) => {
                let (user, password) = address.credentials.clone().unwrap();
                let tls = if address.has_tls { " TLS" } else { "" };
                let password = password.expose_secret();
                format!(
                    "{:?}{tls} {} {user}:{password} {}",
                    address.protocol,
                    address.place(),
                    address.virtual_host
                )
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected, "{url}");
    }

    #[test]
    fn a_url_says_which_broker_where_and_who_connects() {
        check("nats://nats.example.com", "Nats nats.example.com:4222 anna:swordfish /");
        check("tls://nats.example.com:443", "Nats TLS nats.example.com:443 anna:swordfish /");
        check("mqtt://127.0.0.1", "Mqtt 127.0.0.1:1883 anna:swordfish /");
        check("mqtts://bob:p%40ss@[::1]", "Mqtt TLS ::1:8883 bob:p@ss /");
        check("amqp://bob:x@rabbit/calls%2Feast", "Amqp rabbit:5672 bob:x calls/east");
        check("amqps://rabbit/", "Amqp TLS rabbit:5671 anna:swordfish /");
        check(
            "http://rabbit/",
            "the scheme http is not that of a broker; expected nats, tls, mqtt, mqtts, amqp or amqps",
        );
        check("amqp:rabbit", "the URL has no host");
        check("rabbit", "the URL is invalid: relative URL without a base");
    }

    #[test]
    fn neither_settings_nor_address_show_a_secret() {
        let settings = settings("amqp://bob:hunter2@rabbit/");
        let address = BrokerAddress::parse(&settings).unwrap();
        let text = format!("{settings:?} {address:?}");
        assert!(!text.contains("hunter2") && !text.contains("swordfish"), "{text}");
    }
}

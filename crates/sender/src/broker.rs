//! Message brokers as targets: NATS with JetStream, MQTT 5, and AMQP 0.9.1 with publisher confirms.
//!
//! A publisher needs a handful of messages of each protocol, and each connection has to pass the guard over addresses, so
//! they are spoken here. A connection carries one message at a time: it is written, and the broker's confirmation is read.
//! Only what is confirmed counts as delivered.

mod amqp;
mod message;
mod mqtt;
mod nats;
mod stream;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;
use ringwire_config::Target;
use ringwire_delivery::RepeatPolicy;
use ringwire_dialects::{RequestUrl, TargetRequest};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout};

use self::{
    amqp::{AmqpConnection, AmqpPlace},
    message::{BrokerLogin, Message, PublishError},
    mqtt::MqttConnection,
    nats::NatsConnection,
    stream::BrokerAddress,
};
use super::{address_guard::AddressGuard, failure::RequestFailure, reply::SendResult};

/// How long a connection may be idle and still be used: brokers and what is between close those that are idle for long.
const IDLE: Duration = Duration::from_secs(20);

/// How many idle connections are kept.
const MOST_IDLE: usize = 16;

/// The protocols, by the schemes of their URLs.
#[derive(Clone, Debug)]
enum Protocol {
    Nats,
    Mqtt,
    Amqp(AmqpPlace),
}

/// A broker.
#[derive(Debug)]
pub(super) struct Broker {
    protocol: Protocol,
    address: BrokerAddress,
    login: BrokerLogin,
    /// What each topic begins with.
    prefix: String,
    connect_timeout: Duration,
    timeout: Duration,
    reply_timeout: Duration,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

#[derive(Debug)]
enum Connection {
    Nats(NatsConnection),
    Mqtt(MqttConnection),
    Amqp(AmqpConnection),
}

impl Broker {
    /// The broker at the URL of `target`; `None` if that is not the URL of one.
    ///
    /// # Errors
    /// It cannot be used; the text says why.
    pub(super) fn new(target: &Target, guard: &AddressGuard) -> Result<Option<Self>, String> {
        let Some(address) = &target.address else { return Ok(None) };
        let url: Url = address.url.expose_secret().parse().map_err(|_| "the URL is invalid".to_owned())?;
        let (protocol, port, is_tls) = match url.scheme() {
            "nats" => (Protocol::Nats, 4222, false),
            "tls" => (Protocol::Nats, 4222, true),
            "mqtt" => (Protocol::Mqtt, 1883, false),
            "mqtts" => (Protocol::Mqtt, 8883, true),
            "amqp" => (Protocol::Amqp(amqp_place(&url)), 5672, false),
            "amqps" => (Protocol::Amqp(amqp_place(&url)), 5671, true),
            _ => return Ok(None),
        };
        let host = url.host_str().ok_or("the URL has no host")?.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(port);
        let authorities = target.authorities_der.clone();
        let address = BrokerAddress::new(guard.clone(), host, port, is_tls.then_some(authorities))?;
        // The path of a URL of AMQP is the virtual host.
        let prefix = match protocol {
            Protocol::Nats | Protocol::Mqtt => url.path().trim_start_matches('/').to_owned(),
            Protocol::Amqp(_) => String::new(),
        };
        Ok(Some(Self {
            protocol,
            address,
            login: BrokerLogin::new(&url, &target.credentials, target.dialect.auth()),
            prefix,
            connect_timeout: target.connect_timeout,
            timeout: target.timeout,
            reply_timeout: target.hangup_timeout,
            idle: Mutex::default(),
        }))
    }

    /// Publishes `request` under the id `key`, and waits for the broker to confirm it. One that may not be repeated goes
    /// over a fresh connection, and has more time.
    pub(super) async fn publish(
        &self,
        request: &TargetRequest,
        key: &str,
        repeat: RepeatPolicy,
    ) -> SendResult {
        let message = match self.message(request, key) {
            Ok(message) => message,
            Err(failure) => return SendResult::failed(failure, repeat),
        };
        match self.exchange(&message, repeat == RepeatPolicy::Never).await {
            Ok(confirmed) => SendResult::confirmed(confirmed),
            Err(failure) => SendResult::failed(failure, repeat),
        }
    }

    /// Connects, to see whether that is possible.
    ///
    /// # Errors
    /// It is not; why.
    pub(super) async fn probe(&self) -> Result<(), RequestFailure> {
        let connection = self.connect().await?;
        self.keep(connection);
        Ok(())
    }

    fn message(&self, request: &TargetRequest, key: &str) -> Result<Message, RequestFailure> {
        let below = match &request.url {
            RequestUrl::Own => "",
            RequestUrl::Below(path) => path,
            RequestUrl::Absolute(_) => {
                return Err(RequestFailure::permanent(
                    "a message to a broker has a topic, and no URL of its own",
                ));
            }
        };
        let topic = match (self.prefix.trim_end_matches('/'), below) {
            ("", topic) | (topic, "") => topic.to_owned(),
            (prefix, below) => format!("{prefix}/{below}"),
        };
        if topic.is_empty() {
            return Err(RequestFailure::permanent("no topic is set: the dialect file sets it as url"));
        }
        Ok(Message {
            topic,
            key: key.to_owned(),
            content_type: request.content_type().map(str::to_owned),
            headers: request
                .other_headers()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: request.body.encode(),
        })
    }

    /// Gives what the broker said when it confirmed the message.
    async fn exchange(&self, message: &Message, is_unrepeatable: bool) -> Result<String, RequestFailure> {
        let mut connection = match self.idle_connection().filter(|_| !is_unrepeatable) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let patience = if is_unrepeatable { self.reply_timeout } else { self.timeout };
        match timeout(patience, connection.publish(message)).await {
            Ok(Ok(confirmed)) => {
                self.keep(connection);
                Ok(confirmed)
            }
            Ok(Err(PublishError::Misconfigured(reason))) => Err(RequestFailure::permanent(reason)),
            Ok(Err(PublishError::Busy(reason))) => Err(RequestFailure::temporary(reason)),
            Ok(Err(PublishError::Broken(reason))) => {
                let reason = format!("the connection broke: {reason}");
                Err(RequestFailure { is_unknown: true, ..RequestFailure::temporary(reason) })
            }
            Err(_) => {
                let reason = format!("not confirmed within {patience:?}");
                Err(RequestFailure { is_unknown: true, ..RequestFailure::temporary(reason) })
            }
        }
    }

    async fn connect(&self) -> Result<Connection, RequestFailure> {
        let connecting = async {
            let (address, login) = (&self.address, &self.login);
            match &self.protocol {
                Protocol::Nats => NatsConnection::open(address, login).await.map(Connection::Nats),
                Protocol::Mqtt => MqttConnection::open(address, login).await.map(Connection::Mqtt),
                Protocol::Amqp(place) => {
                    AmqpConnection::open(address, login, place).await.map(Connection::Amqp)
                }
            }
        };
        match timeout(self.connect_timeout, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(PublishError::Misconfigured(reason))) => Err(RequestFailure::permanent(reason)),
            Ok(Err(PublishError::Busy(reason))) => Err(RequestFailure::temporary(reason)),
            Ok(Err(PublishError::Broken(reason))) => {
                Err(RequestFailure::temporary(format!("cannot connect: {reason}")))
            }
            Err(_) => Err(RequestFailure::temporary("cannot connect in time")),
        }
    }

    fn idle_connection(&self) -> Option<Connection> {
        // Nothing panics while it is locked.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push((connection, Instant::now()));
        }
    }
}

impl Connection {
    async fn publish(&mut self, message: &Message) -> Result<String, PublishError> {
        match self {
            Self::Nats(connection) => connection.publish(message).await,
            Self::Mqtt(connection) => connection.publish(message).await,
            Self::Amqp(connection) => connection.publish(message).await,
        }
    }
}

/// The virtual host and the exchange in a URL such as `amqp://HOST/VHOST?exchange=NAME`.
fn amqp_place(url: &Url) -> AmqpPlace {
    let vhost = match url.path().trim_start_matches('/') {
        "" | "%2F" | "%2f" => "/".to_owned(),
        vhost => vhost.to_owned(),
    };
    let exchange = url.query_pairs().find(|(name, _)| name == "exchange");
    AmqpPlace { vhost, exchange: exchange.map(|(_, exchange)| exchange.into_owned()).unwrap_or_default() }
}

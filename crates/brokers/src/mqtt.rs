//! MQTT 5 at quality of service 1: a message is confirmed by PUBACK.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rumqttc::{
    Outgoing, TlsConfiguration, Transport,
    v5::{
        AsyncClient, ConnectionError, Event, EventLoop, Incoming, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{ConnectReturnCode, PublishProperties},
        },
    },
};
use secrecy::ExposeSecret;
use tokio::{
    sync::{Mutex as AsyncMutex, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    address::BrokerAddress,
    failure::PublishFailure,
    message::BrokerMessage,
    settings::{BrokerSettings, ConnectionGate},
    tls,
};

/// How many messages may wait to be written.
const CAPACITY: usize = 64;

/// How often a connection over which nothing goes is tried.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// The user property with the id of a message.
const MESSAGE_ID: &str = "idempotency-key";

type Confirmation = oneshot::Sender<Result<(), PublishFailure>>;

pub(crate) struct MqttClient {
    address: BrokerAddress,
    options: MqttOptions,
    connect_timeout: Duration,
    confirm_timeout: Duration,
    gate: ConnectionGate,
    connection: AsyncMutex<Option<MqttConnection>>,
}

impl fmt::Debug for MqttClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttClient").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A connection, and the task that reads from it and writes to it.
struct MqttConnection {
    client: AsyncClient,
    waiting: Arc<Mutex<Waiting>>,
    task: JoinHandle<()>,
}

impl Drop for MqttConnection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who waits for a confirmation.
#[derive(Default)]
struct Waiting {
    /// In the order in which the messages are written.
    unwritten: VecDeque<Confirmation>,
    /// By the packet identifier.
    written: HashMap<u16, Confirmation>,
}

impl MqttClient {
    pub(crate) fn new(address: BrokerAddress, settings: &BrokerSettings) -> Result<Self, String> {
        let mut options = MqttOptions::new(&settings.client_id, &address.host, address.port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_start(true).set_request_channel_capacity(CAPACITY);
        options.set_connection_timeout(settings.connect_timeout.as_secs().max(1));
        if let Some((user, password)) = &address.credentials {
            options.set_credentials(user, password.expose_secret());
        }
        if address.has_tls {
            let config = Arc::new(tls::client_config(&settings.authorities)?);
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
        }
        Ok(Self {
            address,
            options,
            connect_timeout: settings.connect_timeout,
            confirm_timeout: settings.confirm_timeout,
            gate: settings.gate.clone(),
            connection: AsyncMutex::default(),
        })
    }

    pub(crate) async fn check(&self) -> Result<(), PublishFailure> {
        self.connect().await.map(drop)
    }

    pub(crate) async fn publish(&self, message: &BrokerMessage) -> Result<(), PublishFailure> {
        if !is_topic(&message.destination) {
            return Err(PublishFailure::Refused("the topic is empty or has wildcards".to_owned()));
        }
        let confirmed = self.write(message).await?;
        match timeout(self.confirm_timeout, confirmed).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                Err(PublishFailure::Unknown(format!("the connection to {} broke", self.address.place())))
            }
            Err(_) => {
                // What is not confirmed would keep its packet identifier on this connection.
                self.connection.lock().await.take();
                Err(PublishFailure::Unknown(format!(
                    "{} has not confirmed the message within {:?}",
                    self.address.place(),
                    self.confirm_timeout
                )))
            }
        }
    }

    /// Hands `message` to the connection, which is made anew where the last one has broken.
    async fn write(
        &self,
        message: &BrokerMessage,
    ) -> Result<oneshot::Receiver<Result<(), PublishFailure>>, PublishFailure> {
        let mut slot = self.connection.lock().await;
        let connection = match slot.take().filter(|connection| !connection.task.is_finished()) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut user_properties = message.headers.clone();
        user_properties.push((MESSAGE_ID.to_owned(), message.id.clone()));
        let properties = PublishProperties {
            content_type: Some(message.content_type.clone()),
            user_properties,
            ..PublishProperties::default()
        };
        let (sender, confirmed) = oneshot::channel();
        lock(&connection.waiting).unwritten.push_back(sender);
        let (topic, body) = (message.destination.clone(), message.body.clone());
        let writing =
            connection.client.publish_with_properties(topic, QoS::AtLeastOnce, false, body, properties);
        // It waits where the broker takes no more; the lock keeps the order.
        let written = timeout(self.confirm_timeout, writing).await;
        match written {
            Ok(Ok(())) => {
                *slot = Some(connection);
                Ok(confirmed)
            }
            // It has not left: the connection goes, and with it all who wait.
            Ok(Err(_)) | Err(_) => {
                Err(PublishFailure::NotSent(format!("{} takes no message", self.address.place())))
            }
        }
    }

    async fn connect(&self) -> Result<MqttConnection, PublishFailure> {
        self.gate.ask().await?;
        let (client, mut events) = AsyncClient::new(self.options.clone(), CAPACITY);
        let place = self.address.place();
        let connecting = async {
            loop {
                if let Event::Incoming(Incoming::ConnAck(_)) = events.poll().await? {
                    return Ok(());
                }
            }
        };
        let connected = timeout(self.connect_timeout, connecting).await;
        match connected {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(connect_failure(&place, &error)),
            Err(_) => {
                return Err(PublishFailure::NotSent(format!(
                    "{place} does not answer within the time to connect"
                )));
            }
        }
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let task = tokio::spawn(run(events, Arc::clone(&waiting), place));
        Ok(MqttConnection { client, waiting, task })
    }
}

/// Carries what goes over one connection, until it breaks.
async fn run(mut events: EventLoop, waiting: Arc<Mutex<Waiting>>, place: String) {
    let error = loop {
        match events.poll().await {
            Ok(Event::Outgoing(Outgoing::Publish(packet))) => {
                let mut waiting = lock(&waiting);
                if let Some(confirmation) = waiting.unwritten.pop_front() {
                    waiting.written.insert(packet, confirmation);
                }
            }
            Ok(Event::Incoming(Incoming::PubAck(packet))) => {
                if let Some(confirmation) = lock(&waiting).written.remove(&packet.pkid) {
                    // Nobody may wait any more.
                    let _ = confirmation.send(Ok(()));
                }
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let mut waiting = lock(&waiting);
    for (_, confirmation) in waiting.written.drain() {
        let _ = confirmation
            .send(Err(PublishFailure::Unknown(format!("the connection to {place} broke: {error}"))));
    }
    for confirmation in waiting.unwritten.drain(..) {
        let _ = confirmation
            .send(Err(PublishFailure::NotSent(format!("the connection to {place} broke: {error}"))));
    }
}

fn connect_failure(place: &str, error: &ConnectionError) -> PublishFailure {
    match error {
        ConnectionError::ConnectionRefused(
            code @ (ConnectReturnCode::BadUserNamePassword
            | ConnectReturnCode::NotAuthorized
            | ConnectReturnCode::Banned
            | ConnectReturnCode::BadAuthenticationMethod
            | ConnectReturnCode::ClientIdentifierNotValid
            | ConnectReturnCode::UnsupportedProtocolVersion),
        ) => PublishFailure::Misconfigured(format!(
            "{place} refuses the connection ({code:?}): correct the user"
        )),
        error => PublishFailure::no_connection(place, &error.to_string()),
    }
}

/// Whether a message can be published under `topic`.
fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= usize::from(u16::MAX) && !topic.contains(['+', '#', '\0'])
}

/// Nobody panics while it is held, and what it guards is right at each moment.
fn lock(waiting: &Mutex<Waiting>) -> std::sync::MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_no_wildcards() {
        for topic in ["calls", "calls/main/newCall", "/"] {
            assert!(is_topic(topic), "{topic}");
        }
        for topic in ["", "calls/+", "calls/#", "a\0b"] {
            assert!(!is_topic(topic), "{topic}");
        }
    }
}

//! AMQP 0.9.1 with publisher confirms: a message is confirmed once a queue has it.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Error, ErrorKind,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    runtime::default_runtime,
    tcp::OwnedTLSConfig,
    types::{AMQPValue, FieldTable},
    uri::{AMQPAuthority, AMQPScheme, AMQPUri, AMQPUserInfo},
};
use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    address::BrokerAddress,
    failure::PublishFailure,
    message::BrokerMessage,
    settings::{BrokerSettings, ConnectionGate},
};

/// A message that outlives a restart of the broker, if its queue does.
const PERSISTENT: u8 = 2;

pub(crate) struct AmqpClient {
    address: BrokerAddress,
    exchange: String,
    client_id: String,
    /// The authorities that are trusted beside those of the system, as PEM.
    authorities: Option<String>,
    connect_timeout: Duration,
    confirm_timeout: Duration,
    gate: ConnectionGate,
    /// The connection is kept beside its channel, which does not keep it.
    connection: Mutex<Option<(Connection, Channel)>>,
}

impl fmt::Debug for AmqpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpClient").field("address", &self.address).finish_non_exhaustive()
    }
}

impl AmqpClient {
    pub(crate) fn new(address: BrokerAddress, settings: &BrokerSettings) -> Result<Self, String> {
        Ok(Self {
            address,
            exchange: settings.exchange.clone(),
            client_id: settings.client_id.clone(),
            authorities: (!settings.authorities.is_empty()).then(|| as_pem(&settings.authorities)),
            connect_timeout: settings.connect_timeout,
            confirm_timeout: settings.confirm_timeout,
            gate: settings.gate.clone(),
            connection: Mutex::default(),
        })
    }

    pub(crate) async fn check(&self) -> Result<(), PublishFailure> {
        self.channel().await.map(drop)
    }

    pub(crate) async fn publish(&self, message: &BrokerMessage) -> Result<(), PublishFailure> {
        let channel = self.channel().await?;
        let mut headers = FieldTable::default();
        for (name, value) in &message.headers {
            headers.insert(name.as_str().into(), AMQPValue::LongString(value.as_str().into()));
        }
        let properties = BasicProperties::default()
            .with_message_id(message.id.as_str().into())
            .with_content_type(message.content_type.as_str().into())
            .with_delivery_mode(PERSISTENT)
            .with_headers(headers);
        // A message that no queue takes comes back instead of being lost.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (self.exchange.as_str().into(), message.destination.as_str().into());
        let confirmed =
            async { channel.basic_publish(exchange, key, options, &message.body, properties).await?.await };
        let place = self.address.place();
        match timeout(self.confirm_timeout, confirmed).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => {
                Err(PublishFailure::Misconfigured(format!(
                    "no queue of {place} takes the routing key: bind one to the exchange"
                )))
            }
            Ok(Ok(Confirmation::Nack(None) | Confirmation::NotRequested)) => {
                Err(PublishFailure::Unknown(format!("{place} could not store the message")))
            }
            Ok(Err(error)) => {
                self.connection.lock().await.take();
                Err(failure(&place, &error))
            }
            Err(_) => {
                self.connection.lock().await.take();
                let after = self.confirm_timeout;
                Err(PublishFailure::Unknown(format!(
                    "{place} has not confirmed the message within {after:?}"
                )))
            }
        }
    }

    /// The channel, of a new connection where the last one has broken.
    async fn channel(&self) -> Result<Channel, PublishFailure> {
        let mut slot = self.connection.lock().await;
        if let Some((connection, channel)) = &*slot
            && connection.status().connected()
            && channel.status().connected()
        {
            return Ok(channel.clone());
        }
        *slot = None;
        self.gate.ask().await?;
        let place = self.address.place();
        let connected = timeout(self.connect_timeout, self.connect()).await;
        let connected = connected.map_err(|_| {
            PublishFailure::NotSent(format!("{place} does not answer within the time to connect"))
        })?;
        let (connection, channel) = connected.map_err(|error| match error.kind() {
            ErrorKind::ProtocolError(error) => PublishFailure::Misconfigured(format!(
                "{place} refuses the connection: {error}; correct the user, the password or the virtual host"
            )),
            _ => PublishFailure::no_connection(&place, &error.to_string()),
        })?;
        *slot = Some((connection, channel.clone()));
        Ok(channel)
    }

    async fn connect(&self) -> lapin::Result<(Connection, Channel)> {
        let (username, password) = match &self.address.credentials {
            Some((user, password)) => (user.clone(), password.expose_secret().to_owned()),
            // What RabbitMQ takes from its own host.
            None => ("guest".to_owned(), "guest".to_owned()),
        };
        let uri = AMQPUri {
            scheme: if self.address.has_tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo { username, password },
                host: self.address.host.clone(),
                port: self.address.port,
            },
            vhost: self.address.virtual_host.clone(),
            query: Default::default(),
        };
        let properties = ConnectionProperties::default().with_connection_name(self.client_id.as_str().into());
        let tls = OwnedTLSConfig { cert_chain: self.authorities.clone(), ..OwnedTLSConfig::default() };
        let connection =
            Connection::connect_uri_with_config(uri, properties, tls, default_runtime()?).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok((connection, channel))
    }
}

fn failure(place: &str, error: &Error) -> PublishFailure {
    match error.kind() {
        // NOT_FOUND of the exchange, ACCESS_REFUSED: the channel is closed with it.
        ErrorKind::ProtocolError(error) => PublishFailure::Misconfigured(format!(
            "{place} refuses the message: {error}; correct the exchange"
        )),
        ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(_) => {
            PublishFailure::NotSent(format!("the connection to {place} broke: {error}"))
        }
        _ => PublishFailure::Unknown(format!("the connection to {place} broke: {error}")),
    }
}

fn as_pem(certificates: &[CertificateDer<'_>]) -> String {
    let as_pem = |certificate: &CertificateDer<'_>| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
    };
    certificates.iter().map(as_pem).collect()
}

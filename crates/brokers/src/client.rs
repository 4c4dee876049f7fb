//! One broker, whatever it speaks.

use crate::{
    address::{BrokerAddress, BrokerProtocol},
    amqp::AmqpClient,
    failure::PublishFailure,
    message::BrokerMessage,
    mqtt::MqttClient,
    nats::NatsClient,
    settings::BrokerSettings,
};

/// A client of one broker. It connects when there is something to publish, and anew when the connection has broken.
#[derive(Debug)]
pub struct BrokerClient(Protocol);

#[derive(Debug)]
enum Protocol {
    Nats(NatsClient),
    Mqtt(MqttClient),
    Amqp(AmqpClient),
}

impl BrokerClient {
    /// A client with these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// The URL is not that of a broker, or TLS is asked for and no authority can be trusted.
    pub fn new(settings: &BrokerSettings) -> Result<Self, String> {
        let address = BrokerAddress::parse(settings).map_err(|error| error.to_string())?;
        Ok(Self(match address.protocol {
            BrokerProtocol::Nats => Protocol::Nats(NatsClient::new(address, settings)?),
            BrokerProtocol::Mqtt => Protocol::Mqtt(MqttClient::new(address, settings)?),
            BrokerProtocol::Amqp => Protocol::Amqp(AmqpClient::new(address, settings)?),
        }))
    }

    /// Connects, and publishes nothing.
    ///
    /// # Errors
    /// There is no connection.
    pub async fn check(&self) -> Result<(), PublishFailure> {
        match &self.0 {
            Protocol::Nats(client) => client.check().await,
            Protocol::Mqtt(client) => client.check().await,
            Protocol::Amqp(client) => client.check().await,
        }
    }

    /// Publishes `message`, and waits until the broker has confirmed it. Messages may be published side by side.
    ///
    /// # Errors
    /// It was not confirmed.
    pub async fn publish(&self, message: &BrokerMessage) -> Result<(), PublishFailure> {
        match &self.0 {
            Protocol::Nats(client) => client.publish(message).await,
            Protocol::Mqtt(client) => client.publish(message).await,
            Protocol::Amqp(client) => client.publish(message).await,
        }
    }
}

//! What is published.

use std::fmt;

/// One message.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerMessage {
    /// What tells it from others, the same at each attempt: `Nats-Msg-Id`, the user property `idempotency-key` of MQTT, the message-id
    /// of AMQP.
    pub id: String,
    /// Where it goes: a subject of NATS, a topic of MQTT, a routing key of AMQP.
    pub destination: String,
    /// What its body is.
    pub content_type: String,
    /// Further headers; user properties of MQTT.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A message has numbers and names of callers, so only its id is shown.
impl fmt::Debug for BrokerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerMessage").field("id", &self.id).finish_non_exhaustive()
    }
}

//! Publishes messages to brokers: NATS JetStream, MQTT 5 and AMQP 0.9.1.
//!
//! A [`BrokerClient`] publishes one message and waits until the broker has confirmed that it has it. When to publish it
//! again is decided elsewhere; the failure says whether the broker may have it already. A message keeps its id at each
//! attempt, so that brokers and consumers can tell a repetition.

mod address;
mod amqp;
mod client;
mod failure;
mod message;
mod mqtt;
mod nats;
mod settings;
mod tls;

pub use address::{BrokerAddressError, BrokerProtocol};
pub use client::BrokerClient;
pub use failure::PublishFailure;
pub use message::BrokerMessage;
pub use settings::{BrokerSettings, ConnectionGate};

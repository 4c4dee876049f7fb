//! How a broker is reached.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use rustls::pki_types::CertificateDer;
use secrecy::SecretString;

use crate::failure::PublishFailure;

/// How one broker is reached.
#[derive(Clone, Debug)]
pub struct BrokerSettings {
    /// Its URL, which may have a user and a password: `nats://`, `tls://` (NATS), `mqtt://`, `mqtts://`, `amqp://` or
    /// `amqps://`.
    pub url: SecretString,
    /// The user and the password, where the URL has none.
    pub credentials: Option<(String, SecretString)>,
    /// The token that NATS asks for.
    pub token: Option<SecretString>,
    /// Authorities that are trusted beside those of the system.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The exchange of AMQP; empty is the default one, whose routing keys are the names of queues.
    pub exchange: String,
    /// What this client is called at the broker. Another MQTT client of the same name is disconnected.
    pub client_id: String,
    /// How long a connection may take to be made, login included.
    pub connect_timeout: Duration,
    /// How long a confirmation may take.
    pub confirm_timeout: Duration,
    /// What is asked before each connection is made.
    pub gate: ConnectionGate,
}

/// What is asked before a connection is made: a reason why it may not be, if there is one.
#[derive(Clone, Default)]
pub struct ConnectionGate(Option<Arc<Ask>>);

type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

impl ConnectionGate {
    /// One that asks `ask`.
    pub fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Some(Arc::new(move || Box::pin(ask()))))
    }

    pub(crate) async fn ask(&self) -> Result<(), PublishFailure> {
        match &self.0 {
            Some(ask) => ask().await.map_err(PublishFailure::NotSent),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ConnectionGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionGate")
    }
}

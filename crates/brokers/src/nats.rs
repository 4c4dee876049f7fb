//! NATS JetStream: a message is confirmed by the stream that stores it.

use std::{fmt, time::Duration};

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, HeaderMap,
    connection::State,
    jetstream::{self, Context, context::PublishErrorKind},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    address::BrokerAddress,
    failure::PublishFailure,
    message::BrokerMessage,
    settings::{BrokerSettings, ConnectionGate},
    tls,
};

/// The header by which a stream knows a message that it has already.
const MESSAGE_ID: &str = "Nats-Msg-Id";

pub(crate) struct NatsClient {
    address: BrokerAddress,
    token: Option<SecretString>,
    client_id: String,
    tls: Option<rustls::ClientConfig>,
    connect_timeout: Duration,
    confirm_timeout: Duration,
    gate: ConnectionGate,
    connection: Mutex<Option<Client>>,
}

impl fmt::Debug for NatsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsClient").field("address", &self.address).finish_non_exhaustive()
    }
}

impl NatsClient {
    pub(crate) fn new(address: BrokerAddress, settings: &BrokerSettings) -> Result<Self, String> {
        let tls = address.has_tls.then(|| tls::client_config(&settings.authorities)).transpose()?;
        Ok(Self {
            address,
            token: settings.token.clone(),
            client_id: settings.client_id.clone(),
            tls,
            connect_timeout: settings.connect_timeout,
            confirm_timeout: settings.confirm_timeout,
            gate: settings.gate.clone(),
            connection: Mutex::default(),
        })
    }

    pub(crate) async fn check(&self) -> Result<(), PublishFailure> {
        self.context().await.map(drop)
    }

    pub(crate) async fn publish(&self, message: &BrokerMessage) -> Result<(), PublishFailure> {
        if !is_subject(&message.destination) {
            return Err(PublishFailure::Refused(
                "the subject is empty or has blanks or wildcards".to_owned(),
            ));
        }
        let context = self.context().await?;
        let mut headers = HeaderMap::new();
        headers.insert("Content-Type", message.content_type.as_str());
        for (name, value) in &message.headers {
            headers.append(name.as_str(), value.as_str());
        }
        headers.insert(MESSAGE_ID, message.id.as_str());
        let (subject, body) = (message.destination.clone(), message.body.clone().into());
        let confirmed = async { context.publish_with_headers(subject, headers, body).await?.await };
        match timeout(self.confirm_timeout, confirmed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failure(error.kind(), &error.to_string())),
            Err(_) => Err(self.unconfirmed()),
        }
    }

    /// The connection, made anew where the last one has broken: then the client of it would keep messages, and send them
    /// when nobody waits for their confirmation any more.
    async fn context(&self) -> Result<Context, PublishFailure> {
        let mut connection = self.connection.lock().await;
        let connected = connection.take().filter(|client| client.connection_state() == State::Connected);
        let client = match connected {
            Some(client) => client,
            None => self.connect().await?,
        };
        let mut context = jetstream::new(client.clone());
        context.set_timeout(self.confirm_timeout);
        *connection = Some(client);
        Ok(context)
    }

    async fn connect(&self) -> Result<Client, PublishFailure> {
        self.gate.ask().await?;
        let mut options = ConnectOptions::new()
            .name(&self.client_id)
            .connection_timeout(self.connect_timeout)
            .request_timeout(Some(self.confirm_timeout))
            .ignore_discovered_servers()
            .max_reconnects(1);
        if let Some(tls) = &self.tls {
            options = options.require_tls(true).tls_client_config(tls.clone());
        }
        if let Some((user, password)) = &self.address.credentials {
            options = options.user_and_password(user.clone(), password.expose_secret().to_owned());
        }
        if let Some(token) = &self.token {
            options = options.token(token.expose_secret().to_owned());
        }
        let place = self.address.place();
        let address = match self.address.host.contains(':') {
            true => format!("nats://[{}]:{}", self.address.host, self.address.port),
            false => format!("nats://{place}"),
        };
        let connecting = timeout(self.connect_timeout, options.connect(address)).await;
        let connecting = connecting.map_err(|_| {
            PublishFailure::NotSent(format!("{place} does not answer within the time to connect"))
        })?;
        connecting.map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                PublishFailure::Misconfigured(format!("{place} refuses the user or the token: correct it"))
            }
            _ => PublishFailure::no_connection(&place, &with_sources(&error)),
        })
    }

    fn failure(&self, kind: PublishErrorKind, error: &str) -> PublishFailure {
        let place = self.address.place();
        match kind {
            PublishErrorKind::StreamNotFound => PublishFailure::Misconfigured(format!(
                "no JetStream stream of {place} has the subject: add it to a stream"
            )),
            PublishErrorKind::MaxPayloadExceeded => {
                PublishFailure::Refused(format!("{place} takes no message of this size"))
            }
            PublishErrorKind::TimedOut => self.unconfirmed(),
            PublishErrorKind::BrokenPipe
            | PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::WrongLastSequence
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::Other => PublishFailure::Unknown(format!("{place}: {error}")),
        }
    }

    fn unconfirmed(&self) -> PublishFailure {
        PublishFailure::Unknown(format!(
            "{} has not confirmed the message within {:?}",
            self.address.place(),
            self.confirm_timeout
        ))
    }
}

/// An error with what caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Whether a message can be published under `subject`.
fn is_subject(subject: &str) -> bool {
    subject.split('.').all(|token| {
        !token.is_empty()
            && !token.contains(|c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_no_empty_tokens_blanks_or_wildcards() {
        for subject in ["calls", "calls.main.newCall", "a.b-c_d"] {
            assert!(is_subject(subject), "{subject}");
        }
        for subject in ["", ".", "calls.", "a b", "a.*", "a.>", "a\r\nPUB x"] {
            assert!(!is_subject(subject), "{subject}");
        }
    }
}

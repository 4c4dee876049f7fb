//! NATS with JetStream, as far as a publisher speaks it (docs.nats.io, client protocol; JetStream publishing).

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use super::{
    message::{BrokerLogin, Message, PublishError},
    stream::{BrokerAddress, BrokerStream},
};

/// The longest line and the longest message that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// A connection to a NATS server, which has let us in.
pub(super) struct NatsConnection {
    stream: BrokerStream,
    /// Where confirmations come.
    inbox: String,
    /// How many messages were published.
    published: u64,
}

impl std::fmt::Debug for NatsConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsConnection").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Connect<'a> {
    verbose: bool,
    pedantic: bool,
    tls_required: bool,
    name: &'a str,
    lang: &'a str,
    version: &'a str,
    protocol: u8,
    headers: bool,
    no_responders: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
}

/// The confirmation of a stream.
#[derive(Deserialize)]
struct Confirmation {
    stream: Option<String>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    error: Option<ConfirmationError>,
}

#[derive(Deserialize)]
struct ConfirmationError {
    code: u16,
    #[serde(default)]
    description: String,
}

/// What the server sent.
enum ServerMessage {
    Pong,
    /// A message for the inbox: its subject, headers and payload.
    Message(String, Vec<u8>, Vec<u8>),
    Error(String),
    Other,
}

impl NatsConnection {
    pub(super) async fn open(address: &BrokerAddress, login: &BrokerLogin) -> Result<Self, PublishError> {
        let tcp = address.connect().await?;
        // The server speaks first, and then TLS begins.
        let mut byte = [0; 1];
        let mut info = Vec::new();
        let mut tcp = tcp;
        while byte != *b"\n" && info.len() < usize::try_from(LONGEST).unwrap_or(usize::MAX) {
            if tcp.read(&mut byte).await? == 0 {
                return Err(PublishError::Broken("the server closed the connection".to_owned()));
            }
            info.extend(byte);
        }
        if !info.starts_with(b"INFO ") {
            let reason = "what answers is not a NATS server: correct the host and the port in the URL";
            return Err(PublishError::Misconfigured(reason.to_owned()));
        }
        let mut random = [0; 12];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| PublishError::Broken("the system gives no random bytes".to_owned()))?;
        let inbox: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let stream = address.secure(tcp).await?;
        let mut connection = Self { stream, inbox: format!("_INBOX.{inbox}"), published: 0 };
        let connect = Connect {
            verbose: false,
            pedantic: false,
            tls_required: address.is_secure(),
            name: "ringwire",
            lang: "rust",
            version: env!("CARGO_PKG_VERSION"),
            protocol: 1,
            headers: true,
            no_responders: true,
            user: login.user.as_deref(),
            pass: login.password.as_ref().map(ExposeSecret::expose_secret),
            auth_token: login.token.as_ref().map(ExposeSecret::expose_secret),
        };
        let connect = serde_json::to_string(&connect).unwrap_or_default();
        let begin = format!("CONNECT {connect}\r\nSUB {}.* 1\r\nPING\r\n", connection.inbox);
        connection.stream.write_all(begin.as_bytes()).await?;
        connection.stream.flush().await?;
        loop {
            match connection.read().await? {
                ServerMessage::Pong => return Ok(connection),
                ServerMessage::Error(error) => return Err(refusal(&error)),
                ServerMessage::Message(..) | ServerMessage::Other => {}
            }
        }
    }

    pub(super) async fn publish(&mut self, message: &Message) -> Result<String, PublishError> {
        self.published += 1;
        let reply_to = format!("{}.{}", self.inbox, self.published);
        let mut headers = format!("NATS/1.0\r\nNats-Msg-Id: {}\r\n", one_line(&message.key));
        for (name, value) in message
            .content_type
            .iter()
            .map(|kind| ("Content-Type", kind.as_str()))
            .chain(message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        {
            headers += &format!("{}: {}\r\n", one_line(name), one_line(value));
        }
        headers += "\r\n";
        let (topic, length) = (&message.topic, headers.len());
        let total = length + message.body.len();
        if topic.contains(|c: char| c.is_whitespace() || c.is_control())
            || topic.split('.').any(str::is_empty)
        {
            return Err(PublishError::Misconfigured(format!("{topic:?} is not a subject")));
        }
        let line = format!("HPUB {topic} {reply_to} {length} {total}\r\n{headers}");
        self.stream.write_all(line.as_bytes()).await?;
        self.stream.write_all(&message.body).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await?;
        loop {
            match self.read().await? {
                ServerMessage::Message(subject, headers, body) if subject == reply_to => {
                    return confirmation(topic, &headers, &body);
                }
                ServerMessage::Error(error) => return Err(refusal(&error)),
                ServerMessage::Message(..) | ServerMessage::Pong | ServerMessage::Other => {}
            }
        }
    }

    async fn line(&mut self) -> Result<String, PublishError> {
        let mut line = Vec::new();
        (&mut self.stream).take(LONGEST).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err(PublishError::Broken("the server closed the connection".to_owned()));
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// The next thing that the server sent; a ping is answered.
    async fn read(&mut self) -> Result<ServerMessage, PublishError> {
        let line = self.line().await?;
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("PING") => {
                self.stream.write_all(b"PONG\r\n").await?;
                self.stream.flush().await?;
                Ok(ServerMessage::Other)
            }
            Some("PONG") => Ok(ServerMessage::Pong),
            Some("-ERR") => Ok(ServerMessage::Error(line.trim_start_matches("-ERR").trim().to_owned())),
            Some(kind @ ("MSG" | "HMSG")) => {
                let words: Vec<_> = words.collect();
                let strange = || PublishError::Broken("the server sent what is not NATS".to_owned());
                let size = |word: Option<&&str>| {
                    word.and_then(|word| word.parse::<usize>().ok())
                        .filter(|size| *size as u64 <= LONGEST)
                        .ok_or_else(strange)
                };
                let subject = (*words.first().ok_or_else(strange)?).to_owned();
                let total = size(words.last())?;
                let head = match kind {
                    "HMSG" => size(words.iter().rev().nth(1))?.min(total),
                    _ => 0,
                };
                let mut payload = vec![0; total + 2];
                self.stream.read_exact(&mut payload).await?;
                payload.truncate(total);
                let body = payload.split_off(head);
                Ok(ServerMessage::Message(subject, payload, body))
            }
            _ => Ok(ServerMessage::Other),
        }
    }
}

/// What the stream said of a message; gives that in words if it has it.
fn confirmation(topic: &str, headers: &[u8], body: &[u8]) -> Result<String, PublishError> {
    if headers.starts_with(b"NATS/1.0 503") {
        let reason = format!("no stream of JetStream takes the subject {topic}: add it to one");
        return Err(PublishError::Misconfigured(reason));
    }
    let strange = || PublishError::Broken("the confirmation cannot be read".to_owned());
    let confirmation: Confirmation = serde_json::from_slice(body).map_err(|_| strange())?;
    match (confirmation.error, confirmation.stream, confirmation.seq) {
        (Some(ConfirmationError { code, description }), ..) => {
            let reason = format!("the stream refuses the message: {code} {}", one_line(&description));
            Err(match code {
                400..=499 if code != 408 && code != 429 => PublishError::Misconfigured(reason),
                _ => PublishError::Busy(reason),
            })
        }
        (None, Some(stream), Some(seq)) => {
            let again = if confirmation.duplicate { ", a duplicate" } else { "" };
            Ok(format!("stream {} has it as number {seq}{again}", one_line(&stream)))
        }
        _ => Err(strange()),
    }
}

/// What an error of the server means.
fn refusal(error: &str) -> PublishError {
    let error = error.trim_matches('\'').to_owned();
    let lower = error.to_lowercase();
    if lower.contains("authorization") || lower.contains("permissions") || lower.contains("authentication") {
        PublishError::Misconfigured(format!(
            "the server says {error}: correct the credentials, or allow it there"
        ))
    } else if lower.contains("maximum payload") || lower.contains("invalid subject") {
        PublishError::Misconfigured(format!("the server says {error}"))
    } else {
        PublishError::Broken(format!("the server says {error}"))
    }
}

/// `text` without line ends and what else a header cannot have.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

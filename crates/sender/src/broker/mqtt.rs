//! MQTT 5 with quality of service 1, as far as a publisher speaks it (OASIS MQTT 5.0).

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    message::{BrokerLogin, Message, PublishError},
    stream::{BrokerAddress, BrokerStream},
};

/// The longest packet that is read, in bytes: confirmations are short.
const LONGEST: usize = 64 << 10;

/// The id of the only packet that is on its way.
const PACKET: u16 = 1;

/// Types of packets (section 2.1.2), with their flags.
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH_ONCE: u8 = 0x32;
const PUBACK: u8 = 0x40;
const DISCONNECT: u8 = 0xe0;

/// Properties (section 2.2.2.2).
const CONTENT_TYPE: u8 = 0x03;
const USER_PROPERTY: u8 = 0x26;

/// A connection to an MQTT broker, which has let us in.
pub(super) struct MqttConnection {
    stream: BrokerStream,
}

impl std::fmt::Debug for MqttConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MqttConnection").finish_non_exhaustive()
    }
}

impl MqttConnection {
    pub(super) async fn open(address: &BrokerAddress, login: &BrokerLogin) -> Result<Self, PublishError> {
        let stream = address.secure(address.connect().await?).await?;
        let mut connection = Self { stream };
        // A token has the place of the password (section 3.1.3.6).
        let password = login.password.as_ref().or(login.token.as_ref());
        let mut flags = 0x02; // clean start
        flags |= if login.user.is_some() { 0x80 } else { 0 };
        flags |= if password.is_some() { 0x40 } else { 0 };
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        // Version 5, and no keep-alive: connections that are idle are not used.
        body.extend([5, flags, 0, 0]);
        body.push(0); // no properties
        text(&mut body, ""); // the broker chooses the id of the client
        if let Some(user) = &login.user {
            text(&mut body, user);
        }
        if let Some(password) = password {
            text(&mut body, password.expose_secret());
        }
        connection.write(CONNECT, &body).await?;
        let (kind, body) = connection.read().await?;
        match (kind & 0xf0, body.get(1)) {
            (CONNACK, Some(0)) => Ok(connection),
            (CONNACK, Some(code)) => Err(refusal(*code)),
            (DISCONNECT, _) => Err(refusal(body.first().copied().unwrap_or_default())),
            _ => {
                let reason =
                    "what answers is not a broker of MQTT 5: correct the host and the port in the URL";
                Err(PublishError::Misconfigured(reason.to_owned()))
            }
        }
    }

    pub(super) async fn publish(&mut self, message: &Message) -> Result<String, PublishError> {
        let Message { topic, key, content_type, headers, body: payload } = message;
        if topic.contains(['+', '#', '\0']) {
            return Err(PublishError::Misconfigured(format!(
                "{topic:?} is not a topic that can be published to"
            )));
        }
        let mut properties = Vec::new();
        if let Some(kind) = content_type {
            properties.push(CONTENT_TYPE);
            text(&mut properties, kind);
        }
        let key = ("idempotency-key", key.as_str());
        for (name, value) in headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([key])
        {
            properties.push(USER_PROPERTY);
            text(&mut properties, name);
            text(&mut properties, value);
        }
        let mut body = Vec::new();
        text(&mut body, topic);
        body.extend(PACKET.to_be_bytes());
        length(&mut body, properties.len());
        body.extend(properties);
        body.extend(payload);
        self.write(PUBLISH_ONCE, &body).await?;
        loop {
            let (kind, body) = self.read().await?;
            match kind & 0xf0 {
                PUBACK if body.get(..2) == Some(&PACKET.to_be_bytes()) => {
                    return match body.get(2).copied().unwrap_or_default() {
                        0x10 => Ok("the broker has it; nobody subscribes to its topic".to_owned()),
                        code if code < 0x80 => Ok("the broker has it".to_owned()),
                        code => Err(refusal(code)),
                    };
                }
                DISCONNECT => return Err(refusal(body.first().copied().unwrap_or_default())),
                _ => {}
            }
        }
    }

    async fn write(&mut self, kind: u8, body: &[u8]) -> Result<(), PublishError> {
        let mut head = vec![kind];
        length(&mut head, body.len());
        self.stream.write_all(&head).await?;
        self.stream.write_all(body).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// The next packet: its first byte, and what comes after its length.
    async fn read(&mut self) -> Result<(u8, Vec<u8>), PublishError> {
        let kind = self.stream.read_u8().await?;
        let (mut size, mut shift) = (0, 0);
        loop {
            let byte = self.stream.read_u8().await?;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 21 {
                return Err(PublishError::Broken("the broker sent what is not MQTT".to_owned()));
            }
        }
        if size > LONGEST {
            return Err(PublishError::Broken("the broker sent too long a packet".to_owned()));
        }
        let mut body = vec![0; size];
        self.stream.read_exact(&mut body).await?;
        Ok((kind, body))
    }
}

/// What a reason code means (section 2.4).
fn refusal(code: u8) -> PublishError {
    let misconfigured =
        |what: &str| PublishError::Misconfigured(format!("the broker says {what} (0x{code:02x})"));
    match code {
        0x84 => misconfigured("that it does not speak MQTT 5: update it"),
        0x86 => misconfigured("that user or password are wrong: correct them"),
        0x87 | 0x8c => misconfigured("that this user may not publish there: allow it"),
        0x8a => misconfigured("that this client is banned"),
        0x90 => misconfigured("that this is not a topic"),
        0x95 => misconfigured("that the message is too long"),
        0x9b => misconfigured("that it takes no messages of quality of service 1"),
        0x88 | 0x89 | 0x97 | 0x9f => PublishError::Busy(format!("the broker is busy (0x{code:02x})")),
        _ => PublishError::Busy(format!("the broker refuses it (0x{code:02x})")),
    }
}

/// Appends a text with its length (section 1.5.4); one that is too long is cut.
fn text(bytes: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    bytes.extend(u16::try_from(end).unwrap_or_default().to_be_bytes());
    bytes.extend(text.as_bytes());
}

/// Appends a length as a variable byte integer (section 1.5.5).
fn length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        bytes.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
}

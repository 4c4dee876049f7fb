//! AMQP 0.9.1 with publisher confirms, as far as a publisher speaks it (amqp0-9-1.xml; RabbitMQ, publisher confirms).

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    message::{BrokerLogin, Message, PublishError},
    stream::{BrokerAddress, BrokerStream},
};

/// What a connection begins with.
const PROTOCOL: &[u8] = b"AMQP\x00\x00\x09\x01";

/// The longest frame that is read, in bytes.
const LONGEST: u32 = 1 << 20;

/// What a frame ends with.
const FRAME_END: u8 = 0xce;

/// What a frame adds to its payload, in bytes.
const FRAME_OVERHEAD: u32 = 8;

/// Types of frames.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

/// The only channel.
const CHANNEL: u16 = 1;

/// Properties of a message, by their flags.
const CONTENT_TYPE: u16 = 1 << 15;
const HEADERS: u16 = 1 << 13;
const DELIVERY_MODE: u16 = 1 << 12;
const MESSAGE_ID: u16 = 1 << 7;

/// The delivery mode of messages that outlive a restart of the broker.
const PERSISTENT: u8 = 2;

/// Methods, by class and number.
const START: (u16, u16) = (10, 10);
const START_OK: (u16, u16) = (10, 11);
const TUNE: (u16, u16) = (10, 30);
const TUNE_OK: (u16, u16) = (10, 31);
const OPEN: (u16, u16) = (10, 40);
const OPEN_OK: (u16, u16) = (10, 41);
const CLOSE: (u16, u16) = (10, 50);
const CHANNEL_OPEN: (u16, u16) = (20, 10);
const CHANNEL_OPEN_OK: (u16, u16) = (20, 11);
const CHANNEL_CLOSE: (u16, u16) = (20, 40);
const PUBLISH: (u16, u16) = (60, 40);
const RETURN: (u16, u16) = (60, 50);
const ACK: (u16, u16) = (60, 80);
const NACK: (u16, u16) = (60, 120);
const CONFIRM_SELECT: (u16, u16) = (85, 10);
const CONFIRM_SELECT_OK: (u16, u16) = (85, 11);

/// Where messages go at a broker.
#[derive(Clone, Debug, Default)]
pub(super) struct AmqpPlace {
    /// The virtual host.
    pub(super) vhost: String,
    /// The exchange; the default one, whose routing keys are names of queues, has no name.
    pub(super) exchange: String,
}

/// A connection to a broker of AMQP, which has let us in.
pub(super) struct AmqpConnection {
    stream: BrokerStream,
    exchange: String,
    /// The longest frame that the broker takes.
    frame_max: u32,
}

impl std::fmt::Debug for AmqpConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmqpConnection").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

/// A method that the broker called, with its arguments.
struct Method {
    id: (u16, u16),
    arguments: Vec<u8>,
}

impl AmqpConnection {
    pub(super) async fn open(
        address: &BrokerAddress,
        login: &BrokerLogin,
        place: &AmqpPlace,
    ) -> Result<Self, PublishError> {
        let stream = address.secure(address.connect().await?).await?;
        let mut connection = Self { stream, exchange: place.exchange.clone(), frame_max: 4096 };
        connection.stream.write_all(PROTOCOL).await?;
        connection.stream.flush().await?;
        connection.expect(START).await?;
        let user = login.user.as_deref().unwrap_or("guest");
        let password = login.password.as_ref().or(login.token.as_ref()).map(ExposeSecret::expose_secret);
        let password = password.unwrap_or("guest");
        let mut start = Vec::new();
        long_text(&mut start, &capabilities());
        short_text(&mut start, "PLAIN");
        long_text(&mut start, format!("\0{user}\0{password}").as_bytes());
        short_text(&mut start, "en_US");
        connection.call(0, START_OK, &start).await?;
        let tune = connection.expect(TUNE).await?;
        let frame_max = tune.get(2..6).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
        connection.frame_max = frame_max.filter(|max| *max > 0).unwrap_or(LONGEST).clamp(4096, LONGEST);
        // One channel, and no heartbeats: connections that are idle are not used.
        let mut tune = CHANNEL.to_be_bytes().to_vec();
        tune.extend(connection.frame_max.to_be_bytes());
        tune.extend([0, 0]);
        connection.call(0, TUNE_OK, &tune).await?;
        let mut open = Vec::new();
        short_text(&mut open, &place.vhost);
        open.extend([0, 0]);
        connection.call(0, OPEN, &open).await?;
        connection.expect(OPEN_OK).await?;
        connection.call(CHANNEL, CHANNEL_OPEN, &[0]).await?;
        connection.expect(CHANNEL_OPEN_OK).await?;
        connection.call(CHANNEL, CONFIRM_SELECT, &[0]).await?;
        connection.expect(CONFIRM_SELECT_OK).await?;
        Ok(connection)
    }

    pub(super) async fn publish(&mut self, message: &Message) -> Result<String, PublishError> {
        let mut publish = vec![0, 0];
        short_text(&mut publish, &self.exchange);
        short_text(&mut publish, &message.topic);
        publish.push(1); // mandatory: what no queue takes is returned
        frame(&mut self.stream, METHOD, CHANNEL, &method(PUBLISH, &publish)).await?;
        frame(&mut self.stream, HEADER, CHANNEL, &header(message)).await?;
        let most = usize::try_from(self.frame_max - FRAME_OVERHEAD).unwrap_or(4096);
        for part in message.body.chunks(most) {
            frame(&mut self.stream, BODY, CHANNEL, part).await?;
        }
        self.stream.flush().await?;
        let mut is_returned = false;
        loop {
            let Method { id, arguments } = self.read().await?;
            match id {
                ACK if is_returned => {
                    let (key, exchange) = (&message.topic, &self.exchange);
                    return Err(PublishError::Misconfigured(format!(
                        "no queue takes the routing key {key:?} of the exchange {exchange:?}: bind one to it"
                    )));
                }
                ACK => return Ok("the broker has it".to_owned()),
                NACK => return Err(PublishError::Busy("the broker could not keep the message".to_owned())),
                RETURN => is_returned = true,
                CLOSE | CHANNEL_CLOSE => return Err(refusal(&arguments)),
                _ => {}
            }
        }
    }

    async fn call(&mut self, channel: u16, id: (u16, u16), arguments: &[u8]) -> Result<(), PublishError> {
        frame(&mut self.stream, METHOD, channel, &method(id, arguments)).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// The arguments of the method `id`, which comes next.
    async fn expect(&mut self, id: (u16, u16)) -> Result<Vec<u8>, PublishError> {
        loop {
            let method = self.read().await?;
            match method.id {
                found if found == id => return Ok(method.arguments),
                CLOSE | CHANNEL_CLOSE => return Err(refusal(&method.arguments)),
                _ => {}
            }
        }
    }

    /// The next method that the broker calls; other frames are skipped.
    async fn read(&mut self) -> Result<Method, PublishError> {
        loop {
            let kind = self.stream.read_u8().await?;
            let _channel = self.stream.read_u16().await?;
            let size = self.stream.read_u32().await?;
            if !matches!(kind, METHOD | HEADER | BODY | 8) {
                let reason =
                    "what answers is not a broker of AMQP 0.9.1: correct the host and the port in the URL";
                return Err(PublishError::Misconfigured(reason.to_owned()));
            }
            if size > LONGEST {
                return Err(PublishError::Broken("the broker sent too long a frame".to_owned()));
            }
            let mut payload = vec![0; usize::try_from(size).unwrap_or_default()];
            self.stream.read_exact(&mut payload).await?;
            if self.stream.read_u8().await? != FRAME_END {
                return Err(PublishError::Broken("the broker sent what is not AMQP".to_owned()));
            }
            if let (METHOD, Some([a, b, c, d])) = (kind, payload.first_chunk()) {
                let id = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
                return Ok(Method { id, arguments: payload.split_off(4) });
            }
        }
    }
}

/// What this client can do, as a table: it hears why it is turned away.
fn capabilities() -> Vec<u8> {
    let mut inner = Vec::new();
    for name in ["authentication_failure_close", "publisher_confirms", "basic.nack"] {
        short_text(&mut inner, name);
        inner.extend([b't', 1]);
    }
    let mut table = Vec::new();
    short_text(&mut table, "capabilities");
    table.push(b'F');
    long_text(&mut table, &inner);
    table
}

fn method((class, number): (u16, u16), arguments: &[u8]) -> Vec<u8> {
    let mut payload = class.to_be_bytes().to_vec();
    payload.extend(number.to_be_bytes());
    payload.extend(arguments);
    payload
}

/// The header of a message: its size and its properties.
fn header(message: &Message) -> Vec<u8> {
    let mut flags = HEADERS | DELIVERY_MODE | MESSAGE_ID;
    let mut properties = Vec::new();
    if let Some(kind) = &message.content_type {
        flags |= CONTENT_TYPE;
        short_text(&mut properties, kind);
    }
    let mut table = Vec::new();
    for (name, value) in &message.headers {
        short_text(&mut table, name);
        table.push(b'S');
        long_text(&mut table, value.as_bytes());
    }
    long_text(&mut properties, &table);
    properties.push(PERSISTENT);
    short_text(&mut properties, &message.key);
    let mut payload = PUBLISH.0.to_be_bytes().to_vec();
    payload.extend([0, 0]);
    payload.extend((message.body.len() as u64).to_be_bytes());
    payload.extend(flags.to_be_bytes());
    payload.extend(properties);
    payload
}

async fn frame(
    stream: &mut BrokerStream,
    kind: u8,
    channel: u16,
    payload: &[u8],
) -> Result<(), PublishError> {
    let size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    stream.write_u8(kind).await?;
    stream.write_u16(channel).await?;
    stream.write_u32(size).await?;
    stream.write_all(payload).await?;
    stream.write_u8(FRAME_END).await?;
    Ok(())
}

/// What it means that the broker closes the channel or the connection, with a code and a text.
fn refusal(arguments: &[u8]) -> PublishError {
    let code = arguments.first_chunk().map_or(0, |code| u16::from_be_bytes(*code));
    let text = arguments.get(3..).unwrap_or_default();
    let length = arguments.get(2).copied().map_or(0, usize::from);
    let text = String::from_utf8_lossy(text.get(..length).unwrap_or(text));
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    match code {
        403 => PublishError::Misconfigured(format!(
            "the broker says {text}: correct the credentials, or allow this user to publish there"
        )),
        402 | 404 | 405 | 406 | 501..=540 => {
            PublishError::Misconfigured(format!("the broker says {text}: correct the URL or the broker"))
        }
        _ => PublishError::Busy(format!("the broker says {code} {text}")),
    }
}

/// Appends a text of up to 255 bytes with its length; one that is too long is cut.
fn short_text(bytes: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(usize::from(u8::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    bytes.push(u8::try_from(end).unwrap_or_default());
    bytes.extend(text.get(..end).unwrap_or_default().as_bytes());
}

/// Appends bytes with their length.
fn long_text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(text);
}

//! A misbehaving HTTP receiver.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::gate::Gate;

/// The largest request, in bytes.
const LONGEST_REQUEST: usize = 1 << 20;

/// A received request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers in order, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The number of the connection on which it came, from 0.
    pub connection: usize,
}

impl HttpRequest {
    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The status.
    pub status: u16,
    /// The headers, except `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl HttpReply {
    /// A reply with `status` and `body`.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn head(&self) -> String {
        let mut head =
            format!("HTTP/1.1 {} Something\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head
    }
}

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub enum ReceiverAction {
    /// It replies.
    Reply(HttpReply),
    /// It replies once the gate opens.
    ReplyLater(Gate, HttpReply),
    /// It never replies, and keeps the connection open.
    Stall,
    /// It closes the connection without a reply.
    Close,
    /// It resets the connection without a reply.
    Reset,
    /// It closes the connection after this many bytes of the body.
    TruncatedReply(HttpReply, usize),
    /// It replies with this status and a body that never ends.
    EndlessReply(u16),
}

/// A misbehaving HTTP receiver on a port of the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<HttpRequest>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts it on a free port. Each request gets the next of `actions`; after the last one, all get the last.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start(actions: impl IntoIterator<Item = ReceiverAction>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // A test reads the requests that it causes, so it bounds the channel.
        let (received, requests) = mpsc::unbounded_channel();
        let plan =
            Arc::new(ReceiverPlan { actions: actions.into_iter().collect(), used: Mutex::new(0), received });
        Ok(Self { address, requests, task: tokio::spawn(accept(listener, plan)) })
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL to post to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Waits for the next complete request; `None` if none can come any more.
    pub async fn next_request(&mut self) -> Option<HttpRequest> {
        self.requests.recv().await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct ReceiverPlan {
    actions: Vec<ReceiverAction>,
    used: Mutex<usize>,
    received: mpsc::UnboundedSender<HttpRequest>,
}

impl ReceiverPlan {
    fn next_action(&self) -> Option<ReceiverAction> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let action = self.actions.get(*used).or(self.actions.last()).cloned();
        *used += 1;
        action
    }
}

async fn accept(listener: TcpListener, plan: Arc<ReceiverPlan>) {
    let mut connections = JoinSet::new();
    let mut accepted_before = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, accepted_before, Arc::clone(&plan)));
                    accepted_before += 1;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Handles the requests of one connection until either side closes it.
async fn serve(mut stream: TcpStream, connection: usize, plan: Arc<ReceiverPlan>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    while let Some(mut request) = read_request(&mut stream, &mut buffer).await? {
        request.connection = connection;
        // It fails if nobody receives it.
        let _ = plan.received.send(request);
        let Some(action) = plan.next_action() else { return Ok(()) };
        match action {
            ReceiverAction::Reply(reply) => write_reply(&mut stream, &reply).await?,
            ReceiverAction::ReplyLater(gate, reply) => {
                gate.opened().await;
                write_reply(&mut stream, &reply).await?;
            }
            ReceiverAction::Stall => std::future::pending().await,
            ReceiverAction::Close => return Ok(()),
            ReceiverAction::Reset => return stream.set_zero_linger(),
            ReceiverAction::TruncatedReply(reply, after) => {
                stream.write_all(reply.head().as_bytes()).await?;
                return stream.write_all(reply.body.get(..after).unwrap_or(&reply.body)).await;
            }
            ReceiverAction::EndlessReply(status) => {
                stream.write_all(format!("HTTP/1.1 {status} Something\r\n\r\n").as_bytes()).await?;
                loop {
                    stream.write_all(&[b'x'; 1024]).await?;
                }
            }
        }
    }
    Ok(())
}

async fn write_reply(stream: &mut TcpStream, reply: &HttpReply) -> io::Result<()> {
    stream.write_all(reply.head().as_bytes()).await?;
    stream.write_all(&reply.body).await
}

/// Reads the next request; `None` if the client closes the connection before it.
async fn read_request(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<HttpRequest>> {
    loop {
        if let Some((mut request, head, body)) = parse_request(buffer)?
            && buffer.len() >= head + body
        {
            let mut whole = buffer.split_to(head + body);
            request.body = whole.split_off(head).freeze();
            return Ok(Some(request));
        }
        if buffer.len() > LONGEST_REQUEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

/// Parses the head of a request: the request without its body, and the lengths of its head and body.
fn parse_request(bytes: &[u8]) -> io::Result<Option<(HttpRequest, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head) = status else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let request = HttpRequest {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_lowercase(), text(header.value)))
            .collect(),
        body: Bytes::new(),
        connection: 0,
    };
    let length = request.header("content-length").and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    Ok(Some((request, head, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(receiver: &Receiver) -> (io::Result<usize>, String) {
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream
            .write_all(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            .await
            .unwrap();
        let mut received = Vec::new();
        let read = stream.read_to_end(&mut received).await;
        (read, String::from_utf8_lossy(&received).into_owned())
    }

    #[tokio::test]
    async fn requests_are_received_unchanged() {
        let mut receiver = Receiver::start([ReceiverAction::Close]).await.unwrap();
        drop(ask(&receiver).await);
        let request = receiver.next_request().await.unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str(), &request.body[..]),
            ("POST", "/hook", &b"{}"[..])
        );
        assert_eq!(request.header("Content-Length"), Some("2"));
    }

    #[tokio::test]
    async fn each_request_gets_the_next_action_and_then_the_last() {
        let receiver = Receiver::start([
            ReceiverAction::Reset,
            ReceiverAction::Close,
            ReceiverAction::TruncatedReply(HttpReply::new(200, "abcdef"), 3),
        ])
        .await
        .unwrap();
        assert_eq!(ask(&receiver).await.0.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(ask(&receiver).await.1, "");
        for _ in 0..2 {
            let (_, received) = ask(&receiver).await;
            assert!(
                received.contains("Content-Length: 6") && received.ends_with("\r\n\r\nabc"),
                "{received}"
            );
        }
    }

    #[tokio::test]
    async fn a_later_reply_waits_for_its_gate() {
        let gate = Gate::new();
        let reply = HttpReply::new(302, "").with_header("Location", "http://127.0.0.1/");
        let mut receiver = Receiver::start([ReceiverAction::ReplyLater(gate.clone(), reply)]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        receiver.next_request().await.unwrap();
        gate.open();
        let mut received = [0; 12];
        stream.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"HTTP/1.1 302");
    }

    #[tokio::test]
    async fn a_stalled_request_is_received_and_gets_no_reply() {
        let mut receiver = Receiver::start([ReceiverAction::Stall]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        receiver.next_request().await.unwrap();
        let answer = tokio::time::timeout(std::time::Duration::from_millis(50), stream.read_u8());
        assert!(answer.await.is_err());
    }

    #[tokio::test]
    async fn a_connection_is_reused_after_a_reply() {
        let redirect = HttpReply::new(302, "").with_header("Location", "http://127.0.0.1/other");
        let actions = [ReceiverAction::Reply(redirect), ReceiverAction::Reply(HttpReply::new(200, "{}"))];
        let mut receiver = Receiver::start(actions).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        // Two requests at once, the second of them in two pieces.
        stream
            .write_all(b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\na")
            .await
            .unwrap();
        assert_eq!(receiver.next_request().await.unwrap().path, "/1");
        stream.write_all(b"bc").await.unwrap();
        assert_eq!(receiver.next_request().await.unwrap().body, "abc");
        let expected = "HTTP/1.1 302 Something\r\nContent-Length: 0\r\nLocation: http://127.0.0.1/other\r\n\r\n\
                        HTTP/1.1 200 Something\r\nContent-Length: 2\r\n\r\n{}";
        let mut received = vec![0; expected.len()];
        stream.read_exact(&mut received).await.unwrap();
        assert_eq!(String::from_utf8(received).unwrap(), expected);
    }

    #[tokio::test]
    async fn an_endless_body_goes_on_for_as_long_as_it_is_read() {
        let receiver = Receiver::start([ReceiverAction::EndlessReply(200)]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut received = vec![0; 3 << 20];
        stream.read_exact(&mut received).await.unwrap();
    }
}

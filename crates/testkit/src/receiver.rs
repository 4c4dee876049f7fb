//! A receiver of posts that misbehaves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::Gate;

/// How long a request may be, in bytes.
const LONGEST: usize = 1 << 20;

/// A request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers in order, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
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
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers beside the length of the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A reply with `status` and `body`.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
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

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// It is answered.
    Answer(Reply),
    /// It is answered once the gate opens.
    Late(Gate, Reply),
    /// It is never answered, and the connection stays open.
    Stall,
    /// The connection is closed without an answer.
    Close,
    /// The connection is closed hard without an answer: the client sees a reset.
    Reset,
    /// It is answered, but the connection is closed after so many bytes of the body.
    Cut(Reply, usize),
    /// It is answered with this status and a body that never ends.
    Endless(u16),
}

/// A receiver of posts on a port of the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Request>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts it on a free port. Each request meets the next of `acts`, all after the last meet the last.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // A test reads what it made happen, so this is bounded by the test.
        let (received, requests) = mpsc::unbounded_channel();
        let plan = Arc::new(Plan { acts: acts.into_iter().collect(), used: Mutex::new(0), received });
        Ok(Self { address, requests, task: tokio::spawn(accept(listener, plan)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An address to post to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next request, once it has come whole; `None` where none can come any more.
    pub async fn request(&mut self) -> Option<Request> {
        self.requests.recv().await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Plan {
    acts: Vec<Act>,
    used: Mutex<usize>,
    received: mpsc::UnboundedSender<Request>,
}

impl Plan {
    fn next(&self) -> Option<Act> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let act = self.acts.get(*used).or(self.acts.last()).cloned();
        *used += 1;
        act
    }
}

async fn accept(listener: TcpListener, plan: Arc<Plan>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&plan)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Takes requests from one connection until it is closed, by either side.
async fn serve(mut stream: TcpStream, plan: Arc<Plan>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    while let Some(request) = read(&mut stream, &mut buffer).await? {
        // Nobody need look at it.
        let _ = plan.received.send(request);
        let Some(act) = plan.next() else { return Ok(()) };
        match act {
            Act::Answer(reply) => answer(&mut stream, &reply).await?,
            Act::Late(gate, reply) => {
                gate.opened().await;
                answer(&mut stream, &reply).await?;
            }
            Act::Stall => std::future::pending().await,
            Act::Close => return Ok(()),
            Act::Reset => return stream.set_zero_linger(),
            Act::Cut(reply, after) => {
                stream.write_all(reply.head().as_bytes()).await?;
                return stream.write_all(reply.body.get(..after).unwrap_or(&reply.body)).await;
            }
            Act::Endless(status) => {
                stream.write_all(format!("HTTP/1.1 {status} Something\r\n\r\n").as_bytes()).await?;
                loop {
                    stream.write_all(&[b'x'; 1024]).await?;
                }
            }
        }
    }
    Ok(())
}

async fn answer(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    stream.write_all(reply.head().as_bytes()).await?;
    stream.write_all(&reply.body).await
}

/// The next request; `None` where the client closes before it begins one.
async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<Request>> {
    loop {
        if let Some((mut request, head, body)) = parse(buffer)?
            && buffer.len() >= head + body
        {
            let mut whole = buffer.split_to(head + body);
            request.body = whole.split_off(head).freeze();
            return Ok(Some(request));
        }
        if buffer.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

/// The request that `bytes` begin with, short of its body, and the lengths of its head and body.
fn parse(bytes: &[u8]) -> io::Result<Option<(Request, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head) = status else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_lowercase(), text(header.value)))
            .collect(),
        body: Bytes::new(),
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
        let mut said = Vec::new();
        let read = stream.read_to_end(&mut said).await;
        (read, String::from_utf8_lossy(&said).into_owned())
    }

    #[tokio::test]
    async fn requests_are_kept_as_they_came() {
        let mut receiver = Receiver::start([Act::Close]).await.unwrap();
        drop(ask(&receiver).await);
        let request = receiver.request().await.unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str(), &request.body[..]),
            ("POST", "/hook", &b"{}"[..])
        );
        assert_eq!(request.header("Content-Length"), Some("2"));
    }

    #[tokio::test]
    async fn each_request_meets_the_next_act_and_then_the_last() {
        let receiver =
            Receiver::start([Act::Reset, Act::Close, Act::Cut(Reply::new(200, "abcdef"), 3)]).await.unwrap();
        assert_eq!(ask(&receiver).await.0.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(ask(&receiver).await.1, "");
        for _ in 0..2 {
            let (_, said) = ask(&receiver).await;
            assert!(said.contains("Content-Length: 6") && said.ends_with("\r\n\r\nabc"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_late_answer_waits_for_its_gate() {
        let gate = Gate::new();
        let reply = Reply::new(302, "").header("Location", "http://127.0.0.1/");
        let mut receiver = Receiver::start([Act::Late(gate.clone(), reply)]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        receiver.request().await.unwrap();
        gate.open();
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"HTTP/1.1 302");
    }

    #[tokio::test]
    async fn a_stalled_request_is_taken_and_never_answered() {
        let mut receiver = Receiver::start([Act::Stall]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        receiver.request().await.unwrap();
        let answer = tokio::time::timeout(std::time::Duration::from_millis(50), stream.read_u8());
        assert!(answer.await.is_err());
    }

    #[tokio::test]
    async fn a_connection_is_used_again_after_an_answer() {
        let redirect = Reply::new(302, "").header("Location", "http://127.0.0.1/other");
        let acts = [Act::Answer(redirect), Act::Answer(Reply::new(200, "{}"))];
        let mut receiver = Receiver::start(acts).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        // Two requests at once, the second of them in two pieces.
        stream
            .write_all(b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\na")
            .await
            .unwrap();
        assert_eq!(receiver.request().await.unwrap().path, "/1");
        stream.write_all(b"bc").await.unwrap();
        assert_eq!(receiver.request().await.unwrap().body, "abc");
        let expected = "HTTP/1.1 302 Something\r\nContent-Length: 0\r\nLocation: http://127.0.0.1/other\r\n\r\n\
                        HTTP/1.1 200 Something\r\nContent-Length: 2\r\n\r\n{}";
        let mut said = vec![0; expected.len()];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), expected);
    }

    #[tokio::test]
    async fn an_endless_body_goes_on_for_as_long_as_it_is_read() {
        let receiver = Receiver::start([Act::Endless(200)]).await.unwrap();
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut said = vec![0; 3 << 20];
        stream.read_exact(&mut said).await.unwrap();
    }
}

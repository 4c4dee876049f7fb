//! An endpoint that cannot be relied on, and remembers what it really got.

use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// One request that arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Its `Idempotency-Key`.
    pub(crate) key: String,
    /// What it said.
    pub(crate) post: Value,
    /// Whether it was forgotten after it was answered with 200: nobody can know of that.
    pub(crate) forgotten: bool,
}

/// Evenly spread numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is taken, and answered.
    Taken,
    /// It is taken, and answered after a while.
    Late,
    /// It is taken, but the line breaks before the answer.
    Unanswered,
    /// It is taken, but never answered.
    Stalled,
    /// It is answered as if it were taken, and forgotten.
    Forgotten,
    /// It is not taken, and answered so.
    Refused(Refusal),
    /// It is taken, but a server in between has waited in vain.
    GatewayTimeout,
    /// The line breaks before it was read.
    Reset,
}

/// A status and a body that say that a request was not taken.
type Refusal = (&'static str, &'static str);

const PAGE: &str = "<html><body>Please come back later</body></html>";
const ERROR_ID: &str = r#"{"error":"Error ID x7Rk-29Q: Please contact your administrator."}"#;
const EXISTS: &str = r#"{"error":"This object already exists."}"#;

const REFUSALS: [Refusal; 7] = [
    ("503 Service Unavailable", "{}"),
    ("502 Bad Gateway", PAGE),
    ("500 Internal Server Error", ERROR_ID),
    ("500 Internal Server Error", ERROR_ID),
    ("422 Unprocessable Entity", ERROR_ID),
    ("302 Found", PAGE),
    ("200 OK", PAGE),
];

struct Shared {
    chance: Mutex<Option<Chance>>,
    arrived: Mutex<Vec<Arrival>>,
    /// The calls that it has, as Zammad has those that were announced.
    known: Mutex<BTreeSet<String>>,
}

pub(crate) struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Endpoint {
    pub(crate) async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            chance: Mutex::new(Some(Chance::new(seed ^ 0xdead))),
            arrived: Mutex::default(),
            known: Mutex::default(),
        });
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&of_task);
                // A client that is killed breaks its lines: that concerns nobody here.
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        Self { address, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v1/cti/token", self.address)
    }

    /// From now on everything is taken and answered.
    pub(crate) fn behave(&self) {
        *self.shared.chance.lock().unwrap() = None;
    }

    /// What has arrived, in order.
    pub(crate) fn arrived(&self) -> Vec<Arrival> {
        self.shared.arrived.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Whether `post` is not a newCall of a call that is known already.
    fn is_new(&self, post: &Value) -> bool {
        let call = post["callId"].as_str().unwrap().to_owned();
        post["event"] != "newCall" || self.known.lock().unwrap().insert(call)
    }

    fn fate(&self) -> Fate {
        let mut chance = self.chance.lock().unwrap();
        match chance.as_mut().map(|chance| chance.below(100)) {
            Some(0..5) => Fate::Late,
            Some(5..10) => Fate::Unanswered,
            Some(10..12) => Fate::Stalled,
            Some(roll @ 12..26) => Fate::Refused(REFUSALS[roll as usize % REFUSALS.len()]),
            Some(26..28) => Fate::GatewayTimeout,
            Some(28..32) => Fate::Reset,
            Some(32..35) => Fate::Forgotten,
            _ => Fate::Taken,
        }
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some((head, body)) = request(&mut stream, &mut buffer).await? else { return Ok(()) };
        let fate = shared.fate();
        let mut reply = ("200 OK", "{}");
        if !matches!(fate, Fate::Refused(_) | Fate::Reset) {
            let key = header(&head, "idempotency-key").unwrap_or_default().to_owned();
            let post: Value = serde_json::from_slice(&body).unwrap();
            if !shared.is_new(&post) {
                reply = ("500 Internal Server Error", EXISTS);
            }
            let forgotten = fate == Fate::Forgotten;
            shared.arrived.lock().unwrap().push(Arrival { key, post, forgotten });
        }
        match fate {
            Fate::Reset | Fate::Unanswered => {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            Fate::Stalled => sleep(Duration::from_secs(5)).await,
            Fate::Late => sleep(Duration::from_millis(400)).await,
            Fate::GatewayTimeout => reply = ("504 Gateway Time-out", PAGE),
            Fate::Refused(refusal) => reply = refusal,
            Fate::Taken | Fate::Forgotten => {}
        }
        let (status, body) = reply;
        let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
        let length = body.len();
        let reply =
            format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(reply.as_bytes()).await?;
    }
}

/// The next request: its head and its body; `None` where the line ends.
pub(super) async fn request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<(String, Vec<u8>)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length: usize = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Ok(Some((head, body)));
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

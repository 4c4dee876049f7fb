//! One client of the exchange.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::clients::{Chunk, Order};
use super::selection::{Classes, Selection};
use super::{Cut, Shared, answers};
use crate::player::{ActionReader, ClientAction};

/// How long a client may take to close its side when the exchange has closed its own.
const FAREWELL: Duration = Duration::from_secs(5);

/// The session of one client.
pub(super) struct Session {
    shared: Arc<Shared>,
    id: u64,
    orders: Option<mpsc::UnboundedReceiver<Order>>,
    ready: Arc<Notify>,
    /// What is being sent, and how much of it was.
    chunk: Chunk,
    sent: usize,
    challenge: Option<String>,
    selection: Option<Selection>,
    stalled: Option<Instant>,
    /// The next events are cut in half.
    cut: bool,
    /// Nothing follows what is being sent.
    closing: bool,
}

impl Session {
    /// A session that the exchange can give orders from now on.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (sender, orders) = mpsc::unbounded_channel();
        let ready = Arc::new(Notify::new());
        let id = shared.lock().clients.join(sender, Arc::clone(&ready));
        let chunk = Chunk { bytes: b"Asterisk Call Manager/11.0.0\r\n".to_vec(), marks: Vec::new() };
        Self {
            shared,
            id,
            orders: Some(orders),
            ready,
            chunk,
            sent: 0,
            challenge: None,
            selection: None,
            stalled: None,
            cut: false,
            closing: false,
        }
    }

    /// Speaks until either side has enough. What was sent by then arrives: the connection is closed in peace.
    pub(super) async fn run(mut self, stream: TcpStream) -> io::Result<()> {
        let (input, mut output) = stream.into_split();
        let mut input = ActionReader::new(input);
        let Some(mut orders) = self.orders.take() else { return Ok(()) };
        loop {
            if self.rest().is_empty() && self.closing {
                break;
            }
            let stalled = self.stalled;
            let awake = stalled.is_none();
            let idle = self.rest().is_empty();
            // What the client says comes before what waits for it: lists may be ahead of events (AMI contract 5.3).
            tokio::select! {
                biased;
                Some(order) = orders.recv() => match order {
                    Order::Stall(length) => self.stalled = Some(Instant::now() + length),
                    Order::Cut(Cut::Now) => break,
                    Order::Cut(Cut::MidEvent) => self.cut = true,
                },
                () = sleep_until(stalled.unwrap_or_else(Instant::now)), if !awake => self.stalled = None,
                action = input.next_action(), if awake => match action? {
                    Some(action) => self.take(&action),
                    None => return Ok(()),
                },
                written = output.write(self.rest()), if awake && !idle => self.wrote(written?),
                () = self.ready.notified(), if awake && idle => {
                    if !self.next_chunk() {
                        return Ok(());
                    }
                }
            }
        }
        self.shared.leave(self.id);
        output.shutdown().await?;
        // What the client still says is read, for else the system would reset the connection.
        let _ = timeout(FAREWELL, async { while let Ok(Some(_)) = input.next_action().await {} }).await;
        Ok(())
    }

    /// What is being sent and was not yet.
    fn rest(&self) -> &[u8] {
        self.chunk.bytes.get(self.sent..).unwrap_or_default()
    }

    fn wrote(&mut self, length: usize) {
        self.sent += length;
        let sent = self.sent;
        let told = self.chunk.marks.partition_point(|mark| mark.end <= sent);
        let mut board = self.shared.lock();
        for mark in self.chunk.marks.drain(..told) {
            board.told(mark.call, mark.what);
        }
    }

    /// Goes on to the events that wait; false where they have become too many.
    fn next_chunk(&mut self) -> bool {
        let Some(chunk) = self.shared.lock().clients.take(self.id) else { return false };
        self.chunk = chunk;
        self.sent = 0;
        if self.cut && !self.chunk.bytes.is_empty() {
            self.chunk.cut_last_event();
            self.closing = true;
        }
        true
    }

    fn take(&mut self, action: &ClientAction) {
        let answer = self.answer(action);
        // Behind what is being sent, and before the events that wait.
        self.chunk.bytes.drain(..self.sent);
        self.chunk.marks.iter_mut().for_each(|mark| mark.end -= self.sent);
        self.sent = 0;
        let before = self.chunk.bytes.len();
        self.chunk.bytes.extend_from_slice(&answer.bytes);
        let behind =
            answer.marks.into_iter().map(|mark| super::clients::Mark { end: mark.end + before, ..mark });
        self.chunk.marks.extend(behind);
    }

    fn answer(&mut self, action: &ClientAction) -> Chunk {
        let id = action.get("ActionID");
        let brief = |kind, text| answers::response(kind, id, &[("Message", text)]);
        let now = Instant::now();
        let name = action.name().to_ascii_lowercase();
        match name.as_str() {
            "challenge" => {
                let challenge = self.shared.lock().challenge().to_string();
                let challenge = self.challenge.insert(challenge);
                answers::response("Success", id, &[("Challenge", challenge)])
            }
            "login" => self.log_in(action),
            "logoff" => {
                self.closing = true;
                brief("Goodbye", "Thanks for all the fish.")
            }
            _ if self.selection.is_none() => brief("Error", "Permission denied"),
            "ping" => {
                let time = jiff::Timestamp::now();
                let time = format!("{}.{:06}", time.as_second(), time.subsec_microsecond());
                answers::response("Success", id, &[("Ping", "Pong"), ("Timestamp", &time)])
            }
            "events" => {
                let classes = Classes::parse(action.get("EventMask").unwrap_or("on"));
                let word = if classes.is_empty() { "Off" } else { "On" };
                self.select(|selection| selection.set_classes(classes));
                answers::response("Success", id, &[("Events", word)])
            }
            "filter" => {
                let filter = action.get("Filter").unwrap_or_default();
                let mut taken = false;
                self.select(|selection| taken = selection.filter(filter));
                match taken {
                    true => brief("Success", "Filter Added"),
                    false => brief("Error", "Filter did not compile"),
                }
            }
            "coresettings" => answers::core_settings(id),
            "corestatus" => answers::core_status(id, &self.shared.lock()),
            "coreshowchannels" => answers::core_show_channels(id, &self.shared.lock(), now),
            "status" => answers::status(id, &self.shared.lock(), now),
            "queuestatus" => answers::queue_status(id, &self.shared.lock(), now),
            _ => {
                let name = action.name();
                brief(
                    "Error",
                    &format!(
                        "Invalid/unknown command: {name}. Use ClientAction: ListCommands to show available commands."
                    ),
                )
            }
        }
    }

    /// Changes what the client hears.
    fn select(&mut self, change: impl FnOnce(&mut Selection)) {
        if let Some(selection) = &mut self.selection {
            change(selection);
            self.shared.choose(self.id, selection);
        }
    }

    fn log_in(&mut self, login: &ClientAction) -> Chunk {
        let id = login.get("ActionID");
        if !self.is_valid(login) {
            self.closing = true;
            return answers::response("Error", id, &[("Message", "Authentication failed")]);
        }
        let classes = Classes::parse(login.get("Events").unwrap_or("on"));
        let system = classes.admits(&["system".to_owned()]);
        self.selection.get_or_insert_with(|| Selection::new(classes));
        let mut answer = answers::response("Success", id, &[("Message", "Authentication accepted")]);
        if system {
            let booted = answers::fully_booted(&self.shared.lock(), Instant::now());
            answer.bytes.extend_from_slice(booted.as_bytes());
        }
        self.select(|_| {});
        answer
    }

    fn is_valid(&self, login: &ClientAction) -> bool {
        let options = &self.shared.options;
        let user = login.get("Username").is_some_and(|name| name.eq_ignore_ascii_case(&options.username));
        let proof = if login.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) {
            self.challenge.as_ref().is_some_and(|challenge| {
                let digest = Md5::new().chain_update(challenge).chain_update(&options.secret).finalize();
                let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                login.get("Key") == Some(&key)
            })
        } else {
            login.get("Secret") == Some(&options.secret)
        };
        user && proof
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.leave(self.id);
    }
}

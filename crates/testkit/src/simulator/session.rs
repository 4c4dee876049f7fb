//! The session of one client.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use ringwire_demo::player::{ActionReader, ClientAction};

use super::clients::{ConnectionCommand, ConnectionCut, OutgoingChunk, SentMark};
use super::responses;
use super::selection::{EventClasses, EventSelection};
use super::shared::SharedSimulator;

/// How long a client may take to close its side after the simulator has closed its own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The session of one client.
pub(super) struct ClientSession {
    shared: Arc<SharedSimulator>,
    id: u64,
    commands: Option<mpsc::UnboundedReceiver<ConnectionCommand>>,
    ready: Arc<Notify>,
    /// What is being sent, and how many bytes of it were.
    chunk: OutgoingChunk,
    sent: usize,
    challenge: Option<String>,
    selection: Option<EventSelection>,
    stalled_until: Option<Instant>,
    /// Whether the next events are truncated.
    cut_next: bool,
    /// Whether the connection closes after `chunk`.
    is_closing: bool,
}

impl ClientSession {
    /// A session that receives the commands of the simulator from now on.
    pub(super) fn new(shared: Arc<SharedSimulator>) -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let ready = Arc::new(Notify::new());
        let id = shared.lock().clients.add(sender, Arc::clone(&ready));
        let chunk = OutgoingChunk { bytes: b"Asterisk Call Manager/11.0.0\r\n".to_vec(), marks: Vec::new() };
        Self {
            shared,
            id,
            commands: Some(commands),
            ready,
            chunk,
            sent: 0,
            challenge: None,
            selection: None,
            stalled_until: None,
            cut_next: false,
            is_closing: false,
        }
    }

    /// Runs until either side closes the connection. Bytes sent before are still delivered.
    pub(super) async fn run(mut self, stream: TcpStream) -> io::Result<()> {
        let (input, mut output) = stream.into_split();
        let mut input = ActionReader::new(input);
        let Some(mut commands) = self.commands.take() else { return Ok(()) };
        loop {
            if self.unsent().is_empty() && self.is_closing {
                break;
            }
            let stalled = self.stalled_until;
            let is_awake = stalled.is_none();
            let is_idle = self.unsent().is_empty();
            // Actions come before queued events: lists may be ahead of events (AMI notes 5.3).
            tokio::select! {
                biased;
                Some(command) = commands.recv() => match command {
                    ConnectionCommand::Stall(length) => self.stalled_until = Some(Instant::now() + length),
                    ConnectionCommand::Cut(ConnectionCut::Immediate) => break,
                    ConnectionCommand::Cut(ConnectionCut::MidEvent) => self.cut_next = true,
                },
                () = sleep_until(stalled.unwrap_or_else(Instant::now)), if !is_awake => self.stalled_until = None,
                action = input.next_action(), if is_awake => match action? {
                    Some(action) => self.handle_action(&action),
                    None => return Ok(()),
                },
                written = output.write(self.unsent()), if is_awake && !is_idle => self.record_sent(written?),
                () = self.ready.notified(), if is_awake && is_idle => {
                    if !self.next_chunk() {
                        return Ok(());
                    }
                }
            }
        }
        self.shared.remove_client(self.id);
        output.shutdown().await?;
        // Reading the rest keeps the operating system from resetting the connection.
        let _ = timeout(CLOSE_TIMEOUT, async { while let Ok(Some(_)) = input.next_action().await {} }).await;
        Ok(())
    }

    /// The bytes of the chunk that were not sent yet.
    fn unsent(&self) -> &[u8] {
        self.chunk.bytes.get(self.sent..).unwrap_or_default()
    }

    fn record_sent(&mut self, length: usize) {
        self.sent += length;
        let sent = self.sent;
        let complete = self.chunk.marks.partition_point(|mark| mark.end <= sent);
        let mut pbx = self.shared.lock();
        for mark in self.chunk.marks.drain(..complete) {
            pbx.record_sent(mark.call, mark.event);
        }
    }

    /// Takes the queued events; false if there were too many.
    fn next_chunk(&mut self) -> bool {
        let Some(chunk) = self.shared.lock().clients.take(self.id) else { return false };
        self.chunk = chunk;
        self.sent = 0;
        if self.cut_next && !self.chunk.bytes.is_empty() {
            self.chunk.truncate_last_event();
            self.is_closing = true;
        }
        true
    }

    fn handle_action(&mut self, action: &ClientAction) {
        let response = self.respond(action);
        // After what is being sent, and before queued events.
        self.chunk.bytes.drain(..self.sent);
        self.chunk.marks.iter_mut().for_each(|mark| mark.end -= self.sent);
        self.sent = 0;
        let before = self.chunk.bytes.len();
        self.chunk.bytes.extend_from_slice(&response.bytes);
        let marks = response.marks.into_iter().map(|mark| SentMark { end: mark.end + before, ..mark });
        self.chunk.marks.extend(marks);
    }

    fn respond(&mut self, action: &ClientAction) -> OutgoingChunk {
        let id = action.get("ActionID");
        let text_response = |kind, text| responses::response(kind, id, &[("Message", text)]);
        let now = Instant::now();
        let name = action.name().to_ascii_lowercase();
        match name.as_str() {
            "challenge" => {
                let challenge = self.shared.lock().new_challenge().to_string();
                let challenge = self.challenge.insert(challenge);
                responses::response("Success", id, &[("Challenge", challenge)])
            }
            "login" => self.log_in(action),
            "logoff" => {
                self.is_closing = true;
                text_response("Goodbye", "Thanks for all the fish.")
            }
            _ if self.selection.is_none() => text_response("Error", "Permission denied"),
            "ping" => {
                let time = jiff::Timestamp::now();
                let time = format!("{}.{:06}", time.as_second(), time.subsec_microsecond());
                responses::response("Success", id, &[("Ping", "Pong"), ("Timestamp", &time)])
            }
            "events" => {
                let classes = EventClasses::parse(action.get("EventMask").unwrap_or("on"));
                let word = if classes.is_empty() { "Off" } else { "On" };
                self.change_selection(|selection| selection.set_classes(classes));
                responses::response("Success", id, &[("Events", word)])
            }
            "filter" => {
                let filter = action.get("Filter").unwrap_or_default();
                let mut is_valid = false;
                self.change_selection(|selection| is_valid = selection.add_filter(filter));
                match is_valid {
                    true => text_response("Success", "Filter Added"),
                    false => text_response("Error", "Filter did not compile"),
                }
            }
            "coresettings" => responses::core_settings(id),
            "corestatus" => responses::core_status(id, &self.shared.lock()),
            "coreshowchannels" => responses::core_show_channels(id, &self.shared.lock(), now),
            "status" => responses::status(id, &self.shared.lock(), now),
            "queuestatus" => responses::queue_status(id, &self.shared.lock(), now),
            _ => {
                let name = action.name();
                text_response(
                    "Error",
                    &format!(
                        "Invalid/unknown command: {name}. Use ClientAction: ListCommands to show available commands."
                    ),
                )
            }
        }
    }

    /// Changes the events that the client receives.
    fn change_selection(&mut self, change: impl FnOnce(&mut EventSelection)) {
        if let Some(selection) = &mut self.selection {
            change(selection);
            self.shared.subscribe(self.id, selection);
        }
    }

    fn log_in(&mut self, login: &ClientAction) -> OutgoingChunk {
        let id = login.get("ActionID");
        if !self.is_valid(login) {
            self.is_closing = true;
            return responses::response("Error", id, &[("Message", "Authentication failed")]);
        }
        let classes = EventClasses::parse(login.get("Events").unwrap_or("on"));
        let system = classes.admits(&["system".to_owned()]);
        self.selection.get_or_insert_with(|| EventSelection::new(classes));
        let mut response = responses::response("Success", id, &[("Message", "Authentication accepted")]);
        if system {
            let booted = responses::fully_booted(&self.shared.lock(), Instant::now());
            response.bytes.extend_from_slice(booted.as_bytes());
        }
        self.change_selection(|_| {});
        response
    }

    fn is_valid(&self, login: &ClientAction) -> bool {
        let options = &self.shared.options;
        let is_user = login.get("Username").is_some_and(|name| name.eq_ignore_ascii_case(&options.username));
        let has_proof = if login.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) {
            self.challenge.as_ref().is_some_and(|challenge| {
                let digest = Md5::new().chain_update(challenge).chain_update(&options.secret).finalize();
                let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                login.get("Key") == Some(&key)
            })
        } else {
            login.get("Secret") == Some(&options.secret)
        };
        is_user && has_proof
    }
}

impl Drop for ClientSession {
    fn drop(&mut self) {
        self.shared.remove_client(self.id);
    }
}

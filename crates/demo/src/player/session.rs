//! One client.

use std::io;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::action::{ActionReader, Unreadable};
use super::answers::{self, Message};
use super::live::Live;
use super::mask::Mask;
use super::options::A_YEAR;
use super::playback::Playback;
use super::{Action, Pbx, login};

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Close,
    /// The answer is said after a while, then the connection is closed.
    Refuse,
}

/// What a PBX knows of one client.
pub(super) struct Session<'a> {
    pbx: &'a Pbx,
    challenge: Option<String>,
    /// The events that are told: none is before the login.
    mask: Option<Mask>,
    playback: Option<Playback<'a>>,
    live: Live,
}

impl<'a> Session<'a> {
    pub(super) fn new(pbx: &'a Pbx) -> Self {
        Self { pbx, challenge: None, mask: None, playback: None, live: Live::default() }
    }

    pub(super) async fn run(mut self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let (input, mut output) = tokio::io::split(stream);
        let mut input = ActionReader::new(input);
        let patience = Instant::now() + self.pbx.options.auth_timeout.min(A_YEAR);
        output.write_all(self.pbx.version.banner().as_bytes()).await?;
        let mut out = Vec::new();
        loop {
            let due = self.playback.as_ref().and_then(Playback::due);
            out.clear();
            tokio::select! {
                action = input.next_or_unreadable() => {
                    let next = match action? {
                        None => return Ok(()),
                        Some(Ok(action)) => self.take(action, &mut out),
                        Some(Err(unreadable)) => { refuse(&unreadable, &mut out); Next::GoOn }
                    };
                    if next == Next::Refuse {
                        sleep(self.pbx.options.refusal_delay).await;
                    }
                    output.write_all(&out).await?;
                    if next != Next::GoOn {
                        return output.shutdown().await;
                    }
                }
                () = sleep_until(due.unwrap_or(patience)), if due.is_some() => {
                    let ended = self.play(&mut out);
                    output.write_all(&out).await?;
                    if ended {
                        self.pbx.played.send_modify(|rounds| *rounds += 1);
                    }
                }
                () = sleep_until(patience), if self.mask.is_none() => return Ok(()),
            }
        }
    }

    /// Adds the events that are due, and says whether a round has ended.
    fn play(&mut self, out: &mut Vec<u8>) -> bool {
        match (&mut self.playback, &self.mask) {
            (Some(playback), Some(mask)) => playback.play(Instant::now(), mask, &mut self.live, out),
            _ => false,
        }
    }

    fn take(&mut self, action: Action, out: &mut Vec<u8>) -> Next {
        let (answer, next) = self.answer(&action);
        out.extend_from_slice(&answer);
        // Nobody need watch.
        let _ = self.pbx.actions.send(action);
        next
    }

    fn answer(&mut self, action: &Action) -> (Vec<u8>, Next) {
        let (id, version) = (action.get("ActionID"), self.pbx.version);
        let brief = |kind, text| (Message::brief(kind, id, text), Next::GoOn);
        let name = action.name().to_ascii_lowercase();
        match name.as_str() {
            "challenge" if !action.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) => {
                brief("Error", "Must specify AuthType")
            }
            "challenge" => {
                let challenge = self.challenge.insert(login::challenge());
                (Message::response("Success", id).with("Challenge", challenge).end(), Next::GoOn)
            }
            "login" => self.log_in(action),
            "logoff" => (Message::brief("Goodbye", id, "Thanks for all the fish."), Next::Close),
            _ if self.mask.is_none() => brief("Error", "Permission denied"),
            "ping" => {
                let kind = if version.text() == "1.0" { "Pong" } else { "Success" };
                let time = Timestamp::now();
                let time = format!("{}.{:06}", time.as_second(), time.subsec_microsecond());
                let answer = Message::response(kind, id).with("Ping", "Pong").with("Timestamp", time);
                (answer.end(), Next::GoOn)
            }
            "events" => {
                let mask = Mask::parse(action.get("EventMask").unwrap_or("on"));
                let word = if mask.is_empty() { "Off" } else { "On" };
                self.mask = Some(mask.within(&self.pbx.options.read));
                (Message::response("Success", id).with("Events", word).end(), Next::GoOn)
            }
            "coresettings" => (answers::core_settings(id, version), Next::GoOn),
            "corestatus" => (answers::core_status(id, self.pbx.started, &self.live), Next::GoOn),
            "coreshowchannels" => {
                (answers::core_show_channels(id, version, &self.live, Instant::now()), Next::GoOn)
            }
            "status" => {
                let channel = action.get("Channel").filter(|name| !name.is_empty());
                (answers::status(id, version, &self.live, channel, Instant::now()), Next::GoOn)
            }
            "queuestatus" => {
                let queue = action.get("Queue").filter(|name| !name.is_empty());
                (answers::queue_status(id, version, &self.live, queue, Instant::now()), Next::GoOn)
            }
            _ => {
                let name = action.name();
                let text = format!(
                    "Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
                );
                brief("Error", &text)
            }
        }
    }

    fn log_in(&mut self, action: &Action) -> (Vec<u8>, Next) {
        let (id, pbx) = (action.get("ActionID"), self.pbx);
        if self.mask.is_some() {
            return (Message::brief("Success", id, "Already authenticated"), Next::GoOn);
        }
        if !login::is_valid(action, &pbx.options, self.challenge.as_deref()) {
            return (Message::brief("Error", id, "Authentication failed"), Next::Refuse);
        }
        let mask = Mask::parse(action.get("Events").unwrap_or("on")).within(&pbx.options.read);
        let mut answer = Message::brief("Success", id, "Authentication accepted");
        if mask.has("system") {
            let mut booted = Message::event("FullyBooted").with("Privilege", "system,all");
            if pbx.version.tells_uptime() {
                let uptime = Timestamp::now().duration_since(pbx.started).as_secs().max(0).to_string();
                booted = booted.with("Uptime", &uptime).with("LastReload", &uptime);
            }
            answer.extend_from_slice(&booted.with("Status", "Fully Booted").end());
        }
        self.mask = Some(mask);
        self.playback = Playback::begin(pbx, &mut self.live, Instant::now());
        (answer, Next::GoOn)
    }
}

fn refuse(unreadable: &Unreadable, out: &mut Vec<u8>) {
    out.extend_from_slice(&Message::brief("Error", unreadable.id.as_deref(), unreadable.message));
}

//! The session of one client.

use std::io;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::action::{ActionReader, ClientAction, InvalidAction};
use super::event_mask::EventMask;
use super::live_channels::LiveChannels;
use super::message::AmiMessage;
use super::options::ONE_YEAR;
use super::playback::Playback;
use super::state::PlaybackState;
use super::{login, responses};

/// What happens to a connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterResponse {
    Continue,
    Close,
    /// The response is sent after a delay, then the connection is closed.
    Refuse,
}

/// The state of one client's session.
pub(super) struct ClientSession<'a> {
    state: &'a PlaybackState,
    challenge: Option<String>,
    /// The events that are sent; `None` before the login, when none are.
    mask: Option<EventMask>,
    playback: Option<Playback<'a>>,
    channels: LiveChannels,
}

impl<'a> ClientSession<'a> {
    pub(super) fn new(state: &'a PlaybackState) -> Self {
        Self { state, challenge: None, mask: None, playback: None, channels: LiveChannels::default() }
    }

    pub(super) async fn run(mut self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let (input, mut output) = tokio::io::split(stream);
        let mut input = ActionReader::new(input);
        let login_deadline = Instant::now() + self.state.options.auth_timeout.min(ONE_YEAR);
        output.write_all(self.state.version.banner().as_bytes()).await?;
        let mut out = Vec::new();
        loop {
            let due = self.playback.as_ref().and_then(Playback::next_due);
            out.clear();
            tokio::select! {
                action = input.next_result() => {
                    let next = match action? {
                        None => return Ok(()),
                        Some(Ok(action)) => self.handle_action(action, &mut out),
                        Some(Err(invalid)) => { reject(&invalid, &mut out); AfterResponse::Continue }
                    };
                    if next == AfterResponse::Refuse {
                        sleep(self.state.options.refusal_delay).await;
                    }
                    output.write_all(&out).await?;
                    if next != AfterResponse::Continue {
                        return output.shutdown().await;
                    }
                }
                () = sleep_until(due.unwrap_or(login_deadline)), if due.is_some() => {
                    let ended = self.play_due(&mut out);
                    output.write_all(&out).await?;
                    if ended {
                        self.state.rounds_played.send_modify(|rounds| *rounds += 1);
                    }
                }
                () = sleep_until(login_deadline), if self.mask.is_none() => return Ok(()),
            }
        }
    }

    /// Appends the events that are due, and returns whether a round has ended.
    fn play_due(&mut self, out: &mut Vec<u8>) -> bool {
        match (&mut self.playback, &self.mask) {
            (Some(playback), Some(mask)) => playback.play_due(Instant::now(), mask, &mut self.channels, out),
            _ => false,
        }
    }

    fn handle_action(&mut self, action: ClientAction, out: &mut Vec<u8>) -> AfterResponse {
        let (response, next) = self.respond(&action);
        out.extend_from_slice(&response);
        // It fails if nobody subscribed.
        let _ = self.state.actions.send(action);
        next
    }

    fn respond(&mut self, action: &ClientAction) -> (Vec<u8>, AfterResponse) {
        let (id, version) = (action.get("ActionID"), self.state.version);
        let text_response = |kind, text| (AmiMessage::text_response(kind, id, text), AfterResponse::Continue);
        let name = action.name().to_ascii_lowercase();
        match name.as_str() {
            "challenge" if !action.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) => {
                text_response("Error", "Must specify AuthType")
            }
            "challenge" => {
                let challenge = self.challenge.insert(login::new_challenge());
                (
                    AmiMessage::response("Success", id).with("Challenge", challenge).end(),
                    AfterResponse::Continue,
                )
            }
            "login" => self.log_in(action),
            "logoff" => {
                (AmiMessage::text_response("Goodbye", id, "Thanks for all the fish."), AfterResponse::Close)
            }
            _ if self.mask.is_none() => text_response("Error", "Permission denied"),
            "ping" => {
                let kind = if version.text() == "1.0" { "Pong" } else { "Success" };
                let time = Timestamp::now();
                let time = format!("{}.{:06}", time.as_second(), time.subsec_microsecond());
                let answer = AmiMessage::response(kind, id).with("Ping", "Pong").with("Timestamp", time);
                (answer.end(), AfterResponse::Continue)
            }
            "events" => {
                let mask = EventMask::parse(action.get("EventMask").unwrap_or("on"));
                let word = if mask.is_empty() { "Off" } else { "On" };
                self.mask = Some(mask.limited_to(&self.state.options.read));
                (AmiMessage::response("Success", id).with("Events", word).end(), AfterResponse::Continue)
            }
            "coresettings" => (responses::core_settings(id, version), AfterResponse::Continue),
            "corestatus" => {
                (responses::core_status(id, self.state.started, &self.channels), AfterResponse::Continue)
            }
            "coreshowchannels" => (
                responses::core_show_channels(id, version, &self.channels, Instant::now()),
                AfterResponse::Continue,
            ),
            "status" => {
                let channel = action.get("Channel").filter(|name| !name.is_empty());
                (
                    responses::status(id, version, &self.channels, channel, Instant::now()),
                    AfterResponse::Continue,
                )
            }
            "queuestatus" => {
                let queue = action.get("Queue").filter(|name| !name.is_empty());
                (
                    responses::queue_status(id, version, &self.channels, queue, Instant::now()),
                    AfterResponse::Continue,
                )
            }
            _ => {
                let name = action.name();
                let text = format!(
                    "Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
                );
                text_response("Error", &text)
            }
        }
    }

    fn log_in(&mut self, action: &ClientAction) -> (Vec<u8>, AfterResponse) {
        let (id, state) = (action.get("ActionID"), self.state);
        if self.mask.is_some() {
            return (
                AmiMessage::text_response("Success", id, "Already authenticated"),
                AfterResponse::Continue,
            );
        }
        if !login::is_valid(action, &state.options, self.challenge.as_deref()) {
            return (AmiMessage::text_response("Error", id, "Authentication failed"), AfterResponse::Refuse);
        }
        let mask = EventMask::parse(action.get("Events").unwrap_or("on")).limited_to(&state.options.read);
        let mut answer = AmiMessage::text_response("Success", id, "Authentication accepted");
        if mask.has_class("system") {
            let mut booted = AmiMessage::event("FullyBooted").with("Privilege", "system,all");
            if state.version.has_uptime() {
                let uptime = Timestamp::now().duration_since(state.started).as_secs().max(0).to_string();
                booted = booted.with("Uptime", &uptime).with("LastReload", &uptime);
            }
            answer.extend_from_slice(&booted.with("Status", "Fully Booted").end());
        }
        self.mask = Some(mask);
        self.playback = Playback::start(state, &mut self.channels, Instant::now());
        (answer, AfterResponse::Continue)
    }
}

fn reject(invalid: &InvalidAction, out: &mut Vec<u8>) {
    out.extend_from_slice(&AmiMessage::text_response("Error", invalid.action_id.as_deref(), invalid.message));
}

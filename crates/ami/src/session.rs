//! Login and keep-alive as a state machine, without a socket and without a clock (AMI notes 1.5 and 1.6).

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::action::{Action, ActionHeaderError};
use crate::error::{DisconnectError, LoginError};
use crate::frame::Frame;
use crate::header::PacketKind;
use crate::login::{AmiLogin, LoginMethod};
use crate::packet::Packet;
use crate::stream_errors::CodecError;
use crate::text;
use crate::timeouts::AmiTimeouts;
use crate::version::AmiVersion;

/// One session with a server: frames and the time go in, bytes to write and results come out.
///
/// Call [`AmiSession::handle_frame`] for every frame, [`AmiSession::tick`] at [`AmiSession::deadline`], and
/// [`AmiSession::handle_close`] when the stream ends. After each of them call [`AmiSession::poll_output`] until it
/// returns `None`.
#[derive(Debug)]
pub struct AmiSession {
    login: AmiLogin,
    timeouts: AmiTimeouts,
    /// The prefix of the `ActionID`s of this session's own actions.
    id_prefix: String,
    last_id: u64,
    state: SessionState,
    outputs: VecDeque<SessionOutput>,
}

/// What the driver of a session must do.
#[derive(PartialEq)]
pub enum SessionOutput {
    /// Write these bytes to the server.
    Write(Bytes),
    /// Deliver the packets from now on: a server of this version accepted the login.
    LoggedIn(AmiVersion),
    /// End the connection: the login failed.
    LoginFailed(LoginError),
    /// End the connection: the established session is over.
    Disconnected(DisconnectError),
    /// End the connection: [`AmiSession::logoff`] is complete.
    LoggedOff,
}

impl fmt::Debug for SessionOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} bytes)", bytes.len()), // a login is among them
            Self::LoggedIn(version) => write!(f, "LoggedIn({version})"),
            Self::LoginFailed(error) => write!(f, "LoginFailed({error:?})"),
            Self::Disconnected(error) => write!(f, "Disconnected({error:?})"),
            Self::LoggedOff => f.write_str("LoggedOff"),
        }
    }
}

/// Who must handle a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOwner {
    /// The session: it answers the login or a ping, or it came before the login.
    Session,
    /// The user of the session.
    User,
}

#[derive(Debug)]
enum SessionState {
    /// No banner was received yet.
    AwaitingBanner { until: Instant },
    /// A challenge was requested.
    Challenge { until: Instant, version: AmiVersion },
    /// The login was sent.
    Login { until: Instant, version: AmiVersion },
    /// Logged in. The last packet came at `last_received`; if a ping was sent since then, the next one must come by
    /// `ping_deadline`.
    Up { last_received: Instant, ping_deadline: Option<Instant> },
    /// The logoff was sent.
    LoggingOff { until: Instant },
    /// Nothing more will happen.
    Over,
}

impl AmiSession {
    /// A session over a connection that was made at `now`.
    ///
    /// `id_prefix` begins every `ActionID` of this session. The server sends some events with the `ActionID` of another
    /// client's action to everybody, so the prefix should be unique to this connection. Its first 32 characters of
    /// visible ASCII are used. The user's actions must not have ids of the form `<id_prefix>-own-…`.
    ///
    /// # Errors
    ///
    /// If the login contains a header that cannot be sent. Nothing was sent then.
    pub fn new(
        login: AmiLogin,
        timeouts: AmiTimeouts,
        id_prefix: &str,
        now: Instant,
    ) -> Result<Self, ActionHeaderError> {
        login.first_action()?;
        login.challenge_answer(b"")?;
        let id_prefix: String =
            id_prefix.chars().filter(char::is_ascii_graphic).take(32).chain("-own-".chars()).collect();
        let state = SessionState::AwaitingBanner { until: now + timeouts.banner };
        Ok(Self { login, timeouts, id_prefix, last_id: 0, state, outputs: VecDeque::new() })
    }

    /// Handles one frame that was received at `now`, and returns who else must handle it.
    pub fn handle_frame(&mut self, frame: &Frame, now: Instant) -> FrameOwner {
        let packet = match frame {
            Frame::Packet(packet) => packet,
            Frame::Banner(version) => {
                if let SessionState::AwaitingBanner { .. } = self.state {
                    self.on_banner(*version, now);
                }
                return FrameOwner::Session;
            }
        };
        let is_own_response = self.is_own_response(packet);
        match &mut self.state {
            SessionState::Up { last_received, ping_deadline } => {
                (*last_received, *ping_deadline) = (now, None);
            }
            SessionState::LoggingOff { .. }
                if is_own_response && packet.kind() == PacketKind::Response(b"Goodbye") =>
            {
                self.end(SessionOutput::LoggedOff);
            }
            SessionState::LoggingOff { .. } => {}
            SessionState::Challenge { .. } | SessionState::Login { .. } if is_own_response => {
                self.on_login_response(packet, now);
            }
            SessionState::AwaitingBanner { .. }
            | SessionState::Challenge { .. }
            | SessionState::Login { .. }
            | SessionState::Over => {
                return FrameOwner::Session;
            }
        }
        if is_own_response { FrameOwner::Session } else { FrameOwner::User }
    }

    /// Handles the timeouts that are over at `now`.
    pub fn tick(&mut self, now: Instant) {
        let end = match &mut self.state {
            SessionState::AwaitingBanner { until } if *until <= now => {
                SessionOutput::LoginFailed(LoginError::BannerTimeout)
            }
            SessionState::Challenge { until, .. } | SessionState::Login { until, .. } if *until <= now => {
                SessionOutput::LoginFailed(LoginError::Timeout)
            }
            SessionState::Up { ping_deadline: Some(until), .. } if *until <= now => {
                SessionOutput::Disconnected(DisconnectError::Silent)
            }
            SessionState::LoggingOff { until } if *until <= now => SessionOutput::LoggedOff,
            SessionState::Up { last_received, ping_deadline: deadline @ None }
                if *last_received + self.timeouts.ping_after <= now =>
            {
                *deadline = Some(now + self.timeouts.ping_response);
                return self.send(Action::new("Ping"));
            }
            _ => return,
        };
        self.end(end);
    }

    /// When [`AmiSession::tick`] must be called, if ever.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            SessionState::AwaitingBanner { until }
            | SessionState::Challenge { until, .. }
            | SessionState::Login { until, .. }
            | SessionState::Up { ping_deadline: Some(until), .. }
            | SessionState::LoggingOff { until } => Some(*until),
            SessionState::Up { last_received, ping_deadline: None } => {
                Some(*last_received + self.timeouts.ping_after)
            }
            SessionState::Over => None,
        }
    }

    /// Handles the end of the stream.
    pub fn handle_close(&mut self) {
        self.end(match self.state {
            SessionState::AwaitingBanner { .. } => SessionOutput::LoginFailed(LoginError::NoBanner),
            SessionState::Challenge { .. } | SessionState::Login { .. } => {
                SessionOutput::LoginFailed(LoginError::Closed)
            }
            SessionState::Up { .. } => SessionOutput::Disconnected(DisconnectError::Closed),
            SessionState::LoggingOff { .. } => SessionOutput::LoggedOff,
            SessionState::Over => return,
        });
    }

    /// Handles an error of the stream, after which it cannot be read or written.
    pub fn handle_error(&mut self, error: &CodecError) {
        self.end(match (error, &self.state) {
            (CodecError::NotAmi(seen), _) => SessionOutput::LoginFailed(LoginError::NotAmi(seen.clone())),
            (CodecError::Io(error), SessionState::Up { .. }) => {
                SessionOutput::Disconnected(DisconnectError::Broken(error.kind()))
            }
            (CodecError::Io(_), _) => return self.handle_close(),
        });
    }

    /// Logs off; the server closes the connection then.
    pub fn logoff(&mut self, now: Instant) {
        if self.is_up() {
            self.state = SessionState::LoggingOff { until: now + self.timeouts.response };
            self.send(Action::new("Logoff"));
        }
    }

    /// What must be done next.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// Whether a login was accepted and the session is not over.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, SessionState::Up { .. })
    }

    fn on_banner(&mut self, version: AmiVersion, now: Instant) {
        let until = now + self.timeouts.login;
        self.state = match self.login.method {
            LoginMethod::Md5 => SessionState::Challenge { until, version },
            LoginMethod::Plain => SessionState::Login { until, version },
        };
        self.send(self.login.first_action());
    }

    /// Handles the response to the challenge or to the login.
    fn on_login_response(&mut self, packet: &Packet, now: Instant) {
        let is_success = packet.kind() == PacketKind::Response(b"Success");
        match (&self.state, packet.get("Challenge")) {
            (&SessionState::Challenge { until, version }, Some(challenge)) if is_success => {
                self.state = SessionState::Login { until, version };
                self.send(self.login.challenge_answer(challenge));
            }
            (&SessionState::Login { version, .. }, _) if is_success => {
                self.state = SessionState::Up { last_received: now, ping_deadline: None };
                self.outputs.push_back(SessionOutput::LoggedIn(version));
            }
            _ => {
                let message = packet.get("Message").unwrap_or_default();
                self.end(SessionOutput::LoginFailed(match message {
                    b"Authentication failed" => LoginError::Credentials,
                    _ if message.eq_ignore_ascii_case(b"Login Already In Use") => LoginError::InUse,
                    _ => LoginError::Refused(text::printable_line(message)),
                }));
            }
        }
    }

    /// Whether a packet is the response to an action of this session's own.
    fn is_own_response(&self, packet: &Packet) -> bool {
        let is_own = |id: &[u8]| id.starts_with(self.id_prefix.as_bytes());
        matches!(packet.kind(), PacketKind::Response(_)) && packet.get("ActionID").is_some_and(is_own)
    }

    /// Sends an action of the session's own. [`AmiSession::new`] has checked that all of them can be sent.
    fn send(&mut self, action: Result<Action, ActionHeaderError>) {
        if let Ok(action) = action {
            self.last_id += 1;
            let bytes = action.encode(&format!("{}{}", self.id_prefix, self.last_id));
            self.outputs.push_back(SessionOutput::Write(bytes));
        }
    }

    fn end(&mut self, output: SessionOutput) {
        self.state = SessionState::Over;
        self.outputs.push_back(output);
    }
}

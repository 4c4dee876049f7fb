//! Login and keep-alive, without a socket and without a clock (AMI contract 1.5 and 1.6).

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::{
    Action, ActionError, Frame, Kind, LinkError, Login, LoginError, Method, Packet, Timing, Version,
    WireError, text,
};

/// One session with a server: frames and the time go in, bytes to write and what has become of it come out.
///
/// The one that drives it calls [`Session::frame`] for every frame, [`Session::tick`] when [`Session::deadline`] has
/// come, [`Session::closed`] when the stream ends, and after each of them takes [`Session::poll`] until it is empty.
#[derive(Debug)]
pub struct Session {
    login: Login,
    timing: Timing,
    /// What the `ActionID`s of this session's own actions begin with.
    ids: String,
    last_id: u64,
    state: State,
    outputs: VecDeque<Output>,
}

/// What is to be done.
#[derive(PartialEq)]
pub enum Output {
    /// Write these bytes to the server.
    Write(Bytes),
    /// The login was accepted by a server of this version; the packets after it are the caller's.
    LoggedIn(Version),
    /// The login failed: end the connection.
    LoginFailed(LoginError),
    /// The session that was up is over: end the connection.
    Lost(LinkError),
    /// The session was ended by [`Session::logoff`].
    LoggedOff,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} bytes)", bytes.len()), // a login is among them
            Self::LoggedIn(version) => write!(f, "LoggedIn({version})"),
            Self::LoginFailed(error) => write!(f, "LoginFailed({error:?})"),
            Self::Lost(error) => write!(f, "Lost({error:?})"),
            Self::LoggedOff => f.write_str("LoggedOff"),
        }
    }
}

/// Whose a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The session's own: an answer to its login or pings, or something said before the login.
    Session,
    /// The caller's.
    Caller,
}

#[derive(Debug)]
enum State {
    /// Nothing was said.
    Greeting { until: Instant },
    /// A challenge was asked for.
    Challenge { until: Instant, version: Version },
    /// The login was sent.
    Login { until: Instant, version: Version },
    /// Logged in; a packet last came at `heard`, and if a ping was sent since then, one must come in time.
    Up { heard: Instant, ping_until: Option<Instant> },
    /// The farewell was sent.
    Leaving { until: Instant },
    /// Nothing more will happen.
    Over,
}

impl Session {
    /// A session over a connection that was made at `now`.
    ///
    /// `ids` begins every `ActionID` of this session. Some events carry the `ActionID` of another client's action to
    /// everybody, so it should be this connection's alone; 32 characters of it count, visible ASCII only. The caller's own
    /// actions must not have ids of the form `<ids>-own-…`.
    ///
    /// # Errors
    ///
    /// If the login could not be sent: then nothing was.
    pub fn new(login: Login, timing: Timing, ids: &str, now: Instant) -> Result<Self, ActionError> {
        login.opening()?;
        login.answer(b"")?;
        let ids: String =
            ids.chars().filter(char::is_ascii_graphic).take(32).chain("-own-".chars()).collect();
        let state = State::Greeting { until: now + timing.banner };
        Ok(Self { login, timing, ids, last_id: 0, state, outputs: VecDeque::new() })
    }

    /// Takes one frame that came at `now`, and tells whose it is.
    pub fn frame(&mut self, frame: &Frame, now: Instant) -> Owner {
        let packet = match frame {
            Frame::Packet(packet) => packet,
            Frame::Banner(version) => {
                if let State::Greeting { .. } = self.state {
                    self.greeted(*version, now);
                }
                return Owner::Session;
            }
        };
        let answer = self.is_answer(packet);
        match &mut self.state {
            State::Up { heard, ping_until } => (*heard, *ping_until) = (now, None),
            State::Leaving { .. } if answer && packet.kind() == Kind::Response(b"Goodbye") => {
                self.end(Output::LoggedOff);
            }
            State::Leaving { .. } => {}
            State::Challenge { .. } | State::Login { .. } if answer => self.answered(packet, now),
            State::Greeting { .. } | State::Challenge { .. } | State::Login { .. } | State::Over => {
                return Owner::Session;
            }
        }
        if answer { Owner::Session } else { Owner::Caller }
    }

    /// What the time has done.
    pub fn tick(&mut self, now: Instant) {
        let end = match &mut self.state {
            State::Greeting { until } if *until <= now => Output::LoginFailed(LoginError::BannerTimeout),
            State::Challenge { until, .. } | State::Login { until, .. } if *until <= now => {
                Output::LoginFailed(LoginError::Timeout)
            }
            State::Up { ping_until: Some(until), .. } if *until <= now => Output::Lost(LinkError::Silent),
            State::Leaving { until } if *until <= now => Output::LoggedOff,
            State::Up { heard, ping_until: until @ None } if *heard + self.timing.ping_after <= now => {
                *until = Some(now + self.timing.ping_within);
                return self.send(Action::new("Ping"));
            }
            _ => return,
        };
        self.end(end);
    }

    /// When [`Session::tick`] is due, if ever.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Greeting { until }
            | State::Challenge { until, .. }
            | State::Login { until, .. }
            | State::Up { ping_until: Some(until), .. }
            | State::Leaving { until } => Some(*until),
            State::Up { heard, ping_until: None } => Some(*heard + self.timing.ping_after),
            State::Over => None,
        }
    }

    /// The stream has ended.
    pub fn closed(&mut self) {
        self.end(match self.state {
            State::Greeting { .. } => Output::LoginFailed(LoginError::NoBanner),
            State::Challenge { .. } | State::Login { .. } => Output::LoginFailed(LoginError::Closed),
            State::Up { .. } => Output::Lost(LinkError::Closed),
            State::Leaving { .. } => Output::LoggedOff,
            State::Over => return,
        });
    }

    /// The stream cannot be read or written any more.
    pub fn broken(&mut self, error: &WireError) {
        self.end(match (error, &self.state) {
            (WireError::NotAmi(seen), _) => Output::LoginFailed(LoginError::NotAmi(seen.clone())),
            (WireError::Io(error), State::Up { .. }) => Output::Lost(LinkError::Broken(error.kind())),
            (WireError::Io(_), _) => return self.closed(),
        });
    }

    /// Says farewell; the server closes the connection then.
    pub fn logoff(&mut self, now: Instant) {
        if self.is_up() {
            self.state = State::Leaving { until: now + self.timing.response };
            self.send(Action::new("Logoff"));
        }
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether a login was accepted and the session is not over.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    fn greeted(&mut self, version: Version, now: Instant) {
        let until = now + self.timing.login;
        self.state = match self.login.method {
            Method::Md5 => State::Challenge { until, version },
            Method::Plain => State::Login { until, version },
        };
        self.send(self.login.opening());
    }

    /// The server answered the challenge or the login.
    fn answered(&mut self, packet: &Packet, now: Instant) {
        let success = packet.kind() == Kind::Response(b"Success");
        match (&self.state, packet.get("Challenge")) {
            (&State::Challenge { until, version }, Some(challenge)) if success => {
                self.state = State::Login { until, version };
                self.send(self.login.answer(challenge));
            }
            (&State::Login { version, .. }, _) if success => {
                self.state = State::Up { heard: now, ping_until: None };
                self.outputs.push_back(Output::LoggedIn(version));
            }
            _ => {
                let message = packet.get("Message").unwrap_or_default();
                self.end(Output::LoginFailed(match message {
                    b"Authentication failed" => LoginError::Credentials,
                    _ if message.eq_ignore_ascii_case(b"Login Already In Use") => LoginError::InUse,
                    _ => LoginError::Refused(text::printable(message)),
                }));
            }
        }
    }

    /// Whether a packet answers an action of this session's own.
    fn is_answer(&self, packet: &Packet) -> bool {
        let own = |id: &[u8]| id.starts_with(self.ids.as_bytes());
        matches!(packet.kind(), Kind::Response(_)) && packet.get("ActionID").is_some_and(own)
    }

    /// Sends an action of the session's own; [`Session::new`] has seen that none of them can be refused.
    fn send(&mut self, action: Result<Action, ActionError>) {
        if let Ok(action) = action {
            self.last_id += 1;
            let bytes = action.encode(&format!("{}{}", self.ids, self.last_id));
            self.outputs.push_back(Output::Write(bytes));
        }
    }

    fn end(&mut self, output: Output) {
        self.state = State::Over;
        self.outputs.push_back(output);
    }
}

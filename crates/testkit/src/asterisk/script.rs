//! The scripts of connections to a misbehaving Asterisk.

use std::sync::Arc;

use bytes::Bytes;
use ringwire_demo::player::PlaybackPbx;

use crate::gate::Gate;

/// What happens on one connection.
#[derive(Clone, Debug)]
pub enum ConnectionScript {
    /// These steps, after which the connection is closed.
    Steps(Vec<ScriptStep>),
    /// A well-behaved PBX, with these faults in this order.
    Playback(Arc<PlaybackPbx>, Vec<(FaultTrigger, ConnectionFault)>),
}

impl ConnectionScript {
    /// Closes at once, as Asterisk does when too many clients have not logged in.
    #[must_use]
    pub fn close_without_banner() -> Self {
        Self::Steps(Vec::new())
    }

    /// Sends the banner, and closes.
    #[must_use]
    pub fn close_after_banner() -> Self {
        Self::Steps(vec![ScriptStep::banner()])
    }

    /// Refuses every login, and closes.
    #[must_use]
    pub fn refuse_login() -> Self {
        Self::Steps(vec![ScriptStep::banner(), ScriptStep::RefuseLogin])
    }

    /// Accepts every login, and continues with `then`.
    #[must_use]
    pub fn after_login(then: impl IntoIterator<Item = ScriptStep>) -> Self {
        Self::Steps([ScriptStep::banner(), ScriptStep::AcceptLogin].into_iter().chain(then).collect())
    }

    /// A well-behaved PBX without faults.
    #[must_use]
    pub fn well_behaved(pbx: PlaybackPbx) -> Self {
        Self::Playback(Arc::new(pbx), Vec::new())
    }

    /// A well-behaved PBX with `fault` after the first `text` that it sends.
    #[must_use]
    pub fn fault_after(pbx: PlaybackPbx, text: &str, fault: ConnectionFault) -> Self {
        Self::Playback(Arc::new(pbx), vec![(FaultTrigger::after_text(text), fault)])
    }
}

/// One step on a connection.
#[derive(Clone, Debug)]
pub enum ScriptStep {
    /// Sends these bytes.
    Send(Bytes),
    /// Reads actions until one has this name, ignoring case.
    Await(String),
    /// Responds to the last action, with its `ActionID` and these headers.
    Answer {
        /// The kind of response: `Success`, `Error`, `Goodbye`.
        response: String,
        /// The other headers.
        headers: Vec<(String, String)>,
    },
    /// Reads until a client logs in, by challenge or with the plain secret, and accepts it.
    AcceptLogin,
    /// Reads until a client logs in, and refuses it.
    RefuseLogin,
    /// Reads and drops everything until the client closes.
    Ignore,
    /// Neither reads nor writes until the gate opens.
    Hold(Gate),
    /// Neither reads nor writes any more, and keeps the connection open.
    Stall,
    /// Resets the connection.
    Reset,
}

impl ScriptStep {
    /// The banner of Asterisk 22.
    #[must_use]
    pub fn banner() -> Self {
        Self::send("Asterisk Call Manager/11.0.0\r\n")
    }

    /// Sends `bytes`.
    #[must_use]
    pub fn send(bytes: impl AsRef<[u8]>) -> Self {
        Self::Send(Bytes::copy_from_slice(bytes.as_ref()))
    }
}

/// When a fault happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultTrigger {
    /// After the PBX has sent this many more bytes.
    AfterBytes(usize),
    /// After the PBX has sent this text; what follows it is not sent yet.
    AfterText(Bytes),
}

impl FaultTrigger {
    /// After the PBX has sent `text`.
    #[must_use]
    pub fn after_text(text: &str) -> Self {
        Self::AfterText(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// A fault of a connection.
#[derive(Clone, Debug)]
pub enum ConnectionFault {
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing is read or sent any more, and the connection stays open.
    Stall,
    /// Nothing is read or sent until the gate opens; then it goes on.
    Hold(Gate),
    /// These bytes are inserted.
    Inject(Bytes),
    /// The next bytes are lost, this many.
    Lose(usize),
    /// From now on every byte is sent alone.
    Drip,
}

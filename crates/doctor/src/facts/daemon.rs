//! What a running daemon reports about itself.

use jiff::Timestamp;
use ringwire_live::Diagnosis;
use serde::Deserialize;

/// The facts about the daemon.
#[derive(Clone, Debug)]
pub(crate) struct DaemonFacts {
    /// The address of its API.
    pub(crate) address: String,
    /// Its answer.
    pub(crate) reply: DaemonReply,
    /// Whether a daemon uses the journal.
    pub(crate) has_journal: bool,
    /// Whether systemd reports it as running.
    pub(crate) is_active: bool,
    /// When the configuration, or a file that it names, was last changed.
    pub(crate) changed: Option<Timestamp>,
    /// The version of this program.
    pub(crate) version: &'static str,
}

impl DaemonFacts {
    /// Which events the daemon received, if it reports them.
    pub(crate) fn diagnosis(&self) -> Option<&Diagnosis> {
        match &self.reply {
            DaemonReply::Answered(answer) => answer.diagnosis.as_ref(),
            _ => None,
        }
    }
}

/// How a daemon answers a request.
#[derive(Clone, Debug)]
pub(crate) enum DaemonReply {
    /// The configuration disables the API.
    NoApi,
    /// The socket does not exist.
    NoSocket,
    /// The socket exists, but no process listens on it.
    Refused,
    /// This user may not connect.
    PermissionDenied,
    /// A process accepts the connection but does not answer.
    NoResponse,
    /// Another program answers; what it sent.
    OtherProgram(String),
    /// The daemon answers.
    Answered(Box<DaemonAnswer>),
}

/// What a daemon reports about itself.
#[derive(Clone, Debug)]
pub(crate) struct DaemonAnswer {
    /// Its components.
    pub(crate) ready: Readiness,
    /// Its version, if it reports it.
    pub(crate) version: Option<String>,
    /// Which events it received; `None` if it does not report them.
    pub(crate) diagnosis: Option<Diagnosis>,
}

/// `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Readiness {
    /// Whether it is ready.
    pub(crate) ready: bool,
    /// Its components.
    #[serde(default)]
    pub(crate) components: Vec<ComponentHealth>,
}

/// A component of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ComponentHealth {
    /// Which: `pbx main`, `journal`, `target helpdesk`.
    pub(crate) name: String,
    /// Whether it is OK.
    pub(crate) ok: bool,
    /// Its state, in a word.
    #[serde(default)]
    pub(crate) state: String,
    /// Why it is in this state.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// How to fix it.
    #[serde(default)]
    pub(crate) hint: Option<String>,
}

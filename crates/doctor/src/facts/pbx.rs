//! How far a connection to a PBX gets, and what the PBX sends meanwhile.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use ringwire_ami::ConnectError;
use ringwire_live::PbxDiagnosis;

use super::{calls::CallFacts, certificate::Certificate};

/// The result of probing a PBX.
#[derive(Debug)]
pub struct PbxProbe {
    /// How far the connection got.
    pub(crate) facts: PbxFacts,
    /// The events received; `None` without listening.
    pub(crate) listened: Option<ListenResult>,
    /// The call events to judge: from the daemon, or from listening.
    pub(crate) calls: Option<CallFacts>,
}

impl PbxProbe {
    /// The number of channels, if the PBX lists them.
    pub(crate) fn channels(&self) -> Option<usize> {
        self.facts.login.as_ref()?.as_ref().ok()?.channels
    }
}

/// The events received by listening.
#[derive(Clone, Debug)]
pub(crate) struct ListenResult {
    /// The events.
    pub(crate) diagnosis: PbxDiagnosis,
    /// How long it listened, in seconds.
    pub(crate) seconds: u64,
    /// Whether the list of channels changed meanwhile.
    pub(crate) channels_changed: bool,
    /// When it ended.
    pub(crate) until: Timestamp,
}

/// How far a connection to a PBX gets.
#[derive(Debug)]
pub(crate) struct PbxFacts {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// Its configured host.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The user that logs in; `None` if no login is configured.
    pub(crate) username: Option<String>,
    /// What is suspicious about the secret, without showing it.
    pub(crate) secret_problem: Option<&'static str>,
    /// What its name resolves to, or why it does not; `None` if the host is an address.
    pub(crate) dns: Option<Result<Vec<IpAddr>, String>>,
    /// The address of this machine as the PBX sees it.
    pub(crate) source: Option<IpAddr>,
    /// Its certificate; `None` without TLS, or if it presented none.
    pub(crate) certificate: Option<Certificate>,
    /// Whether its certificate is pinned: then its dates do not count.
    pub(crate) is_pinned: bool,
    /// The result of logging in; `None` if it was not tried.
    pub(crate) login: Option<Result<PbxSession, ConnectError>>,
    /// When the facts were gathered.
    pub(crate) now: Timestamp,
}

/// What the PBX reports and allows after login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PbxSession {
    /// The version of the manager protocol.
    pub(crate) ami: String,
    /// Asterisk's version, if the PBX reports it.
    pub(crate) asterisk: Option<String>,
    /// The actions that the PBX refuses.
    pub(crate) refused: RefusedActions,
    /// Whether an event filter was requested.
    pub(crate) requested_filter: bool,
    /// Whether it sent `FullyBooted`, which only users with `read = system` receive.
    pub(crate) fully_booted: bool,
    /// Whether it lists queues.
    pub(crate) has_queues: bool,
    /// The number of channels; `None` if it does not list them.
    pub(crate) channels: Option<usize>,
    /// How far its clock is ahead of ours; `None` if it does not report its time.
    pub(crate) clock_ahead: Option<SignedDuration>,
    /// Why the connection broke while requests were sent, and how to fix it.
    pub(crate) interrupted: Option<(String, &'static str)>,
}

/// The actions that a PBX refuses the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusedActions {
    /// `CoreSettings`, which has its version.
    pub(crate) settings: bool,
    /// `CoreShowChannels` and `Status`, the lists of channels.
    pub(crate) lists: bool,
    /// `Filter`.
    pub(crate) filters: bool,
}

//! The messages between the tasks of the daemon.

use std::{sync::Arc, time::Duration};

use ringwire_ami::{AmiVersion, Packet, StreamErrors};
use ringwire_api::Channel;
use ringwire_calls::{Rules, TrackerLimit};
use ringwire_config::Routes;
use ringwire_delivery::{DeliveryPolicy, TargetName};
use ringwire_event::{CallEvent, Explanation};
use ringwire_sender::Sender;
use tokio::sync::{Notify, oneshot, watch};

/// How many batches of packets, or events, may wait between two tasks.
pub(crate) const BACKLOG: usize = 1024;

/// The configured name of a PBX.
pub(crate) type PbxName = Arc<str>;

/// What the tracker requests of the link to its PBX.
#[derive(Debug, Default)]
pub(crate) struct LinkRequests {
    /// A resync of channels and queues.
    pub(crate) resync: Notify,
    /// An end of the connection, because the PBX has this, which is beyond a limit.
    pub(crate) too_much: watch::Sender<Option<TrackerLimit>>,
}

/// A message to the task that owns the trackers.
#[derive(Debug)]
pub(crate) enum TrackerMessage {
    /// Follow a PBX from here on, or change its rules.
    AddPbx {
        /// Which PBX.
        pbx: PbxName,
        /// How its calls are understood.
        rules: Box<Rules>,
        /// What is requested of its link.
        link: Arc<LinkRequests>,
    },
    /// Stop following a PBX: all its calls end here.
    RemovePbx {
        /// Which PBX.
        pbx: PbxName,
    },
    /// A connection begins.
    Connected {
        /// To which PBX.
        pbx: PbxName,
        /// What it speaks.
        version: AmiVersion,
    },
    /// Packets arrived.
    Packets {
        /// Which PBX.
        pbx: PbxName,
        /// The packets, in order.
        packets: Vec<Packet>,
        /// The errors in the stream of the connection so far.
        stream_errors: StreamErrors,
    },
    /// A query of the API.
    Query(TrackerQuery),
}

/// A query of the task that owns the trackers, and where the answer goes.
#[derive(Debug)]
pub(crate) enum TrackerQuery {
    /// The current channels.
    Channels(oneshot::Sender<Vec<Channel>>),
    /// What was received from the PBXs lately.
    Diagnosis(oneshot::Sender<serde_json::Value>),
    /// The explanation of a call in progress, by its id or the Uniqueid of the channel that started it.
    Explanation(String, oneshot::Sender<Option<Explanation>>),
}

/// A message to the task that delivers.
#[derive(Debug)]
pub(crate) enum DeliveryMessage {
    /// Something happened to a call.
    Event(Arc<CallEvent>),
    /// The explanation of a call whose last event was sent before.
    Explanation(Explanation),
    /// Other targets and routes apply from here on.
    Configure {
        /// The routes.
        routes: Routes,
        /// The targets, as the routes number them.
        targets: Vec<TargetClient>,
        /// The settings of the journal; `None` for a temporary one.
        journal: Option<ringwire_config::Journal>,
        /// Notified when the configuration applies.
        done: Option<oneshot::Sender<()>>,
    },
}

/// A target that can be sent to.
#[derive(Debug)]
pub(crate) struct TargetClient {
    /// Its name.
    pub(crate) name: TargetName,
    /// Its delivery policy.
    pub(crate) policy: DeliveryPolicy,
    /// What it speaks.
    pub(crate) dialect: Arc<str>,
    /// How to send to it.
    pub(crate) sender: Sender,
    /// How long a request may take that may not be repeated.
    pub(crate) hangup_timeout: Duration,
}

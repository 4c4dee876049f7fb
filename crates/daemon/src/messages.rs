//! What the tasks of the daemon say to each other.

use std::sync::Arc;

use ringwire_ami::{AmiVersion, Packet, StreamErrors};
use ringwire_api::Channel;
use ringwire_calls::Rules;
use ringwire_config::Routes;
use ringwire_delivery::{DeliveryPolicy, TargetName};
use ringwire_event::{CallEvent, Explanation};
use ringwire_sender::Sender;
use tokio::sync::{Notify, oneshot};

/// How many batches of packets, or events, may wait between two tasks.
pub(crate) const BACKLOG: usize = 1024;

/// The configured name of a PBX.
pub(crate) type PbxName = Arc<str>;

/// What the trackers are told.
#[derive(Debug)]
pub(crate) enum TrackerMessage {
    /// A PBX is followed from here on, or by other rules.
    Follow {
        /// Which PBX.
        pbx: PbxName,
        /// How its calls are understood.
        rules: Box<Rules>,
        /// How to ask for its lists.
        wish: Arc<Notify>,
    },
    /// A PBX is followed no more: all its calls end here.
    Forget {
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
    /// What a PBX said.
    Packets {
        /// Which PBX.
        pbx: PbxName,
        /// The packets, in order.
        packets: Vec<Packet>,
        /// The errors in the stream of the connection so far.
        stream_errors: StreamErrors,
    },
    /// Somebody wants to know something.
    Ask(Question),
}

/// A question to the task that owns the trackers, and where the answer goes.
#[derive(Debug)]
pub(crate) enum Question {
    /// Which channels are there?
    Channels(oneshot::Sender<Vec<Channel>>),
    /// What has come of the PBXs lately?
    Diagnosis(oneshot::Sender<serde_json::Value>),
    /// Why is a call in progress published as it is, by its id or the Uniqueid of the channel that started it?
    Explanation(String, oneshot::Sender<Option<Explanation>>),
}

/// What the task that delivers is told.
#[derive(Debug)]
pub(crate) enum DeliveryMessage {
    /// Something happened to a call.
    Event(Arc<CallEvent>),
    /// Why a call was published as it was, whose last event was handed on.
    Explanation(Explanation),
    /// Other endpoints and routes hold from here on.
    Configure {
        /// Which calls go to which endpoints.
        routes: Routes,
        /// The endpoints, as the routes number them.
        endpoints: Vec<Recipient>,
        /// How long the journal keeps what; nothing for one that is for this process only.
        journal: Option<ringwire_config::Journal>,
        /// Who waits for it to hold, if anybody does.
        done: Option<oneshot::Sender<()>>,
    },
}

/// An endpoint that can be sent to.
#[derive(Debug)]
pub(crate) struct Recipient {
    /// Its name.
    pub(crate) name: TargetName,
    /// How it is to be sent to.
    pub(crate) terms: DeliveryPolicy,
    /// What it speaks.
    pub(crate) dialect: &'static str,
    /// How to send to it.
    pub(crate) sender: Sender,
}

//! One example of each event.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallFacts, Direction, EventKind};
use ringwire_outbox::CommittedEvent;

use super::super::{
    ApiEvent, DaemonEvent, DeliveryEvent, InternalEvent, JournalEvent, PbxEvent, TargetEvent, TrackerEvent,
};
use crate::{AttemptOutcome, CircuitBreaker, DeadReason, TargetStatus};

pub(super) const PBX: &str = "main";
pub(super) const TARGET: &str = "zammad";

/// An area, its heading, and its events, each with its description.
type Area = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// All areas, in the order of the document.
pub(super) const AREAS: [Area; 7] = [
    ("Daemon", "The daemon", DaemonEvent::ALL),
    ("Pbx", "Connections to PBXs", PbxEvent::ALL),
    ("Tracker", "Tracking calls", TrackerEvent::ALL),
    ("Journal", "The journal", JournalEvent::ALL),
    ("Target", "Targets", TargetEvent::ALL),
    ("Delivery", "Deliveries", DeliveryEvent::ALL),
    ("Api", "The API server", ApiEvent::ALL),
];

impl InternalEvent<'_> {
    /// The area and the name of the event.
    pub(super) fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Daemon(event) => ("Daemon", event.name()),
            Self::Pbx(event) => ("Pbx", event.name()),
            Self::Tracker(event) => ("Tracker", event.name()),
            Self::Journal(event) => ("Journal", event.name()),
            Self::Target(event) => ("Target", event.name()),
            Self::Delivery(event) => ("Delivery", event.name()),
            Self::Api(event) => ("Api", event.name()),
        }
    }
}

static COMMITTED: LazyLock<CommittedEvent> = LazyLock::new(|| CommittedEvent {
    seq: 1,
    event: Arc::new(CallEvent {
        id: "1795226702.0/1".to_owned(),
        kind: EventKind::NewCall { users: Vec::new() },
        call: "1795226702.0".to_owned(),
        seq: 1,
        time: None,
        pbx: PBX.to_owned(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".to_owned(),
        from_name: None,
        to: "4930100".to_owned(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }),
    deliveries: Vec::new(),
    is_replay: false,
    recorded_at: Timestamp::UNIX_EPOCH,
});

fn failing_target() -> (TargetStatus, CircuitBreaker) {
    let status = TargetStatus {
        name: TARGET.to_owned(),
        dialect: "zammad".to_owned(),
        state: "failing".to_owned(),
        reason: Some("connection refused".to_owned()),
        since: Timestamp::UNIX_EPOCH,
        pending: 3,
        retrying: 1,
        in_flight: 0,
        delivered: 0,
        dead: 0,
        expired: 0,
        dropped: 0,
        unknown: 0,
        more_on_disk: false,
    };
    (status, CircuitBreaker::Open)
}

/// One example of each event.
pub(super) fn examples() -> Vec<InternalEvent<'static>> {
    let (pbx, target, error, hint) = (PBX, TARGET, "connection refused", "is it running?");
    let (reason, delivery, event, kind) = ("connection refused", 7, "1795226702.0/1", "newCall");
    let call = "1795226702.0";
    vec![
        DaemonEvent::Ready.into(),
        DaemonEvent::Reloading.into(),
        DaemonEvent::ConfigurationReloaded { file: "/etc/ringwire/ringwire.toml" }.into(),
        DaemonEvent::ConfigurationRejected { error }.into(),
        DaemonEvent::ConfigurationWarning { warning: "log.format" }.into(),
        DaemonEvent::NothingToReload.into(),
        DaemonEvent::LogLevelNotChanged { error }.into(),
        DaemonEvent::LogFormatChangeIgnored.into(),
        DaemonEvent::TracesNotBuilt.into(),
        DaemonEvent::TracesFailing { error }.into(),
        DaemonEvent::TracesRecovered.into(),
        DaemonEvent::Stopping.into(),
        DaemonEvent::Stopped.into(),
        PbxEvent::Configured { pbx, address: "pbx.example.com:5038" }.into(),
        PbxEvent::Connected { pbx, host: "pbx.example.com", port: 5038, ami: "2.10.4" }.into(),
        PbxEvent::Unreachable { pbx, error, hint }.into(),
        PbxEvent::Refused { pbx, error, hint }.into(),
        PbxEvent::StillDisconnected { pbx, error }.into(),
        PbxEvent::ConnectionLost { pbx, error, hint }.into(),
        PbxEvent::ConnectionUnstable { pbx, error, hint }.into(),
        PbxEvent::ConnectedAgain { pbx, ami: "2.10.4" }.into(),
        PbxEvent::ConnectionLostAgain { pbx, error, hint }.into(),
        PbxEvent::ConnectionStable { pbx }.into(),
        PbxEvent::ConnectionClosed { pbx, error, hint }.into(),
        PbxEvent::ReconnectScheduled { pbx, delay: Duration::from_secs(1) }.into(),
        PbxEvent::Reconfigured { pbx }.into(),
        PbxEvent::PacketsReceived { pbx, packets: 2, channels: 1 }.into(),
        PbxEvent::InSync { pbx }.into(),
        PbxEvent::ChannelListRefused { pbx }.into(),
        PbxEvent::ListTimedOut { pbx, action: "CoreShowChannels" }.into(),
        PbxEvent::EventFiltersRefused { pbx }.into(),
        PbxEvent::StreamErrors { pbx, kind: "cut", count: 1 }.into(),
        PbxEvent::StreamDamaged { pbx, errors: "cut: 1" }.into(),
        PbxEvent::ForgedEventsDropped { pbx, forged: 1 }.into(),
        PbxEvent::LimitExceeded { pbx, limit: "more than 10000 channels at once" }.into(),
        PbxEvent::Removed { pbx }.into(),
        TrackerEvent::Heartbeat.into(),
        TrackerEvent::EventPublished { pbx, event, kind, from: "491761234567", to: "4930100" }.into(),
        TrackerEvent::CallNotReported { pbx, uniqueid: call, reason: Some("no context of a trunk") }.into(),
        JournalEvent::EventCommitted { committed: &COMMITTED, durable: true }.into(),
        JournalEvent::CheckedSound.into(),
        JournalEvent::Lost { loss: "its file was deleted", aside: None }.into(),
        JournalEvent::SetAside { aside: "journal.db.damaged", found: "row 3 missing" }.into(),
        JournalEvent::RecoveryFailed { error }.into(),
        JournalEvent::Failing { error, hint }.into(),
        JournalEvent::Recovered.into(),
        JournalEvent::RecoveredWithLoss { lost: 5 }.into(),
        JournalEvent::Unreadable { error }.into(),
        JournalEvent::UnreadableWhileFailing { error }.into(),
        JournalEvent::ReadPanicked { error }.into(),
        JournalEvent::Swept { removed: "3 events" }.into(),
        JournalEvent::DamagedRemoved { count: 1 }.into(),
        JournalEvent::PathChangeIgnored.into(),
        JournalEvent::WriterEnded.into(),
        JournalEvent::UnwrittenAtStop { events: 2 }.into(),
        JournalEvent::NotClosed { error }.into(),
        TargetEvent::Started { target }.into(),
        TargetEvent::StartedPaused { target, reason }.into(),
        TargetEvent::StartedMisconfigured { target, reason }.into(),
        TargetEvent::StartedDisabled { target, reason }.into(),
        TargetEvent::StatusesReported { statuses: vec![failing_target()] }.into(),
        TargetEvent::Failing { target, pending: 3, reason }.into(),
        TargetEvent::Recovered { target, pending: 3 }.into(),
        TargetEvent::Misconfigured { target, reason }.into(),
        TargetEvent::Corrected { target }.into(),
        TargetEvent::Disabled { target, reason }.into(),
        TargetEvent::Paused { target }.into(),
        TargetEvent::Resumed { target }.into(),
        TargetEvent::DirectiveUnsupported { target, call, directive: "reject" }.into(),
        TargetEvent::DirectiveIgnored { target, call, directive: "reject", reason: Some("busy") }.into(),
        TargetEvent::NumberRequested { target, call, number: "4930100" }.into(),
        TargetEvent::Removed { target }.into(),
        TargetEvent::UndeliveredAtStop { target, pending: 3, in_flight: 0, more_on_disk: false }.into(),
        DeliveryEvent::Attempted {
            delivery,
            target,
            event,
            kind,
            failures: 0,
            resent: false,
            outcome: AttemptOutcome::Failed,
            reason: Some(reason),
            reply: Some("{}"),
        }
        .into(),
        DeliveryEvent::Delivered { delivery, target, delay: Some(Duration::from_millis(3)) }.into(),
        DeliveryEvent::Retrying { delivery, target, failures: 1, reason }.into(),
        DeliveryEvent::OutcomeUnknown { delivery, target, event, kind, reason }.into(),
        DeliveryEvent::PermanentlyFailed {
            delivery,
            target,
            event,
            kind,
            cause: DeadReason::Exhausted,
            reason,
        }
        .into(),
        DeliveryEvent::Expired { delivery, target, reason }.into(),
        DeliveryEvent::Dropped { delivery, target }.into(),
        DeliveryEvent::AttemptPanicked { error }.into(),
        ApiEvent::SocketListening { socket: "/run/ringwire/ringwire.sock" }.into(),
        ApiEvent::Listening { address: "127.0.0.1:8480", desk: "http://127.0.0.1:8480/" }.into(),
        ApiEvent::SocketUnavailable { error }.into(),
        ApiEvent::DefaultSocketUnavailable { error }.into(),
        ApiEvent::AddressUnavailable { address: "127.0.0.1:8480", error }.into(),
        ApiEvent::AddressChangeIgnored.into(),
        ApiEvent::SignedIn { name: "anna", role: "agent" }.into(),
        ApiEvent::SessionsRevoked { name: "root", ended: 3 }.into(),
        ApiEvent::SessionsNotStored { error: "connection refused" }.into(),
        ApiEvent::TokenUnknown { client: "127.0.0.1", count: 7 }.into(),
        ApiEvent::StreamDelayed { error }.into(),
    ]
}

//! What an operator may learn of the connection to a PBX.

use std::time::Duration;

use tracing::{debug, error, info, warn};

use super::sinks::Sinks;
use crate::{components::Trouble, status::PbxState};

internal_events! {
    /// Of the connection to a PBX.
    pub enum PbxEvent<'a> {
        /// A PBX is configured.
        Configured { pbx: &'a str, address: &'a str },
        /// A PBX has accepted the login.
        Connected { pbx: &'a str, host: &'a str, port: u16, ami: &'a str },
        /// A PBX cannot be reached. Logged again only for another reason.
        Unreachable { pbx: &'a str, error: &'a str, hint: &'a str },
        /// A PBX refuses the connection or the login. Logged again only for another reason.
        Refused { pbx: &'a str, error: &'a str, hint: &'a str },
        /// Connecting failed again, for the same reason as before.
        StillDisconnected { pbx: &'a str, error: &'a str },
        /// A connection has ended, which can be made again.
        ConnectionLost { pbx: &'a str, error: &'a str, hint: &'a str },
        /// Connections keep ending soon after the login. Until one is stable, they are not logged.
        ConnectionUnstable { pbx: &'a str, error: &'a str, hint: &'a str },
        /// A PBX has accepted the login again, and the last connections ended soon after it.
        ConnectedAgain { pbx: &'a str, ami: &'a str },
        /// A connection has ended again soon after the login.
        ConnectionLostAgain { pbx: &'a str, error: &'a str, hint: &'a str },
        /// A connection was kept for long enough after others had ended soon.
        ConnectionStable { pbx: &'a str },
        /// A PBX has ended the connection on purpose.
        ConnectionClosed { pbx: &'a str, error: &'a str, hint: &'a str },
        /// There is no connection; the next one is made after a delay.
        ReconnectScheduled { pbx: &'a str, delay: Duration },
        /// The settings of a connection were changed.
        Reconfigured { pbx: &'a str },
        /// Packets came from a PBX.
        PacketsReceived { pbx: &'a str, packets: usize, channels: usize },
        /// A PBX has listed all of its channels.
        InSync { pbx: &'a str },
        /// A PBX refuses to list its channels.
        ChannelListRefused { pbx: &'a str },
        /// A PBX has not confirmed an action that requests a list.
        ListTimedOut { pbx: &'a str, action: &'a str },
        /// A PBX refuses to leave out the events that nobody reads.
        EventFiltersRefused { pbx: &'a str },
        /// Errors of a kind were found in the stream from a PBX.
        StreamErrors { pbx: &'a str, kind: &'a str, count: u64 },
        /// Errors in the stream from a PBX may have hidden events. `errors` counts those of this connection, by kind.
        StreamDamaged { pbx: &'a str, errors: &'a str },
        /// Events were dropped into which a caller has written headers. `forged` counts those of this process.
        ForgedEventsDropped { pbx: &'a str, forged: u64 },
        /// A PBX has more than can be followed. The connection is ended, and made again after a pause.
        LimitExceeded { pbx: &'a str, limit: &'a str },
        /// A PBX is no longer configured.
        Removed { pbx: &'a str },
    }
}

impl PbxEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        let Sinks { live, status, now } = *sinks;
        match self {
            Self::Configured { pbx, address } => {
                live.components().add_pbx(pbx, address, now);
                live.metrics().set_pbx(pbx, false, false);
            }
            Self::Connected { pbx, host, port, ami } => {
                info!(pbx, host, port, ami, "PBX connected");
                connected(sinks, pbx, ami);
            }
            Self::ConnectedAgain { pbx, ami } => {
                debug!(pbx, ami, "PBX connected again");
                connected(sinks, pbx, ami);
            }
            Self::Unreachable { pbx, error, hint } => {
                warn!(pbx, error, hint = some(hint), "PBX unreachable, connecting is retried");
                disconnected(sinks, pbx, PbxState::Unreachable, error, hint);
            }
            Self::Refused { pbx, error, hint } => {
                error!(
                    pbx,
                    error,
                    hint = some(hint),
                    "PBX refuses the connection, connecting is retried every few minutes"
                );
                disconnected(sinks, pbx, PbxState::Refused, error, hint);
            }
            Self::StillDisconnected { pbx, error } => debug!(pbx, error, "PBX still not connected"),
            Self::ConnectionLost { pbx, error, hint } => {
                warn!(pbx, error, hint = some(hint), "PBX connection lost");
                disconnected(sinks, pbx, PbxState::Unreachable, error, hint);
            }
            Self::ConnectionUnstable { pbx, error, hint } => {
                warn!(
                    pbx,
                    error,
                    hint = some(hint),
                    "PBX connection keeps breaking soon after the login, reconnecting every second or two"
                );
                disconnected(sinks, pbx, PbxState::Unreachable, error, hint);
            }
            Self::ConnectionLostAgain { pbx, error, hint } => {
                debug!(pbx, error, "PBX connection lost again");
                disconnected(sinks, pbx, PbxState::Unreachable, error, hint);
            }
            Self::ConnectionStable { pbx } => info!(pbx, "PBX connection stable again"),
            Self::ConnectionClosed { pbx, error, hint } => {
                warn!(pbx, error, hint = some(hint), "PBX closed the connection");
                disconnected(sinks, pbx, PbxState::Refused, error, hint);
            }
            Self::ReconnectScheduled { pbx, delay } => debug!(pbx, ?delay, "reconnect scheduled"),
            Self::Reconfigured { pbx } => info!(pbx, "PBX connection settings changed, reconnecting"),
            Self::PacketsReceived { pbx, packets, channels } => {
                live.record_packets(pbx, packets, channels, now);
            }
            Self::InSync { pbx } => {
                debug!(pbx, "PBX in sync");
                sinks.set_pbx(pbx, PbxState::InSync, None);
            }
            Self::ChannelListRefused { pbx } => {
                let reason = "the PBX refuses to list its channels: calls that start or end while it is disconnected are missed";
                let hint = "give its user in manager.conf write = system, or write = reporting";
                warn!(
                    pbx,
                    hint,
                    "PBX refuses to list its channels, calls that start or end while disconnected are missed"
                );
                sinks.set_pbx(pbx, PbxState::InSync, Some(Trouble::new(reason, hint)));
            }
            Self::ListTimedOut { pbx, action } => warn!(pbx, action, "list request timed out"),
            Self::EventFiltersRefused { pbx } => {
                let hint = "give its user in manager.conf write = system";
                debug!(pbx, hint, "PBX refuses event filters for this user");
            }
            Self::StreamErrors { pbx, kind, count } => live.metrics().count_stream_errors(pbx, kind, count),
            Self::StreamDamaged { pbx, errors } => {
                warn!(pbx, errors, "stream errors found, channel list requested");
            }
            Self::ForgedEventsDropped { pbx, forged } => {
                warn!(pbx, forged, "events with forged headers dropped, channel list requested");
            }
            Self::LimitExceeded { pbx, limit } => {
                let hint = "compare with 'core show channels count' on the PBX: it, or what is in between, is faulty or taken over";
                error!(pbx, limit, hint, "PBX exceeds a limit, the connection is ended");
            }
            Self::Removed { pbx } => {
                info!(pbx, "PBX no longer configured, its calls end here");
                live.components().remove_pbx(pbx);
                live.metrics().remove_pbx(pbx);
                status.clear(&component(pbx));
            }
        }
    }
}

fn connected(sinks: &Sinks<'_>, pbx: &str, ami: &str) {
    if sinks.live.components().record_connection(pbx, ami) {
        sinks.live.metrics().count_reconnect(pbx);
    }
    sinks.set_pbx(pbx, PbxState::Connected, None);
    sinks.status.set(&component(pbx), "connected");
}

fn disconnected(sinks: &Sinks<'_>, pbx: &str, state: PbxState, error: &str, hint: &str) {
    sinks.set_pbx(pbx, state, Some(Trouble::new(error, hint)));
    sinks.status.set(&component(pbx), error);
}

fn component(pbx: &str) -> String {
    format!("pbx {pbx}")
}

/// A hint, if there is one.
fn some(hint: &str) -> Option<&str> {
    Some(hint).filter(|hint| !hint.is_empty())
}

//! The state that a PBX shares with its clients' sessions.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

use super::action::ClientAction;
use super::options::PlaybackOptions;
use super::recording::PlaybackRecording;
use super::version::ProtocolVersion;

/// How many actions are kept for a subscriber that is behind.
const ACTION_BACKLOG: usize = 1024;

/// What is played, and what was played so far.
#[derive(Debug)]
pub(super) struct PlaybackState {
    pub(super) recordings: Vec<PlaybackRecording>,
    pub(super) options: PlaybackOptions,
    pub(super) started: Timestamp,
    pub(super) version: ProtocolVersion,
    pub(super) rounds_played: watch::Sender<u64>,
    pub(super) actions: broadcast::Sender<ClientAction>,
    next_round: AtomicU64,
}

impl PlaybackState {
    pub(super) fn new(recordings: Vec<PlaybackRecording>, options: PlaybackOptions) -> Self {
        let banner =
            options.banner.as_deref().or_else(|| recordings.iter().find_map(PlaybackRecording::banner));
        Self {
            version: ProtocolVersion::from_banner(banner.unwrap_or_default()),
            started: options.started.unwrap_or_else(Timestamp::now),
            rounds_played: watch::Sender::new(0),
            actions: broadcast::Sender::new(ACTION_BACKLOG),
            next_round: AtomicU64::new(0),
            recordings,
            options,
        }
    }

    /// The number of the round that begins now, which its Uniqueids contain.
    pub(super) fn begin_round(&self) -> u64 {
        if self.options.fresh_ids { self.next_round.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }
}

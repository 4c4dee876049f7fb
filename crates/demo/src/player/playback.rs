//! The playback of recordings to one client.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::block::AmiBlock;
use super::event_mask::EventMask;
use super::live_channels::LiveChannels;
use super::recording::{PlaybackRecording, TimedEvent};
use super::state::PlaybackState;

/// How many events are written at once, so that actions are answered in between.
const BATCH: usize = 64;

/// The position of one client in the recordings.
#[derive(Debug)]
pub(super) struct Playback<'a> {
    state: &'a PlaybackState,
    /// The index of the current recording, and of its next event.
    recording: usize,
    event: usize,
    /// When the current recording began.
    started_at: Instant,
    /// How many rounds were played before this one.
    rounds: u64,
    /// The number of this round, which its Uniqueids contain.
    round_number: u64,
}

impl<'a> Playback<'a> {
    /// Starts at `now`; `None` if there is nothing to play.
    pub(super) fn start(state: &'a PlaybackState, channels: &mut LiveChannels, now: Instant) -> Option<Self> {
        if state.recordings.iter().all(PlaybackRecording::is_empty) || state.options.rounds == Some(0) {
            return None;
        }
        let playback = Self {
            state,
            recording: 0,
            event: 0,
            started_at: now,
            rounds: 0,
            round_number: state.begin_round(),
        };
        playback.set_initial_channels(channels, now);
        Some(playback)
    }

    /// When the next event is due; `None` after the last.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let recording = self.state.recordings.get(self.recording)?;
        // A recording without events ends immediately.
        let at = recording.events().get(self.event).map_or(Duration::ZERO, |event| event.at);
        Some(self.started_at + self.state.options.speed.playing_time(at))
    }

    /// Appends the events that are due at `now` and in `mask` to `out`, and returns whether a round has ended.
    pub(super) fn play_due(
        &mut self,
        now: Instant,
        mask: &EventMask,
        channels: &mut LiveChannels,
        out: &mut Vec<u8>,
    ) -> bool {
        for _ in 0..BATCH {
            if self.next_due().is_none_or(|due| due > now) {
                return false;
            }
            if let Some(event) = self.next_event() {
                let block = self.rewrite_for_round(&event.block);
                channels.apply(&block, now);
                if mask.admits(&block) {
                    out.extend_from_slice(&block.0);
                    out.extend_from_slice(b"\r\n\r\n");
                }
            }
            if self.recording().is_some_and(|recording| self.event >= recording.events().len())
                && self.next_recording(channels, now)
            {
                return true;
            }
        }
        false
    }

    fn recording(&self) -> Option<&'a PlaybackRecording> {
        self.state.recordings.get(self.recording)
    }

    fn next_event(&mut self) -> Option<&'a TimedEvent> {
        let event = self.recording()?.events().get(self.event)?;
        self.event += 1;
        Some(event)
    }

    /// Goes on to the next recording, and returns whether a round has ended with the last one.
    fn next_recording(&mut self, channels: &mut LiveChannels, now: Instant) -> bool {
        let options = &self.state.options;
        let played = self.recording().map(PlaybackRecording::duration).unwrap_or_default();
        self.started_at += options.speed.playing_time(played + options.pause);
        self.recording += 1;
        self.event = 0;
        let ended = self.recording >= self.state.recordings.len();
        if ended {
            self.rounds += 1;
            if options.rounds.is_some_and(|rounds| self.rounds >= rounds) {
                return true;
            }
            self.recording = 0;
            self.round_number = self.state.begin_round();
        }
        self.set_initial_channels(channels, now);
        ended
    }

    /// Replaces the channels by those that existed before the recording began.
    fn set_initial_channels(&self, channels: &mut LiveChannels, now: Instant) {
        *channels = LiveChannels::default();
        for channel in self.recording().map(PlaybackRecording::initial_channels).unwrap_or_default() {
            channels.apply(&self.rewrite_for_round(channel), now);
        }
    }

    fn rewrite_for_round(&self, block: &AmiBlock) -> AmiBlock {
        match self.recording() {
            Some(recording) => match recording.epochs().rewrite_for_round(self.round_number, &block.0) {
                Cow::Borrowed(_) => block.clone(),
                Cow::Owned(bytes) => AmiBlock(bytes.into()),
            },
            None => block.clone(),
        }
    }
}

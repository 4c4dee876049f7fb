//! How far a client has been played to.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::block::Block;
use super::live::Live;
use super::mask::Mask;
use super::recording::Event;
use super::{Pbx, Recording};

/// How many events are written in one go, so that actions are answered in between.
const BATCH: usize = 64;

/// The place in the recordings of a PBX where one client is.
#[derive(Debug)]
pub(super) struct Playback<'a> {
    pbx: &'a Pbx,
    /// The recording that is played, and the next event of it.
    recording: usize,
    event: usize,
    /// When the recording began.
    begun: Instant,
    /// The round that is played: how many before it, and the number of its ids.
    rounds: u64,
    ids: u64,
}

impl<'a> Playback<'a> {
    /// The beginning, at `now`; `None` where there is nothing to play.
    pub(super) fn begin(pbx: &'a Pbx, live: &mut Live, now: Instant) -> Option<Self> {
        if pbx.recordings.iter().all(Recording::is_empty) || pbx.options.rounds == Some(0) {
            return None;
        }
        let playback = Self { pbx, recording: 0, event: 0, begun: now, rounds: 0, ids: pbx.begin_round() };
        playback.set_up(live, now);
        Some(playback)
    }

    /// When the next event is due; `None` after the last.
    pub(super) fn due(&self) -> Option<Instant> {
        let recording = self.pbx.recordings.get(self.recording)?;
        // A recording without events is over at once.
        let at = recording.events().get(self.event).map_or(Duration::ZERO, |event| event.at);
        Some(self.begun + self.pbx.options.speed.takes(at))
    }

    /// Adds what is due at `now` to `out`, as far as `mask` admits it, and says whether a round has ended.
    pub(super) fn play(&mut self, now: Instant, mask: &Mask, live: &mut Live, out: &mut Vec<u8>) -> bool {
        for _ in 0..BATCH {
            if self.due().is_none_or(|due| due > now) {
                return false;
            }
            if let Some(event) = self.next_event() {
                let block = self.in_round(&event.block);
                live.learn(&block, now);
                if mask.admits(&block) {
                    out.extend_from_slice(&block.0);
                    out.extend_from_slice(b"\r\n\r\n");
                }
            }
            if self.recording().is_some_and(|recording| self.event >= recording.events().len())
                && self.next_recording(live, now)
            {
                return true;
            }
        }
        false
    }

    fn recording(&self) -> Option<&'a Recording> {
        self.pbx.recordings.get(self.recording)
    }

    fn next_event(&mut self) -> Option<&'a Event> {
        let event = self.recording()?.events().get(self.event)?;
        self.event += 1;
        Some(event)
    }

    /// Goes on to the next recording, and says whether a round has ended with the last.
    fn next_recording(&mut self, live: &mut Live, now: Instant) -> bool {
        let options = &self.pbx.options;
        let played = self.recording().map(Recording::duration).unwrap_or_default();
        self.begun += options.speed.takes(played + options.pause);
        self.recording += 1;
        self.event = 0;
        let ended = self.recording >= self.pbx.recordings.len();
        if ended {
            self.rounds += 1;
            if options.rounds.is_some_and(|rounds| self.rounds >= rounds) {
                return true;
            }
            self.recording = 0;
            self.ids = self.pbx.begin_round();
        }
        self.set_up(live, now);
        ended
    }

    /// Puts up the channels that are there before the recording begins; what the last one left is gone.
    fn set_up(&self, live: &mut Live, now: Instant) {
        *live = Live::default();
        for channel in self.recording().map(Recording::standing).unwrap_or_default() {
            live.learn(&self.in_round(channel), now);
        }
    }

    fn in_round(&self, block: &Block) -> Block {
        match self.recording() {
            Some(recording) => match recording.epochs().in_round(self.ids, &block.0) {
                Cow::Borrowed(_) => block.clone(),
                Cow::Owned(bytes) => Block(bytes.into()),
            },
            None => block.clone(),
        }
    }
}

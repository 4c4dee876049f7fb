//! What the bridge would say of recordings.

use jiff::Timestamp;
use ringwire_ami::{Frame, StreamErrors};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, Explanation};
use ringwire_recording::{Recording, RecordingError};
use ringwire_terminal::{Code, Failure};

/// A tracker that is fed recordings, one connection of the same PBX after the other.
#[derive(Debug)]
pub(crate) struct Replay {
    tracker: Tracker,
}

impl Replay {
    /// A replay of a PBX with `rules`.
    #[must_use]
    pub(crate) fn new(rules: Rules) -> Self {
        Self { tracker: Tracker::new(rules) }
    }

    /// The same with explanations, which are to be taken out with [`Replay::poll_explanation`].
    #[must_use]
    pub(crate) fn explained(rules: Rules) -> Self {
        let mut tracker = Tracker::new(rules);
        tracker.explain(true);
        Self { tracker }
    }

    /// Plays `recording` to its end as fast as it goes, handing each event to `said` as it comes. Gives what was
    /// wrong with the stream.
    ///
    /// # Errors
    /// Reading failed, or `said` did.
    pub(crate) fn play(
        &mut self,
        recording: &mut Recording,
        mut said: impl FnMut(CallEvent, &Recording) -> Result<(), Failure>,
    ) -> Result<StreamErrors, Failure> {
        while let Some((frame, time)) = next(recording)? {
            self.take(&frame, time);
            while let Some(event) = self.tracker.poll_event() {
                said(event, recording)?;
            }
        }
        self.run_out(recording.last_time());
        while let Some(event) = self.tracker.poll_event() {
            said(event, recording)?;
        }
        Ok(*recording.stream_errors())
    }

    /// Takes one frame, received at `time`.
    pub(crate) fn take(&mut self, frame: &Frame, time: Option<Timestamp>) {
        match frame {
            Frame::Banner(version) => self.tracker.connected(*version, time),
            Frame::Packet(packet) => self.tracker.apply(packet, time),
        }
    }

    /// Lets time go on after the end of a recording that has a clock, until nothing waits for it any more.
    pub(crate) fn run_out(&mut self, last: Option<Timestamp>) {
        while let Some(due) = self.tracker.next_deadline().filter(|_| last.is_some()) {
            self.tracker.tick(due);
        }
    }

    /// Lets time go on to `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.tracker.tick(now);
    }

    /// When [`Replay::tick`] is next needed.
    #[must_use]
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.tracker.next_deadline()
    }

    /// The next event to be said; `None` once all are.
    pub(crate) fn poll_event(&mut self) -> Option<CallEvent> {
        self.tracker.poll_event()
    }

    /// The next explanation of a call that is over; `None` once all were taken.
    pub(crate) fn poll_explanation(&mut self) -> Option<Explanation> {
        self.tracker.poll_explanation()
    }

    /// The explanations of what is not over when the recording ends.
    pub(crate) fn take_unfinished_explanations(&mut self) -> Vec<Explanation> {
        self.tracker.take_unfinished_explanations()
    }
}

/// The next frame of a recording that does not grow.
///
/// # Errors
/// It cannot be read.
pub(crate) fn next(recording: &mut Recording) -> Result<Option<(Frame, Option<Timestamp>)>, Failure> {
    match recording.next_frame().map_err(unreadable)? {
        Some(frame) => Ok(Some(frame)),
        None => recording.finish().map_err(unreadable),
    }
}

/// A recording cannot be read.
pub(crate) fn unreadable(error: RecordingError) -> Failure {
    let code = match &error {
        RecordingError::Open { .. } => Code::NoInput,
        RecordingError::Read { .. } => Code::Io,
        RecordingError::Clock(_) => Code::Data,
    };
    Failure::new(code, error)
}

//! Replaying recordings to a tracker.

use jiff::Timestamp;
use ringwire_ami::{Frame, StreamErrors};
use ringwire_calls::{Rules, Tracker};
use ringwire_config::Config;
use ringwire_event::{CallEvent, Explanation};
use ringwire_recording::{Recording, RecordingError};
use ringwire_terminal::{Code, Failure};

/// A tracker that recordings are replayed to: successive connections to one PBX.
#[derive(Debug)]
pub(crate) struct RecordingReplay {
    tracker: Tracker,
}

impl RecordingReplay {
    /// A replay of a PBX with `rules`.
    #[must_use]
    pub(crate) fn new(rules: Rules) -> Self {
        Self { tracker: Tracker::new(rules) }
    }

    /// A replay that also gives explanations, with [`RecordingReplay::poll_explanation`].
    #[must_use]
    pub(crate) fn with_explanations(rules: Rules) -> Self {
        let mut tracker = Tracker::new(rules);
        tracker.explain(true);
        Self { tracker }
    }

    /// Replays `recording` as fast as possible and hands each event to `on_event`. Returns the errors of the stream.
    ///
    /// # Errors
    /// Reading failed, or `on_event` did.
    pub(crate) fn play(
        &mut self,
        recording: &mut Recording,
        mut on_event: impl FnMut(CallEvent, &Recording) -> Result<(), Failure>,
    ) -> Result<StreamErrors, Failure> {
        while let Some((frame, time)) = next_frame(recording)? {
            self.apply_frame(&frame, time);
            while let Some(event) = self.tracker.poll_event() {
                on_event(event, recording)?;
            }
        }
        self.expire_timers(recording.last_time());
        while let Some(event) = self.tracker.poll_event() {
            on_event(event, recording)?;
        }
        Ok(*recording.stream_errors())
    }

    /// Applies one frame, received at `time`.
    pub(crate) fn apply_frame(&mut self, frame: &Frame, time: Option<Timestamp>) {
        match frame {
            Frame::Banner(version) => self.tracker.connected(*version, time),
            Frame::Packet(packet) => self.tracker.apply(packet, time),
        }
    }

    /// Advances the clock beyond the end of a recording, if it has a clock, until all timers have expired.
    pub(crate) fn expire_timers(&mut self, last: Option<Timestamp>) {
        while let Some(due) = self.tracker.next_deadline().filter(|_| last.is_some()) {
            self.tracker.tick(due);
        }
    }

    /// Advances the clock to `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.tracker.tick(now);
    }

    /// When [`RecordingReplay::tick`] is next needed.
    #[must_use]
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.tracker.next_deadline()
    }

    /// The next event, if any.
    pub(crate) fn poll_event(&mut self) -> Option<CallEvent> {
        self.tracker.poll_event()
    }

    /// The next explanation of a call that has ended, if any.
    pub(crate) fn poll_explanation(&mut self) -> Option<Explanation> {
        self.tracker.poll_explanation()
    }

    /// The explanations of calls that have not ended.
    pub(crate) fn take_unfinished_explanations(&mut self) -> Vec<Explanation> {
        self.tracker.take_unfinished_explanations()
    }
}

/// The next frame of a recording that is not being written.
///
/// # Errors
/// It cannot be read.
pub(crate) fn next_frame(recording: &mut Recording) -> Result<Option<(Frame, Option<Timestamp>)>, Failure> {
    match recording.next_frame().map_err(recording_failure)? {
        Some(frame) => Ok(Some(frame)),
        None => recording.finish().map_err(recording_failure),
    }
}

/// The failure for a recording that cannot be read.
pub(crate) fn recording_failure(error: RecordingError) -> Failure {
    let code = match &error {
        RecordingError::Open { .. } => Code::NoInput,
        RecordingError::Read { .. } => Code::Io,
        RecordingError::Clock(_) => Code::Data,
    };
    Failure::new(code, error)
}

/// The rules of the PBX `name` in `config`, or of its only PBX.
///
/// # Errors
/// There is no such PBX, or several and no name.
pub(crate) fn tracker_rules(config: &Config, name: Option<&str>) -> Result<Rules, Failure> {
    let names = || config.pbxs.iter().map(|pbx| pbx.name.as_str()).collect::<Vec<_>>().join(", ");
    let pbx = match (name, config.pbxs.as_slice()) {
        (Some(name), pbxs) => pbxs.iter().find(|pbx| pbx.name == name).ok_or_else(|| {
            Failure::new(Code::Usage, anyhow::anyhow!("--pbx {name}: not in the configuration"))
                .hint(format!("expected one of: {}", names()))
        })?,
        (None, [pbx]) => pbx,
        (None, []) => return Ok(Rules::new("pbx")),
        (None, _) => {
            return Err(Failure::new(Code::Usage, anyhow::anyhow!("the configuration has several PBXs"))
                .hint(format!("use --pbx NAME to choose one of: {}", names())));
        }
    };
    Ok(pbx.rules.clone())
}

//! Explanations of the calls in a recording.

use std::{collections::HashMap, io::Write, path::Path};

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_config::{Config, Purpose, RequestTarget};
use ringwire_dialects::show_requests;
use ringwire_event::{CallEvent, Explanation};
use ringwire_recording::Recording;
use ringwire_terminal::{Code, Failure};

use super::{args::Args, output::ExplanationOutput};
use crate::{
    explanation::{CallExplanation, ExplainedDelivery},
    playback::{self, RecordingReplay, tracker_rules},
};

/// Explains the calls of the recording in `args`.
///
/// # Errors
/// It cannot be read, the configuration cannot be used, or it does not contain the call in `args`.
pub(super) fn explain<W: Write>(args: &Args, out: &mut ExplanationOutput<W>) -> Result<(), Failure> {
    let config = match args.journal.config_path() {
        Some(path) => Config::load(path, Purpose::Replay)?,
        None => Config::embedded(),
    };
    let mut explainer = RecordingExplainer {
        target: args.to.as_deref().map(|name| RequestTarget::find(&config, name)).transpose()?,
        wanted: args.call.as_deref(),
        events: HashMap::new(),
        out,
        calls: 0,
        unannounced: 0,
        unfinished: 0,
        auxiliary: 0,
    };
    let mut replay = RecordingReplay::with_explanations(tracker_rules(&config, args.pbx.as_deref())?);
    let mut recording =
        Recording::open(Path::new(&args.what), Timestamp::UNIX_EPOCH).map_err(playback::recording_failure)?;
    while let Some((frame, time)) = playback::next_frame(&mut recording)? {
        replay.apply_frame(&frame, time);
        explainer.print_finished(&mut replay)?;
    }
    replay.expire_timers(recording.last_time());
    explainer.print_finished(&mut replay)?;
    for explanation in replay.take_unfinished_explanations() {
        explainer.print(explanation, false)?;
    }
    if recording.stream_errors().lost_packets() > 0 {
        let errors = recording.stream_errors();
        tracing::warn!(file = args.what, ?errors, "skipped invalid parts of the recording");
    }
    explainer.finish(&args.what)
}

struct RecordingExplainer<'a, W: Write> {
    target: Option<RequestTarget>,
    wanted: Option<&'a str>,
    /// The events of calls that are not explained yet.
    events: HashMap<String, Vec<CallEvent>>,
    out: &'a mut ExplanationOutput<W>,
    calls: usize,
    unannounced: usize,
    unfinished: usize,
    auxiliary: usize,
}

impl<W: Write> RecordingExplainer<'_, W> {
    fn print_finished(&mut self, replay: &mut RecordingReplay) -> Result<(), Failure> {
        while let Some(event) = replay.poll_event() {
            self.events.entry(event.call.clone()).or_default().push(event);
        }
        while let Some(explanation) = replay.poll_explanation() {
            self.print(explanation, true)?;
        }
        Ok(())
    }

    fn print(&mut self, call: Explanation, is_over: bool) -> Result<(), Failure> {
        let events = call.call.as_ref().and_then(|call| self.events.remove(call)).unwrap_or_default();
        if self.wanted.is_some_and(|wanted| !is_call(&call, wanted)) {
            return Ok(());
        }
        if call.is_auxiliary_only() {
            self.auxiliary += 1;
            return Ok(());
        }
        *match (is_over, &call.call) {
            (_, Some(_)) => &mut self.calls,
            (true, None) => &mut self.unannounced,
            (false, None) => &mut self.unfinished,
        } += 1;
        let mut remarks = Vec::new();
        if !is_over {
            remarks.push("The recording ends before the call does.".to_owned());
        }
        let deliveries =
            self.target.iter().flat_map(|target| events.iter().map(|event| delivery_to(target, event)));
        let explanation = CallExplanation {
            steps: call.steps(),
            call: call.call,
            uniqueid: Some(call.uniqueid),
            deliveries: deliveries.collect(),
            events,
            remarks,
            is_from_journal: false,
        };
        Ok(self.out.print(&explanation, None)?)
    }

    fn finish(self, file: &str) -> Result<(), Failure> {
        let Self { wanted, out, calls, unannounced, unfinished, auxiliary, .. } = self;
        if let Some(wanted) = wanted
            && calls + unannounced + unfinished == 0
        {
            let error = anyhow!("{file}: contains no call {wanted}");
            return Err(Failure::new(Code::Usage, error)
                .hint("run `ringwire explain --brief FILE` to list its calls"));
        }
        if wanted.is_none() {
            let blank = out.separator();
            let count = |count: usize, one: &str, several: &str| match count {
                1 => format!("1 {one}"),
                count => format!("{count} {several}"),
            };
            let mut found = vec![count(calls, "call", "calls")];
            if unannounced > 0 {
                found.push(count(
                    unannounced,
                    "channel or call never announced",
                    "channels or calls never announced",
                ));
            }
            if unfinished > 0 {
                found.push(format!("{unfinished} not announced when the recording ends"));
            }
            if auxiliary > 0 {
                found.push(count(auxiliary, "auxiliary channel in no call", "auxiliary channels in no call"));
            }
            out.print_remark(&format!("{blank}{}.", found.join(", ")))?;
        }
        Ok(())
    }
}

fn is_call(explanation: &Explanation, wanted: &str) -> bool {
    explanation.call.as_deref() == Some(wanted)
        || explanation.uniqueid == wanted
        || explanation.has_uniqueid(wanted)
}

fn delivery_to(target: &RequestTarget, event: &CallEvent) -> ExplainedDelivery {
    ExplainedDelivery {
        event: event.id.clone(),
        target: target.name.clone(),
        fields: Some(show_requests(&*target.dialect, event)),
        state: None,
        reason: None,
        attempts: Vec::new(),
    }
}

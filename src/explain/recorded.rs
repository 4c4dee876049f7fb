//! The stories in a recording.

use std::{collections::HashMap, io::Write, path::Path};

use anyhow::anyhow;
use jiff::Timestamp;
use ringwire_config::{Config, Purpose};
use ringwire_dialects::RequestBody;
use ringwire_event::{CallEvent, Explanation};
use ringwire_recording::Recording;
use ringwire_terminal::{Code, Failure};

use super::{
    super::replay::{Recipient, recipient, rules},
    Args, Out,
};
use crate::{
    explanation::{Known, Sent},
    playback::{self, Replay},
};

/// Tells the stories of the recording that was named.
///
/// # Errors
/// It cannot be read, the configuration cannot be used, or the call that was asked for is not in it.
pub(super) fn tell<W: Write>(args: &Args, out: &mut Out<W>) -> Result<(), Failure> {
    let config = match args.place.named() {
        Some(path) => Config::load(path, Purpose::Replay)?,
        None => Config::embedded(),
    };
    let mut teller = Teller {
        to: args.to.as_deref().map(|name| recipient(&config, name)).transpose()?,
        wanted: args.call.as_deref(),
        events: HashMap::new(),
        out,
        calls: 0,
        unannounced: 0,
        unfinished: 0,
        helpers: 0,
    };
    let mut replay = Replay::explained(rules(&config, args.pbx.as_deref())?);
    let mut recording =
        Recording::open(Path::new(&args.what), Timestamp::UNIX_EPOCH).map_err(playback::unreadable)?;
    while let Some((frame, time)) = playback::next(&mut recording)? {
        replay.take(&frame, time);
        teller.take(&mut replay)?;
    }
    replay.run_out(recording.last_time());
    teller.take(&mut replay)?;
    for story in replay.take_unfinished_explanations() {
        teller.story(story, false)?;
    }
    if recording.stream_errors().lost_packets() > 0 {
        let errors = recording.stream_errors();
        tracing::warn!(file = args.what, ?errors, "skipped invalid parts of the recording");
    }
    teller.finish(&args.what)
}

struct Teller<'a, W: Write> {
    to: Option<Recipient>,
    wanted: Option<&'a str>,
    /// What was said of calls whose story is not over.
    events: HashMap<String, Vec<CallEvent>>,
    out: &'a mut Out<W>,
    calls: usize,
    unannounced: usize,
    unfinished: usize,
    helpers: usize,
}

impl<W: Write> Teller<'_, W> {
    fn take(&mut self, replay: &mut Replay) -> Result<(), Failure> {
        while let Some(event) = replay.poll_event() {
            self.events.entry(event.call.clone()).or_default().push(event);
        }
        while let Some(explanation) = replay.poll_explanation() {
            self.story(explanation, true)?;
        }
        Ok(())
    }

    fn story(&mut self, story: Explanation, over: bool) -> Result<(), Failure> {
        let events = story.call.as_ref().and_then(|call| self.events.remove(call)).unwrap_or_default();
        if self.wanted.is_some_and(|wanted| !is_of(&story, wanted)) {
            return Ok(());
        }
        if story.is_auxiliary_only() {
            self.helpers += 1;
            return Ok(());
        }
        *match (over, &story.call) {
            (_, Some(_)) => &mut self.calls,
            (true, None) => &mut self.unannounced,
            (false, None) => &mut self.unfinished,
        } += 1;
        let mut remarks = Vec::new();
        if !over {
            remarks.push("The recording ends before the call does.".to_owned());
        }
        let sent = self.to.iter().flat_map(|to| events.iter().map(|event| would_be_sent(to, event)));
        let known = Known {
            notes: story.steps(),
            call: story.call,
            root: Some(story.uniqueid),
            sent: sent.collect(),
            events,
            remarks,
            knows_owed: false,
        };
        Ok(self.out.tell(&known, None)?)
    }

    fn finish(self, file: &str) -> Result<(), Failure> {
        let Self { wanted, out, calls, unannounced, unfinished, helpers, .. } = self;
        if let Some(wanted) = wanted
            && calls + unannounced + unfinished == 0
        {
            let error = anyhow!("{file}: contains no call {wanted}");
            return Err(Failure::new(Code::Usage, error)
                .hint("run `ringwire explain --brief FILE` to list its calls"));
        }
        if wanted.is_none() {
            let blank = if out.told { "\n" } else { "" };
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
            if helpers > 0 {
                found.push(count(helpers, "auxiliary channel in no call", "auxiliary channels in no call"));
            }
            out.remark(&format!("{blank}{}.", found.join(", ")))?;
        }
        Ok(())
    }
}

fn is_of(explanation: &Explanation, wanted: &str) -> bool {
    explanation.call.as_deref() == Some(wanted)
        || explanation.uniqueid == wanted
        || explanation.has_uniqueid(wanted)
}

fn would_be_sent(to: &Recipient, event: &CallEvent) -> Sent {
    let fields = to.dialect.build_request(event).map(|request| {
        let (RequestBody::Json(fields) | RequestBody::Form(fields)) = request.body;
        fields
    });
    Sent {
        event: event.id.clone(),
        to: to.name.clone(),
        fields: Some(fields),
        state: None,
        reason: None,
        tries: Vec::new(),
    }
}

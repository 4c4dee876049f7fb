//! The explanation of a call, and how it is stored.
//!
//! What is stored is the recorded form, from which the steps are put into words for a reader. Journals of earlier releases
//! have an array of steps that are in words already; they are read, and shown as they are.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decisions::RecordedDecision;
use super::legacy::LegacyStep;
use super::log::StepLog;
use super::source::{DECIDING_HEADERS, RecordedSource, RecordedTime, SourceEventKind};
use super::step::{Decision, ExplanationStep};
use super::texts::{TextRef, TextTable};
use crate::call::{CallId, event_ids};

/// Why a call was published as it was: what was decided about it, from what, and by which rules.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The id of the call; `None` if it was never announced.
    pub call: Option<CallId>,
    /// The Uniqueid that the call is known by, of the channel that started it; empty where it is not known.
    pub uniqueid: String,
    /// The mark in the ids of its events, where the call was taken up at a start.
    mark: Option<String>,
    steps: Steps,
}

#[derive(Clone, Debug)]
enum Steps {
    Recorded(Box<StepLog>),
    /// As an earlier release stored them.
    Rendered(Vec<ExplanationStep>),
}

impl Explanation {
    /// The explanation of a call with what was recorded about it.
    #[must_use]
    pub fn new(call: Option<CallId>, uniqueid: String, log: Box<StepLog>) -> Self {
        Self { call, uniqueid, mark: None, steps: Steps::Recorded(log) }
    }

    /// The same, with the mark in the ids of its events ([`CallEvent::id`](crate::CallEvent::id)).
    #[must_use]
    pub fn with_mark(self, mark: Option<String>) -> Self {
        Self { mark, ..self }
    }

    /// The steps as readers get them.
    #[must_use]
    pub fn steps(&self) -> Vec<ExplanationStep> {
        match &self.steps {
            Steps::Recorded(log) => {
                log.render(self.call.as_ref().map(|call| event_ids(call, self.mark.as_deref())).as_deref())
            }
            Steps::Rendered(steps) => steps.clone(),
        }
    }

    /// Whether there are only auxiliary channels of the PBX in it, of which nobody need be told.
    #[must_use]
    pub fn is_auxiliary_only(&self) -> bool {
        match &self.steps {
            Steps::Recorded(log) => log.is_auxiliary_only(),
            Steps::Rendered(steps) => steps.iter().all(|step| step.decision == Decision::Auxiliary),
        }
    }

    /// Whether a channel with this Uniqueid is part of it.
    #[must_use]
    pub fn has_uniqueid(&self, uniqueid: &str) -> bool {
        let of = |step: &ExplanationStep| {
            step.source.as_ref().and_then(|source| source.uniqueid.as_deref()) == Some(uniqueid)
        };
        match &self.steps {
            Steps::Recorded(log) => log.has_uniqueid(uniqueid),
            Steps::Rendered(steps) => steps.iter().any(of),
        }
    }

    /// The Uniqueids of the channels that are part of it, each once.
    #[must_use]
    pub fn uniqueids(&self) -> BTreeSet<&str> {
        match &self.steps {
            Steps::Recorded(log) => log.uniqueids(),
            Steps::Rendered(steps) => {
                steps.iter().filter_map(|step| step.source.as_ref()?.uniqueid.as_deref()).collect()
            }
        }
    }

    /// The last sentence.
    #[must_use]
    pub fn last_text(&self) -> Option<String> {
        match &self.steps {
            Steps::Recorded(log) => log.last_text(),
            Steps::Rendered(steps) => steps.last().map(|step| step.text.clone()),
        }
    }
}

/// An explanation with steps that are in words already.
impl From<Vec<ExplanationStep>> for Explanation {
    fn from(steps: Vec<ExplanationStep>) -> Self {
        Self { call: None, uniqueid: String::new(), mark: None, steps: Steps::Rendered(steps) }
    }
}

/// The stored form of what was recorded. Numbers are indices of `channels` and references of `texts`.
#[derive(Serialize, Deserialize)]
struct StoredLog {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<CallId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    uniqueid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// The channels that sources are about. The journal is searched for their Uniqueids.
    #[serde(default)]
    channels: Vec<StoredChannel>,
    texts: Vec<String>,
    sources: Vec<StoredSource>,
    /// Each with the index of its source.
    steps: Vec<(u16, RecordedDecision)>,
    #[serde(default, skip_serializing_if = "is_zero")]
    omitted: u32,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredChannel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uniqueid: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredSource {
    /// When, in nanoseconds since 1970.
    #[serde(default, rename = "t", skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    /// The event; none where the passing of time decided.
    #[serde(default, rename = "e", skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    /// The channel.
    #[serde(default, rename = "c", skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    /// The headers that decided.
    #[serde(default, rename = "h", skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, TextRef>,
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.steps {
            Steps::Recorded(log) => {
                let stored = StoredLog::new(self.call.clone(), self.uniqueid.clone(), log);
                StoredLog { mark: self.mark.clone(), ..stored }.serialize(serializer)
            }
            Steps::Rendered(steps) => steps.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Explanation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Log(StoredLog),
            Rendered(Vec<ExplanationStep>),
            Legacy(Vec<LegacyStep>),
        }
        match Stored::deserialize(deserializer)? {
            Stored::Log(stored) => stored.into_explanation().map_err(D::Error::custom),
            Stored::Rendered(steps) => Ok(steps.into()),
            Stored::Legacy(steps) => {
                Ok(steps.into_iter().map(ExplanationStep::from).collect::<Vec<_>>().into())
            }
        }
    }
}

impl StoredLog {
    fn new(call: Option<CallId>, uniqueid: String, log: &StepLog) -> Self {
        let parts = log.parts();
        let mut channels = Vec::new();
        let mut sources = Vec::with_capacity(parts.sources.len());
        for source in parts.sources {
            sources.push(StoredSource::new(source, parts.texts, &mut channels));
        }
        let texts = parts.texts.iter().map(str::to_owned).collect();
        let (mark, steps, omitted) = (None, parts.steps, parts.omitted);
        Self { call, uniqueid, mark, channels, texts, sources, steps, omitted }
    }

    fn into_explanation(self) -> Result<Explanation, String> {
        let mut texts: TextTable = self.texts.iter().map(String::as_str).collect();
        let sources = self.sources.iter().map(|source| source.read(&self.channels, &mut texts));
        let sources = sources.collect::<Result<_, _>>()?;
        let log = StepLog::from_parts(texts, sources, self.steps, self.omitted);
        Ok(Explanation::new(self.call, self.uniqueid, Box::new(log)).with_mark(self.mark))
    }
}

impl StoredSource {
    fn new(source: &RecordedSource, texts: &TextTable, channels: &mut Vec<StoredChannel>) -> Self {
        let text = |text: TextRef| texts.get(text).to_owned();
        let channel = StoredChannel { name: source.channel.map(text), uniqueid: source.uniqueid.map(text) };
        let is_named = channel.name.is_some() || channel.uniqueid.is_some();
        let channel = is_named.then(|| {
            channels.iter().position(|known| *known == channel).unwrap_or_else(|| {
                channels.push(channel);
                channels.len() - 1
            })
        });
        let names = source.event.map(SourceEventKind::headers).unwrap_or_default();
        let headers =
            names.iter().zip(source.values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Self {
            time: source.time.nanoseconds(),
            event: source.event.map(|event| event.name().to_owned()),
            channel,
            headers: headers.collect(),
        }
    }

    fn read(&self, channels: &[StoredChannel], texts: &mut TextTable) -> Result<RecordedSource, String> {
        let event = self.event.as_ref().map(|name| {
            SourceEventKind::from_name(name.as_bytes())
                .ok_or_else(|| format!("unknown manager event {name:?}"))
        });
        let event = event.transpose()?;
        let mut values = [None; DECIDING_HEADERS];
        let names = event.map(SourceEventKind::headers).unwrap_or_default();
        for (value, name) in values.iter_mut().zip(names) {
            *value = self.headers.get(*name).copied();
        }
        let channel = self.channel.and_then(|index| channels.get(index));
        let mut text = |text: Option<&String>| text.map(|text| texts.intern(text));
        Ok(RecordedSource {
            time: RecordedTime::from_nanoseconds(self.time),
            event,
            channel: text(channel.and_then(|channel| channel.name.as_ref())),
            uniqueid: text(channel.and_then(|channel| channel.uniqueid.as_ref())),
            values,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

//! The steps of one explanation, as they are recorded.

use std::collections::BTreeSet;

use std::collections::VecDeque;

use jiff::Timestamp;

use super::decisions::RecordedDecision;
use super::source::RecordedSource;
use super::step::{Decision, ExplanationStep};
use super::texts::{CarryTexts, TextRef, TextTable};

/// How many steps are shown. Over it, some are left out behind the first [`FIRST`].
const STEPS: usize = 200;

/// How many steps from the beginning are kept whatever follows.
const FIRST: usize = 150;

/// How many steps more than [`STEPS`] there may be before any are left out, which takes a walk over all of them.
const SPARE: usize = 50;

/// How long the texts may be together, in bytes, before steps are left out.
const TEXTS: usize = 16 << 10;

/// How much room is made at a time. Every live call has a log, so it does not double.
const ROOM: usize = 4;

/// How long a sentence may be, in bytes.
const SENTENCE: usize = 400;

/// What was decided about one call, or about a channel that is in none, in order. It is bounded.
#[derive(Clone, Debug, Default)]
pub struct StepLog {
    texts: TextTable,
    sources: Vec<RecordedSource>,
    steps: Vec<RecordedStep>,
    /// How many steps were left out.
    omitted: u32,
    /// The packet that the source `current` is of; 0: of none.
    packet: u64,
    current: u16,
}

#[derive(Clone, Copy, Debug)]
struct RecordedStep {
    /// Its place among all that was decided about a PBX. It wraps, which only calls that live for years can see.
    order: u32,
    source: u16,
    decision: RecordedDecision,
}

impl StepLog {
    /// The texts that the next decision may refer to.
    pub fn texts(&mut self) -> &mut TextTable {
        &mut self.texts
    }

    /// Whether anything was recorded from the packet numbered `packet`.
    #[must_use]
    pub fn has_source_of(&self, packet: u64) -> bool {
        packet != 0 && self.packet == packet
    }

    /// The decisions that follow are made from `source`, which is the packet numbered `packet`; 0 is none.
    pub fn set_source(&mut self, packet: u64, source: RecordedSource) {
        self.packet = packet;
        self.current = self.add_source(source);
    }

    /// Records a decision, the `order`th of all. The same from equal sources over and over is counted: a caller who forges
    /// events does not fill the log with them.
    pub fn record(&mut self, order: u32, decision: RecordedDecision) {
        if self.is_repeated(&decision) {
            return self.count_repetition(order);
        }
        self.push(RecordedStep { order, source: self.current, decision });
        self.bound();
    }

    /// Records that an event was published, which happened at `time`.
    pub fn record_published(&mut self, order: u32, time: Option<Timestamp>, decision: RecordedDecision) {
        let source = self.sources.get(usize::from(self.current)).copied();
        let mut source = source.unwrap_or_else(|| RecordedSource::passing_of_time(time));
        source.time = time.into();
        let source = self.add_source(source);
        self.push(RecordedStep { order, source, decision });
        self.bound();
    }

    /// Takes the steps of another log, each at its place.
    pub fn absorb(&mut self, other: Self) {
        if self.steps.is_empty() {
            *self = other;
            return;
        }
        let is_older = other.packet <= self.packet;
        let (packet, omitted) = (other.packet, other.omitted);
        let mut other = Carrier::new(other);
        self.steps.reserve_exact(other.steps.len() + ROOM);
        let mut place = 0;
        while let Some(order) = other.next_order() {
            let rest = self.steps.get(place..).unwrap_or_default();
            place += rest.iter().position(|own| is_before(order, own.order)).unwrap_or(rest.len());
            if let Some(step) = other.next_step(self) {
                self.steps.insert(place, step);
            }
            place += 1;
        }
        self.omitted += omitted;
        if !is_older {
            (self.packet, self.current) = (packet, other.carry_current(self));
        }
        self.bound();
    }

    /// Whether every step is about auxiliary channels of the PBX, of which nobody need be told.
    #[must_use]
    pub fn is_auxiliary_only(&self) -> bool {
        self.kinds().all(|kind| kind == Decision::Auxiliary)
    }

    /// Whether a channel with this Uniqueid is among the sources.
    #[must_use]
    pub fn has_uniqueid(&self, uniqueid: &str) -> bool {
        let of =
            |source: &RecordedSource| source.uniqueid.is_some_and(|text| self.texts.get(text) == uniqueid);
        self.sources.iter().any(of)
    }

    /// The Uniqueids of the channels among the sources, each once.
    pub(super) fn uniqueids(&self) -> BTreeSet<&str> {
        self.sources.iter().filter_map(|source| Some(self.texts.get(source.uniqueid?))).collect()
    }

    /// How many steps readers get.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds().count() + usize::from(self.omitted > 0)
    }

    /// The order of the first step.
    #[must_use]
    pub fn first_order(&self) -> Option<u32> {
        self.steps.first().map(|step| step.order)
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The last sentence.
    #[must_use]
    pub fn last_text(&self) -> Option<String> {
        let last = self.steps.iter().rfind(|step| !is_repetition(step))?;
        Some(last.decision.text(&self.texts))
    }

    /// The steps as readers get them; `ids` is what the ids of the call's events begin with, once it is announced.
    #[must_use]
    pub fn render(&self, ids: Option<&str>) -> Vec<ExplanationStep> {
        let mut rendered: Vec<ExplanationStep> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            if let RecordedDecision::Repeated { times } = step.decision {
                if let Some(last) = rendered.last_mut() {
                    last.text = format!("{} ({times} times)", last.text);
                }
                continue;
            }
            let source = self.sources.get(usize::from(step.source));
            let event = match step.decision {
                RecordedDecision::Published { seq, .. } => ids.map(|ids| format!("{ids}{seq}")),
                _ => None,
            };
            rendered.push(ExplanationStep {
                time: source.and_then(|source| source.time.timestamp()),
                source: source.and_then(|source| source.render(&self.texts)),
                decision: step.decision.kind(),
                rule: step.decision.rule(),
                text: cut(step.decision.text(&self.texts)),
                event,
            });
        }
        if self.omitted > 0 {
            let place = gap(rendered.len());
            let time = rendered.get(place).and_then(|step| step.time);
            let text = format!("… {} more steps", self.omitted);
            let step = ExplanationStep {
                time,
                source: None,
                decision: Decision::Omitted,
                rule: None,
                text,
                event: None,
            };
            rendered.insert(place, step);
        }
        rendered
    }

    /// What is stored of the log: its texts, its sources, each step with its source, and how many were left out.
    pub(super) fn parts(&self) -> LogParts<'_> {
        let steps = self.steps.iter().map(|step| (step.source, step.decision)).collect();
        LogParts { texts: &self.texts, sources: &self.sources, steps, omitted: self.omitted }
    }

    /// The log that has these parts.
    pub(super) fn from_parts(
        texts: TextTable,
        sources: Vec<RecordedSource>,
        steps: Vec<(u16, RecordedDecision)>,
        omitted: u32,
    ) -> Self {
        let step = |(order, (source, decision))| RecordedStep { order, source, decision };
        let steps = (0..).zip(steps).map(step).collect();
        Self { texts, sources, steps, omitted, packet: 0, current: 0 }
    }

    fn kinds(&self) -> impl Iterator<Item = Decision> {
        self.steps.iter().filter(|step| !is_repetition(step)).map(|step| step.decision.kind())
    }

    /// The index of `source`, which is added unless it is the last one.
    fn add_source(&mut self, source: RecordedSource) -> u16 {
        if self.sources.last() != Some(&source) {
            make_room(&mut self.sources);
            self.sources.push(source);
        }
        u16::try_from(self.sources.len() - 1).unwrap_or(u16::MAX)
    }

    fn push(&mut self, step: RecordedStep) {
        make_room(&mut self.steps);
        self.steps.push(step);
    }

    fn is_repeated(&self, decision: &RecordedDecision) -> bool {
        let source = |index: u16| self.sources.get(usize::from(index));
        let last = self.steps.iter().rfind(|step| !is_repetition(step));
        last.is_some_and(|last| {
            last.decision == *decision
                && match (source(last.source), source(self.current)) {
                    (Some(before), Some(now)) => before.is_like(now),
                    (before, now) => before.is_none() && now.is_none(),
                }
        })
    }

    fn count_repetition(&mut self, order: u32) {
        let Some(last) = self.steps.last_mut() else { return };
        let source = last.source;
        match &mut last.decision {
            RecordedDecision::Repeated { times } => *times += 1,
            _ => self.push(RecordedStep { order, source, decision: RecordedDecision::Repeated { times: 2 } }),
        }
        // The source of the repetition is needed no more.
        if self.current > source && usize::from(self.current) + 1 == self.sources.len() {
            self.sources.pop();
            (self.packet, self.current) = (0, source);
        }
    }

    /// Leaves out steps where there are too many: what came first and what came last says most.
    fn bound(&mut self) {
        if self.steps.len() <= STEPS + SPARE && self.texts.size() <= TEXTS {
            return;
        }
        while self.steps.len() > STEPS || self.texts.size() > TEXTS && self.steps.len() > 1 {
            let most = self.steps.len().saturating_sub(STEPS).max(self.steps.len() / 8 + 1);
            let gap = gap(self.steps.len());
            let out = most.min(self.steps.len() - gap);
            for step in self.steps.drain(gap..gap + out) {
                self.omitted += u32::from(!is_repetition(&step));
            }
            if self.steps.get(gap).is_some_and(is_repetition) {
                self.steps.remove(gap);
            }
            self.drop_unused();
        }
    }

    /// Keeps only the sources and texts that steps refer to.
    fn drop_unused(&mut self) {
        let (packet, omitted) = (self.packet, self.omitted);
        let mut old = Carrier::new(std::mem::take(self));
        while let Some(step) = old.next_step(self) {
            self.push(step);
        }
        (self.packet, self.omitted) = (packet, omitted);
        self.current = old.carry_current(self);
    }
}

/// What is stored of a log.
pub(super) struct LogParts<'a> {
    pub(super) texts: &'a TextTable,
    pub(super) sources: &'a [RecordedSource],
    pub(super) steps: Vec<(u16, RecordedDecision)>,
    pub(super) omitted: u32,
}

/// A log whose steps are carried to another one, in order.
struct Carrier {
    log: StepLog,
    steps: VecDeque<RecordedStep>,
    /// Where each source went.
    sources: Vec<Option<u16>>,
}

impl Carrier {
    fn new(mut log: StepLog) -> Self {
        let steps = std::mem::take(&mut log.steps).into();
        let sources = vec![None; log.sources.len()];
        Self { log, steps, sources }
    }

    fn next_order(&self) -> Option<u32> {
        self.steps.front().map(|step| step.order)
    }

    /// The next step, with its source and its texts in the other log.
    fn next_step(&mut self, to: &mut StepLog) -> Option<RecordedStep> {
        let step = self.steps.pop_front()?;
        let source = self.carry_source(step.source, to);
        let decision = step.decision.with_texts(&mut |text| to.texts.intern(self.log.texts.get(text)));
        Some(RecordedStep { source, decision, ..step })
    }

    fn carry_current(&mut self, to: &mut StepLog) -> u16 {
        self.carry_source(self.log.current, to)
    }

    fn carry_source(&mut self, index: u16, to: &mut StepLog) -> u16 {
        let at = usize::from(index);
        let (Some(carried), Some(source)) = (self.sources.get_mut(at), self.log.sources.get(at)) else {
            return 0;
        };
        if let Some(carried) = carried {
            return *carried;
        }
        let mut carry = |text: TextRef| to.texts.intern(self.log.texts.get(text));
        let source = RecordedSource {
            channel: source.channel.carry(&mut carry),
            uniqueid: source.uniqueid.carry(&mut carry),
            values: source.values.map(|value| value.carry(&mut carry)),
            ..*source
        };
        *carried.insert(to.add_source(source))
    }
}

/// Where steps are left out, of so many.
fn gap(steps: usize) -> usize {
    FIRST.min(steps / 4 * 3)
}

fn is_repetition(step: &RecordedStep) -> bool {
    matches!(step.decision, RecordedDecision::Repeated { .. })
}

/// Whether `one` came before `two`, of two orders that may have wrapped.
fn is_before(one: u32, two: u32) -> bool {
    one != two && two.wrapping_sub(one) < u32::MAX / 2
}

fn make_room<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(ROOM.max(items.len() / 4));
    }
}

/// Cuts a sentence that is too long.
fn cut(mut text: String) -> String {
    if text.len() > SENTENCE {
        let end = text.floor_char_boundary(SENTENCE - '…'.len_utf8());
        text.truncate(end);
        text.push('…');
    }
    text
}

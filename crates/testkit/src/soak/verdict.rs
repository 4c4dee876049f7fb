//! Compares the posts with the simulated calls.

use std::collections::BTreeSet;
use std::fmt;

use crate::post_log::{PostKind, PostLog};
use crate::simulator::SimulatedCall;

/// How many faults are described.
const DESCRIBED_FAULTS: usize = 20;

/// The result of a soak test, over all calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoakVerdict {
    /// The number of calls.
    pub calls: u64,
    /// Answered calls.
    pub answered: u64,
    /// Calls that a restart of the PBX ended.
    pub lost: u64,
    /// Calls that the daemon could not know, because they began and ended while it was disconnected.
    pub unseen: u64,
    /// Calls that were reported although they began, were answered or ended while the daemon was disconnected.
    pub recovered: u64,
    /// Answers that were not reported because the daemon was disconnected.
    pub answers_unseen: u64,
    /// Repeated posts with the same key, which are allowed.
    pub repeats: u64,
    /// The calls that were reported wrongly.
    pub faults: SoakFaults,
}

/// Wrongly reported calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoakFaults {
    /// The number of faults.
    pub count: u64,
    /// Descriptions of the first twenty.
    pub first: Vec<String>,
}

impl SoakFaults {
    fn add(&mut self, fault: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < DESCRIBED_FAULTS {
            self.first.push(fault());
        }
    }
}

impl SoakVerdict {
    /// Compares the posts with the calls.
    ///
    /// A call of which a client was sent anything must have one newCall, later one hangup, and between them one answer
    /// if that was sent, at most one in any case. Other calls must have the same posts or none. Nothing may be posted
    /// about calls that did not happen.
    #[must_use]
    pub fn new(calls: &[SimulatedCall], log: &PostLog) -> Self {
        let mut verdict = Self { calls: calls.len() as u64, ..Self::default() };
        for call in calls {
            verdict.add(call, log);
        }
        let known: BTreeSet<_> = calls.iter().map(|call| &call.uniqueid).collect();
        for (id, posts) in log.calls.iter().filter(|(id, _)| !known.contains(id)) {
            verdict.faults.add(|| format!("{id}: there was no such call, but {posts:?}"));
        }
        if log.invalid > 0 {
            verdict.faults.add(|| format!("{} posts could not be understood", log.invalid));
        }
        verdict
    }

    fn add(&mut self, call: &SimulatedCall, log: &PostLog) {
        self.answered += u64::from(call.answered.is_some());
        self.lost += u64::from(call.lost);
        let Some(posts) = log.calls.get(&call.uniqueid) else {
            if call.must_be_reported() {
                self.faults.add(|| format!("nothing was posted about {call:?}"));
            } else {
                self.unseen += 1;
            }
            return;
        };
        self.repeats += u64::from(posts.repeats);
        let answers = match posts.events[..] {
            [PostKind::NewCall, PostKind::Hangup] => Some(0),
            [PostKind::NewCall, PostKind::Answer, PostKind::Hangup] => Some(1),
            _ => None,
        };
        let sent = call.sent;
        // The answer itself was sent, and not only a list that may not contain it.
        let must_report_answer = sent.answered && call.must_be_reported();
        match answers {
            Some(0) if must_report_answer => {
                self.faults.add(|| format!("no answer was posted about {call:?}: {posts:?}"));
            }
            Some(1) if call.answered.is_none() => {
                self.faults.add(|| format!("an answer was posted about {call:?}: {posts:?}"));
            }
            Some(_) if posts.omitted == 0 && posts.from == call.number.to_string() => {}
            _ => self.faults.add(|| format!("about {call:?} was posted {posts:?}")),
        }
        let has_gap = !(sent.begun && sent.ended && (sent.answered || call.answered.is_none()));
        self.recovered += u64::from(has_gap);
        self.answers_unseen += u64::from(answers == Some(0) && call.answered.is_some());
    }
}

impl fmt::Display for SoakVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, answered, lost, unseen, recovered, answers_unseen, repeats, faults } = self;
        writeln!(f, "calls                    {calls:>9}")?;
        writeln!(f, "  answered               {answered:>9}")?;
        writeln!(f, "  ended by a restart     {lost:>9}")?;
        writeln!(f, "  posted despite a gap   {recovered:>9}")?;
        writeln!(f, "  unseen, inside gaps    {unseen:>9}")?;
        writeln!(f, "  answer inside a gap    {answers_unseen:>9}")?;
        writeln!(f, "posts that came again    {repeats:>9}")?;
        writeln!(f, "calls that are wrong     {:>9}", faults.count)?;
        faults.first.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::post_log::CallPosts;
    use crate::simulator::SentEvents;

    const EVERYTHING: SentEvents = SentEvents { begun: true, listed: false, answered: true, ended: true };
    const NOTHING: SentEvents = SentEvents { begun: false, listed: false, answered: false, ended: false };

    /// Checks one answered call of which `sent` was sent and `posted` was posted: faults, unseen, recovered.
    #[track_caller]
    fn check(sent: SentEvents, posted: &[PostKind], expected: (u64, u64, u64)) {
        let call = SimulatedCall {
            number: 49,
            uniqueid: "1.0".into(),
            epoch: 1,
            kind: "inbound-answered",
            begun: Duration::ZERO,
            answered: Some(Duration::from_secs(1)),
            ended: Some(Duration::from_secs(2)),
            lost: false,
            sent,
        };
        let mut log = PostLog::default();
        if !posted.is_empty() {
            let posts = log.calls.entry("1.0".into()).or_default();
            posts.from = "49".into();
            posts.events = posted.to_vec();
        }
        let SoakVerdict { faults, unseen, recovered, .. } = SoakVerdict::new(&[call], &log);
        assert_eq!((faults.count, unseen, recovered), expected, "{faults:?}");
    }

    #[test]
    fn sent_calls_must_be_posted_once_and_in_order() {
        use PostKind::{Answer, Hangup, NewCall};
        check(EVERYTHING, &[NewCall, Answer, Hangup], (0, 0, 0));
        check(EVERYTHING, &[], (1, 0, 0));
        check(EVERYTHING, &[NewCall, Hangup], (1, 0, 0));
        for wrong in [
            &[NewCall, Answer][..],
            &[NewCall, NewCall, Answer, Hangup],
            &[NewCall, Answer, Hangup, Hangup],
            &[NewCall, Hangup, Answer],
            &[Answer, Hangup],
        ] {
            check(EVERYTHING, wrong, (1, 0, 0));
        }
        check(SentEvents { answered: false, ..EVERYTHING }, &[NewCall, Hangup], (0, 0, 1));
        check(SentEvents { listed: true, ..NOTHING }, &[NewCall, Hangup], (0, 0, 1));
        check(SentEvents { listed: true, ..NOTHING }, &[], (1, 0, 0));
    }

    #[test]
    fn unsent_calls_may_be_posted_completely_or_not_at_all() {
        check(NOTHING, &[], (0, 1, 0));
        check(NOTHING, &[PostKind::NewCall, PostKind::Hangup], (0, 0, 1));
        check(NOTHING, &[PostKind::NewCall], (1, 0, 1));
    }

    #[test]
    fn posts_about_unknown_calls_are_faults() {
        let mut log = PostLog { invalid: 2, ..PostLog::default() };
        log.calls.insert("x".into(), CallPosts::default());
        assert_eq!(SoakVerdict::new(&[], &log).faults.count, 2);
    }
}

//! Whether what was posted is what happened.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Entry, Post, Tally};

/// How many faults are told in words.
const TOLD: usize = 20;

/// What came of a soak, call by call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Calls there were.
    pub calls: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that a restart of the PBX ended.
    pub lost: u64,
    /// Calls of which nobody could hear, for they began and ended in a gap.
    pub unseen: u64,
    /// Calls that began or ended in a gap, or were answered in one, and were posted all the same.
    pub recovered: u64,
    /// Answers in gaps, or lost to a restart, that were not posted: nobody could know of them.
    pub answers_unseen: u64,
    /// Posts that came again under the same key, which is allowed.
    pub repeats: u64,
    /// What must not be.
    pub faults: Faults,
}

/// What must not be: how much of it, and the first of it in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How many calls are wrong.
    pub count: u64,
    /// The first twenty.
    pub first: Vec<String>,
}

impl Faults {
    fn add(&mut self, fault: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(fault());
        }
    }
}

impl Verdict {
    /// Holds what was posted against what happened.
    ///
    /// A call of which a client was told must have its one newCall, its one hangup behind it, and between them one
    /// answer if that was told, and at most one in any case. A call of which nobody was told may have been posted
    /// about in the same way, or not at all. Nothing may be posted about other calls.
    #[must_use]
    pub fn of(ledger: &[Entry], tally: &Tally) -> Self {
        let mut verdict = Self { calls: ledger.len() as u64, ..Self::default() };
        for call in ledger {
            verdict.add(call, tally);
        }
        let known: BTreeSet<_> = ledger.iter().map(|call| &call.uniqueid).collect();
        for (id, posts) in tally.calls.iter().filter(|(id, _)| !known.contains(id)) {
            verdict.faults.add(|| format!("{id}: there was no such call, but {posts:?}"));
        }
        if tally.strange > 0 {
            verdict.faults.add(|| format!("{} posts could not be understood", tally.strange));
        }
        verdict
    }

    fn add(&mut self, call: &Entry, tally: &Tally) {
        self.answered += u64::from(call.answered.is_some());
        self.lost += u64::from(call.lost);
        let Some(posts) = tally.calls.get(&call.uniqueid) else {
            if call.must_be_known() {
                self.faults.add(|| format!("nothing was posted about {call:?}"));
            } else {
                self.unseen += 1;
            }
            return;
        };
        self.repeats += u64::from(posts.repeats);
        let answers = match posts.order[..] {
            [Post::NewCall, Post::Hangup] => Some(0),
            [Post::NewCall, Post::Answer, Post::Hangup] => Some(1),
            _ => None,
        };
        let told = call.told;
        // Told of the answer in words, and not only in a list that may not have it.
        let answer_told = told.answered && call.must_be_known();
        match answers {
            Some(0) if answer_told => {
                self.faults.add(|| format!("no answer was posted about {call:?}: {posts:?}"));
            }
            Some(1) if call.answered.is_none() => {
                self.faults.add(|| format!("an answer was posted about {call:?}: {posts:?}"));
            }
            Some(_) if posts.more == 0 && posts.from == call.number.to_string() => {}
            _ => self.faults.add(|| format!("about {call:?} was posted {posts:?}")),
        }
        let gap = !(told.begun && told.ended && (told.answered || call.answered.is_none()));
        self.recovered += u64::from(gap);
        self.answers_unseen += u64::from(answers == Some(0) && call.answered.is_some());
    }
}

impl fmt::Display for Verdict {
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
    use crate::{Posts, Told};

    const EVERYTHING: Told = Told { begun: true, listed: false, answered: true, ended: true };
    const NOTHING: Told = Told { begun: false, listed: false, answered: false, ended: false };

    /// What is said of one answered call of which this was told, when this was posted: faults, unseen, recovered.
    #[track_caller]
    fn check(told: Told, posted: &[Post], expected: (u64, u64, u64)) {
        let call = Entry {
            number: 49,
            uniqueid: "1.0".into(),
            epoch: 1,
            kind: "inbound-answered",
            begun: Duration::ZERO,
            answered: Some(Duration::from_secs(1)),
            ended: Some(Duration::from_secs(2)),
            lost: false,
            told,
        };
        let mut tally = Tally::default();
        if !posted.is_empty() {
            let posts = tally.calls.entry("1.0".into()).or_default();
            posts.from = "49".into();
            posts.order = posted.to_vec();
        }
        let Verdict { faults, unseen, recovered, .. } = Verdict::of(&[call], &tally);
        assert_eq!((faults.count, unseen, recovered), expected, "{faults:?}");
    }

    #[test]
    fn what_was_told_must_be_posted_once_and_in_order() {
        use Post::{Answer, Hangup, NewCall};
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
        check(Told { answered: false, ..EVERYTHING }, &[NewCall, Hangup], (0, 0, 1));
        check(Told { listed: true, ..NOTHING }, &[NewCall, Hangup], (0, 0, 1));
        check(Told { listed: true, ..NOTHING }, &[], (1, 0, 0));
    }

    #[test]
    fn what_was_not_told_may_be_posted_whole_or_not_at_all() {
        check(NOTHING, &[], (0, 1, 0));
        check(NOTHING, &[Post::NewCall, Post::Hangup], (0, 0, 1));
        check(NOTHING, &[Post::NewCall], (1, 0, 1));
    }

    #[test]
    fn nothing_is_posted_about_calls_that_were_not() {
        let mut tally = Tally { strange: 2, ..Tally::default() };
        tally.calls.insert("x".into(), Posts::default());
        assert_eq!(Verdict::of(&[], &tally).faults.count, 2);
    }
}

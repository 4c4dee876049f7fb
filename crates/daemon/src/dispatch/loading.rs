//! Asking the journal for what is not in memory, also while it is in trouble.

use ringwire_outbox::delivery::Want;
use tokio::task::JoinError;

use super::{
    Dispatch, Trouble,
    stored::{self, Answer},
};

impl Dispatch {
    pub(super) fn ask(&mut self, want: Want) {
        self.reads.spawn(stored::read(self.journal.reading(), want));
    }

    pub(super) fn ask_again(&mut self) {
        for want in std::mem::take(&mut self.deferred) {
            self.ask(want);
        }
    }

    pub(super) fn load(&mut self, answer: Result<Answer, JoinError>) {
        let now = self.clock.now();
        let Trouble { failing, undurable, .. } = self.trouble;
        match answer {
            // What is not on disk yet comes after what is: it is waited for, so that nothing is overtaken.
            Ok(Answer::More(more, Ok(page))) if undurable && page.owed.is_empty() => {
                self.defer(Want::More(more));
            }
            Ok(Answer::More(more, Ok(page))) => {
                self.machine.load(&more, page.owed, page.complete && !undurable, now);
            }
            Ok(Answer::More(more, Err(error))) if failing && !undurable => {
                tracing::debug!(error, "the journal cannot be read either: going on from memory");
                self.trouble.unread = true;
                self.machine.load(&more, Vec::new(), true, now);
            }
            Ok(Answer::More(more, Err(error))) => {
                self.say.unreadable(&error);
                self.defer(Want::More(more));
            }
            Ok(Answer::Introduction(endpoint, call, Ok(None))) if undurable => {
                self.defer(Want::Introduction { endpoint, call });
            }
            Ok(Answer::Introduction(endpoint, call, Ok(event))) => {
                self.machine.introduce(&endpoint, &call, event, now);
            }
            Ok(Answer::Introduction(endpoint, call, Err(error))) => {
                self.say.unreadable(&error);
                self.defer(Want::Introduction { endpoint, call });
            }
            Err(error) => tracing::error!(%error, "reading the journal failed by a fault of our own"),
        }
    }

    /// What cannot be read for now is asked for again a little later.
    fn defer(&mut self, want: Want) {
        self.deferred.push(want);
    }
}

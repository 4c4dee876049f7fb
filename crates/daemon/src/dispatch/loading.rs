//! Asking the journal for what is not in memory, also while it is in trouble.

use ringwire_delivery::LoadRequest;
use ringwire_live::JournalEvent;
use tokio::task::JoinError;

use super::{
    Dispatch, Trouble,
    stored::{self, Answer},
};

impl Dispatch {
    pub(super) fn ask(&mut self, want: LoadRequest) {
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
            Ok(Answer::Pending(range, Ok(page))) if undurable && page.deliveries.is_empty() => {
                self.defer(LoadRequest::Pending(range));
            }
            Ok(Answer::Pending(range, Ok(page))) => {
                self.machine.load(&range, page.deliveries, page.is_complete && !undurable, now);
            }
            Ok(Answer::Pending(range, Err(error))) if failing && !undurable => {
                self.reporter.emitter().emit(JournalEvent::UnreadableWhileFailing { error: &error });
                self.trouble.unread = true;
                self.machine.load(&range, Vec::new(), true, now);
            }
            Ok(Answer::Pending(range, Err(error))) => {
                self.reporter.emitter().emit(JournalEvent::Unreadable { error: &error });
                self.defer(LoadRequest::Pending(range));
            }
            Ok(Answer::NewCall(target, call, Ok(None))) if undurable => {
                self.defer(LoadRequest::NewCall { target, call });
            }
            Ok(Answer::NewCall(target, call, Ok(event))) => {
                self.machine.resend_opening(&target, &call, event, now);
            }
            Ok(Answer::NewCall(target, call, Err(error))) => {
                self.reporter.emitter().emit(JournalEvent::Unreadable { error: &error });
                self.defer(LoadRequest::NewCall { target, call });
            }
            Err(error) => {
                self.reporter.emitter().emit(JournalEvent::ReadPanicked { error: &error.to_string() });
            }
        }
    }

    /// What cannot be read for now is asked for again a little later.
    fn defer(&mut self, want: LoadRequest) {
        self.deferred.push(want);
    }
}

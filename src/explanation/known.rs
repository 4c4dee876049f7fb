//! All that is known of one call.

use jiff::Timestamp;
use ringwire_event::{CallEvent, ExplanationStep};

use super::sent::Sent;

/// All that is known of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Its id; `None` if it was never announced.
    pub(crate) call: Option<String>,
    /// The Uniqueid of the channel that began it, where it is known.
    pub(crate) root: Option<String>,
    /// What was concluded, in order.
    pub(crate) notes: Vec<ExplanationStep>,
    /// What was said of it, in order.
    pub(crate) events: Vec<CallEvent>,
    /// Who was told, and what they replied, in order.
    pub(crate) sent: Vec<Sent>,
    /// What else there is to say of it as a whole.
    pub(crate) remarks: Vec<String>,
    /// Whether it can be known who is owed an event: then it is said that nobody is.
    pub(crate) knows_owed: bool,
}

impl Known {
    /// When it began: the first that was heard or said of it.
    pub(super) fn began(&self) -> Option<Timestamp> {
        let heard = self.notes.iter().filter_map(|note| note.time);
        heard.chain(self.events.iter().filter_map(|event| event.time)).min()
    }

    pub(super) fn sent_of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Sent> {
        self.sent.iter().filter(move |sent| sent.event == event)
    }
}

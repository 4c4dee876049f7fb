//! The stories of the calls of one PBX: what its tracker concludes, gathered until a call is over.

use ringwire_calls::{Stories, Story, Tracker};

use super::messages::PbxName;

/// Takes out what the tracker has concluded; gives the stories of the calls that are over. They are bounded, and what they
/// cost is some kilobytes for each call that lives.
///
/// A call that was never announced has no place in the journal: why it was not stands in the log.
pub(super) fn collect(pbx: &PbxName, tracker: &mut Tracker, stories: &mut Stories) -> Vec<Story> {
    let mut over = Vec::new();
    while let Some(note) = tracker.poll_note() {
        match stories.take(note) {
            Some(story) if story.call.is_some() => over.push(story),
            Some(story) if !story.is_plumbing() => {
                let why = story.notes.last().map(|note| note.words.as_str());
                tracing::debug!(%pbx, uniqueid = story.root, why, "no call");
            }
            _ => {}
        }
    }
    over
}

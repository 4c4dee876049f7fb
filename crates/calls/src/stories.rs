//! What was concluded, gathered by call.

use std::collections::HashMap;

use ringwire_event::{CallId, Conclusion, StoryNote};

use crate::Note;

/// How many notes of a story are kept. Over it, some are left out behind the first [`FIRST`].
const NOTES: usize = 200;

/// How many notes from the beginning are kept whatever follows.
const FIRST: usize = 150;

/// How large a story may be, in bytes of its stored form, as far as that can be told beforehand.
const BYTES: usize = 64 << 10;

/// What a note costs in its stored form besides its words.
const FRAME: usize = 200;

/// The stories of the calls that live.
#[derive(Debug, Default)]
pub struct Stories {
    open: HashMap<u64, Open>,
    order: u64,
}

/// The story of a call that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The id of the call; `None` if it was never announced.
    pub call: Option<CallId>,
    /// The Uniqueid of the channel that began it.
    pub root: String,
    /// What was concluded, in order.
    pub notes: Vec<StoryNote>,
}

impl Story {
    /// Whether there were only helpers of the PBX in it, of which nobody need hear.
    #[must_use]
    pub fn is_plumbing(&self) -> bool {
        self.notes.iter().all(|note| note.concluded == Conclusion::Helper)
    }
}

#[derive(Debug, Default)]
struct Open {
    call: Option<CallId>,
    root: String,
    /// Each with its place in the order of all that was told.
    notes: Vec<(u64, StoryNote)>,
    bytes: usize,
    left_out: u64,
    /// How many times the last note was told.
    times: u64,
}

impl Stories {
    /// Takes a note; gives the story that is over with it.
    pub fn take(&mut self, note: Note) -> Option<Story> {
        let Note { story, absorbs, ends, call, root, note } = note;
        self.order += 1;
        let absorbed = absorbs.and_then(|absorbed| self.open.remove(&absorbed));
        let open = self.open.entry(story).or_default();
        if let Some(absorbed) = absorbed {
            open.absorb(absorbed);
        }
        open.add(self.order, note);
        open.root = root;
        open.call = call.or(open.call.take());
        if ends { self.open.remove(&story).map(Open::finish) } else { None }
    }

    /// The story so far of a call that lives, by its id or the Uniqueid of the channel that began it.
    #[must_use]
    pub fn living(&self, call: &str) -> Option<Vec<StoryNote>> {
        let is_it = |open: &&Open| open.call.as_deref() == Some(call) || open.root == call;
        self.open.values().find(is_it).map(Open::told)
    }

    /// How many stories are not over.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether all stories are over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Gives the stories that are not over, as they stand, by the order in which they began; for those who stop.
    #[must_use]
    pub fn into_unfinished(self) -> Vec<Story> {
        let mut open: Vec<_> = self.open.into_values().collect();
        open.sort_by_key(|open| open.notes.first().map(|(order, _)| *order));
        open.into_iter().map(Open::finish).collect()
    }
}

impl Open {
    fn add(&mut self, order: u64, note: StoryNote) {
        if self.is_told_again(&note) {
            return;
        }
        self.times = 1;
        self.bytes += size(&note);
        self.notes.push((order, note));
        self.shrink();
    }

    /// Counts a note that says what the last one did: a caller who forges events does not fill the story with them.
    fn is_told_again(&mut self, note: &StoryNote) -> bool {
        let Some((_, last)) = self.notes.last_mut().filter(|_| note.event.is_none()) else { return false };
        let times = |times: u64| match times {
            0 | 1 => note.words.clone(),
            _ => format!("{} ({times} times)", note.words),
        };
        let same =
            last.concluded == note.concluded && last.heard == note.heard && last.words == times(self.times);
        if same {
            self.times += 1;
            self.bytes -= size(last);
            last.words = times(self.times);
            self.bytes += size(last);
        }
        same
    }

    /// Takes what was told of another story, each note at its place.
    fn absorb(&mut self, other: Self) {
        self.notes.extend(other.notes);
        self.notes.sort_by_key(|(order, _)| *order);
        self.bytes += other.bytes;
        self.left_out += other.left_out;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.notes.len() > NOTES || self.bytes > BYTES && self.notes.len() > 1 {
            let (_, note) = self.notes.remove(self.gap());
            self.bytes -= size(&note);
            self.left_out += 1;
        }
    }

    /// Where notes are left out: what came first and what came last tells most.
    fn gap(&self) -> usize {
        FIRST.min(self.notes.len() / 4 * 3)
    }

    fn told(&self) -> Vec<StoryNote> {
        let mut notes: Vec<_> = self.notes.iter().map(|(_, note)| note.clone()).collect();
        if self.left_out > 0 {
            let place = self.gap().min(notes.len());
            let time = notes.get(place).and_then(|note| note.time);
            let words = format!("… {} more", self.left_out);
            let more = StoryNote {
                time,
                heard: None,
                concluded: Conclusion::More,
                rule: "".into(),
                words,
                event: None,
            };
            notes.insert(place, more);
        }
        notes
    }

    fn finish(self) -> Story {
        let notes = self.told();
        Story { call: self.call, root: self.root, notes }
    }
}

fn size(note: &StoryNote) -> usize {
    FRAME + note.words.len() + note.heard.as_ref().map_or(0, |heard| heard.with.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(story: u64, words: impl Into<String>) -> Note {
        let note = StoryNote {
            time: None,
            heard: None,
            concluded: Conclusion::Dialled,
            rule: "".into(),
            words: words.into(),
            event: None,
        };
        Note { story, absorbs: None, ends: false, call: None, root: format!("1.{story}"), note }
    }

    fn told(story: &Story) -> Vec<&str> {
        story.notes.iter().map(|note| note.words.as_str()).collect()
    }

    #[test]
    fn an_absorbed_story_stands_where_it_happened() {
        let mut stories = Stories::default();
        for (story, words) in [(1, "a"), (2, "b"), (1, "c"), (2, "d")] {
            assert_eq!(stories.take(note(story, words)), None);
        }
        let end = Note { absorbs: Some(2), ends: true, call: Some("x".into()), ..note(1, "e") };
        let story = stories.take(end).unwrap();
        assert_eq!((told(&story), story.call.as_deref()), (vec!["a", "b", "c", "d", "e"], Some("x")));
        assert!(stories.is_empty());
    }

    #[test]
    fn a_long_story_is_cut_in_its_later_middle() {
        let mut stories = Stories::default();
        for n in 0..1_000 {
            stories.take(note(1, n.to_string()));
        }
        let story = stories.take(Note { ends: true, ..note(1, "end") }).unwrap();
        let words = told(&story);
        assert_eq!(words.len(), NOTES + 1);
        assert_eq!((words[149], words[150], words[151], words[200]), ("149", "… 801 more", "951", "end"));
    }

    #[test]
    fn what_is_told_again_is_counted() {
        let mut stories = Stories::default();
        for words in ["a", "a", "a", "b", "a"] {
            stories.take(note(1, words));
        }
        let story = stories.take(Note { ends: true, ..note(1, "a") }).unwrap();
        assert_eq!(told(&story), ["a (3 times)", "b", "a (2 times)"]);
        for n in 0..3 * NOTES {
            stories.take(note(2, format!("{}", n / 2)));
        }
        let open = stories.open.remove(&2).unwrap();
        assert_eq!(open.bytes, open.notes.iter().map(|(_, note)| size(note)).sum::<usize>());
    }

    #[test]
    fn a_story_of_long_names_is_cut_to_its_bytes() {
        let mut stories = Stories::default();
        for _ in 0..NOTES {
            stories.take(note(1, "x".repeat(1_000)));
            stories.take(note(1, "y".repeat(1_000)));
        }
        let story = stories.take(Note { ends: true, ..note(1, "end") }).unwrap();
        let bytes: usize = story.notes.iter().map(size).sum();
        assert!(bytes <= BYTES + FRAME + 16 && story.notes.len() > 40, "{bytes}");
        assert_eq!(told(&story).last(), Some(&"end"));
    }

    #[test]
    fn a_living_call_is_found_by_its_id_and_by_its_uniqueid() {
        let mut stories = Stories::default();
        stories.take(Note { call: Some("main-1.1".into()), ..note(1, "a") });
        assert!(stories.living("main-1.1").is_some() && stories.living("1.1").is_some());
        assert!(stories.living("1.2").is_none());
    }
}

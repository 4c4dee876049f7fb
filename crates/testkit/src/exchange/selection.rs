//! Which events one client is told.

use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexBuilder};

use super::lifecycle::{Lifecycle, Said};

/// A set of event classes (AMI contract 1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Classes {
    /// Every class there is.
    All,
    /// These.
    Some(BTreeSet<String>),
}

impl Classes {
    /// The classes written as `Events:`, `EventMask:` and `read =` have them: `on`, `off`, or names with commas.
    pub(super) fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "all" => Self::All,
            "off" | "" => Self::Some(BTreeSet::new()),
            list => Self::Some(list.split(',').map(|class| class.trim().to_owned()).collect()),
        }
    }

    /// Whether an event of all these classes is told.
    pub(super) fn admits(&self, classes: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Some(known) => classes.iter().all(|class| known.contains(class)),
        }
    }

    /// Whether none is in it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Some(BTreeSet::new())
    }
}

/// What one client wants to hear.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    classes: Classes,
    keep: Vec<Regex>,
    drop: Vec<Regex>,
}

impl Selection {
    /// Everything of these classes.
    pub(super) fn new(classes: Classes) -> Self {
        Self { classes, keep: Vec::new(), drop: Vec::new() }
    }

    /// The classes change, and the filters stay.
    pub(super) fn set_classes(&mut self, classes: Classes) {
        self.classes = classes;
    }

    /// Adds an event filter of the old form, and says whether it could be (AMI contract 1.9).
    pub(super) fn filter(&mut self, filter: &str) -> bool {
        let (pattern, filters) = match filter.strip_prefix('!') {
            Some(pattern) => (pattern, &mut self.drop),
            None => (filter, &mut self.keep),
        };
        // What POSIX calls any character may be a line break, and the whole event is one text.
        let regex = RegexBuilder::new(pattern).dot_matches_new_line(true).unicode(false).build();
        regex.map(|regex| filters.push(regex)).is_ok()
    }

    /// For each event of each kind of call, whether it is told.
    pub(super) fn choose(&self, lifecycles: &[Lifecycle]) -> Vec<Vec<Vec<bool>>> {
        let told = |said: &Said| {
            let sample = said.sample();
            let matches = |filters: &[Regex]| filters.iter().any(|filter| filter.is_match(&sample));
            self.classes.admits(&said.classes)
                && (self.keep.is_empty() || matches(&self.keep))
                && !matches(&self.drop)
        };
        lifecycles
            .iter()
            .map(|call| call.moments.iter().map(|moment| moment.events.iter().map(told).collect()).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded::CALLS;
    use super::*;

    /// The names of the events that are told of an answered call, each once.
    fn told(selection: &Selection) -> BTreeSet<String> {
        let calls = [Lifecycle::new(CALLS[0], |_| true)];
        let chosen = selection.choose(&calls);
        let events = calls[0].moments.iter().flat_map(|moment| &moment.events);
        events
            .zip(chosen.into_iter().flatten().flatten())
            .filter(|(_, told)| *told)
            .map(|(said, _)| {
                let text = String::from_utf8(said.sample()).unwrap();
                text.lines().next().unwrap().replace("Event: ", "")
            })
            .collect()
    }

    #[test]
    fn events_are_told_by_class_and_kept_back_by_filters() {
        let mut selection = Selection::new(Classes::parse("system,call,dialplan"));
        let before = told(&selection);
        assert!(
            before.contains("VarSet") && before.contains("Newexten") && before.contains("DeviceStateChange")
        );
        assert!(!before.contains("QueueMemberStatus") && !before.contains("TestEvent"));
        assert!(selection.filter("!^Event: VarSet"));
        assert!(selection.filter("!^Event: Newexten.*[[:cntrl:]]Application: [^BCDHPQTV]"));
        let after = told(&selection);
        assert!(!after.contains("VarSet") && after.contains("Newexten") && after.contains("Hangup"));
        assert!(selection.filter("^Event: Hangup"));
        assert_eq!(told(&selection), BTreeSet::from(["Hangup".to_owned(), "HangupRequest".to_owned()]));
        assert!(!selection.filter("!("));
        selection.set_classes(Classes::parse("off"));
        assert!(told(&selection).is_empty());
    }
}

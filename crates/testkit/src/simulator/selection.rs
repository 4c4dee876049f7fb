//! The events that one client receives.

use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexBuilder};

use super::scenario::{CallScenario, EventTemplate};

/// A set of event classes (AMI notes 1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EventClasses {
    /// Every class.
    All,
    /// These.
    Some(BTreeSet<String>),
}

impl EventClasses {
    /// Parses the value of `Events:`, `EventMask:` or `read =`: `on`, `off`, or names separated by commas.
    pub(super) fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "all" => Self::All,
            "off" | "" => Self::Some(BTreeSet::new()),
            list => Self::Some(list.split(',').map(|class| class.trim().to_owned()).collect()),
        }
    }

    /// Whether an event of these classes is sent.
    pub(super) fn admits(&self, classes: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Some(known) => classes.iter().all(|class| known.contains(class)),
        }
    }

    /// Whether there is no class.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Some(BTreeSet::new())
    }
}

/// The event classes and filters of one client.
#[derive(Clone, Debug)]
pub(super) struct EventSelection {
    classes: EventClasses,
    keep: Vec<Regex>,
    drop: Vec<Regex>,
}

impl EventSelection {
    /// All events of these classes.
    pub(super) fn new(classes: EventClasses) -> Self {
        Self { classes, keep: Vec::new(), drop: Vec::new() }
    }

    /// Changes the classes; the filters stay.
    pub(super) fn set_classes(&mut self, classes: EventClasses) {
        self.classes = classes;
    }

    /// Adds an event filter of the old form, and returns whether it is valid (AMI notes 1.9).
    pub(super) fn add_filter(&mut self, filter: &str) -> bool {
        let (pattern, filters) = match filter.strip_prefix('!') {
            Some(pattern) => (pattern, &mut self.drop),
            None => (filter, &mut self.keep),
        };
        // SentEvent POSIX calls any character may be a line break, and the whole event is one text.
        let regex = RegexBuilder::new(pattern).dot_matches_new_line(true).unicode(false).build();
        regex.map(|regex| filters.push(regex)).is_ok()
    }

    /// For each event of each moment of each scenario, whether it is sent.
    pub(super) fn select_events(&self, scenarios: &[CallScenario]) -> Vec<Vec<Vec<bool>>> {
        let is_sent = |event: &EventTemplate| {
            let sample = event.sample();
            let matches = |filters: &[Regex]| filters.iter().any(|filter| filter.is_match(&sample));
            self.classes.admits(&event.classes)
                && (self.keep.is_empty() || matches(&self.keep))
                && !matches(&self.drop)
        };
        scenarios
            .iter()
            .map(|call| {
                call.moments.iter().map(|moment| moment.events.iter().map(is_sent).collect()).collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded_call::CALLS;
    use super::*;

    /// The names of the events that are sent of an answered call.
    fn sent(selection: &EventSelection) -> BTreeSet<String> {
        let calls = [CallScenario::new(CALLS[0], |_| true)];
        let chosen = selection.select_events(&calls);
        let events = calls[0].moments.iter().flat_map(|moment| &moment.events);
        events
            .zip(chosen.into_iter().flatten().flatten())
            .filter(|(_, is_sent)| *is_sent)
            .map(|(template, _)| {
                let text = String::from_utf8(template.sample()).unwrap();
                text.lines().next().unwrap().replace("Event: ", "")
            })
            .collect()
    }

    #[test]
    fn events_are_selected_by_class_and_filters() {
        let mut selection = EventSelection::new(EventClasses::parse("system,call,dialplan"));
        let before = sent(&selection);
        assert!(
            before.contains("VarSet") && before.contains("Newexten") && before.contains("DeviceStateChange")
        );
        assert!(!before.contains("QueueMemberStatus") && !before.contains("TestEvent"));
        assert!(selection.add_filter("!^Event: VarSet"));
        assert!(selection.add_filter("!^Event: Newexten.*[[:cntrl:]]Application: [^BCDHPQTV]"));
        let after = sent(&selection);
        assert!(!after.contains("VarSet") && after.contains("Newexten") && after.contains("Hangup"));
        assert!(selection.add_filter("^Event: Hangup"));
        assert_eq!(sent(&selection), BTreeSet::from(["Hangup".to_owned(), "HangupRequest".to_owned()]));
        assert!(!selection.add_filter("!("));
        selection.set_classes(EventClasses::parse("off"));
        assert!(sent(&selection).is_empty());
    }
}

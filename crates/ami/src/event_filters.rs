//! Filters that stop the server from sending events that nobody reads (AMI notes 1.9).

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Action;
use crate::version::AmiVersion;

/// The `Filter` of each `Filter` action: what the server need not send.
///
/// `VarSet` alone is most of what a busy server sends. Of the dialplan's steps, those that move a call somewhere stay;
/// those that set a variable, jump or log something are filtered out, save for what sets the caller ID: that a number
/// is withheld is told by nothing else. Those that start and stop a recording stay, for only they name its file.
///
/// All filters have the one form that means the same in every release: a regular expression over the text of an event,
/// without `MatchCriteria`, after a `!`. Without the `!`, everything else would be filtered out; and releases that do
/// not know `MatchCriteria` ignore it and read the rest as a filter without `!`. The expressions begin with `^`,
/// because a caller's name may hold an event's name. They contain nothing that basic and extended expressions read
/// differently, and no ranges, which depend on the server's locale.
pub const EVENT_FILTERS: [&str; 13] = [
    "!^Event: VarSet",
    "!^Event: RTCP",
    "!^Event: TestEvent",
    "!^Event: DeviceStateChange",
    "!^Event: ContactStatus",
    "!^Event: QueueMemberStatus",
    "!^Event: Newexten.*[[:cntrl:]]Application: [^BCDHMPQSTV]",
    "!^Event: Newexten.*[[:cntrl:]]Application: M[^io]",
    "!^Event: Newexten.*[[:cntrl:]]Application: Ver",
    "!^Event: Newexten.*[[:cntrl:]]Application: S[^et]",
    "!^Event: Newexten.*[[:cntrl:]]Application: St[^o]",
    "!^Event: Newexten.*[[:cntrl:]]Application: Set[[:cntrl:]]*AppData: [^C]",
    "!^Event: Newexten.*[[:cntrl:]]Application: Set[[:cntrl:]]*AppData: C[^A]",
];

/// What somebody reads that nobody else does, so that it is not filtered out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedEvents {
    /// The channel variables, by name.
    pub variables: Vec<String>,
    /// The states of agents of queues.
    pub agents: bool,
    /// The states of devices.
    pub devices: bool,
}

/// The filters for somebody who reads these channel variables, in the place of the one that drops all: those drop the
/// variables that are not named, character by character, because the expressions cannot say *not this word*. A name is of
/// letters, digits and underscores; others are ignored.
#[must_use]
pub fn variable_filters(variables: &[String]) -> Vec<String> {
    let is_name =
        |name: &&String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // With one underscore or two before it, channels inherit a variable.
    let names: Vec<String> = variables
        .iter()
        .filter(is_name)
        .flat_map(|name| ["", "_", "__"].map(|prefix| format!("{prefix}{name}")))
        .collect();
    if names.is_empty() {
        return EVENT_FILTERS.into_iter().take(1).map(str::to_owned).collect();
    }
    let mut next: BTreeMap<&str, BTreeSet<Option<char>>> = BTreeMap::new();
    for name in &names {
        for (at, c) in name.char_indices() {
            next.entry(name.get(..at).unwrap_or_default()).or_default().insert(Some(c));
        }
        next.entry(name).or_default().insert(None);
    }
    let filter = |(prefix, next): (&str, BTreeSet<Option<char>>)| {
        let wanted: String = next.iter().flatten().collect();
        let end = if next.contains(&None) { "[:cntrl:]" } else { "" };
        format!("!^Event: VarSet.*[[:cntrl:]]Variable: {prefix}[^{wanted}{end}]")
    };
    next.into_iter().map(filter).collect()
}

/// The actions that set [`EVENT_FILTERS`], to be sent once after each login to a server of this version.
///
/// A refusal is harmless: a user without `write = system` may not filter, and Asterisk 1.6 cannot; then everything is
/// sent. A filter cannot be removed on the same connection. What is `wanted` is sent nevertheless.
#[must_use]
pub fn event_filter_actions(version: AmiVersion, wanted: &WantedEvents) -> Vec<Action> {
    let filter = |filter: String| Action::new("Filter")?.with("Operation", "Add")?.with("Filter", filter);
    let is_supported = version >= AmiVersion::new(1, 1, 0);
    let is_wanted = |pattern: &str| {
        wanted.agents && pattern.ends_with(" QueueMemberStatus")
            || wanted.devices && pattern.ends_with(" DeviceStateChange")
    };
    let others = EVENT_FILTERS.into_iter().skip(1).filter(|pattern| !is_wanted(pattern)).map(str::to_owned);
    let filters = variable_filters(&wanted.variables).into_iter().chain(others).filter(|_| is_supported);
    filters.filter_map(|pattern| filter(pattern).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_becomes_an_action_where_the_version_has_filters() {
        let filters = |version| -> Vec<_> {
            let actions = event_filter_actions(version, &WantedEvents::default());
            actions.iter().map(|action| action.get("Filter").map(str::to_owned)).collect()
        };
        for version in [AmiVersion::new(1, 1, 0), AmiVersion::new(2, 10, 6), AmiVersion::NEWEST] {
            assert_eq!(filters(version), EVENT_FILTERS.map(|pattern| Some(pattern.to_owned())), "{version}");
        }
        assert_eq!(filters(AmiVersion::new(1, 0, 0)), []);
        let action = &event_filter_actions(AmiVersion::NEWEST, &WantedEvents::default())[0];
        let expected = "Action: Filter\r\nActionID: 1\r\nOperation: Add\r\nFilter: !^Event: VarSet\r\n\r\n";
        assert_eq!(action.encode("1"), expected.as_bytes());
    }

    #[test]
    fn every_filter_excludes_the_event_that_it_names() {
        for pattern in EVENT_FILTERS {
            assert!(pattern.starts_with("!^Event: "), "{pattern}");
        }
    }

    #[test]
    fn what_is_wanted_is_not_filtered_out() {
        let has = |wanted: WantedEvents, event: &str| {
            let pattern = format!("!^Event: {event}");
            event_filter_actions(AmiVersion::NEWEST, &wanted)
                .iter()
                .any(|action| action.get("Filter") == Some(pattern.as_str()))
        };
        let agents = WantedEvents { agents: true, ..WantedEvents::default() };
        assert!(!has(agents.clone(), "QueueMemberStatus") && has(agents, "DeviceStateChange"));
        let devices = WantedEvents { devices: true, ..WantedEvents::default() };
        assert!(has(devices.clone(), "QueueMemberStatus") && !has(devices, "DeviceStateChange"));
    }
}

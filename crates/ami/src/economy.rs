//! Having the server keep to itself what nobody reads (AMI contract 1.9).

use crate::{Action, Version};

/// What a server need not send, each as the `Filter` of one action of that name.
///
/// `VarSet` alone is most of what a busy server sends. Of the dialplan's steps those tell something of a call that take
/// it somewhere, and they stay; what sets a variable, jumps or notes something goes.
///
/// All have the one form that means the same in every release: a regular expression over the text of an event, without
/// `MatchCriteria`, behind a `!`. Without the `!`, everything else would be kept back; and releases that do not know
/// `MatchCriteria` pass over it and take what remains for a filter without `!`. They begin with `^`, for a caller's name
/// may hold an event's. They use nothing that basic and extended expressions read differently, and no ranges, which
/// depend on the server's language.
pub const ECONOMY: [&str; 8] = [
    "!^Event: VarSet",
    "!^Event: RTCP",
    "!^Event: TestEvent",
    "!^Event: DeviceStateChange",
    "!^Event: ContactStatus",
    "!^Event: QueueMemberStatus",
    "!^Event: Newexten.*[[:cntrl:]]Application: [^BCDHPQTV]",
    "!^Event: Newexten.*[[:cntrl:]]Application: Ver",
];

/// The actions that ask for [`ECONOMY`], to be sent once after each login to a server of this version.
///
/// A refusal is harmless: a user without `write = system` may not filter, Asterisk 1.6 cannot, and everything is sent
/// as before. What is kept back cannot be asked for again on the same connection.
#[must_use]
pub fn economy(version: Version) -> Vec<Action> {
    let filter = |filter| Action::new("Filter")?.with("Operation", "Add")?.with("Filter", filter);
    let known = version >= Version::new(1, 1, 0);
    let filters = ECONOMY.into_iter().filter(|_| known);
    filters.filter_map(|pattern| filter(pattern).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_is_an_action_where_there_are_filters() {
        let filters = |version| -> Vec<_> {
            let actions = economy(version);
            actions.iter().map(|action| action.get("Filter").map(str::to_owned)).collect()
        };
        for version in [Version::new(1, 1, 0), Version::new(2, 10, 6), Version::NEWEST] {
            assert_eq!(filters(version), ECONOMY.map(|pattern| Some(pattern.to_owned())), "{version}");
        }
        assert_eq!(filters(Version::new(1, 0, 0)), []);
        let action = &economy(Version::NEWEST)[0];
        let expected = "Action: Filter\r\nActionID: 1\r\nOperation: Add\r\nFilter: !^Event: VarSet\r\n\r\n";
        assert_eq!(action.encode("1"), expected.as_bytes());
    }

    #[test]
    fn no_filter_keeps_back_what_it_does_not_name() {
        for pattern in ECONOMY {
            assert!(pattern.starts_with("!^Event: "), "{pattern}");
        }
    }
}

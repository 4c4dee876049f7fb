//! Learning what is going on after a connection was made (AMI contract 5.3).

use crate::{Action, Packet};

/// The lists that together say which channels and queues there are and since when the server runs, in the order to
/// ask for them: the age first, for it tells whether anything known before still holds.
///
/// They are asked for when events already arrive: what happened before the list is in the list, what happens after it
/// comes as events.
pub const RECONCILIATION: [&str; 4] = ["CoreStatus", "CoreShowChannels", "Status", "QueueStatus"];

/// The actions of [`RECONCILIATION`].
#[must_use]
pub fn reconciliation() -> Vec<Action> {
    RECONCILIATION.into_iter().filter_map(|name| Action::new(name).ok()).collect()
}

/// Whether this packet ends a list: it says so, or is named so by releases that do not (AMI contract 1.6). Live events
/// never do, as they carry no `ActionID`.
#[must_use]
pub fn ends_list(packet: &Packet) -> bool {
    let complete = |value: &[u8]| value.eq_ignore_ascii_case(b"Complete");
    let Some(name) = packet.event() else { return false };
    let named = name.len().checked_sub(8).and_then(|at| name.get(at..)).is_some_and(complete);
    (named || packet.get("EventList").is_some_and(complete)) && packet.get("ActionID").is_some()
}

/// Whether an event of this name is an item or the end of one of the lists of [`RECONCILIATION`]. All releases give
/// these the `ActionID` of who asked, and nobody else receives them (AMI contract 1.6).
pub(crate) fn belongs_to_list(name: &[u8]) -> bool {
    const ITEMS: [&[u8]; 8] = [
        b"CoreShowChannel",
        b"CoreShowChannelsComplete",
        b"Status",
        b"StatusComplete",
        b"QueueParams",
        b"QueueMember",
        b"QueueEntry",
        b"QueueStatusComplete",
    ];
    ITEMS.contains(&name)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Version;

    #[test]
    fn every_list_is_an_action() {
        let names: Vec<_> = reconciliation().iter().map(|action| action.name().to_owned()).collect();
        assert_eq!(names, RECONCILIATION);
    }

    #[test]
    fn a_list_ends_by_word_or_by_name() {
        let check = |text: &'static str, expected| {
            let packet = Packet::new(Bytes::from_static(text.as_bytes()), Version::NEWEST).unwrap();
            assert_eq!(ends_list(&packet), expected, "{text:?}");
        };
        check("Event: StatusComplete\r\nActionID: 1\r\n", true);
        check("Event: ListEnd\r\nEventList: Complete\r\nActionID: 1\r\n", true);
        check("Event: Status\r\nActionID: 1\r\n", false);
        check("Event: AgentComplete\r\nPrivilege: agent,all\r\n", false);
        check("Response: Success\r\nActionID: 1\r\nEventList: start\r\n", false);
    }
}

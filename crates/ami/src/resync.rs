//! Actions that ask a server for its current state, after connecting or after a gap (AMI notes 5.3).

use crate::action::Action;
use crate::packet::Packet;

/// The names of the actions that together return the server's start time, its channels and its queues, in the order to
/// send them: the start time first, because it tells whether anything known before still holds.
///
/// Send them when events already arrive: what happened before a list is in the list, and what happens after it comes
/// as events.
pub const RESYNC_ACTIONS: [&str; 4] = ["CoreStatus", "CoreShowChannels", "Status", "QueueStatus"];

/// The actions of [`RESYNC_ACTIONS`].
#[must_use]
pub fn resync_actions() -> Vec<Action> {
    RESYNC_ACTIONS.into_iter().filter_map(|name| Action::new(name).ok()).collect()
}

/// Whether this packet ends a list, by its `EventList` header or, in releases without that header, by its name (AMI
/// notes 1.6). Live events never end a list, as they carry no `ActionID`.
#[must_use]
pub fn is_list_end(packet: &Packet) -> bool {
    let is_complete = |value: &[u8]| value.eq_ignore_ascii_case(b"Complete");
    let Some(name) = packet.event_name() else { return false };
    let is_named_so = name.len().checked_sub(8).and_then(|at| name.get(at..)).is_some_and(is_complete);
    (is_named_so || packet.get("EventList").is_some_and(is_complete)) && packet.get("ActionID").is_some()
}

/// Whether an event of this name is an item or the end of one of the lists of [`RESYNC_ACTIONS`]. All releases give
/// these the `ActionID` of the requester and send them to nobody else (AMI notes 1.6).
#[cfg(feature = "client")]
pub(crate) fn is_list_item(name: &[u8]) -> bool {
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
    use crate::version::AmiVersion;

    #[test]
    fn every_resync_name_becomes_an_action() {
        let names: Vec<_> = resync_actions().iter().map(|action| action.name().to_owned()).collect();
        assert_eq!(names, RESYNC_ACTIONS);
    }

    #[test]
    fn a_list_ends_by_its_header_or_by_its_name() {
        let check = |text: &'static str, expected| {
            let packet = Packet::new(Bytes::from_static(text.as_bytes()), AmiVersion::NEWEST).unwrap();
            assert_eq!(is_list_end(&packet), expected, "{text:?}");
        };
        check("Event: StatusComplete\r\nActionID: 1\r\n", true);
        check("Event: ListEnd\r\nEventList: Complete\r\nActionID: 1\r\n", true);
        check("Event: Status\r\nActionID: 1\r\n", false);
        check("Event: AgentComplete\r\nPrivilege: agent,all\r\n", false);
        check("Response: Success\r\nActionID: 1\r\nEventList: start\r\n", false);
    }
}

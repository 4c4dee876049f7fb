//! What was heard, in short: of some twenty headers the few that decide.

use ringwire_ami::Packet;
use ringwire_event::Heard;

use super::cut;

/// How much of a header's value is shown, in bytes.
const VALUE: usize = 80;

/// How many headers decide at most.
const DECIDING: usize = 6;

/// A packet, in short.
pub(super) fn in_short(packet: &Packet) -> Heard {
    let name = packet.event_name().unwrap_or(b"Response");
    let keys = deciding(name);
    let (mut channel, mut uniqueid, mut values) = (None, None, [None; DECIDING]);
    for (key, value) in packet.headers() {
        let slot = if key.eq_ignore_ascii_case(b"Channel") {
            &mut channel
        } else if key.eq_ignore_ascii_case(b"Uniqueid") {
            &mut uniqueid
        } else {
            let place = keys.iter().position(|known| key.eq_ignore_ascii_case(known.as_bytes()));
            match place.and_then(|place| values.get_mut(place)) {
                Some(slot) => slot,
                None => continue,
            }
        };
        slot.get_or_insert(value);
    }
    let text = |key: &str, value: Option<&[u8]>| {
        packet.decode(key, value?).map(|value| {
            let mut value = value.into_owned();
            cut(&mut value, VALUE);
            value
        })
    };
    let uniqueid = text("Uniqueid", uniqueid);
    let mut with = String::new();
    for (key, value) in keys.iter().zip(values) {
        // A Linkedid that is the channel's own says nothing.
        if let Some(value) =
            text(key, value).filter(|value| *key != "Linkedid" || uniqueid.as_ref() != Some(value))
        {
            if !with.is_empty() {
                with.push_str(", ");
            }
            with.push_str(key);
            with.push(' ');
            with.push_str(&value);
        }
    }
    let event = String::from_utf8_lossy(name).into_owned();
    Heard { event, channel: text("Channel", channel), uniqueid, with }
}

/// The headers that decide, in the order in which they are read.
fn deciding(event: &[u8]) -> &'static [&'static str] {
    match event {
        b"Newchannel" => &["ChannelStateDesc", "CallerIDNum", "CallerIDName", "Context", "Exten", "Linkedid"],
        b"Newstate" => &["ChannelStateDesc", "State", "ConnectedLineNum"],
        b"NewCallerid" | b"Newcallerid" => &["CallerIDNum", "CallerIDName", "CID-CallingPres"],
        b"Newexten" => &["Application", "Extension", "Exten"],
        b"HangupRequest" => &["Cause"],
        b"Hangup" => &["Cause", "Cause-txt"],
        b"Hold" | b"Unhold" => &["Status"],
        b"Dial" => &["SubEvent", "Destination", "Dialstring", "DialStatus"],
        b"DialBegin" => &["DestChannel", "DialString", "CallerIDNum"],
        b"DialEnd" => &["DestChannel", "DialStatus", "Forward"],
        b"LocalBridge" => &["LocalOneChannel", "LocalTwoChannel", "Channel1", "Channel2"],
        b"BridgeEnter" | b"BridgeLeave" => &["BridgeType", "BridgeTechnology", "BridgeCreator", "Exten"],
        b"Bridge" | b"Link" | b"Unlink" => &["Bridgestate", "Channel1", "Channel2"],
        b"ConfbridgeJoin" => &["Conference"],
        b"MeetmeJoin" => &["Meetme"],
        b"QueueCallerJoin" | b"Join" | b"QueueCallerLeave" | b"Leave" | b"QueueEntry" => {
            &["Queue", "Position", "Count"]
        }
        b"AgentCalled" => &["Queue", "DestChannel", "DestinationChannel"],
        b"AgentConnect" => &["Queue", "DestChannel", "BridgedChannel"],
        b"BlindTransfer" => &["Result", "TransfererChannel", "TransfereeChannel", "Extension"],
        b"AttendedTransfer" => {
            &["Result", "OrigTransfererChannel", "TransfereeChannel", "TransferTargetChannel", "DestType"]
        }
        b"Transfer" => &["TransferType", "TransferExten", "TargetChannel"],
        b"Pickup" => &["TargetChannel"],
        b"Rename" => &["Newname"],
        b"CoreShowChannel" | b"Status" => {
            &["ChannelStateDesc", "Context", "Exten", "Extension", "Application", "BridgeId"]
        }
        b"CoreShowChannelsComplete" | b"StatusComplete" => &["ListItems", "Items"],
        _ => &[],
    }
}

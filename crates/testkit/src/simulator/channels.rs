//! The items of a call's channels in the lists, derived from its events.

use super::recorded_call::RecordedEvent;
use super::template::{Placeholder, Template};

/// The items of one call in the lists, at some moment.
#[derive(Clone, Debug, Default)]
pub(super) struct ListItems {
    /// The items of `CoreShowChannels`, one for each channel, without `ActionID` and end.
    pub(super) core: Vec<Template>,
    /// The items of `Status`, likewise.
    pub(super) status: Vec<Template>,
    /// The item of `QueueStatus`, if the caller waits in the queue.
    pub(super) entry: Option<Template>,
}

/// The fields at the beginning of every item about a channel (AMI notes 2.1).
const SNAPSHOT: [&str; 14] = [
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
];

/// Marks for values that are not in the recordings.
const MARKS: [(&[u8], Placeholder); 3] =
    [(b"\x01d", Placeholder::Duration), (b"\x01s", Placeholder::Seconds), (b"\x01p", Placeholder::Position)];

/// A channel that exists.
#[derive(Clone, Debug, Default)]
struct ScenarioChannel {
    snapshot: [Vec<u8>; SNAPSHOT.len()],
    application: Vec<u8>,
    data: Vec<u8>,
    bridge: Vec<u8>,
    /// The queue in which it waits.
    queue: Option<Vec<u8>>,
}

impl ScenarioChannel {
    fn uniqueid(&self) -> &[u8] {
        &self.snapshot[12]
    }

    fn apply(&mut self, event: RecordedEvent) {
        for (field, name) in self.snapshot.iter_mut().zip(SNAPSHOT) {
            *field = event.get(name).to_vec();
        }
        match event.name() {
            b"Newexten" => {
                self.application = event.get("Application").to_vec();
                self.data = event.get("AppData").to_vec();
            }
            b"BridgeEnter" => self.bridge = event.get("BridgeUniqueid").to_vec(),
            b"BridgeLeave" => self.bridge.clear(),
            b"QueueCallerJoin" => self.queue = Some(event.get("Queue").to_vec()),
            b"QueueCallerLeave" => self.queue = None,
            _ => {}
        }
    }

    fn item(&self, head: &str, more: &[(&str, &[u8])], tokens: &[(Vec<u8>, Placeholder)]) -> Template {
        let mut text = head.as_bytes().to_vec();
        let snapshot = SNAPSHOT.into_iter().zip(self.snapshot.iter().map(Vec::as_slice));
        for (name, value) in snapshot.chain(more.iter().copied()) {
            text.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        Template::new(&text, &with_marks(tokens))
    }
}

/// The channels of a call that exist.
#[derive(Clone, Debug, Default)]
pub(super) struct ScenarioChannels(Vec<ScenarioChannel>);

impl ScenarioChannels {
    /// Applies an event.
    pub(super) fn apply(&mut self, event: RecordedEvent) {
        let uniqueid = event.get("Uniqueid");
        match event.name() {
            b"Hangup" => self.0.retain(|channel| channel.uniqueid() != uniqueid),
            b"Newchannel" => {
                self.0.push(ScenarioChannel::default());
                if let Some(channel) = self.0.last_mut() {
                    channel.apply(event);
                }
            }
            _ => {
                if let Some(channel) = self.0.iter_mut().find(|channel| channel.uniqueid() == uniqueid) {
                    channel.apply(event);
                }
            }
        }
    }

    /// The items of the channels in the lists.
    pub(super) fn items(&self, tokens: &[(Vec<u8>, Placeholder)]) -> ListItems {
        let core = |channel: &ScenarioChannel| {
            let more: [(&str, &[u8]); 4] = [
                ("Application", &channel.application),
                ("ApplicationData", &channel.data),
                ("Duration", b"\x01d"),
                ("BridgeId", &channel.bridge),
            ];
            channel.item("Event: CoreShowChannel\r\n", &more, tokens)
        };
        let status = |channel: &ScenarioChannel| {
            let more: [(&str, &[u8]); 5] = [
                ("Type", b"PJSIP"),
                ("BridgeID", &channel.bridge),
                ("Application", &channel.application),
                ("Data", &channel.data),
                ("Seconds", b"\x01s"),
            ];
            channel.item("Event: Status\r\nPrivilege: Call\r\n", &more, tokens)
        };
        ListItems {
            core: self.0.iter().map(core).collect(),
            status: self.0.iter().map(status).collect(),
            entry: self.0.iter().find_map(|channel| queue_entry(channel, tokens)),
        }
    }
}

fn queue_entry(channel: &ScenarioChannel, tokens: &[(Vec<u8>, Placeholder)]) -> Option<Template> {
    let queue = channel.queue.as_deref()?;
    let [name, _, _, number, caller, connected, connected_name, ..] = &channel.snapshot;
    let fields: [(&str, &[u8]); 9] = [
        ("Queue", queue),
        ("Position", b"\x01p"),
        ("Channel", name),
        ("Uniqueid", channel.uniqueid()),
        ("CallerIDNum", number),
        ("CallerIDName", caller),
        ("ConnectedLineNum", connected),
        ("ConnectedLineName", connected_name),
        ("Wait", b"\x01s"),
    ];
    let lines = fields.map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat());
    let text = [b"Event: QueueEntry\r\n".to_vec(), lines.concat()].concat();
    Some(Template::new(&text, &with_marks(tokens)))
}

fn with_marks(tokens: &[(Vec<u8>, Placeholder)]) -> Vec<(Vec<u8>, Placeholder)> {
    let marks = MARKS.map(|(mark, placeholder)| (mark.to_vec(), placeholder));
    tokens.iter().cloned().chain(marks).collect()
}

/// The items of the recordings' queue and its members, which precede those of the waiting callers.
pub(super) fn queue_items(waiting: usize) -> [String; 3] {
    let member = |name: &str, interface: &str| {
        format!(
            "Event: QueueMember\r\nQueue: support\r\nName: {name}\r\nLocation: {interface}\r\n\
             StateInterface: {interface}\r\nMembership: static\r\nPenalty: 0\r\nCallsTaken: 0\r\nLastCall: 0\r\n\
             InCall: 0\r\nStatus: 1\r\nPaused: 0\r\nPausedReason: \r\nWrapuptime: 0\r\n"
        )
    };
    [
        format!(
            "Event: QueueParams\r\nQueue: support\r\nMax: 0\r\nStrategy: ringall\r\nCalls: {waiting}\r\n\
             Holdtime: 2\r\nTalkTime: 2\r\nCompleted: 0\r\nAbandoned: 0\r\nServiceLevel: 0\r\n\
             ServicelevelPerf: 0.0\r\nServicelevelPerf2: 0.0\r\nWeight: 0\r\n"
        ),
        member("Bob Bauer", "PJSIP/bob"),
        member("Alice Adams", "PJSIP/alice"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::recorded_call::CALLS;
    use super::super::scenario::CallScenario;
    use super::super::template::CallValues;
    use super::*;

    /// Checks the channels of a recorded call in the lists at each moment, and whether it waits in the queue.
    #[track_caller]
    fn check(name: &str, expected: &[(&[&str], bool)]) {
        let recorded = CALLS.into_iter().find(|recorded| recorded.name == name).unwrap();
        let read = |classes: &[String]| classes.iter().all(|class| class == "call" || class == "agent");
        let call = CallScenario::new(recorded, read);
        let values = CallValues { number: 7, seconds: 61, position: 3, ..CallValues::default() };
        let text = |template: &Template| String::from_utf8(template.to_bytes(&values)).unwrap();
        let field = |text: &str, name: &str| {
            let start = format!("{name}: ");
            let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
            line.split('-').next().unwrap().to_owned()
        };
        let got: Vec<(Vec<String>, bool)> = call
            .moments
            .iter()
            .map(|moment| {
                let core = moment.items.core.iter().map(|item| {
                    let text = text(item);
                    ["Channel", "ChannelState", "Application", "BridgeId", "Duration"]
                        .map(|name| field(&text, name))
                        .join(" ")
                });
                assert_eq!(moment.items.status.len(), moment.items.core.len());
                (core.collect(), moment.items.entry.is_some())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(channels, waits)| (channels.iter().map(|c| (*c).to_owned()).collect(), *waits))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn the_lists_contain_the_channels_of_each_moment() {
        check(
            "inbound-answered",
            &[
                (&["PJSIP/trunk 4 Dial  00:01:01", "PJSIP/alice 5 AppDial  00:01:01"], false),
                (&["PJSIP/trunk 6 Dial 00000000 00:01:01", "PJSIP/alice 6 AppDial 00000000 00:01:01"], false),
                (&[], false),
            ],
        );
        let ringing: &[&str] = &[
            "PJSIP/trunk 6 Queue  00:01:01",
            "PJSIP/alice 5 AppQueue  00:01:01",
            "PJSIP/bob 5 AppQueue  00:01:01",
        ];
        check("queue-abandoned", &[(ringing, true), (&[], false)]);
    }
}

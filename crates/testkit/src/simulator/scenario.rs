//! The scenario of a call: its events, as templates for any number of calls.

use std::time::Duration;

use super::channels::{ListItems, ScenarioChannels};
use super::recorded_call::{CALLER, RecordedCall, RecordedEvent};
use super::template::{CallValues, Placeholder, Template};

/// Events closer together than this belong to one moment.
const MOMENT: Duration = Duration::from_millis(200);

/// A kind of call.
#[derive(Clone, Debug)]
pub(super) struct CallScenario {
    /// The name of its recording.
    pub(super) name: &'static str,
    /// The share of such calls, in percent.
    pub(super) share: u32,
    /// The number of channels of such a call.
    pub(super) channel_count: u64,
    /// Its moments; the call ends with the last one.
    pub(super) moments: Vec<CallMoment>,
}

/// The events of a call that happen together.
#[derive(Clone, Debug)]
pub(super) struct CallMoment {
    /// The recorded time since the previous moment.
    pub(super) after: Duration,
    /// Its events, in order.
    pub(super) events: Vec<EventTemplate>,
    /// Whether the call is answered by now.
    pub(super) answered: bool,
    /// The items of the call in the lists from now on.
    pub(super) items: ListItems,
}

/// An event, as a template for any call.
#[derive(Clone, Debug)]
pub(super) struct EventTemplate {
    /// Its classes, except `all`.
    pub(super) classes: Vec<String>,
    /// Its text, with the empty line at its end.
    pub(super) text: Template,
}

impl EventTemplate {
    /// The event of a fictitious call, to match filters against.
    pub(super) fn sample(&self) -> Vec<u8> {
        self.text.to_bytes(&CallValues::default())
    }
}

impl CallScenario {
    /// The scenario of a recorded call, for a user who may read the classes for which `read` returns true.
    pub(super) fn new(recorded: RecordedCall, read: impl Fn(&[String]) -> bool) -> Self {
        let events = recorded.events();
        let tokens = find_tokens(&events);
        let mut channels = ScenarioChannels::default();
        let mut moments: Vec<CallMoment> = Vec::new();
        let mut last = Duration::ZERO;
        let mut answered = false;
        for event in events {
            let classes = classes(event);
            if read(&classes) {
                let after = event.at.saturating_sub(last);
                if moments.is_empty() || after > MOMENT {
                    if let Some(moment) = moments.last_mut() {
                        moment.items = channels.items(&tokens);
                    }
                    let (events, items) = (Vec::new(), ListItems::default());
                    moments.push(CallMoment { after, events, answered, items });
                }
                last = event.at;
                if let Some(moment) = moments.last_mut() {
                    let text = Template::new(&[event.text, b"\r\n\r\n"].concat(), &tokens);
                    moment.events.push(EventTemplate { classes, text });
                }
            }
            channels.apply(event);
            answered |= event.name() == b"BridgeEnter";
            if let Some(moment) = moments.last_mut() {
                moment.answered = answered;
            }
        }
        if let Some(moment) = moments.last_mut() {
            moment.items = channels.items(&tokens);
        }
        let channel_count =
            tokens.iter().filter(|(_, placeholder)| matches!(placeholder, Placeholder::Uniqueid(_))).count();
        Self { name: recorded.name, share: recorded.share, channel_count: channel_count as u64, moments }
    }
}

fn classes(event: RecordedEvent) -> Vec<String> {
    let privilege = String::from_utf8_lossy(event.get("Privilege")).into_owned();
    privilege.split(',').filter(|class| *class != "all").map(str::to_owned).collect()
}

/// The texts that differ from call to call.
fn find_tokens(events: &[RecordedEvent]) -> Vec<(Vec<u8>, Placeholder)> {
    let mut tokens = vec![(CALLER.to_vec(), Placeholder::Number)];
    let mut bridges = 0;
    let begun = events.iter().filter(|event| event.name() == b"Newchannel");
    for (leg, event) in (0..).zip(begun) {
        tokens.push((event.get("Uniqueid").to_vec(), Placeholder::Uniqueid(leg)));
        let name = event.get("Channel");
        tokens.push((
            name.get(name.len().saturating_sub(8)..).unwrap_or_default().to_vec(),
            Placeholder::Serial(leg),
        ));
    }
    for event in events.iter().filter(|event| event.name() == b"BridgeCreate") {
        tokens.push((event.get("BridgeUniqueid").to_vec(), Placeholder::Bridge(bridges)));
        bridges += 1;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::super::recorded_call::CALLS;
    use super::*;

    fn least(classes: &[String]) -> bool {
        classes.iter().all(|class| ["system", "call", "agent"].contains(&class.as_str()))
    }

    #[test]
    fn scenarios_have_the_recorded_channels_moments_and_answers() {
        let found: Vec<_> = CALLS
            .map(|recorded| CallScenario::new(recorded, least))
            .iter()
            .map(|call| {
                let answered = call.moments.iter().position(|moment| moment.answered);
                (call.name, call.channel_count, call.moments.len(), answered)
            })
            .collect();
        let expected = [
            ("inbound-answered", 2, 3, Some(1)),
            ("inbound-callee-hangs-up", 2, 3, Some(1)),
            ("inbound-caller-cancels", 2, 2, None),
            ("inbound-busy", 2, 2, None),
            ("queue-answered", 3, 3, Some(1)),
            ("queue-agent-hangs-up", 3, 3, Some(1)),
            ("queue-abandoned", 3, 2, None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn rendered_events_contain_nothing_of_the_recorded_call() {
        for recorded in CALLS {
            let call = CallScenario::new(recorded, |_| true);
            let sent = call.moments.iter().flat_map(|moment| &moment.events).flat_map(EventTemplate::sample);
            let sent = String::from_utf8_lossy(&sent.collect::<Vec<_>>()).into_owned();
            let events = recorded.events();
            for (token, _) in find_tokens(&events) {
                let token = String::from_utf8(token).unwrap();
                // A serial may be part of another number.
                assert!(!sent.contains(&token) || token.len() == 8, "{}: {token}", call.name);
            }
            assert!(sent.contains("Channel: PJSIP/trunk-00000000"), "{}", call.name);
        }
    }
}

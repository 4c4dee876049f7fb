//! What happens in the life of a call, moment by moment, ready to be said of any call.

use std::time::Duration;

use super::channels::{Channels, Items};
use super::recorded::{CALLER, Event, Recorded};
use super::template::{Filling, Hole, Template};

/// Events that lie closer together than this happen at one moment.
const MOMENT: Duration = Duration::from_millis(200);

/// A kind of call.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    /// The recording it comes from.
    pub(super) name: &'static str,
    /// How many calls in a hundred go like this.
    pub(super) share: u32,
    /// How many channels such a call has.
    pub(super) legs: u64,
    /// What happens; after the last of them all is over.
    pub(super) moments: Vec<Moment>,
}

/// What happens to a call at once.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// How long after the moment before it, where the call was recorded.
    pub(super) after: Duration,
    /// What is said of it, in order.
    pub(super) events: Vec<Said>,
    /// Whether somebody has taken the call by now.
    pub(super) answered: bool,
    /// What the lists have of the call from here on.
    pub(super) items: Items,
}

/// An event that can be said of any call.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Its classes, but for `all`.
    pub(super) classes: Vec<String>,
    /// All of it, with the empty line that ends it.
    pub(super) text: Template,
}

impl Said {
    /// It, said of a call that does not exist: to see whether a filter keeps it back.
    pub(super) fn sample(&self) -> Vec<u8> {
        self.text.text(&Filling::default())
    }
}

impl Lifecycle {
    /// That of a recorded call, as somebody hears it who may read the classes that `read` says yes to.
    pub(super) fn new(recorded: Recorded, read: impl Fn(&[String]) -> bool) -> Self {
        let events = recorded.events();
        let tokens = tokens(&events);
        let mut channels = Channels::default();
        let mut moments: Vec<Moment> = Vec::new();
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
                    let (events, items) = (Vec::new(), Items::default());
                    moments.push(Moment { after, events, answered, items });
                }
                last = event.at;
                if let Some(moment) = moments.last_mut() {
                    let text = Template::new(&[event.text, b"\r\n\r\n"].concat(), &tokens);
                    moment.events.push(Said { classes, text });
                }
            }
            channels.learn(event);
            answered |= event.name() == b"BridgeEnter";
            if let Some(moment) = moments.last_mut() {
                moment.answered = answered;
            }
        }
        if let Some(moment) = moments.last_mut() {
            moment.items = channels.items(&tokens);
        }
        let legs = tokens.iter().filter(|(_, hole)| matches!(hole, Hole::Uniqueid(_))).count();
        Self { name: recorded.name, share: recorded.share, legs: legs as u64, moments }
    }
}

fn classes(event: Event) -> Vec<String> {
    let privilege = String::from_utf8_lossy(event.get("Privilege")).into_owned();
    privilege.split(',').filter(|class| *class != "all").map(str::to_owned).collect()
}

/// What is not the same in every call.
fn tokens(events: &[Event]) -> Vec<(Vec<u8>, Hole)> {
    let mut tokens = vec![(CALLER.to_vec(), Hole::Number)];
    let mut bridges = 0;
    let begun = events.iter().filter(|event| event.name() == b"Newchannel");
    for (leg, event) in (0..).zip(begun) {
        tokens.push((event.get("Uniqueid").to_vec(), Hole::Uniqueid(leg)));
        let name = event.get("Channel");
        tokens
            .push((name.get(name.len().saturating_sub(8)..).unwrap_or_default().to_vec(), Hole::Serial(leg)));
    }
    for event in events.iter().filter(|event| event.name() == b"BridgeCreate") {
        tokens.push((event.get("BridgeUniqueid").to_vec(), Hole::Bridge(bridges)));
        bridges += 1;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::super::recorded::CALLS;
    use super::*;

    fn least(classes: &[String]) -> bool {
        classes.iter().all(|class| ["system", "call", "agent"].contains(&class.as_str()))
    }

    #[test]
    fn calls_ring_are_answered_or_not_and_end() {
        let found: Vec<_> = CALLS
            .map(|recorded| Lifecycle::new(recorded, least))
            .iter()
            .map(|call| {
                let answered = call.moments.iter().position(|moment| moment.answered);
                (call.name, call.legs, call.moments.len(), answered)
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
    fn nothing_of_the_recorded_call_is_left_in_what_is_said() {
        for recorded in CALLS {
            let call = Lifecycle::new(recorded, |_| true);
            let said = call.moments.iter().flat_map(|moment| &moment.events).flat_map(Said::sample);
            let said = String::from_utf8_lossy(&said.collect::<Vec<_>>()).into_owned();
            let events = recorded.events();
            for (token, _) in tokens(&events) {
                let token = String::from_utf8(token).unwrap();
                // A serial may be part of another number.
                assert!(!said.contains(&token) || token.len() == 8, "{}: {token}", call.name);
            }
            assert!(said.contains("Channel: PJSIP/trunk-00000000"), "{}", call.name);
        }
    }
}

//! What is concluded of channels: what they are, and which call they belong to.

use ringwire_event::Conclusion;

use super::super::Tracker;
use crate::model::{CallKey, Ch, Channel, Kind};

impl Tracker {
    /// What a new channel is (translation rules, section 2).
    pub(in crate::tracker) fn explain_class(&mut self, ch: Ch) {
        let Some(kind) = self.channels.get(ch).map(|channel| channel.kind) else { return };
        match kind {
            Kind::Plumbing => self.note(ch, Conclusion::Helper, "rules 1", |tracker| {
                format!("{} is a helper of the PBX, never a party", tracker.shown(ch))
            }),
            Kind::External => self.note(ch, Conclusion::Classed, "rules 2", |tracker| {
                let why = tracker.channels.get(ch).map(|channel| tracker.why_outside(channel));
                format!("{} is a trunk: {}", tracker.shown(ch), why.unwrap_or_default())
            }),
            Kind::Device => self.note(ch, Conclusion::Classed, "rules 2", |tracker| {
                let context = tracker.channels.get(ch).map_or("", |channel| &channel.context);
                let context = match context {
                    "" => "it has no context".to_owned(),
                    context => format!("its context {context} is no inbound context"),
                };
                format!("{} is a phone: {context}, and it is no configured trunk", tracker.shown(ch))
            }),
        }
    }

    fn why_outside(&self, channel: &Channel) -> String {
        let trunk = self.rules.trunks.iter().find(|pattern| pattern.matches(&channel.endpoint));
        let context = || self.rules.inbound_contexts.iter().find(|pattern| pattern.matches(&channel.context));
        match (trunk, context()) {
            (Some(pattern), _) => format!("it matches the configured trunk {pattern}"),
            (None, Some(pattern)) => format!("its context {} matches {pattern}", channel.context),
            (None, None) => "a number is dialled on it".to_owned(),
        }
    }

    /// A dialled channel turns out to be a trunk.
    pub(in crate::tracker) fn explain_number_apart(&mut self, ch: Ch, dial_string: &str) {
        self.note(ch, Conclusion::Classed, "rules 2", |tracker| {
            let shown = tracker.shown(ch);
            format!("{shown} is a trunk: the dial string {dial_string} has a number apart from its name")
        });
    }

    /// The PBX began to count again, or says that it was started anew.
    pub(in crate::tracker) fn explain_restart(&mut self, ch: Ch) {
        self.note(ch, Conclusion::Restarted, "AMI 5", |tracker| {
            format!("the PBX was started anew: {} of before is gone", tracker.shown(ch))
        });
    }

    pub(in crate::tracker) fn explain_listed(&mut self, ch: Ch, application: &str) {
        self.note(ch, Conclusion::Listed, "rules 3", |tracker| {
            let state = tracker.channels.get(ch).map_or("", |channel| channel.state.as_str());
            let at = match application {
                "" => String::new(),
                application => format!(", in {application}"),
            };
            format!(
                "learnt from a list of channels, not seen as it happened: {} is {state}{at}",
                tracker.shown(ch)
            )
        });
    }

    pub(in crate::tracker) fn explain_missing(&mut self, ch: Ch) {
        self.note(ch, Conclusion::Missing, "rules 3", |tracker| {
            format!("{} is not in the list of channels: it ended while nobody watched", tracker.shown(ch))
        });
    }

    pub(in crate::tracker) fn explain_withheld(&mut self, ch: Ch) {
        self.note(ch, Conclusion::Caller, "rules 2", |_| "the caller asks not to show the number".to_owned());
    }

    /// A channel begins a call.
    pub(in crate::tracker) fn explain_begin(&mut self, key: CallKey, ch: Ch) {
        let Some(story) = self.channels.get(ch).map(|channel| channel.born).filter(|_| self.notes.on) else {
            return;
        };
        let words = |tracker: &Self| {
            let shown = tracker.shown(ch);
            let exten = tracker.channels.get(ch).map_or("", |channel| &channel.exten);
            match tracker.event_heard() {
                b"Newchannel" | b"Newstate" => {
                    format!("{shown} begins a call: nobody dialled it, and it has somewhere to go ({exten})")
                }
                b"DialBegin" | b"Dial" => {
                    format!(
                        "{shown} begins a call: it dials, and nobody was seen to dial it (Originate, or a queue)"
                    )
                }
                b"CoreShowChannelsComplete" | b"StatusComplete" => {
                    format!("{shown} began a call: the list has it going somewhere ({exten})")
                }
                _ => format!("{shown} begins a call: it waits in a queue"),
            }
        };
        self.push_note(key.into(), Conclusion::Began, "rules 1", words, |note| note.absorbs = Some(story));
    }

    /// A leg tells of a call of which nothing else is known.
    pub(in crate::tracker) fn explain_unseen(&mut self, key: CallKey) {
        self.note(key, Conclusion::Began, "rules 3", |tracker| {
            format!(
                "a leg of the call {} was created, of which nothing was heard: it began before",
                tracker.root_of(key)
            )
        });
    }

    /// Who began the call is known at last.
    pub(in crate::tracker) fn explain_beginner(&mut self, key: CallKey, ch: Ch) {
        self.note(key, Conclusion::Began, "rules 3", |tracker| {
            format!("{} is who began the call", tracker.shown(ch))
        });
    }

    /// A channel without a call belongs to one from here on, and what was told of it is a part of that story.
    pub(in crate::tracker) fn explain_tie(&mut self, ch: Ch, key: CallKey) {
        if !self.notes.on {
            return;
        }
        let Some(channel) = self.channels.get(ch) else { return };
        let (story, party, uniqueid) = (channel.born, channel.is_party(), channel.uniqueid.clone());
        let Some(call) = self.calls.get(key) else { return };
        if call.is_over() {
            return self.explain_uncalled(ch, "it belongs to a call that is over");
        }
        let own = call.root == uniqueid;
        if own && call.beginner == Some(ch) {
            return; // told when it began
        }
        let concluded = if party { Conclusion::Tied } else { Conclusion::Helper };
        let words = |tracker: &Self| {
            let by =
                if own { "it is the channel that the call is named after" } else { tracker.tied_by(key) };
            format!("{} belongs to the call {}: {by}", tracker.shown(ch), tracker.root_of(key))
        };
        self.push_note(key.into(), concluded, "rules 1", words, |note| note.absorbs = Some(story));
    }

    /// By what two channels are tied, told by the event that did it.
    pub(super) fn tied_by(&self, key: CallKey) -> &'static str {
        let linked = || {
            let linkedid = self.notes.hearing.as_ref().and_then(|packet| packet.text("Linkedid"));
            let linkedids = self.calls.get(key).map(|call| call.linkedids.as_slice()).unwrap_or_default();
            linkedid.is_some_and(|linkedid| linkedids.iter().any(|known| *known == *linkedid))
        };
        match self.event_heard() {
            b"Newchannel" | b"Newstate" if linked() => "its Linkedid says so",
            b"Newstate" => "it rings with the number of the caller who waits longest in a queue",
            b"Newchannel" | b"LocalBridge" => "they are the two halves of one Local channel",
            b"Dial" | b"DialBegin" => "one dials the other",
            b"AgentCalled" => "the queue calls an agent for it",
            b"AgentConnect" => "the queue connects the two",
            b"BridgeEnter" | b"Bridge" | b"Link" => "they are in one bridge",
            b"Pickup" => "it is picked up",
            b"AttendedTransfer" => "a transfer joins them",
            b"Rename" => "one takes the other's place",
            _ => "the list of channels says so",
        }
    }

    /// The name of the event being heard.
    pub(super) fn event_heard(&self) -> &[u8] {
        self.notes.hearing.as_ref().and_then(|packet| packet.event_name()).unwrap_or_default()
    }

    /// A channel that is in no call is gone: its story ends, and nothing was said.
    pub(in crate::tracker) fn explain_end(&mut self, ch: Ch) {
        let Some(channel) = self.channels.get(ch).filter(|channel| channel.call.is_none()) else { return };
        let why = match channel.dialled {
            true => {
                "the PBX called it (Originate) and it went nowhere from there, or its caller was never seen"
            }
            false => "it went nowhere and was not dialled for anybody",
        };
        self.explain_uncalled(ch, why);
    }

    fn explain_uncalled(&mut self, ch: Ch, why: &str) {
        let party = self.channels.get(ch).is_some_and(Channel::is_party);
        if self.notes.on {
            let concluded = if party { Conclusion::Unannounced } else { Conclusion::Helper };
            let words =
                |tracker: &Self| format!("never announced: {} was part of no call; {why}", tracker.shown(ch));
            self.push_note(ch.into(), concluded, "rules 2", words, |note| note.ends = true);
        }
    }

    /// The endpoint of one channel and its part in the call move to another.
    pub(in crate::tracker) fn explain_masquerade(&mut self, from: Ch, to: Ch) {
        self.note(to, Conclusion::Masqueraded, "AMI 3.12", |tracker| {
            let uniqueid = |ch| tracker.channels.get(ch).map_or("?", |channel: &Channel| &channel.uniqueid);
            format!(
                "masquerade: {} and its part in the call move from channel {} to {}",
                tracker.shown(to),
                uniqueid(from),
                uniqueid(to)
            )
        });
    }

    /// A party leaves a call that goes on.
    pub(in crate::tracker) fn explain_left(&mut self, ch: Ch) {
        let Some(channel) = self.channels.get(ch).filter(|channel| channel.is_party()) else { return };
        let Some(key) = channel.call else { return };
        let Some(call) = self.calls.get(key).filter(|_| self.notes.on) else { return };
        let others = call.members.iter().filter(|member| **member != ch);
        let goes_on = others.filter_map(|ch| self.channels.get(*ch)).any(Channel::is_party);
        if call.is_answered() && goes_on {
            self.note(key, Conclusion::Left, "rules 3", |tracker| {
                format!("{} is gone, and the call goes on without it", tracker.shown(ch))
            });
        }
    }

    /// An event was dropped. Whose it was is not certain: the channel is the first that it names. Of a channel that is not
    /// known it is a story of its own.
    pub(in crate::tracker) fn explain_forged(&mut self) {
        if !self.notes.on {
            return;
        }
        let uniqueid = self.notes.hearing.as_ref().and_then(|packet| packet.text("Uniqueid"));
        let uniqueid = uniqueid.map(|uniqueid| uniqueid.into_owned()).unwrap_or_default();
        let words = "dropped: a caller has written headers of their own into this event; a list of channels makes good \
                     what it told";
        match self.by_uniqueid.get(&uniqueid).copied() {
            Some(ch) => self.note(ch, Conclusion::Forged, "AMI 5", |_| words.to_owned()),
            None => self.note_alone(uniqueid, Conclusion::Forged, "AMI 5", words),
        }
    }
}

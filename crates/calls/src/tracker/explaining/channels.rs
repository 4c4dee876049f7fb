//! What is decided about channels: what they are, and which call they belong to.

use ringwire_event::explanation::{
    Explanation, JoinReason, NoCallReason, RecordedDecision, StartReason, StepLog, TextRef, TextTable,
};

use super::super::Tracker;
use crate::model::{CallKey, Channel, ChannelKey, ChannelKind};

impl Tracker {
    /// What a new channel is (call rules 2).
    pub(in crate::tracker) fn explain_classified(&mut self, ch: ChannelKey) {
        self.record(ch, |tracker, texts| {
            let channel = texts.intern(tracker.shown(ch));
            let Some(known) = tracker.channels.get(ch) else {
                return RecordedDecision::Auxiliary { channel };
            };
            match known.kind {
                ChannelKind::Auxiliary => RecordedDecision::Auxiliary { channel },
                ChannelKind::External => tracker.trunk_reason(channel, known, texts),
                ChannelKind::Device => {
                    RecordedDecision::Phone { channel, context: unless_empty(texts, &known.context) }
                }
            }
        });
    }

    fn trunk_reason(&self, channel: TextRef, known: &Channel, texts: &mut TextTable) -> RecordedDecision {
        let trunk = self.rules.trunks.iter().find(|pattern| pattern.matches(&known.endpoint));
        if let Some(pattern) = trunk {
            let pattern = texts.intern(&pattern.to_string());
            return RecordedDecision::ConfiguredTrunk { channel, pattern };
        }
        match self.rules.inbound_contexts.iter().find(|pattern| pattern.matches(&known.context)) {
            Some(pattern) => RecordedDecision::TrunkByContext {
                channel,
                context: texts.intern(&known.context),
                pattern: texts.intern(&pattern.to_string()),
            },
            None => RecordedDecision::TrunkByNumber { channel, dial_string: None },
        }
    }

    /// A dialled channel turns out to be a trunk.
    pub(in crate::tracker) fn explain_trunk_by_number(&mut self, ch: ChannelKey, dial_string: &str) {
        self.record(ch, |tracker, texts| RecordedDecision::TrunkByNumber {
            channel: texts.intern(tracker.shown(ch)),
            dial_string: Some(texts.intern(dial_string)),
        });
    }

    /// The PBX counts Uniqueids anew, or reports another start time.
    pub(in crate::tracker) fn explain_restart(&mut self, ch: ChannelKey) {
        self.record(ch, |tracker, texts| RecordedDecision::Restarted {
            channel: texts.intern(tracker.shown(ch)),
        });
    }

    pub(in crate::tracker) fn explain_listed(&mut self, ch: ChannelKey, application: &str) {
        self.record(ch, |tracker, texts| {
            let state = tracker.channels.get(ch).map_or("", |channel| channel.state.as_str());
            RecordedDecision::Listed {
                channel: texts.intern(tracker.shown(ch)),
                state: texts.intern(state),
                application: unless_empty(texts, application),
            }
        });
    }

    pub(in crate::tracker) fn explain_missing(&mut self, ch: ChannelKey) {
        self.record(ch, |tracker, texts| RecordedDecision::Missing {
            channel: texts.intern(tracker.shown(ch)),
        });
    }

    pub(in crate::tracker) fn explain_withheld(&mut self, ch: ChannelKey) {
        self.record(ch, |_, _| RecordedDecision::CallerWithholds);
    }

    /// A channel starts a call.
    pub(in crate::tracker) fn explain_start(&mut self, key: CallKey, ch: ChannelKey) {
        if !self.recorder.is_on {
            return;
        }
        self.absorb_channel_log(key, ch);
        let reason = match self.recorder.event_name() {
            b"Newchannel" | b"Newstate" => StartReason::GoesSomewhere,
            b"DialBegin" | b"Dial" => StartReason::Dials,
            b"CoreShowChannelsComplete" | b"StatusComplete" => StartReason::Listed,
            _ => StartReason::Queued,
        };
        self.record(key, |tracker, texts| {
            let exten = tracker.channels.get(ch).map_or("", |channel| &channel.exten);
            RecordedDecision::Started {
                channel: texts.intern(tracker.shown(ch)),
                reason,
                exten: unless_empty(texts, exten),
            }
        });
    }

    /// A leg names a call of which nothing else is known.
    pub(in crate::tracker) fn explain_unseen_start(&mut self, key: CallKey) {
        self.record(key, |tracker, texts| RecordedDecision::StartUnseen {
            call: texts.intern(tracker.root_of(key)),
        });
    }

    /// The originator of the call is known at last.
    pub(in crate::tracker) fn explain_originator(&mut self, key: CallKey, ch: ChannelKey) {
        self.record(key, |tracker, texts| RecordedDecision::OriginatorKnown {
            channel: texts.intern(tracker.shown(ch)),
        });
    }

    /// A channel without a call belongs to one from here on, and what was recorded about it is part of that explanation.
    pub(in crate::tracker) fn explain_joined(&mut self, ch: ChannelKey, key: CallKey) {
        if !self.recorder.is_on {
            return;
        }
        let (Some(channel), Some(call)) = (self.channels.get(ch), self.calls.get(key)) else { return };
        if call.is_over() {
            return self.explain_no_call(ch, NoCallReason::CallIsOver);
        }
        let (party, names_the_call) = (channel.is_party(), call.root == channel.uniqueid);
        if names_the_call && call.originator == Some(ch) {
            return; // recorded when it started the call
        }
        self.absorb_channel_log(key, ch);
        let reason = if names_the_call { JoinReason::NamesTheCall } else { self.join_reason(key) };
        self.record(key, |tracker, texts| RecordedDecision::Joined {
            channel: texts.intern(tracker.shown(ch)),
            call: texts.intern(tracker.root_of(key)),
            reason,
            party,
        });
    }

    /// Why two channels become one call: it follows from the event that joined them.
    pub(super) fn join_reason(&self, key: CallKey) -> JoinReason {
        let linked = || {
            let linkedid = self.recorder.packet().and_then(|packet| packet.text("Linkedid"));
            let linkedids = self.calls.get(key).map(|call| call.linkedids.as_slice()).unwrap_or_default();
            linkedid.is_some_and(|linkedid| linkedids.iter().any(|known| *known == *linkedid))
        };
        match self.recorder.event_name() {
            b"Newchannel" | b"Newstate" if linked() => JoinReason::Linkedid,
            b"Newstate" => JoinReason::RingsForQueue,
            b"Newchannel" | b"LocalBridge" => JoinReason::LocalHalves,
            b"Dial" | b"DialBegin" => JoinReason::Dial,
            b"AgentCalled" => JoinReason::QueueCalls,
            b"AgentConnect" => JoinReason::QueueConnects,
            b"BridgeEnter" | b"Bridge" | b"Link" => JoinReason::Bridge,
            b"Pickup" => JoinReason::Pickup,
            b"AttendedTransfer" => JoinReason::Transfer,
            b"Rename" => JoinReason::Masquerade,
            _ => JoinReason::Listed,
        }
    }

    /// A channel that is in no call is gone: its explanation ends, and nothing was published.
    pub(in crate::tracker) fn explain_unused_channel(&mut self, ch: ChannelKey) {
        let Some(channel) = self.channels.get(ch).filter(|channel| channel.call.is_none()) else { return };
        let reason = if channel.dialled { NoCallReason::OnlyDialled } else { NoCallReason::WentNowhere };
        self.explain_no_call(ch, reason);
    }

    fn explain_no_call(&mut self, ch: ChannelKey, reason: NoCallReason) {
        self.record(ch, |tracker, texts| RecordedDecision::NoCall {
            channel: texts.intern(tracker.shown(ch)),
            reason,
            party: tracker.channels.get(ch).is_some_and(Channel::is_party),
        });
        self.finish(ch.into());
    }

    /// The endpoint of one channel and its part in the call move to another.
    pub(in crate::tracker) fn explain_masquerade(&mut self, from: ChannelKey, to: ChannelKey) {
        self.record(to, |tracker, texts| {
            let uniqueid = |ch| tracker.channels.get(ch).map_or("?", |channel: &Channel| &channel.uniqueid);
            RecordedDecision::Masqueraded {
                channel: texts.intern(tracker.shown(to)),
                from: texts.intern(uniqueid(from)),
                to: texts.intern(uniqueid(to)),
            }
        });
    }

    /// A party leaves a call that goes on.
    pub(in crate::tracker) fn explain_left(&mut self, ch: ChannelKey) {
        if !self.recorder.is_on {
            return;
        }
        let Some(channel) = self.channels.get(ch).filter(|channel| channel.is_party()) else { return };
        let Some(key) = channel.call else { return };
        let Some(call) = self.calls.get(key) else { return };
        let others = call.members.iter().filter(|member| **member != ch);
        let goes_on = others.filter_map(|ch| self.channels.get(*ch)).any(Channel::is_party);
        if call.is_answered() && goes_on {
            self.record(key, |tracker, texts| RecordedDecision::Left {
                channel: texts.intern(tracker.shown(ch)),
            });
        }
    }

    /// An event was dropped. Whose it was is not certain: the channel is the first that it names. Of a channel that is not
    /// known it is an explanation of its own.
    pub(in crate::tracker) fn explain_forged(&mut self) {
        if !self.recorder.is_on {
            return;
        }
        let uniqueid = self.recorder.packet().and_then(|packet| packet.text("Uniqueid"));
        let uniqueid = uniqueid.map(|uniqueid| uniqueid.into_owned()).unwrap_or_default();
        if let Some(ch) = self.by_uniqueid.get(&uniqueid).copied() {
            return self.record(ch, |_, _| RecordedDecision::Forged);
        }
        let mut log = Box::<StepLog>::default();
        self.recorder.set_source(&mut log, self.now);
        log.record(self.recorder.next_order(), RecordedDecision::Forged);
        self.recorder.finish(Explanation::new(None, uniqueid, log));
    }
}

/// The reference of `text`, unless it is empty.
fn unless_empty(texts: &mut TextTable, text: &str) -> Option<TextRef> {
    (!text.is_empty()).then(|| texts.intern(text))
}

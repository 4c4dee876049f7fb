//! What applications of the dialplan do with a call: conferences, recordings, voicemail.

use ringwire_event::{AnsweredBy, CallFacts, EventKind};

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{CallKey, CallRecording, ChannelKey, PendingEvent};

impl Tracker {
    /// ConfbridgeJoin, MeetmeJoin: it takes the caller's call, and others are in it.
    pub(super) fn on_conference_join(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        if let Some(key) = self.originated_call(ch) {
            self.publish_answer(key, AnsweredBy::Conference, "conference", None);
        }
        let (conference, user) = (conference(packet), self.party(ch));
        self.publish_of_channel(ch, EventKind::ConferenceJoined { conference, user });
    }

    /// ConfbridgeLeave, MeetmeLeave.
    pub(super) fn on_conference_leave(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let (conference, user) = (conference(packet), self.party(ch));
        self.publish_of_channel(ch, EventKind::ConferenceLeft { conference, user });
    }

    fn publish_of_channel(&mut self, ch: ChannelKey, kind: EventKind) {
        let facts = CallFacts { leg: self.leg(ch), ..CallFacts::default() };
        if let Some(key) = self.living_call(ch).filter(|_| facts.leg.is_some()) {
            self.publish_with(key, kind, facts);
        }
    }

    /// A channel is at a step of the dialplan that may record the call, or take a message.
    pub(super) fn note_application(&mut self, ch: ChannelKey, application: &str, data: &str) {
        let is = |name: &str| application.eq_ignore_ascii_case(name);
        let argument = |place: usize| {
            data.split([',', '|'])
                .nth(place)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        if is("VoiceMail") {
            if let Some(channel) = self.channels.get_mut(ch) {
                channel.mailboxes = argument(0);
            }
        } else if is("MixMonitor") {
            self.start_recording(ch, argument(0));
        } else if is("Monitor") {
            self.start_recording(ch, argument(1));
        } else if (is("StopMixMonitor") || is("StopMonitor"))
            && let Some(key) = self.living_call(ch)
        {
            self.stop_recording(key);
        }
    }

    /// MixMonitorStart (16.16, 18.2 and newer): also that of a manager action, without its file.
    pub(super) fn on_mix_monitor_start(&mut self, packet: &EventHeaders<'_>) {
        if let Some(ch) = self.resolve_channel(packet, "Uniqueid") {
            self.start_recording(ch, None);
        }
    }

    /// MixMonitorStop.
    pub(super) fn on_mix_monitor_stop(&mut self, packet: &EventHeaders<'_>) {
        if let Some(ch) = self.resolve_channel(packet, "Uniqueid")
            && let Some(key) = self.living_call(ch)
        {
            self.stop_recording(key);
        }
    }

    /// A recording starts, which is often before the call is announced. Two events may say so.
    fn start_recording(&mut self, ch: ChannelKey, file: Option<String>) {
        let Some(key) = self.living_call(ch) else { return };
        let Some(call) = self.calls.get_mut(key) else { return };
        match &mut call.recording {
            Some(known) if known.is_on && (file.is_none() || known.file.is_none() || known.file == file) => {
                known.file = known.file.take().or(file);
            }
            known => {
                *known = Some(CallRecording { file, is_on: true, is_published: false });
                self.publish_recording(key);
            }
        }
    }

    /// Publishes that a recording has started, once its call is announced.
    pub(super) fn publish_recording(&mut self, key: CallKey) {
        let time = self.now;
        let Some(call) = self.calls.get_mut(key).filter(|call| call.is_announced()) else { return };
        let Some(recording) = call.recording.as_mut().filter(|known| known.is_on && !known.is_published)
        else {
            return;
        };
        recording.is_published = true;
        let kind = EventKind::RecordingStarted { file: recording.file.clone() };
        self.push_event(key, PendingEvent { kind, time, facts: CallFacts::default() });
    }

    /// The recording ends, or the call with it.
    pub(super) fn stop_recording(&mut self, key: CallKey) {
        let Some(recording) = self.calls.get_mut(key).and_then(|call| call.recording.as_mut()) else {
            return;
        };
        if std::mem::take(&mut recording.is_on) && recording.is_published {
            let file = recording.file.clone();
            self.publish(key, EventKind::RecordingStopped { file });
        }
    }

    /// MessageWaiting: a message was left, if that is what a caller is there for. From 12 on it has the caller's channel.
    pub(super) fn on_message_waiting(&mut self, packet: &EventHeaders<'_>) {
        let count = |key: &str| packet.text(key).and_then(|text| text.trim().parse::<u32>().ok());
        let Some(mailbox) = packet.text("Mailbox") else { return };
        let ch = match packet.get("Uniqueid") {
            Some(_) => self.channel_of(packet, "Uniqueid"),
            None => self.leaving_message_in(&mailbox),
        };
        let Some(key) = ch.and_then(|ch| self.living_call(ch)) else { return };
        let is_voicemail =
            self.calls.get(key).is_some_and(|call| call.answered_by == Some(AnsweredBy::Voicemail));
        if is_voicemail && packet.text("Waiting").is_none_or(|waiting| waiting != "0") {
            let (new_messages, old_messages) = (count("New"), count("Old"));
            let mailbox = mailbox.into_owned();
            self.publish(key, EventKind::VoicemailLeft { mailbox, new_messages, old_messages });
        }
    }

    /// The channel that has been longest in the application VoiceMail with this mailbox.
    fn leaving_message_in(&self, mailbox: &str) -> Option<ChannelKey> {
        let names_it = |mailboxes: &str| {
            mailboxes.split('&').any(|one| match one.contains('@') {
                true => one == mailbox,
                false => mailbox.strip_suffix("@default") == Some(one) || one == mailbox,
            })
        };
        let leaves = self.channels.iter().filter(|(_, channel)| {
            channel.in_voicemail && channel.mailboxes.as_deref().is_some_and(names_it)
        });
        leaves.min_by_key(|(_, channel)| channel.sequence).map(|(ch, _)| ch)
    }
}

fn conference(packet: &EventHeaders<'_>) -> Option<String> {
    packet.text("Conference").or_else(|| packet.text("Meetme")).map(|text| text.into_owned())
}

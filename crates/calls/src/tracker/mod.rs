//! Packets in, call events out.

mod announcement;
mod answering;
mod applications;
mod asked_for;
mod bridging;
mod channels;
mod dialling;
mod explaining;
mod facts;
mod forwarding;
mod hangups;
mod joining;
mod listed_dials;
mod masquerade;
mod parking;
mod parties;
mod publishing;
mod queues;
mod resume;
mod ringing;
mod snapshot;
mod summaries;
mod takeover;
mod transfers;

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use ringwire_ami::{AmiVersion, Packet};
use ringwire_event::CallEvent;
use slotmap::SlotMap;

use crate::event_headers::EventHeaders;
use crate::limits::{self, TrackerLimit};
use crate::model::{Call, CallIds, CallKey, Channel, ChannelKey, ChannelList};
use crate::recorder::ExplanationRecorder;
use crate::rules::Rules;

/// Follows the calls of one PBX.
///
/// Feed it the packets that [`ringwire_ami`] reads, tick it when [`Tracker::next_deadline`] is reached, and take out the
/// events to publish. It copes with events that are unknown, incomplete, repeated, out of order or missing; what was missed is
/// made good by the next snapshot (`CoreShowChannels`).
#[derive(Debug)]
pub struct Tracker {
    rules: Rules,
    channels: SlotMap<ChannelKey, Channel>,
    /// Looked up, never walked: its order is not the same twice.
    by_uniqueid: HashMap<String, ChannelKey>,
    /// Channel names up to Asterisk 11, where some events give nothing else.
    by_name: HashMap<String, ChannelKey>,
    calls: SlotMap<CallKey, Call>,
    /// Linkedids that calls are known by: the Uniqueids of the channels that started them.
    by_linkedid: HashMap<String, CallKey>,
    ids: CallIds,
    /// What the ids of events carry whose call was taken up at the start.
    start_mark: Option<String>,
    /// The calls that wait to be announced, by when that is due.
    announcements_due: BTreeSet<(Timestamp, CallKey)>,
    /// Who is in which bridge; looked up, never walked.
    bridges: HashMap<String, Vec<ChannelKey>>,
    /// Callers who wait in queues, longest first.
    waiting: Vec<ChannelKey>,
    events: VecDeque<CallEvent>,
    version: AmiVersion,
    /// Counts connections, channels and calls.
    connection: u32,
    sequence: u64,
    /// Counts full lists of channels; a channel that an event has named since the last one is not missing.
    list_epoch: u32,
    /// Calls of an earlier process that no snapshot has shown yet.
    resumed_calls: Vec<CallKey>,
    /// Whether this connection has brought a HangupRequest, so that one that does not come tells something.
    has_hangup_requests: bool,
    /// When the PBX was started, as it writes it.
    started: Option<String>,
    /// The list that is coming in.
    channel_list: ChannelList,
    /// The time of the packet being applied.
    now: Option<Timestamp>,
    forged: u64,
    /// Whether the events being published were learnt from a snapshot.
    recovering: bool,
    recorder: ExplanationRecorder,
    /// The limit that this connection has exceeded, until it was asked for.
    exceeded: Option<TrackerLimit>,
    /// Whether it was asked for.
    is_exceeded: bool,
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            channels: SlotMap::with_key(),
            by_uniqueid: HashMap::new(),
            by_name: HashMap::new(),
            calls: SlotMap::with_key(),
            by_linkedid: HashMap::new(),
            ids: CallIds::default(),
            start_mark: None,
            announcements_due: BTreeSet::new(),
            bridges: HashMap::new(),
            waiting: Vec::new(),
            events: VecDeque::new(),
            version: AmiVersion::NEWEST,
            connection: 0,
            sequence: 0,
            list_epoch: 0,
            resumed_calls: Vec::new(),
            has_hangup_requests: false,
            started: None,
            channel_list: ChannelList::default(),
            now: None,
            forged: 0,
            recovering: false,
            recorder: ExplanationRecorder::default(),
            exceeded: None,
            is_exceeded: false,
        }
    }

    /// Marks the ids of events whose call was not followed from its beginning by this process: the call was resumed, or a
    /// list of channels showed it. `mark` is of letters and digits, and no process uses it again: so no such id can have
    /// been given before, whatever is left of the journal. Without a mark the same packets give the same ids.
    pub fn set_start_mark(&mut self, mark: &str) {
        self.start_mark = Some(mark.to_owned());
    }

    /// Applies other rules from here on; calls already announced keep their facts.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// A connection begins, with `version` in its banner. What happened before it was missed, until a snapshot
    /// shows what is left of it.
    pub fn connected(&mut self, version: AmiVersion, now: Option<Timestamp>) {
        self.version = version;
        self.connection = self.connection.wrapping_add(1);
        self.list_epoch = self.list_epoch.wrapping_add(1);
        self.channel_list = ChannelList::default();
        self.has_hangup_requests = false;
        (self.exceeded, self.is_exceeded) = (None, false);
        self.advance_clock(now);
    }

    /// Takes one packet, received at `now` (`None` where a recording has no clock: then nothing becomes due by
    /// time alone).
    pub fn apply(&mut self, packet: &Packet, now: Option<Timestamp>) {
        let Some(handle) = packet.event_name().map_or(Some(Tracker::on_response as Handler), handler) else {
            return;
        };
        if packet.event_name().is_some_and(|name| self.is_unasked(name)) {
            return;
        }
        self.advance_clock(now);
        let event = EventHeaders::read(packet);
        self.recorder.begin_packet(&event);
        if event.is_forged() {
            self.forged += 1;
            self.explain_forged();
        } else {
            handle(self, &event);
        }
        self.recorder.end_packet();
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some(&(due, key)) = self.announcements_due.first() {
            if due > now {
                break;
            }
            self.announcements_due.pop_first();
            self.now = Some(due);
            let reason = self.gathered();
            self.announce(key, reason);
        }
    }

    /// When [`Tracker::tick`] is next needed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.announcements_due.first().map(|(due, _)| *due)
    }

    /// The next event to publish, in order; `None` once all were taken.
    pub fn poll_event(&mut self) -> Option<CallEvent> {
        self.events.pop_front()
    }

    /// How many calls are in progress, announced or not.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.calls.values().filter(|call| !call.is_over()).count()
    }

    /// How many channels are being followed.
    #[must_use]
    pub fn live_channels(&self) -> usize {
        self.channels.len()
    }

    /// How many events were dropped because a caller had put headers into them: what they reported is missing, so a
    /// snapshot is due when this grows (AMI notes 5).
    #[must_use]
    pub fn forged(&self) -> u64 {
        self.forged
    }

    /// The limit that the PBX has exceeded on this connection; given once. What is beyond it is not followed, so the
    /// connection is to be ended: the list of the next one tells what is still there.
    pub fn take_exceeded(&mut self) -> Option<TrackerLimit> {
        self.exceeded.take()
    }

    /// The PBX has exceeded a limit.
    fn exceed(&mut self, limit: TrackerLimit) {
        if !std::mem::replace(&mut self.is_exceeded, true) {
            self.exceeded = Some(limit);
        }
    }

    /// Whether another channel can be followed.
    fn has_room(&mut self) -> bool {
        let has_room = self.channels.len() < limits::CHANNELS;
        if !has_room {
            self.exceed(TrackerLimit::Channels);
        }
        has_room
    }

    fn advance_clock(&mut self, now: Option<Timestamp>) {
        if let Some(now) = now {
            self.tick(now);
        }
        self.now = now;
    }

    fn channel_of(&self, packet: &EventHeaders<'_>, key: &str) -> Option<ChannelKey> {
        self.by_uniqueid.get(&*packet.text(key)?).copied()
    }

    fn call_of(&self, channel: ChannelKey) -> Option<CallKey> {
        self.channels.get(channel)?.call
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// What takes an event.
type Handler = fn(&mut Tracker, &EventHeaders<'_>);

/// What is to be done about an event of this name; nothing about most of what a PBX sends.
fn handler(name: &[u8]) -> Option<Handler> {
    Some(match name {
        b"Newchannel" => Tracker::on_newchannel,
        b"Newstate" => Tracker::on_newstate,
        b"NewCallerid" | b"Newcallerid" => Tracker::on_new_caller_id,
        b"Newexten" => Tracker::on_newexten,
        b"HangupRequest" => Tracker::on_hangup_request,
        b"SoftHangupRequest" => Tracker::on_soft_hangup_request,
        b"Hangup" => Tracker::on_hangup,
        b"Hold" => Tracker::on_hold,
        b"Unhold" => Tracker::on_unhold,
        b"Dial" => Tracker::on_old_dial,
        b"DialBegin" => Tracker::on_dial_begin,
        b"DialEnd" => Tracker::on_dial_end,
        b"LocalBridge" => Tracker::on_local_bridge,
        b"BridgeEnter" => Tracker::on_bridge_enter,
        b"BridgeLeave" => Tracker::on_bridge_leave,
        b"Bridge" | b"Link" | b"Unlink" => Tracker::on_old_bridge,
        b"ConfbridgeJoin" | b"MeetmeJoin" => Tracker::on_conference_join,
        b"ConfbridgeLeave" | b"MeetmeLeave" => Tracker::on_conference_leave,
        b"MixMonitorStart" => Tracker::on_mix_monitor_start,
        b"MixMonitorStop" => Tracker::on_mix_monitor_stop,
        b"MessageWaiting" => Tracker::on_message_waiting,
        b"ParkedCall" => Tracker::on_parked,
        b"UnParkedCall" => Tracker::on_unparked,
        b"ParkedCallTimeOut" => Tracker::on_parking_timed_out,
        b"ParkedCallGiveUp" => Tracker::on_parking_given_up,
        b"QueueCallerJoin" | b"Join" => Tracker::on_queue_join,
        b"QueueCallerLeave" | b"Leave" => Tracker::on_queue_leave,
        b"QueueCallerAbandon" => Tracker::on_queue_abandon,
        b"AgentCalled" => Tracker::on_agent_called,
        b"AgentConnect" => Tracker::on_agent_connect,
        b"AgentComplete" => Tracker::on_agent_complete,
        b"BlindTransfer" => Tracker::on_blind_transfer,
        b"AttendedTransfer" => Tracker::on_attended_transfer,
        b"Transfer" => Tracker::on_old_transfer,
        b"Pickup" => Tracker::on_pickup,
        b"VarSet" => Tracker::on_variable_set,
        b"DTMF" | b"DTMFEnd" => Tracker::on_dtmf,
        b"Rename" => Tracker::on_rename,
        b"CoreShowChannel" => Tracker::on_listed,
        b"CoreShowChannelsComplete" => Tracker::on_list_complete,
        b"Status" => Tracker::on_status,
        b"StatusComplete" => Tracker::on_status_complete,
        b"QueueEntry" => Tracker::on_queue_entry,
        _ => return None,
    })
}

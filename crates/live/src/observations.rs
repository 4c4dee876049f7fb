//! Counts what is received from one PBX, so that it can be diagnosed afterwards why no call appears.
//!
//! It costs a few nanoseconds a packet and holds a bounded number of things, whatever the PBX sends: classes are derived
//! from the name of an event, counts are in slots of ten seconds, and of each kind of thing only so many are kept.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::Hash,
};

use jiff::Timestamp;
use ringwire_ami::{Packet, StreamErrors};
use ringwire_directory::Directory;
use ringwire_event::{CallEvent, Direction, EventKind};

use super::diagnosis::{CallCounts, EventCounts, InternalContext, PbxDiagnosis, UnknownUser};

/// How far back counts reach, in seconds.
const WINDOW: u32 = 300;

/// How long one slot is, in seconds.
const SLOT: i64 = 10;

/// As many slots as reach over the window, and the one that has begun.
const SLOTS: usize = 31;

/// How many endpoints are kept of each kind.
const MAX_ENDPOINTS: usize = 64;

/// How many channels are remembered that may begin a call.
const MAX_CHANNELS: usize = 2048;

/// How much of a name is kept, in characters.
const MAX_NAME_LENGTH: usize = 80;

/// What was received from one PBX in the last five minutes.
#[derive(Debug, Default)]
pub struct Observations {
    events: SlotCounts<5>,
    calls: SlotCounts<3>,
    last_event: Option<Timestamp>,
    /// The channels that came lately and may begin a call, by Uniqueid.
    begun: HashMap<String, ChannelOrigin>,
    /// Their Uniqueids, oldest first.
    order: VecDeque<String>,
    /// Where internal calls began: a context, and the endpoint unless the directory knows it.
    internal: BoundedCounts<(String, Option<String>)>,
    /// For each context, an endpoint of those that the directory knows.
    known: HashMap<String, String>,
    unknown: BoundedCounts<String>,
    stream_errors: StreamErrors,
}

/// Where a channel came from.
#[derive(Clone, Debug)]
struct ChannelOrigin {
    context: String,
    endpoint: String,
}

/// A class of events, as manager.conf has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventClass {
    Call,
    Agent,
    Dialplan,
    System,
    Other,
}

impl Observations {
    /// A packet came at `now`. Answers and the items of lists are not counted.
    pub fn packet(&mut self, packet: &Packet, now: Timestamp) {
        let Some(name) = packet.event_name() else { return };
        let Some(class) = class(name) else { return };
        self.last_event = Some(now);
        self.events.add(slot(now), class as usize);
        if name == b"Newchannel" {
            self.channel(packet);
        }
    }

    /// A call event was published at `now`; `directory` is the one of the PBX.
    pub fn event(&mut self, event: &CallEvent, directory: &Directory, now: Timestamp) {
        let at = slot(now);
        match &event.kind {
            EventKind::NewCall { .. } => {
                let direction = match event.direction {
                    Direction::In => 0,
                    Direction::Out => 1,
                    Direction::Internal => 2,
                };
                self.calls.add(at, direction);
                if event.direction == Direction::Internal {
                    self.internal(event, directory, at);
                }
            }
            EventKind::Ringing { user }
                if directory.find(&user.endpoint, user.extension.as_deref()).is_none() =>
            {
                self.unknown.add(short(&user.endpoint), at);
            }
            _ => {}
        }
    }

    /// Sets the errors in the stream of this connection so far.
    pub fn set_stream_errors(&mut self, errors: StreamErrors) {
        self.stream_errors = errors;
    }

    /// What was received in the five minutes up to `now` from the PBX called `name`.
    pub fn window(&self, name: &str, now: Timestamp) -> PbxDiagnosis {
        let at = slot(now);
        let [call, agent, dialplan, system, other] = self.events.sum(at);
        let [inbound, outbound, internal] = self.calls.sum(at);
        let internal_contexts =
            self.internal.counted(at).into_iter().filter_map(|((context, endpoint), calls)| {
                let endpoint = endpoint.clone().or_else(|| self.known.get(context).cloned())?;
                Some(InternalContext { context: context.clone(), endpoint, calls })
            });
        let unknown_users = self.unknown.counted(at);
        let unknown_users = unknown_users
            .into_iter()
            .map(|(endpoint, rung)| UnknownUser { endpoint: endpoint.clone(), rung });
        PbxDiagnosis {
            name: name.to_owned(),
            window: WINDOW,
            events: EventCounts { call, agent, dialplan, system, other },
            last_event: self.last_event,
            calls: CallCounts { inbound, outbound, internal },
            internal_contexts: internal_contexts.collect(),
            unknown_users: unknown_users.collect(),
            stream_errors: kinds(&self.stream_errors),
        }
    }

    /// Remembers where a channel came from that has somewhere to go: it may begin a call.
    fn channel(&mut self, packet: &Packet) {
        if packet.text("Exten").is_none() {
            return;
        }
        let (Some(uniqueid), Some(name)) = (packet.text("Uniqueid"), packet.text("Channel")) else { return };
        let context = packet.text("Context").map(|context| short(&context)).unwrap_or_default();
        let origin = ChannelOrigin { context, endpoint: short(endpoint_of(&name)) };
        let uniqueid = uniqueid.into_owned();
        if self.begun.insert(uniqueid.clone(), origin).is_none() {
            self.order.push_back(uniqueid);
        }
        if self.order.len() > MAX_CHANNELS
            && let Some(oldest) = self.order.pop_front()
        {
            self.begun.remove(&oldest);
        }
    }

    fn internal(&mut self, event: &CallEvent, directory: &Directory, at: i64) {
        // With several PBXs the Uniqueid stands behind the PBX's name.
        let bare = event.call.strip_prefix(&event.pbx).and_then(|rest| rest.strip_prefix('-'));
        let origin = self.begun.get(&event.call).or_else(|| self.begun.get(bare?)).cloned();
        let Some(ChannelOrigin { context, endpoint }) = origin else { return };
        let endpoint = match directory.find(&endpoint, None) {
            None => Some(endpoint),
            Some(_) if self.known.len() < MAX_ENDPOINTS || self.known.contains_key(&context) => {
                self.known.entry(context.clone()).or_insert(endpoint);
                None
            }
            Some(_) => return,
        };
        self.internal.add((context, endpoint), at);
    }
}

/// The class of an event by its name; `None` of what is an item of a list that was asked for, or its end (AMI notes
/// 1.6 and 1.10).
fn class(name: &[u8]) -> Option<EventClass> {
    let begins = |prefix: &[u8]| name.starts_with(prefix);
    Some(match name.first()? {
        b'V' if name == b"VarSet" => EventClass::Dialplan,
        b'N' if name == b"Newexten" => EventClass::Dialplan,
        b'Q' if matches!(name, b"QueueParams" | b"QueueMember" | b"QueueEntry" | b"QueueStatusComplete") => {
            return None;
        }
        b'Q' if begins(b"Queue") => EventClass::Agent,
        b'A' if begins(b"Agent") => EventClass::Agent,
        b'C' if begins(b"CoreShowChannel") => return None,
        b'S' if begins(b"Status") => return None,
        b'H' if begins(b"HangupHandler") => EventClass::Dialplan,
        b'N' if begins(b"New") => EventClass::Call,
        b'D' if begins(b"Dial") || begins(b"DeviceState") => EventClass::Call,
        b'B' if begins(b"Bridge") || begins(b"BlindTransfer") => EventClass::Call,
        b'A' if begins(b"AttendedTransfer") => EventClass::Call,
        b'H' if begins(b"Hangup") || name == b"Hold" => EventClass::Call,
        b'S' if name == b"SoftHangupRequest" => EventClass::Call,
        b'L' if begins(b"Local") || matches!(name, b"Link" | b"Leave") => EventClass::Call,
        b'M' if begins(b"MusicOnHold")
            || begins(b"Meetme")
            || matches!(name, b"Masquerade" | b"MessageWaiting") =>
        {
            EventClass::Call
        }
        b'P' if begins(b"Parked") || name == b"Pickup" => EventClass::Call,
        b'U' if matches!(name, b"Unhold" | b"Unlink" | b"UnParkedCall") => EventClass::Call,
        b'C' if begins(b"Confbridge") || name == b"CEL" => EventClass::Call,
        b'E' if name == b"ExtensionStatus" => EventClass::Call,
        b'R' if name == b"Rename" => EventClass::Call,
        b'J' if name == b"Join" => EventClass::Call,
        b'O' if name == b"OriginateResponse" => EventClass::Call,
        b'T' if name == b"Transfer" => EventClass::Call,
        _ if matches!(
            name,
            b"FullyBooted" | b"Shutdown" | b"Reload" | b"PeerStatus" | b"ContactStatus" | b"Registry"
        ) =>
        {
            EventClass::System
        }
        _ => EventClass::Other,
    })
}

/// `TECH/endpoint` of a channel name `TECH/endpoint-serial`.
fn endpoint_of(name: &str) -> &str {
    match (name.find('/'), name.rfind('-')) {
        (Some(slash), Some(dash)) if dash > slash => name.get(..dash).unwrap_or(name),
        _ => name,
    }
}

fn kinds(errors: &StreamErrors) -> BTreeMap<String, u64> {
    let StreamErrors { stray_data, over_limit, truncated, unterminated, forged } = *errors;
    [
        ("strayData", stray_data),
        ("overLimit", over_limit),
        ("truncated", truncated),
        ("unterminated", unterminated),
        ("forged", forged),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(kind, count)| (kind.to_owned(), count))
    .collect()
}

fn slot(now: Timestamp) -> i64 {
    now.as_second().div_euclid(SLOT)
}

fn short(text: &str) -> String {
    text.chars().take(MAX_NAME_LENGTH).collect()
}

/// Counts of `N` things, by slots of time.
#[derive(Debug)]
struct SlotCounts<const N: usize> {
    counts: [[u32; N]; SLOTS],
    /// The slot that was counted in last.
    newest: i64,
}

impl<const N: usize> Default for SlotCounts<N> {
    fn default() -> Self {
        Self { counts: [[0; N]; SLOTS], newest: i64::MIN / 2 }
    }
}

impl<const N: usize> SlotCounts<N> {
    fn add(&mut self, slot: i64, which: usize) {
        if slot > self.newest {
            let passed = slot.saturating_sub(self.newest).min(SLOTS as i64);
            for over in (slot - passed + 1)..=slot {
                if let Some(counts) = self.counts.get_mut(place(over)) {
                    *counts = [0; N];
                }
            }
            self.newest = slot;
        }
        // A clock that was put back counts on where it was.
        if let Some(count) = self.counts.get_mut(place(self.newest)).and_then(|counts| counts.get_mut(which))
        {
            *count = count.saturating_add(1);
        }
    }

    /// What was counted in the slots up to `slot`.
    fn sum(&self, slot: i64) -> [u64; N] {
        let mut sums = [0; N];
        let oldest = slot.max(self.newest) - SLOTS as i64 + 1;
        for counts in (oldest..=self.newest).filter_map(|slot| self.counts.get(place(slot))) {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u64::from(*count));
        }
        sums
    }
}

fn place(slot: i64) -> usize {
    usize::try_from(slot.rem_euclid(SLOTS as i64)).unwrap_or_default()
}

/// Counts of things of which there may be any number: those that are counted least are let go.
#[derive(Debug)]
struct BoundedCounts<K>(HashMap<K, SlotCounts<1>>);

impl<K> Default for BoundedCounts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Ord + Clone> BoundedCounts<K> {
    fn add(&mut self, key: K, slot: i64) {
        if self.0.len() >= MAX_ENDPOINTS && !self.0.contains_key(&key) {
            self.0.retain(|_, counts| counts.sum(slot) != [0]);
            let least = self.0.iter().min_by_key(|(key, counts)| (counts.sum(slot), (*key).clone()));
            if self.0.len() >= MAX_ENDPOINTS
                && let Some(least) = least.map(|(key, _)| key.clone())
            {
                self.0.remove(&least);
            }
        }
        self.0.entry(key).or_default().add(slot, 0);
    }

    /// What was counted up to `slot`, most first.
    fn counted(&self, slot: i64) -> Vec<(&K, u64)> {
        let counted = self.0.iter().map(|(key, counts)| (key, counts.sum(slot)[0]));
        let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
        counted.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
        counted
    }
}

#[cfg(test)]
mod tests;

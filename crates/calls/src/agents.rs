//! Agents of queues and devices: packets in, agent events out.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use ringwire_ami::Packet;
use ringwire_event::{AgentEvent, AgentEventKind, DeviceState, Party};

use crate::event_headers::EventHeaders;
use crate::limits::AGENTS;
use crate::rules::Rules;

/// Follows the agents and devices of one PBX, as far as its rules ask for them. Like [`Tracker`](crate::Tracker) it is pure.
///
/// What is known at first comes from lists, and is no event; what changes is one.
#[derive(Debug)]
pub struct AgentTracker {
    rules: Rules,
    mark: Option<String>,
    count: u64,
    /// By queue and interface.
    members: BTreeMap<(String, String), QueueMember>,
    /// By interface or device.
    agents: BTreeMap<String, DeviceState>,
    devices: BTreeMap<String, DeviceState>,
    events: VecDeque<AgentEvent>,
}

#[derive(Debug, Default)]
struct QueueMember {
    paused: bool,
}

impl AgentTracker {
    /// One that has seen nothing yet. A `mark` that no other process uses makes ids unlike those given before.
    #[must_use]
    pub fn new(rules: Rules, mark: Option<&str>) -> Self {
        Self {
            rules,
            mark: mark.map(str::to_owned),
            count: 0,
            members: BTreeMap::new(),
            agents: BTreeMap::new(),
            devices: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// Applies other rules from here on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The next event, in order; `None` once all were taken.
    pub fn poll_event(&mut self) -> Option<AgentEvent> {
        self.events.pop_front()
    }

    /// Takes one packet, received at `now`.
    pub fn apply(&mut self, packet: &Packet, now: Option<Timestamp>) {
        let Some(name) = packet.event_name() else { return };
        let is_asked = match name {
            b"QueueMember"
            | b"QueueMemberAdded"
            | b"QueueMemberRemoved"
            | b"QueueMemberPause"
            | b"QueueMemberPaused"
            | b"QueueMemberStatus" => self.rules.agents,
            b"DeviceStateChange" | b"ExtensionStatus" => self.rules.devices,
            _ => false,
        };
        if !is_asked {
            return;
        }
        let event = EventHeaders::read(packet);
        if event.is_forged() {
            return;
        }
        match name {
            b"DeviceStateChange" => self.on_device_state(&event, now),
            b"ExtensionStatus" => self.on_extension_status(&event, now),
            b"QueueMemberRemoved" => self.on_removed(&event, now),
            // An item of a list: what is so already.
            b"QueueMember" => self.on_member(&event, now, false),
            _ => self.on_member(&event, now, name != b"QueueMemberStatus"),
        }
    }

    /// A member of a queue as an event or a list has it. An event that is not of its state says that it logs in.
    fn on_member(&mut self, event: &EventHeaders<'_>, now: Option<Timestamp>, is_change: bool) {
        let is_listed = event.name() == b"QueueMember";
        let (Some(queue), Some(interface)) = (event.text("Queue"), interface(event)) else { return };
        let user = self.user(event, &interface);
        let paused = event.text("Paused").map(|paused| paused == "1");
        let key = (queue.clone().into_owned(), interface);
        if !self.members.contains_key(&key) {
            if self.members.len() >= AGENTS {
                return;
            }
            self.members.insert(key.clone(), QueueMember { paused: is_listed && paused == Some(true) });
            if is_change && event.name() == b"QueueMemberAdded" {
                let queue = queue.clone().into_owned();
                self.push(AgentEventKind::AgentLoggedIn { queue }, &user, now);
            }
        }
        if let (Some(paused), Some(member)) = (paused, self.members.get_mut(&key))
            && std::mem::replace(&mut member.paused, paused) != paused
            && !is_listed
        {
            let queue = queue.into_owned();
            let reason = event.text("PausedReason").or_else(|| event.text("Reason"));
            let reason = reason.map(|reason| reason.into_owned()).filter(|reason| !reason.is_empty());
            let kind = match paused {
                true => AgentEventKind::AgentPaused { queue, reason },
                false => AgentEventKind::AgentUnpaused { queue },
            };
            self.push(kind, &user, now);
        }
        let state = event.text("Status").and_then(|status| member_state(&status));
        if let Some(state) = state.filter(|_| self.agents.len() < AGENTS) {
            let before = self.agents.insert(user.endpoint.clone(), state);
            if before != Some(state) && !is_listed && (before.is_some() || !is_change) {
                self.push(AgentEventKind::AgentState { state }, &user, now);
            }
        }
    }

    fn on_removed(&mut self, event: &EventHeaders<'_>, now: Option<Timestamp>) {
        let (Some(queue), Some(interface)) = (event.text("Queue"), interface(event)) else { return };
        let user = self.user(event, &interface);
        let queue = queue.into_owned();
        self.members.remove(&(queue.clone(), interface));
        self.push(AgentEventKind::AgentLoggedOut { queue }, &user, now);
    }

    /// DeviceStateChange (13 and newer).
    fn on_device_state(&mut self, event: &EventHeaders<'_>, now: Option<Timestamp>) {
        let (Some(device), Some(state)) = (event.text("Device"), event.text("State")) else { return };
        let state = match &*state {
            "NOT_INUSE" => DeviceState::Free,
            "INUSE" | "BUSY" | "RINGINUSE" => DeviceState::Talking,
            "RINGING" => DeviceState::Ringing,
            "ONHOLD" => DeviceState::OnHold,
            "UNAVAILABLE" => DeviceState::Unavailable,
            _ => return,
        };
        self.set_device(&device, None, state, now);
    }

    /// ExtensionStatus: a hint, which up to 11 is all that tells of devices. It names its device since 1.6.
    fn on_extension_status(&mut self, event: &EventHeaders<'_>, now: Option<Timestamp>) {
        let (Some(hint), Some(status)) = (event.text("Hint"), event.text("Status")) else { return };
        let Ok(status) = status.trim().parse::<i32>() else { return };
        let state = match status {
            0 => DeviceState::Free,
            8 => DeviceState::Ringing,
            4 => DeviceState::Unavailable,
            16..=31 => DeviceState::OnHold,
            1..=15 => DeviceState::Talking,
            _ => return,
        };
        let exten = event.text("Exten");
        if let Some(device) = hint.split(['&', ',']).next() {
            self.set_device(device, exten.as_deref(), state, now);
        }
    }

    fn set_device(&mut self, device: &str, exten: Option<&str>, state: DeviceState, now: Option<Timestamp>) {
        const NO_PHONES: [&str; 6] = ["Local/", "Queue:", "Custom:", "Confbridge:", "meetme:", "MWI:"];
        let is_phone = device.contains('/') && !NO_PHONES.iter().any(|kind| device.starts_with(kind));
        if !is_phone || self.devices.len() >= AGENTS {
            return;
        }
        // The state in which it is first seen is no change, as far as anybody knows.
        if self.devices.insert(device.to_owned(), state).is_some_and(|before| before != state) {
            let user = self.rules.directory.party(device, exten, None);
            self.push(AgentEventKind::DeviceState { state }, &user, now);
        }
    }

    /// The user of an interface: by its device, else by the extension that a Local channel dials.
    fn user(&self, event: &EventHeaders<'_>, interface: &str) -> Party {
        let name = event.text("MemberName").or_else(|| event.text("Name"));
        let device = event.text("StateInterface").filter(|device| {
            device.contains('/') && !device.starts_with("Local/") && !device.starts_with("hint:")
        });
        let exten = interface.strip_prefix("Local/").and_then(|rest| rest.split('@').next());
        let endpoint = device.as_deref().unwrap_or(interface);
        // Without a name of its own, a member is called as its interface.
        let name = name.filter(|name| **name != *interface);
        self.rules.directory.party(endpoint, exten, name.as_deref())
    }

    fn push(&mut self, kind: AgentEventKind, user: &Party, time: Option<Timestamp>) {
        self.count += 1;
        let pbx = self.rules.pbx.clone();
        let id = match &self.mark {
            Some(mark) => format!("{pbx}/agents/{mark}-{}", self.count),
            None => format!("{pbx}/agents/{}", self.count),
        };
        self.events.push_back(AgentEvent { id, kind, time, pbx, user: user.clone() });
    }
}

/// Up to 11 the interface is called Location, as it is in lists.
fn interface(event: &EventHeaders<'_>) -> Option<String> {
    event.text("Interface").or_else(|| event.text("Location")).map(|text| text.into_owned())
}

/// The state of a member of a queue, which is that of its device.
fn member_state(status: &str) -> Option<DeviceState> {
    Some(match status {
        "1" => DeviceState::Free,
        "2" | "3" | "7" => DeviceState::Talking,
        "6" => DeviceState::Ringing,
        "8" => DeviceState::OnHold,
        "4" | "5" => DeviceState::Unavailable,
        _ => return None,
    })
}

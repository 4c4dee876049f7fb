//! A channel: one leg at the PBX.

use jiff::Timestamp;
use ringwire_event::explanation::StepLog;

use super::keys::{CallKey, ChannelKey};

/// One leg at the PBX, known by its Uniqueid.
#[derive(Debug)]
pub(crate) struct Channel {
    pub uniqueid: String,
    /// The name it has now; a masquerade (Asterisk 1.8 to 11) gives it another.
    pub name: String,
    /// `TECH/endpoint`, out of the name.
    pub endpoint: String,
    pub kind: ChannelKind,
    pub state: ChannelState,
    /// Its place in the order in which channels and calls were created.
    pub sequence: u64,
    /// When it was created, or first listed.
    pub created: Option<Timestamp>,
    /// The connection on which it was first seen.
    pub connection: u32,
    /// The Exten it was created with: what was dialled.
    pub exten: String,
    /// The Exten it was last seen with.
    pub exten_now: String,
    pub context: String,
    /// The device's own number and name: CallerIDNum and CallerIDName at its Newchannel.
    pub own_number: Option<String>,
    pub own_name: Option<String>,
    /// CallerIDNum and CallerIDName as last seen.
    pub caller_number: Option<String>,
    pub caller_name: Option<String>,
    /// Whether the caller asked not to show the number.
    pub withheld: bool,
    pub account: Option<String>,
    pub tenant: Option<String>,
    pub call: Option<CallKey>,
    /// The channel that dialled it; `None` while nobody did.
    pub dialled_by: Option<ChannelKey>,
    /// Whether it was dialled, be it by nobody (Originate).
    pub dialled: bool,
    /// The outermost Local channel that it was dialled through, its `;1`: for a call that Originate began, the phone behind
    /// that channel is the caller's own.
    pub reached_through: Option<ChannelKey>,
    /// It started a call itself: by its own extension, or by dialling.
    pub placed_call: bool,
    /// Learnt from a list: its CallerIDNum need not be the device's own, and an earlier process may have known it.
    pub listed: bool,
    /// The number dialled on it, where it is a trunk's.
    pub number: Option<String>,
    /// The other half of a Local pair.
    pub pair: Option<ChannelKey>,
    /// Whether it ever had one: then its name, which is used again, finds it no second one.
    pub was_paired: bool,
    pub bridge: Option<ChannelBridge>,
    pub on_hold: bool,
    /// Whether a ringing event was published for its phone.
    pub rang: bool,
    /// The dialplan application that has it is VoiceMail.
    pub in_voicemail: bool,
    /// The mailboxes that its message is for, as the dialplan names them.
    pub mailboxes: Option<String>,
    /// The list epoch in which an event last named it.
    pub seen_in: u32,
    /// Whether the last full list missed it.
    pub missed: bool,
    /// What was decided about it and why while it is in no call, if that is recorded.
    pub explanation: Option<Box<StepLog>>,
}

/// What stands behind a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelKind {
    /// A trunk: the outside world.
    External,
    /// An agent's phone.
    Device,
    /// Local halves and other channels that the PBX makes for itself: never a party.
    Auxiliary,
}

/// ChannelState, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChannelState {
    Down,
    /// Calling in.
    Ring,
    /// Being called.
    Ringing,
    Up,
    /// The PBX plays Busy() or Congestion() to it.
    Busy,
}

impl ChannelState {
    /// The state that `ChannelState` (a number) or `ChannelStateDesc`/`ChannelState` (a word) gives.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "0" | "1" | "2" | "Down" | "Rsrvd" | "OffHook" => Self::Down,
            "3" | "4" | "8" | "9" | "Dialing" | "Ring" | "Dialing Offhook" | "Pre-ring" => Self::Ring,
            "5" | "Ringing" => Self::Ringing,
            "6" | "Up" => Self::Up,
            "7" | "Busy" => Self::Busy,
            _ => return None,
        })
    }

    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Ring => "Ring",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
            Self::Busy => "Busy",
        }
    }
}

/// The bridge a channel is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelBridge {
    /// BridgeUniqueid, or one made of the two Uniqueids (up to Asterisk 11).
    pub id: String,
    /// Whether those in it talk with each other: not in conferences and holding bridges.
    pub talk: bool,
}

impl Channel {
    pub(crate) fn new(uniqueid: &str, name: &str, sequence: u64) -> Self {
        Self {
            uniqueid: uniqueid.to_owned(),
            name: name.to_owned(),
            endpoint: endpoint_of(name).to_owned(),
            kind: if is_auxiliary(name) { ChannelKind::Auxiliary } else { ChannelKind::Device },
            state: ChannelState::Down,
            sequence,
            created: None,
            connection: 0,
            exten: String::new(),
            exten_now: String::new(),
            context: String::new(),
            own_number: None,
            own_name: None,
            caller_number: None,
            caller_name: None,
            withheld: false,
            account: None,
            tenant: None,
            call: None,
            dialled_by: None,
            dialled: false,
            reached_through: None,
            placed_call: false,
            listed: false,
            number: None,
            pair: None,
            was_paired: false,
            bridge: None,
            on_hold: false,
            rang: false,
            in_voicemail: false,
            mailboxes: None,
            seen_in: 0,
            missed: false,
            explanation: None,
        }
    }

    /// Whether it has a part of its own in a call: a phone or a trunk.
    pub(crate) fn is_party(&self) -> bool {
        self.kind != ChannelKind::Auxiliary
    }

    /// Whether it was created to start a call, rather than dialled: it has an extension to go to.
    pub(crate) fn starts_call(&self) -> bool {
        self.is_party()
            && !self.dialled
            && match self.exten.as_str() {
                "" => false,
                "s" => self.state == ChannelState::Ring,
                _ => true,
            }
    }

    /// The bridge in which it talks.
    pub(crate) fn talks_in(&self) -> Option<&str> {
        self.bridge.as_ref().filter(|bridge| bridge.talk).map(|bridge| bridge.id.as_str())
    }

    /// The device's own number; a device whose name is its number needs no other.
    pub(crate) fn own_extension(&self) -> Option<&str> {
        self.own_number.as_deref().or_else(|| {
            let (_, name) = self.endpoint.split_once('/')?;
            (!name.is_empty() && name.len() < 10 && name.bytes().all(|byte| byte.is_ascii_digit()))
                .then_some(name)
        })
    }
}

/// `TECH/endpoint` of a channel name `TECH/endpoint-serial`.
pub(crate) fn endpoint_of(name: &str) -> &str {
    match (name.find('/'), name.rfind('-')) {
        (Some(slash), Some(dash)) if dash > slash => name.get(..dash).unwrap_or(name),
        _ => name,
    }
}

/// Whether a channel of this name is auxiliary (call rules 1).
pub(crate) fn is_auxiliary(name: &str) -> bool {
    const PREFIXES: [&str; 13] = [
        "Local/",
        "Surrogate/",
        "Snoop/",
        "AsyncGoto/",
        "Parked/",
        "Bridge/",
        "Transfered/",
        "Message/",
        "CBRec/",
        "CBAnn/",
        "Announcer/",
        "Recorder/",
        "OutgoingSpoolFailed",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("<MASQ>")
        || name.ends_with("<ZOMBIE>")
}

/// What the two halves of a Local pair have in common, and which half this is.
pub(crate) fn local_stem(name: &str) -> Option<(&str, u8)> {
    let (stem, half) = name.strip_prefix("Local/")?.rsplit_once(';')?;
    Some((stem, half.parse().ok()?))
}

/// A caller's number, unless it is a word for a withheld one.
pub(crate) fn known_number(number: &str) -> Option<&str> {
    const WITHHELD: [&str; 6] =
        ["anonymous", "restricted", "private", "unavailable", "withheld", "<anonymous>"];
    (!WITHHELD.iter().any(|word| number.eq_ignore_ascii_case(word))).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_name_without_its_serial() {
        for (name, endpoint) in [
            ("PJSIP/alice-00000001", "PJSIP/alice"),
            ("SIP/my-trunk-0000a1", "SIP/my-trunk"),
            ("DAHDI/i1/4930100-5", "DAHDI/i1/4930100"),
            ("IAX2/1.2.3.4:4569-5", "IAX2/1.2.3.4:4569"),
            ("a-b/c", "a-b/c"),
            ("odd", "odd"),
        ] {
            assert_eq!(endpoint_of(name), endpoint);
        }
    }

    #[test]
    fn local_halves_share_a_stem() {
        assert_eq!(local_stem("Local/101@internal-00000000;2"), Some(("101@internal-00000000", 2)));
        assert_eq!(local_stem("PJSIP/a;1"), None);
    }
}

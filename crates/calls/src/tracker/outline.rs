//! What a tracker holds to be going on, in outline.

use super::Tracker;
use crate::model::{Channel, Kind};

/// A channel that is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outline<'a> {
    /// Its Uniqueid.
    pub uniqueid: &'a str,
    /// Its name, serial included.
    pub name: &'a str,
    /// Its endpoint, `TECH/name`.
    pub endpoint: &'a str,
    /// `external` (a trunk), `device` (a phone) or `helper` (of the PBX: never a party).
    pub kind: &'static str,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, which is as much of its ChannelState as matters.
    pub state: &'static str,
    /// Whether it is a phone or a trunk, rather than one of the PBX's helpers (translation rules, section 1).
    pub party: bool,
    /// The Uniqueid of the channel that began its call; `None` if it is in no call, or in one that is over or of which
    /// it is not known who began it.
    pub call: Option<&'a str>,
    /// Whether somebody took the call.
    pub answered: bool,
    /// The id of its call, if that is announced and not over.
    pub id: Option<&'a str>,
    /// The number at its end: the one dialled on it, else its own or the caller's, as the PBX shows it.
    pub number: Option<&'a str>,
    /// The dialplan's context in which it was created.
    pub context: &'a str,
    /// The extension in the dialplan that it was last seen at.
    pub exten: &'a str,
    /// The bridge it is in.
    pub bridge: Option<&'a str>,
    /// Whether it holds the other party.
    pub hold: bool,
    /// Its place in the order in which channels and calls came.
    pub born: u64,
}

impl Tracker {
    /// The channels being followed, oldest first.
    #[must_use]
    pub fn outline(&self) -> Vec<Outline<'_>> {
        let mut channels: Vec<_> = self.channels.values().collect();
        channels.sort_unstable_by_key(|channel| channel.born);
        let outline = channels.into_iter().map(|channel| {
            let call = channel.call.and_then(|key| self.calls.get(key));
            let call = call.filter(|call| !call.is_over() && call.begun);
            Outline {
                uniqueid: &channel.uniqueid,
                name: &channel.name,
                endpoint: &channel.endpoint,
                kind: match channel.kind {
                    Kind::External => "external",
                    Kind::Device => "device",
                    Kind::Plumbing => "helper",
                },
                state: channel.state.as_str(),
                party: channel.is_party(),
                call: call.map(|call| call.root.as_str()),
                answered: call.is_some_and(|call| call.is_answered()),
                id: call.map(|call| call.id.as_str()).filter(|id| !id.is_empty()),
                number: number(channel),
                context: &channel.context,
                exten: &channel.exten_now,
                bridge: channel.bridge.as_ref().map(|bridge| bridge.id.as_str()),
                hold: channel.on_hold,
                born: channel.born,
            }
        });
        outline.collect()
    }
}

fn number(channel: &Channel) -> Option<&str> {
    let own = match channel.kind {
        Kind::External => channel.caller_number.as_deref().filter(|_| !channel.withheld),
        Kind::Device => channel.own_extension(),
        Kind::Plumbing => None,
    };
    channel.number.as_deref().or(own)
}

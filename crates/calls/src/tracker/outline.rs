//! What a tracker holds to be going on, in outline.

use super::Tracker;
use crate::model::State;

/// A channel that is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outline<'a> {
    /// Its Uniqueid.
    pub uniqueid: &'a str,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, which is as much of its ChannelState as matters.
    pub state: &'static str,
    /// Whether it is a phone or a trunk, rather than one of the PBX's helpers (translation rules, section 1).
    pub party: bool,
    /// The Uniqueid of the channel that began its call; `None` if it is in no call, or in one that is over or of which
    /// it is not known who began it.
    pub call: Option<&'a str>,
    /// Whether somebody took the call.
    pub answered: bool,
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
                state: match channel.state {
                    State::Down => "Down",
                    State::Ring => "Ring",
                    State::Ringing => "Ringing",
                    State::Up => "Up",
                    State::Busy => "Busy",
                },
                party: channel.is_party(),
                call: call.map(|call| call.root.as_str()),
                answered: call.is_some_and(|call| call.is_answered()),
            }
        });
        outline.collect()
    }
}

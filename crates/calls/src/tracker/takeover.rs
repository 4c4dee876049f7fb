//! Who takes the caller's place in a call that goes on: after a transfer by the caller's side, of a call that went out or
//! stayed inside (call rules 3.1).

use ringwire_event::{Direction, TransferKind};

use super::Tracker;
use crate::model::{CallKey, ChannelKey, ChannelKind, PassedOn};

impl Tracker {
    /// Publishes a transfer to the party that talks in the caller's place, once the caller is gone and unless the transfer
    /// that was published names it.
    pub(super) fn detect_takeover(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key).filter(|call| call.is_announced() && call.is_answered()) else {
            return;
        };
        if call.originator.is_some() || call.direction == Direction::In {
            return;
        }
        let Some(left_behind) = self.left_behind(key) else { return };
        let own = |ch: &ChannelKey| self.channels.get(*ch).map(|channel| channel.endpoint.clone());
        let partners = self.partners(left_behind);
        let known = |ch: &&ChannelKey| own(ch) == call.callers_endpoint;
        if partners.iter().any(|ch| known(&ch)) {
            return;
        }
        let Some(successor) = partners.into_iter().find(|ch| own(ch) != own(&left_behind)) else { return };
        let Some(extension) = self.extension_behind(successor) else { return };
        let endpoint = own(&successor);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.callers_endpoint = endpoint;
        let last =
            call.passed_on.get_or_insert(PassedOn { kind: TransferKind::Redirect, by: None, target: None });
        if last.target.as_ref() == Some(&extension) {
            return;
        }
        last.target = Some(extension.clone());
        let (kind, by) = (last.kind, last.by.clone());
        self.publish_passed_on(key, kind, by, Some(extension));
    }

    /// The party that was called and is still there: the far one of an outbound call, of an internal one who answered.
    fn left_behind(&self, key: CallKey) -> Option<ChannelKey> {
        let call = self.calls.get(key)?;
        let answered = |ch: &ChannelKey| {
            self.channels.get(*ch).is_some_and(|channel| {
                channel.kind == ChannelKind::Device
                    && channel.talks_in().is_some()
                    && Some(&channel.endpoint) == call.answered_by_endpoint.as_ref()
            })
        };
        match call.direction {
            Direction::Out => call.far_party.filter(|ch| self.channels.contains_key(*ch)),
            _ => call.members.iter().copied().find(answered),
        }
    }
}

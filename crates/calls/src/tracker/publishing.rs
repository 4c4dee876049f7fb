//! Call events, handed out one by one.

use ringwire_event::explanation::{AnnounceReason, HangupReason};
use ringwire_event::{CallEvent, CallFacts, CallId, Cause, EventKind};

use super::Tracker;
use crate::model::{Call, CallKey, CallStage, PendingEvent};

impl Tracker {
    /// Publishes what happened between the announcement and the hangup; before the announcement it waits for it.
    pub(super) fn publish(&mut self, key: CallKey, kind: EventKind) {
        self.publish_with(key, kind, CallFacts::default());
    }

    /// The same, with the facts that are the event's own.
    pub(super) fn publish_with(&mut self, key: CallKey, kind: EventKind, facts: CallFacts) {
        let time = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        match &mut call.stage {
            CallStage::Gathering(pending) => pending.then.push(PendingEvent { kind, time, facts }),
            CallStage::Announced => self.push_event(key, PendingEvent { kind, time, facts }),
            CallStage::Unannounced | CallStage::Over => {}
        }
    }

    /// Publishes the hangup, once; a call whose originator was never known ends without an event.
    pub(super) fn publish_hangup(
        &mut self,
        key: CallKey,
        cause: impl FnOnce(&Call) -> (Cause, HangupReason),
    ) {
        self.publish_hangup_into(key, None, cause);
    }

    /// The same, of a call that became part of the call `absorbed_by`.
    pub(super) fn publish_hangup_into(
        &mut self,
        key: CallKey,
        absorbed_by: Option<CallId>,
        cause: impl FnOnce(&Call) -> (Cause, HangupReason),
    ) {
        let Some(call) = self.calls.get(key) else { return };
        if call.is_over() {
            return;
        }
        if !call.has_originator && !call.is_announced() {
            self.explain_unannounced(key);
            return self.drop_pending(key);
        }
        // Nobody picked up the phone that Originate called, or nobody was dialled then (call rules 2.3).
        if call.is_originated && !call.dialled && matches!(call.stage, CallStage::Unannounced) {
            self.explain_dialled_nobody(key);
            return self.drop_pending(key);
        }
        self.announce(key, AnnounceReason::Ended);
        self.publish_redirect(key);
        self.stop_all_ringing(key);
        self.publish_queue_left(key, None);
        self.publish_unparked_at_end(key);
        self.stop_recording(key);
        let Some(call) = self.calls.get(key) else { return };
        let (cause, why) = match self.recovering && !call.is_answered() {
            true => (Cause::Cancel, HangupReason::Unseen),
            false => cause(call),
        };
        let kind = EventKind::Hangup { cause, answered_by: call.answered_by.clone() };
        self.explain_ended(key, cause, why);
        let facts = CallFacts { absorbed_by, ..CallFacts::default() };
        self.push_event(key, PendingEvent { kind, time: self.now, facts });
        if let Some(call) = self.calls.get_mut(key) {
            call.stage = CallStage::Over;
        }
    }

    pub(super) fn push_event(&mut self, key: CallKey, event: PendingEvent) {
        let PendingEvent { kind, time, facts } = event;
        self.note_caller_leg(key);
        let Some(call) = self.calls.get(key) else { return };
        let facts = self.facts(call, &kind, facts);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.seq += 1;
        let (mark, number) = match (&self.start_mark, call.taken_up_after) {
            (Some(mark), Some(before)) => (Some(&**mark), call.seq - before),
            _ => (None, call.seq),
        };
        let event = CallEvent {
            id: CallEvent::id_of(&call.id, mark, number),
            kind,
            call: call.id.clone(),
            seq: call.seq,
            time,
            pbx: self.rules.pbx.clone(),
            recovered: self.recovering,
            direction: call.direction,
            from: call.from.clone(),
            from_name: call.from_name.clone(),
            to: call.to.clone(),
            queue: call.queue.clone(),
            trunk: call.trunk.clone(),
            account: call.account.clone(),
            tenant: call.tenant.clone(),
            facts,
        };
        self.explain_published(key, &event, number);
        self.events.push_back(event);
    }
}

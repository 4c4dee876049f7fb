//! What is followed only where a target asks for it by name: channel variables, and the keys that are pressed.

use ringwire_event::{CallFacts, Digit, EventKind};

use super::Tracker;
use crate::event_headers::EventHeaders;

impl Tracker {
    /// Whether an event of this name is of no use, because nobody asks for what it says.
    pub(super) fn is_unasked(&self, name: &[u8]) -> bool {
        match name {
            b"VarSet" => self.rules.variables.is_empty(),
            b"DTMF" | b"DTMFEnd" => !self.rules.dtmf,
            _ => false,
        }
    }

    /// VarSet. A name may begin with one or two underscores, which make channels inherit the variable.
    pub(super) fn on_variable_set(&mut self, packet: &EventHeaders<'_>) {
        let Some(name) = packet.text("Variable") else { return };
        let name = name.strip_prefix("__").or(name.strip_prefix('_')).unwrap_or(&name);
        let Some(name) = self.rules.variables.iter().find(|asked| *asked == name).cloned() else { return };
        let Some(key) = self.channel_of(packet, "Uniqueid").and_then(|ch| self.living_call(ch)) else {
            return;
        };
        let Some(call) = self.calls.get_mut(key) else { return };
        match packet.text("Value") {
            Some(value) => call.variables.insert(name, value.into_owned()),
            None => call.variables.remove(&name),
        };
    }

    /// DTMFEnd, up to 11 `DTMF` with `End: Yes`: a party has pressed a key. What is sent to a party is not published.
    pub(super) fn on_dtmf(&mut self, packet: &EventHeaders<'_>) {
        let says =
            |key: &str, word: &str| packet.text(key).is_some_and(|text| text.eq_ignore_ascii_case(word));
        if !says("Direction", "Received") || says("End", "No") {
            return;
        }
        let Some(ch) = self.channel_of(packet, "Uniqueid") else { return };
        let Some(key) = self.living_call(ch) else { return };
        let leg = self.leg(ch);
        if leg.is_none() {
            return;
        }
        let digit = packet.text("Digit").map(|digit| Digit::new(digit.into_owned()));
        let (user, facts) = (self.party(ch), CallFacts { leg, ..CallFacts::default() });
        self.publish_with(key, EventKind::Dtmf { digit, user }, facts);
    }
}

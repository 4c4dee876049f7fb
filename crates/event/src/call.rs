//! One event of one call, and the facts of the call it belongs to.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::CallFacts;
use crate::kind::EventKind;

/// The id of a call: the Uniqueid of the channel that began it, behind the PBX's name where there are several.
///
/// It never changes while the call lives, is never empty, never used for a second call, and is at most
/// 250 characters long.
pub type CallId = String;

/// One thing that happened to one call.
///
/// The facts of the call (`from`, `to`, `direction` …) stand in every event of it as they were known at that
/// moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallEvent {
    /// `CALL/N`; of a call that was going on when the daemon started, `CALL/MARK-N` from there on. `MARK` stands for that
    /// start, and is never used again. An id is given to one event only, also where the journal was lost or is an older
    /// copy. `N` counts from 1 without a gap within a mark. A recording that is replayed always gives the same ids.
    pub id: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The call it happened to.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub call: CallId,
    /// The place of this event among the events of its call, from 1. It continues over a restart of the daemon as far as
    /// the journal has the events before it.
    pub seq: u32,
    /// When it happened, by the clock the packets came with; `None` where a recording has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The configured name of the PBX.
    pub pbx: String,
    /// Whether it was learnt from a snapshot after a gap, rather than seen as it happened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// Where the call came from and where it went, seen from the PBX.
    pub direction: Direction,
    /// The caller: E.164 digits without `+` where they could be made, an extension, or `anonymous`.
    pub from: String,
    /// The caller's name as the PBX showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// The number that was called: the DID of an inbound call, the number dialled of an outbound one.
    pub to: String,
    /// The queue the call waits or waited in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The endpoint of the trunk that carries the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// The account code of the channel that began the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The tenant of the channel that began the call (Asterisk 18.25, 20.10, 21.5, 22 and newer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What else is known of the call: when, on which channels, how long.
    #[serde(flatten)]
    pub facts: CallFacts,
}

impl CallEvent {
    /// The id of the `number`th event of `call`, behind a `mark` where the call was taken up at a start.
    #[must_use]
    pub fn id_of(call: &str, mark: Option<&str>, number: u32) -> String {
        format!("{}{number}", event_ids(call, mark))
    }

    /// The version of the JSON form. It grows when a field or event is renamed or removed, not when one is added.
    pub const VERSION: u32 = 1;

    /// The event as it may be stored and shown to everybody: without the key that was pressed.
    #[must_use]
    pub fn without_digit(&self) -> Cow<'_, Self> {
        match &self.kind {
            EventKind::Dtmf { digit: Some(_), user } => {
                let kind = EventKind::Dtmf { digit: None, user: user.clone() };
                Cow::Owned(Self { kind, ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// The event as a target is sent it that asked for these variables.
    #[must_use]
    pub fn with_variables(&self, asked: &[String]) -> Cow<'_, Self> {
        if self.facts.variables.keys().all(|name| asked.contains(name)) {
            return Cow::Borrowed(self);
        }
        let mut event = self.clone();
        event.facts.variables.retain(|name, _| asked.contains(name));
        Cow::Owned(event)
    }

    /// The mark in its id, where its call was taken up at a start.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.id.strip_prefix(&*self.call)?.strip_prefix('/')?.split_once('-').map(|(mark, _)| mark)
    }
}

/// What the ids of the events of `call` begin with.
pub(crate) fn event_ids(call: &str, mark: Option<&str>) -> String {
    match mark {
        Some(mark) => format!("{call}/{mark}-"),
        None => format!("{call}/"),
    }
}

/// Where a call came from and where it went (call rules 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Begun from outside, over a trunk.
    In,
    /// Begun by a device, to the outside.
    Out,
    /// Between devices.
    Internal,
}

impl Direction {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Internal => "internal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{HungUpBy, Leg};
    use crate::party::{AnsweredBy, Party};

    fn answer() -> CallEvent {
        CallEvent {
            id: "pbx1-1795226702.0/2".into(),
            kind: EventKind::Answer {
                answered_by: AnsweredBy::User(Party {
                    extension: Some("101".into()),
                    ..Party::endpoint("PJSIP/alice")
                }),
            },
            call: "pbx1-1795226702.0".into(),
            seq: 2,
            time: Some("2026-11-21T02:05:02.603Z".parse().unwrap()),
            pbx: "main".into(),
            recovered: false,
            direction: Direction::In,
            from: "491761234567".into(),
            from_name: None,
            to: "4930100".into(),
            queue: None,
            trunk: Some("PJSIP/trunk".into()),
            account: None,
            tenant: None,
            facts: CallFacts::default(),
        }
    }

    #[test]
    fn an_id_shows_its_mark() {
        let with_id = |id: String| CallEvent { id, ..answer() };
        assert_eq!(answer().mark(), None);
        let marked = with_id(CallEvent::id_of("pbx1-1795226702.0", Some("mi8g2k4q"), 12));
        assert_eq!((&*marked.id, marked.mark()), ("pbx1-1795226702.0/mi8g2k4q-12", Some("mi8g2k4q")));
    }

    #[test]
    fn the_json_form_is_flat_and_reads_back() {
        let event = answer();
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"id":"pbx1-1795226702.0/2","event":"answer","answeredBy":{"kind":"user","endpoint":"PJSIP/alice","extension":"101"},"call":"pbx1-1795226702.0","seq":2,"time":"2026-11-21T02:05:02.603Z","pbx":"main","direction":"in","from":"491761234567","to":"4930100","trunk":"PJSIP/trunk"}"#
        );
        assert_eq!(serde_json::from_str::<CallEvent>(&json).unwrap(), event);
    }

    #[test]
    fn facts_stand_beside_the_rest_where_they_are_known() {
        let facts = CallFacts {
            started_at: Some("2026-11-21T02:05:00Z".parse().unwrap()),
            answered_at: Some("2026-11-21T02:05:02Z".parse().unwrap()),
            ring_seconds: Some(2),
            talk_seconds: Some(60),
            hung_up_by: Some(HungUpBy::Caller),
            caller_leg: Some(Leg { channel: "PJSIP/trunk-0".into(), uniqueid: "1.0".into() }),
            variables: [("CUSTOMER".to_owned(), "7".to_owned())].into(),
            ..CallFacts::default()
        };
        let event = CallEvent { facts, ..answer() };
        let json = serde_json::to_string(&event).unwrap();
        let expected = r#","startedAt":"2026-11-21T02:05:00Z","answeredAt":"2026-11-21T02:05:02Z","ringSeconds":2,"talkSeconds":60,"hungUpBy":"caller","callerLeg":{"channel":"PJSIP/trunk-0","uniqueid":"1.0"},"variables":{"CUSTOMER":"7"}}"#;
        assert!(json.ends_with(expected), "{json}");
        assert_eq!(serde_json::from_str::<CallEvent>(&json).unwrap(), event);
    }

    #[test]
    fn a_target_is_sent_the_variables_that_it_asked_for() {
        let variables = [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())].into();
        let event = CallEvent { facts: CallFacts { variables, ..CallFacts::default() }, ..answer() };
        let names = |asked: &[&str]| {
            let asked: Vec<_> = asked.iter().map(|name| (*name).to_owned()).collect();
            event.with_variables(&asked).facts.variables.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&["B", "C"]), names(&[]), names(&["A", "B"])),
            (vec!["B".to_owned()], vec![], vec!["A".to_owned(), "B".to_owned()])
        );
    }

    #[test]
    fn what_is_stored_has_no_digit() {
        let digit = Some(crate::Digit::new("7"));
        let event = CallEvent { kind: EventKind::Dtmf { digit, user: None }, ..answer() };
        let stored = serde_json::to_string(&*event.without_digit()).unwrap();
        assert!(stored.contains(r#""event":"dtmf""#) && !stored.contains("digit"), "{stored}");
        assert_eq!(*answer().without_digit(), answer());
    }
}

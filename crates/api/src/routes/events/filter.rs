//! Which events a stream sends.

use ringwire_event::{AnsweredBy, CallEvent, Direction, EventKind, Party};

use crate::{extract::direction, problem::Problem};

/// Which events a stream sends: those that match each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EventFilter {
    /// In lower case.
    users: Vec<String>,
    queues: Vec<String>,
    directions: Vec<Direction>,
    events: Vec<String>,
    calls: Vec<String>,
}

impl EventFilter {
    /// A filter from the parameters of a query.
    ///
    /// # Errors
    /// There is no such direction or event.
    pub(super) fn new(
        users: Vec<String>,
        queues: Vec<String>,
        directions: &[String],
        events: Vec<String>,
        calls: Vec<String>,
    ) -> Result<Self, Problem> {
        if let Some(unknown) = events.iter().find(|event| !EventKind::NAMES.contains(&event.as_str())) {
            return Err(Problem::bad_request(format!("there is no event {unknown:?}"))
                .hint(EventKind::NAMES.join(", ")));
        }
        let users = users.into_iter().map(|user| user.to_lowercase()).collect();
        let directions = directions.iter().map(|word| direction(word)).collect::<Result<_, _>>()?;
        Ok(Self { users, queues, directions, events, calls })
    }

    /// Whether `event` is sent.
    pub(super) fn matches(&self, event: &CallEvent) -> bool {
        let Self { users, queues, directions, events, calls } = self;
        (directions.is_empty() || directions.contains(&event.direction))
            && (events.is_empty() || events.iter().any(|name| name == event.kind.name()))
            && (calls.is_empty() || calls.contains(&event.call))
            && (queues.is_empty() || event.queue.as_ref().is_some_and(|queue| queues.contains(queue)))
            && (users.is_empty()
                || parties(event).any(|party| users.iter().any(|user| is_called(party, user))))
    }
}

/// The users in an event.
fn parties(event: &CallEvent) -> impl Iterator<Item = &Party> {
    let (users, user) = match &event.kind {
        EventKind::NewCall { users } => (users.as_slice(), None),
        EventKind::Answer { answered_by } => (&[][..], answered_by.user()),
        EventKind::Hangup { answered_by, .. } => (&[][..], answered_by.as_ref().and_then(AnsweredBy::user)),
        kind => (&[][..], kind.user()),
    };
    users.iter().chain(user)
}

/// Whether `wanted`, in lower case, is part of what `party` is called.
fn is_called(party: &Party, wanted: &str) -> bool {
    let Party { endpoint, extension, name, login, email, number: _ } = party;
    std::iter::once(Some(endpoint))
        .chain([extension, name, login, email].map(Option::as_ref))
        .flatten()
        .any(|fact| fact.to_lowercase().contains(wanted))
}

#[cfg(test)]
mod tests {
    use ringwire_event::{CallFacts, Cause, TransferKind};

    use super::*;

    fn alice() -> Party {
        Party {
            extension: Some("101".into()),
            name: Some("Alice Ärmel".into()),
            login: Some("aa".into()),
            email: Some("alice@example.com".into()),
            ..Party::endpoint("PJSIP/a1")
        }
    }

    fn event(what: EventKind) -> CallEvent {
        CallEvent {
            id: "main-1/1".into(),
            kind: what,
            call: "main-1".into(),
            seq: 1,
            time: None,
            pbx: "main".into(),
            recovered: false,
            direction: Direction::In,
            from: "491761234567".into(),
            from_name: Some("Bob".into()),
            to: "4930100".into(),
            queue: Some("support".into()),
            trunk: None,
            account: None,
            tenant: None,
            facts: CallFacts::default(),
        }
    }

    #[test]
    fn an_event_is_sent_if_each_list_of_the_filter_matches() {
        // users, queues, directions, events, calls
        let check = |what: &EventKind, filter: [&str; 5], matches: bool| {
            let [users, queues, directions, events, calls] = filter.map(|words| {
                words.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
            });
            let made = EventFilter::new(users, queues, &directions, events, calls).unwrap();
            assert_eq!(made.matches(&event(what.clone())), matches, "{filter:?} {what:?}");
        };
        let new_call = EventKind::NewCall { users: vec![Party::endpoint("PJSIP/b2"), alice()] };
        let user = Some(alice());
        let others = [
            EventKind::Ringing { user: alice() },
            EventKind::Answer { answered_by: AnsweredBy::User(alice()) },
            EventKind::Hold { user: user.clone() },
            EventKind::Unhold { user: user.clone() },
            EventKind::Transfer { kind: TransferKind::Blind, user, transfer_target: None },
            EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice())) },
        ];
        for what in others.iter().chain([&new_call]) {
            check(what, ["alice", "", "", "", ""], true);
            check(what, ["carol,ÄRMEL", "", "", "", ""], true);
            check(what, ["101", "", "", "", ""], true);
            check(what, ["a1", "support", "in", what.name(), "main-1"], true);
            check(what, ["bob", "", "", "", ""], false);
        }
        let nobody = EventKind::Hangup { cause: Cause::Cancel, answered_by: None };
        check(&nobody, ["alice", "", "", "", ""], false);
        check(&EventKind::Answer { answered_by: AnsweredBy::Voicemail }, ["a", "", "", "", ""], false);
        check(&nobody, ["", "", "", "", ""], true);
        check(&nobody, ["", "sales,support", "out,in", "newCall,hangup", "x,main-1"], true);
        check(&nobody, ["", "Support", "", "", ""], false);
        check(&nobody, ["", "", "out,internal", "", ""], false);
        check(&nobody, ["", "", "", "answer", ""], false);
        check(&nobody, ["", "", "", "", "main-11"], false);
    }

    #[test]
    fn what_there_is_not_cannot_be_asked_for() {
        let filter = |direction: &str, event: &str| {
            EventFilter::new(Vec::new(), Vec::new(), &[direction.to_owned()], vec![event.into()], Vec::new())
        };
        assert!(filter("in", "hangup").is_ok());
        assert!(filter("inbound", "hangup").is_err() && filter("in", "Hangup").is_err());
    }
}

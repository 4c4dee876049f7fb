//! Which events are printed.

use ringwire_event::{CallEvent, Direction, EventKind, Party};

/// Which events are printed. A call that matches once matches until its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EventFilter {
    /// Part of an endpoint, extension, name, login or e-mail address, in lower case.
    pub(super) user: Option<String>,
    /// Names of queues; empty for all.
    pub(super) queues: Vec<String>,
    /// Names of events; empty for all.
    pub(super) events: Vec<String>,
    /// Only the ends of missed calls.
    pub(super) missed: bool,
}

/// Which filters a call has matched so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FilterMatches {
    user: bool,
    queue: bool,
}

impl EventFilter {
    /// Whether `event` is printed; `matched` belongs to its call.
    pub(super) fn passes(&self, event: &CallEvent, matched: &mut FilterMatches) -> bool {
        matched.user |=
            self.user.as_ref().is_none_or(|part| users_of(event).any(|user| matches_user(user, part)));
        matched.queue |= self.queues.is_empty()
            || event.queue.as_ref().is_some_and(|queue| self.queues.iter().any(|wanted| wanted == queue));
        matched.user
            && matched.queue
            && (self.events.is_empty() || self.events.iter().any(|name| name == event.kind.name()))
            && (!self.missed || is_missed(event))
    }
}

/// Whether this is the end of a missed call.
pub(super) fn is_missed(event: &CallEvent) -> bool {
    event.direction == Direction::In && matches!(event.kind, EventKind::Hangup { answered_by: None, .. })
}

fn users_of(event: &CallEvent) -> impl Iterator<Item = &Party> {
    let (some, one) = match &event.kind {
        EventKind::NewCall { users } => (users.as_slice(), None),
        EventKind::Answer { answered_by } => (&[][..], answered_by.user()),
        EventKind::Hangup { answered_by, .. } => {
            (&[][..], answered_by.as_ref().and_then(|answered_by| answered_by.user()))
        }
        kind => (&[][..], kind.user()),
    };
    some.iter().chain(one)
}

fn matches_user(user: &Party, part: &str) -> bool {
    let Party { endpoint, extension, name, login, email, number: _ } = user;
    let texts = [Some(endpoint), extension.as_ref(), name.as_ref(), login.as_ref(), email.as_ref()];
    texts.into_iter().flatten().any(|text| text.to_lowercase().contains(part))
}

#[cfg(test)]
mod tests {
    use ringwire_event::{AnsweredBy, Cause};

    use super::*;
    use crate::tail::test_events::event;

    fn alice() -> Party {
        Party { name: Some("Alice Adams".into()), ..Party::endpoint("PJSIP/101") }
    }

    /// A call that rings somewhere, then at alice's, who takes it.
    fn call() -> Vec<CallEvent> {
        let mut events = vec![
            event("1.0", 1, EventKind::NewCall { users: vec![Party::endpoint("PJSIP/102")] }),
            event("1.0", 2, EventKind::Ringing { user: alice() }),
            event("1.0", 3, EventKind::Answer { answered_by: AnsweredBy::User(alice()) }),
            event("1.0", 4, EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None }),
        ];
        for event in &mut events[2..3] {
            event.queue = Some("support".into());
        }
        events
    }

    fn check(filter: &EventFilter, shown: &[u32]) {
        let mut matched = FilterMatches::default();
        let passed = call().into_iter().filter(|event| filter.passes(event, &mut matched));
        assert_eq!(passed.map(|event| event.seq).collect::<Vec<_>>(), shown, "{filter:?}");
    }

    #[test]
    fn a_call_matches_from_its_first_matching_event() {
        let user = |part: &str| EventFilter { user: Some(part.into()), ..EventFilter::default() };
        check(&EventFilter::default(), &[1, 2, 3, 4]);
        check(&user("alice"), &[2, 3, 4]);
        check(&user("pjsip/102"), &[1, 2, 3, 4]);
        check(&user("bob"), &[]);
        check(
            &EventFilter { queues: vec!["sales".into(), "support".into()], ..EventFilter::default() },
            &[3, 4],
        );
        check(
            &EventFilter { events: vec!["ringing".into(), "hangup".into()], ..EventFilter::default() },
            &[2, 4],
        );
        check(&EventFilter { missed: true, ..EventFilter::default() }, &[4]);
        check(&EventFilter { missed: true, ..user("bob") }, &[]);
    }
}

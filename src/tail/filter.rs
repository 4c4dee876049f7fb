//! Which events are shown.

use ringwire_event::{CallEvent, Direction, EventKind, Party};

/// Which events are shown. A call that came to match is shown from there on, to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Part of an endpoint, extension, name, login or e-mail address, in lower case.
    pub(super) user: Option<String>,
    /// Names of queues; none: whatever queue.
    pub(super) queues: Vec<String>,
    /// Names of events; none: all.
    pub(super) events: Vec<String>,
    /// Only ends of calls from outside that nobody took.
    pub(super) missed: bool,
}

/// What of a call has matched so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Matched {
    user: bool,
    queue: bool,
}

impl Filter {
    /// Whether `event` is shown; `matched` is what is remembered of its call.
    pub(super) fn passes(&self, event: &CallEvent, matched: &mut Matched) -> bool {
        matched.user |= self.user.as_ref().is_none_or(|part| users(event).any(|user| is(user, part)));
        matched.queue |= self.queues.is_empty()
            || event.queue.as_ref().is_some_and(|queue| self.queues.iter().any(|wanted| wanted == queue));
        matched.user
            && matched.queue
            && (self.events.is_empty() || self.events.iter().any(|name| name == event.kind.name()))
            && (!self.missed || is_missed(event))
    }
}

/// Whether this is the end of a call from outside that nobody took.
pub(super) fn is_missed(event: &CallEvent) -> bool {
    event.direction == Direction::In && matches!(event.kind, EventKind::Hangup { answered_by: None, .. })
}

fn users(event: &CallEvent) -> impl Iterator<Item = &Party> {
    let (some, one) = match &event.kind {
        EventKind::NewCall { users } => (users.as_slice(), None),
        EventKind::Ringing { user } => (&[][..], Some(user)),
        EventKind::Answer { answered_by } => (&[][..], answered_by.user()),
        EventKind::Hold { user } | EventKind::Unhold { user } | EventKind::Transfer { user, .. } => {
            (&[][..], user.as_ref())
        }
        EventKind::Hangup { answered_by, .. } => {
            (&[][..], answered_by.as_ref().and_then(|answered_by| answered_by.user()))
        }
    };
    some.iter().chain(one)
}

fn is(user: &Party, part: &str) -> bool {
    let Party { endpoint, extension, name, login, email, number: _ } = user;
    let said = [Some(endpoint), extension.as_ref(), name.as_ref(), login.as_ref(), email.as_ref()];
    said.into_iter().flatten().any(|text| text.to_lowercase().contains(part))
}

#[cfg(test)]
mod tests {
    use ringwire_event::{AnsweredBy, Cause};

    use super::*;
    use crate::tail::merge::testing::event;

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

    fn check(filter: &Filter, shown: &[u32]) {
        let mut matched = Matched::default();
        let passed = call().into_iter().filter(|event| filter.passes(event, &mut matched));
        assert_eq!(passed.map(|event| event.seq).collect::<Vec<_>>(), shown, "{filter:?}");
    }

    #[test]
    fn a_call_is_shown_from_where_it_matches() {
        let user = |part: &str| Filter { user: Some(part.into()), ..Filter::default() };
        check(&Filter::default(), &[1, 2, 3, 4]);
        check(&user("alice"), &[2, 3, 4]);
        check(&user("pjsip/102"), &[1, 2, 3, 4]);
        check(&user("bob"), &[]);
        check(&Filter { queues: vec!["sales".into(), "support".into()], ..Filter::default() }, &[3, 4]);
        check(&Filter { events: vec!["ringing".into(), "hangup".into()], ..Filter::default() }, &[2, 4]);
        check(&Filter { missed: true, ..Filter::default() }, &[4]);
        check(&Filter { missed: true, ..user("bob") }, &[]);
    }
}

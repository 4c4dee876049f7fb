//! Which events are shown.

use ringwire_event::{CallEvent, Direction, Party, What};

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
            && (self.events.is_empty() || self.events.iter().any(|name| name == event.what.name()))
            && (!self.missed || is_missed(event))
    }
}

/// Whether this is the end of a call from outside that nobody took.
pub(super) fn is_missed(event: &CallEvent) -> bool {
    event.direction == Direction::In && matches!(event.what, What::Hangup { taker: None, .. })
}

fn users(event: &CallEvent) -> impl Iterator<Item = &Party> {
    let (some, one) = match &event.what {
        What::NewCall { users } => (users.as_slice(), None),
        What::Ringing { user } => (&[][..], Some(user)),
        What::Answer { taker } => (&[][..], taker.user()),
        What::Hold { user } | What::Unhold { user } | What::Transfer { user, .. } => (&[][..], user.as_ref()),
        What::Hangup { taker, .. } => (&[][..], taker.as_ref().and_then(|taker| taker.user())),
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
    use ringwire_event::{Cause, Taker};

    use super::*;
    use crate::cli::tail::merge::testing::event;

    fn alice() -> Party {
        Party { name: Some("Alice Adams".into()), ..Party::endpoint("PJSIP/101") }
    }

    /// A call that rings somewhere, then at alice's, who takes it.
    fn call() -> Vec<CallEvent> {
        let mut events = vec![
            event("1.0", 1, What::NewCall { users: vec![Party::endpoint("PJSIP/102")] }),
            event("1.0", 2, What::Ringing { user: alice() }),
            event("1.0", 3, What::Answer { taker: Taker::User(alice()) }),
            event("1.0", 4, What::Hangup { cause: Cause::NormalClearing, taker: None }),
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

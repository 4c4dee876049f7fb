//! What is concluded of calls: when they are announced, who takes them, why they end.

use ringwire_event::{AnsweredBy, Cause, Conclusion, Direction, Party, TransferKind};

use super::super::Tracker;
use super::{Occasion, answered_by, list, person};
use crate::model::{CallKey, Ch, Kind, Stage, State, Why, known_number};

impl Tracker {
    /// A phone or trunk is dialled for the call.
    pub(in crate::tracker) fn explain_dialled(&mut self, key: CallKey, ch: Ch, own: bool) {
        if own {
            return self.note(key, Conclusion::OwnLeg, "rules 2", |tracker| {
                format!(
                    "{} counts as the caller's own phone, which the PBX called first (Originate): not as one that rings",
                    tracker.shown(ch)
                )
            });
        }
        self.note(key, Conclusion::Dialled, "rules 3", |tracker| {
            let number = tracker.channels.get(ch).and_then(|channel| channel.number.as_deref());
            match (tracker.party(ch), number) {
                (Some(party), _) => format!("the phone of {} is dialled", person(&party)),
                (None, Some(number)) => format!("{number} is dialled on the trunk {}", tracker.shown(ch)),
                (None, None) => format!("the trunk {} is dialled", tracker.shown(ch)),
            }
        });
    }

    pub(in crate::tracker) fn explain_gathering(&mut self, key: CallKey) {
        self.note(key, Conclusion::Gathering, "rules 3", |tracker| {
            let waits =
                "the call is to be announced; that waits for the other phones of this round of ringing";
            match tracker.now {
                Some(_) => format!("{waits}, {} ms at most", tracker.rules.gather.as_millis()),
                None => format!("{waits} (there is no clock)"),
            }
        });
    }

    pub(in crate::tracker) fn explain_rings(&mut self, key: CallKey, user: &Party, again: bool) {
        self.note(key, Conclusion::Rings, "rules 3", |_| match again {
            true => format!("the phone of {} rings, as was said before", person(user)),
            false => format!("the phone of {} rings", person(user)),
        });
    }

    /// The call is announced: which way it goes, who calls, and why now.
    pub(in crate::tracker) fn explain_announced(&mut self, key: CallKey, occasion: Occasion) {
        if !self.notes.on {
            return;
        }
        self.note(key, Conclusion::Direction, "rules 2", |tracker| tracker.why_direction(key));
        if let Some(why) = self.why_caller(key) {
            self.note(key, Conclusion::Caller, "rules 2", |_| why);
        }
        let rule = if matches!(occasion, Occasion::Listed) { "rules 3, last point" } else { "rules 3" };
        self.note(key, Conclusion::Announced, rule, |tracker| {
            let Some(call) = tracker.calls.get(key) else { return String::new() };
            let why = match occasion {
                Occasion::Gathered => format!("the {} ms are over", tracker.rules.gather.as_millis()),
                Occasion::LegClosed => {
                    "a phone of the round is no longer rung, so the round is complete".to_owned()
                }
                Occasion::Answered => "somebody takes the call".to_owned(),
                Occasion::LeftQueue => "the caller leaves the queue".to_owned(),
                Occasion::Over => "the call ends".to_owned(),
                Occasion::Listed => "it is told of as it stands".to_owned(),
            };
            format!("{why}: announced as {}, {} → {}", call.direction.as_str(), call.from, call.to)
        });
    }

    fn why_direction(&self, key: CallKey) -> String {
        let Some(call) = self.calls.get(key) else { return String::new() };
        let beginner = call.beginner.and_then(|ch| self.channels.get(ch));
        let began = call.beginner.map_or("somebody who is gone", |ch| self.shown(ch));
        let outside = beginner.is_some_and(|channel| channel.kind == Kind::External);
        let dialled = |kind| {
            let mut names: Vec<_> = call
                .members
                .iter()
                .filter(|ch| Some(**ch) != call.beginner)
                .filter(|ch| {
                    self.channels.get(**ch).is_some_and(|channel| channel.kind == kind && channel.dialled)
                })
                .map(|ch| self.shown(*ch).to_owned())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        match call.direction {
            Direction::In => format!("inbound: {began}, which began the call, is a trunk"),
            Direction::Out if outside => {
                format!("outbound: the PBX called {began} first (Originate), which is a trunk")
            }
            Direction::Out => {
                let trunks = list(&dialled(Kind::External));
                format!("outbound: {began}, which began the call, is no trunk, and only {trunks} is dialled")
            }
            Direction::Internal => {
                let context = beginner.map_or("", |channel| &channel.context);
                let phones = dialled(Kind::Device);
                let to = if phones.is_empty() {
                    "no trunk is dialled".to_owned()
                } else {
                    format!("{} is dialled", list(&phones))
                };
                match context {
                    "" => format!("internal: {began}, which began the call, is no trunk, and {to}"),
                    context => format!(
                        "internal: {began}, which began the call, is no trunk (its context {context} is no inbound context), and {to}"
                    ),
                }
            }
        }
    }

    /// Why the caller is not just the number that was shown.
    fn why_caller(&self, key: CallKey) -> Option<String> {
        let call = self.calls.get(key)?;
        let beginner = call.beginner.and_then(|ch| self.channels.get(ch))?;
        let shown = beginner.caller_number.as_deref();
        match shown {
            _ if call.direction == Direction::Internal => None,
            _ if beginner.withheld => Some("the caller asked not to show the number: anonymous".to_owned()),
            _ if call.direction == Direction::In && shown.and_then(known_number).is_none() => {
                Some("the caller shows no number: anonymous".to_owned())
            }
            Some(shown) if call.direction == Direction::In && *shown != *call.from => {
                Some(format!("the number {shown} is written {}", call.from))
            }
            _ => None,
        }
    }

    pub(in crate::tracker) fn explain_queued(&mut self, key: CallKey) {
        self.note(key, Conclusion::Queued, "rules 3", |tracker| {
            let queue = tracker.calls.get(key).and_then(|call| call.queue.as_deref()).unwrap_or("?");
            format!("the caller waits in the queue {queue}")
        });
    }

    pub(in crate::tracker) fn explain_left_queue(&mut self, key: CallKey) {
        let gave_up = self.calls.get(key).is_some_and(|call| call.gave_up);
        self.note(key, Conclusion::LeftQueue, "rules 4.3", |_| match gave_up {
            true => "the caller waits no more".to_owned(),
            false => {
                "the caller waits no more: if no answer follows, the queue has given the call up".to_owned()
            }
        });
    }

    pub(in crate::tracker) fn explain_answered(&mut self, key: CallKey, by: &AnsweredBy, again: bool) {
        let who = answered_by(by);
        if again && self.calls.get(key).is_some_and(|call| call.direction == Direction::Out) {
            return self.note(key, Conclusion::NotAnAnswer, "rules 3", |_| {
                format!("{who} talks with the caller now; on an outbound call that is no second answer")
            });
        }
        self.note(key, Conclusion::Answered, "rules 3", |_| match (by, again) {
            (AnsweredBy::Voicemail, _) => {
                "answered by voicemail: VoiceMail() has the caller, whose channel is up".to_owned()
            }
            (AnsweredBy::Conference, _) => "answered by a conference: the caller joined it".to_owned(),
            (_, false) => format!("answered by {who}: the first to be in a bridge with the caller"),
            (_, true) => format!("answered by {who}: a new party is in a bridge with the caller"),
        });
    }

    /// Somebody is with the caller, and who had taken the call still is.
    pub(in crate::tracker) fn explain_joined_in(&mut self, key: CallKey, partners: &[Ch]) {
        if !self.notes.on {
            return;
        }
        let Some(taken) = self.calls.get(key).and_then(|call| call.answered_by_endpoint.clone()) else {
            return;
        };
        let others: Vec<_> =
            partners.iter().map(|ch| self.shown(*ch).to_owned()).filter(|shown| *shown != taken).collect();
        if !others.is_empty() {
            self.note(key, Conclusion::NotAnAnswer, "rules 3", |_| {
                format!("{} joins in; {taken} still has the call", list(&others))
            });
        }
    }

    /// The caller's channel is up, and nobody has taken the call (translation rules, section 3).
    pub(in crate::tracker) fn explain_up(&mut self, ch: Ch) {
        let Some(call) = self.beginner_call(ch).and_then(|key| self.calls.get(key)).filter(|_| self.notes.on)
        else {
            return;
        };
        let up = |ch: &Ch| self.channels.get(*ch).is_some_and(|channel| channel.state == State::Up);
        if !call.is_answered() && !call.members.iter().any(|member| *member != ch && up(member)) {
            self.note(ch, Conclusion::NotAnAnswer, "rules 3", |tracker| {
                let shown = tracker.shown(ch);
                format!("the PBX has answered {shown} (a menu, music, an announcement): by that nobody has taken the call")
            });
        }
    }

    /// A bridge in which nobody talks with the caller.
    pub(in crate::tracker) fn explain_no_talk(&mut self, ch: Ch) {
        self.note(ch, Conclusion::NotAnAnswer, "rules 1", |tracker| {
            format!(
                "{} waits, is parked or is in a conference: such a bridge makes nobody talk with the caller",
                tracker.shown(ch)
            )
        });
    }

    pub(in crate::tracker) fn explain_hold(&mut self, key: CallKey, ch: Ch, on: bool, said: bool) {
        let concluded = match (said, on) {
            (false, _) => Conclusion::Ignored,
            (true, true) => Conclusion::Held,
            (true, false) => Conclusion::Unheld,
        };
        self.note(key, concluded, "rules 3", |tracker| {
            let who = tracker.party(ch).map_or_else(|| tracker.shown(ch).to_owned(), |party| person(&party));
            match (said, on) {
                (false, _) => format!("{who} holds or takes back, but nobody has taken the call: not said"),
                (true, true) => format!("{who} puts the other on hold"),
                (true, false) => format!("{who} takes the other back"),
            }
        });
    }

    pub(in crate::tracker) fn explain_transfer(
        &mut self,
        key: CallKey,
        kind: TransferKind,
        user: Option<&Party>,
        target: Option<&str>,
    ) {
        self.note(key, Conclusion::Transferred, "rules 3", |_| {
            let who = user.map_or_else(|| "somebody".to_owned(), person);
            let to = target.map(|target| format!(" to {target}")).unwrap_or_default();
            match kind {
                TransferKind::Attended => {
                    format!("{who} passes the call on{to}, after asking there (attended)")
                }
                TransferKind::Blind => format!("{who} passes the call on{to}, without asking there (blind)"),
                TransferKind::Redirect => format!("the call is moved{to}"),
            }
        });
    }

    pub(in crate::tracker) fn explain_failed_transfer(&mut self, ch: Option<Ch>) {
        if let Some(ch) = ch {
            self.note(ch, Conclusion::Ignored, "", |_| {
                "the transfer did not succeed: nothing changes".to_owned()
            });
        }
    }

    pub(in crate::tracker) fn explain_redirect(&mut self, key: CallKey, target: &str) {
        self.note(key, Conclusion::Redirected, "rules 3", |_| {
            format!("the caller was moved to {target}, and no transfer explains it: a redirect")
        });
    }

    pub(in crate::tracker) fn explain_deflected(&mut self, key: CallKey, before: bool) {
        let now = self.calls.get(key).is_some_and(|call| call.deflected);
        if now != before {
            self.note(key, Conclusion::Deflected, "rules 4.5", |_| match now {
                true => "the dialplan sends the unanswered caller elsewhere (Transfer)".to_owned(),
                false => "the dialplan goes on with the call: it was not sent elsewhere after all".to_owned(),
            });
        }
    }

    pub(in crate::tracker) fn explain_forwarded(&mut self, ch: Ch) {
        self.note(ch, Conclusion::Forwarded, "rules 4.3", |tracker| {
            format!(
                "{} sends the call on elsewhere: it says nothing of why nobody took it",
                tracker.shown(ch)
            )
        });
    }

    /// What a leg says by now; `before` is what it said until now.
    pub(in crate::tracker) fn explain_verdict(&mut self, ch: Ch, before: Option<Cause>) {
        if !self.notes.on {
            return;
        }
        let Some(call) = self.call_of(ch).and_then(|key| self.calls.get_mut(key)) else { return };
        let verdict = call.round.leg(ch).and_then(|leg| leg.verdict());
        if verdict == before || call.is_answered() {
            return;
        }
        if let Some(verdict) = verdict {
            self.note(ch, Conclusion::Verdict, "rules 4.3", |tracker| {
                format!("{} did not take it, and says why: {}", tracker.shown(ch), verdict.as_str())
            });
        }
    }

    /// The caller hangs up before anybody took the call; `echo`: the request is the PBX's own.
    pub(in crate::tracker) fn explain_hangup_request(&mut self, key: CallKey, echo: bool) {
        let Some(call) = self.calls.get(key).filter(|call| !call.is_answered()) else { return };
        if echo || !call.gave_up {
            return self.note(key, Conclusion::NotGivenUp, "rules 4.2", |_| match echo {
                true => "the PBX plays busy to the caller: this echoes its own hang-up, the caller has not given up"
                    .to_owned(),
                false => "the caller goes after the ringing was over: that is no giving up".to_owned(),
            });
        }
        let queued = call.queued;
        let ringing = call.round.is_open();
        self.note(key, Conclusion::GaveUp, "rules 4.2", |_| {
            let meanwhile = match (queued, ringing) {
                (true, _) => "while waiting in the queue",
                (false, true) => "while it still rang",
                (false, false) => "before anything had rung",
            };
            format!("the caller gives up {meanwhile}")
        });
    }

    /// The call is over.
    pub(in crate::tracker) fn explain_over(&mut self, key: CallKey, cause: Cause, why: Why) {
        let rule = match why {
            Why::Answered => "rules 4.1",
            Why::GaveUp => "rules 4.2",
            Why::Legs | Why::Queue => "rules 4.3",
            Why::Own(_) | Why::Nothing => "rules 4.4",
            Why::Deflected | Why::Moved => "rules 4.5",
            Why::Unwatched => "rules 3",
            Why::Absorbed => "rules 1",
        };
        self.note(key, Conclusion::Over, rule, |tracker| {
            let because = match why {
                Why::Answered => "it was answered".to_owned(),
                Why::GaveUp => "the caller had given up".to_owned(),
                Why::Legs => "nobody took it, and those who were dialled say so together".to_owned(),
                Why::Queue => "nobody took it before the queue gave it up".to_owned(),
                Why::Own(code) => {
                    format!("nobody took it, nobody who was dialled says why, and the caller's own Cause is {code}")
                }
                Why::Nothing => "nobody took it, and nothing says why".to_owned(),
                Why::Deflected => "the dialplan had sent the caller elsewhere".to_owned(),
                Why::Moved => "the Cause 23 says that the number is another now".to_owned(),
                Why::Unwatched => "it ended while nobody watched, and nobody had taken it".to_owned(),
                Why::Absorbed => "it is a part of another call from here on".to_owned(),
            };
            format!("{}over, as {}, for {because}", tracker.who_is_gone(key), cause.as_str())
        });
    }

    /// Whose end ends the call.
    fn who_is_gone(&self, key: CallKey) -> &'static str {
        let heard = self.notes.hearing.as_ref().filter(|packet| packet.event_name() == Some(b"Hangup"));
        let Some(uniqueid) = heard.and_then(|packet| packet.text("Uniqueid")) else { return "the call is " };
        let ch = self.by_uniqueid.get(&*uniqueid).copied();
        let Some(call) = self.calls.get(key) else { return "the call is " };
        match ch {
            Some(_) if ch == call.beginner => "the caller is gone, so the call is ",
            Some(_) if ch == call.far => "the far party is gone, so the call is ",
            _ => "nobody is left, so the call is ",
        }
    }

    /// A call that was never announced is forgotten.
    pub(in crate::tracker) fn explain_unannounced(&mut self, key: CallKey) {
        if self.notes.on && self.calls.get(key).is_some_and(|call| !matches!(call.stage, Stage::Over)) {
            let words = |_: &Self| "never announced: legs of it were seen, but never who began it".to_owned();
            self.push_note(key.into(), Conclusion::Unannounced, "rules 3", words, |note| note.ends = true);
        }
    }

    /// Another call is a part of this one; `story` is what was told of it, unless it was announced itself.
    pub(in crate::tracker) fn explain_merge(&mut self, key: CallKey, other: &str, story: Option<u64>) {
        if self.notes.on {
            let words = |tracker: &Self| {
                format!(
                    "the call {other} is a part of {} now, which keeps its id: {}",
                    tracker.root_of(key),
                    tracker.tied_by(key)
                )
            };
            self.push_note(key.into(), Conclusion::Merged, "rules 1", words, |note| note.absorbs = story);
        }
    }

    /// The call was announced by an earlier process.
    pub(in crate::tracker) fn explain_taken_up(&mut self, key: CallKey) {
        self.note(key, Conclusion::TakenUp, "rules 3", |tracker| {
            let said = tracker.calls.get(key).map_or(0, |call| call.seq);
            format!("taken up from the journal: an earlier process has said {said} events of it")
        });
    }
}

//! Decisions in words.

use super::decisions::RecordedDecision;
use super::reasons::{
    AnnounceReason, AnsweredByRef, EndedBy, GaveUpDuring, HangupReason, JoinReason, NoCallReason, PersonRef,
    StartReason,
};
use super::texts::{TextRef, TextTable};
use crate::call::Direction;
use crate::party::TransferKind;

impl RecordedDecision {
    /// The decision as a sentence.
    #[must_use]
    pub fn text(&self, texts: &TextTable) -> String {
        let t = |text: TextRef| texts.get(text);
        let list = |names: TextRef| in_words(&texts.list(names).collect::<Vec<_>>());
        let person = |user: PersonRef| person(texts, user);
        let originator = |channel: Option<TextRef>| channel.map_or("a channel that is gone", t);
        match *self {
            Self::Auxiliary { channel } => {
                format!("{} is an auxiliary channel of the PBX, never a party", t(channel))
            }
            Self::ConfiguredTrunk { channel, pattern } => {
                format!("{} is a trunk: it matches the configured trunk {}", t(channel), t(pattern))
            }
            Self::TrunkByContext { channel, context, pattern } => {
                format!("{} is a trunk: its context {} matches {}", t(channel), t(context), t(pattern))
            }
            Self::TrunkByNumber { channel, dial_string: Some(dialled) } => {
                format!(
                    "{} is a trunk: the dial string {} has a number apart from the endpoint's name",
                    t(channel),
                    t(dialled)
                )
            }
            Self::TrunkByNumber { channel, dial_string: None } => {
                format!("{} is a trunk: a number is dialled on it", t(channel))
            }
            Self::Phone { channel, context: Some(context) } => format!(
                "{} is a phone: its context {} is not an inbound context, and it is not a configured trunk",
                t(channel),
                t(context)
            ),
            Self::Phone { channel, context: None } => {
                format!("{} is a phone: it has no context, and it is not a configured trunk", t(channel))
            }
            Self::Started { channel, reason, exten } => {
                let exten = exten.map_or("", t);
                let channel = t(channel);
                match reason {
                    StartReason::GoesSomewhere => {
                        format!("{channel} starts a call: nobody dialled it, and it goes to {exten}")
                    }
                    StartReason::Dials => format!(
                        "{channel} starts a call: it dials, and nobody was seen to dial it (Originate or a queue)"
                    ),
                    StartReason::Listed => {
                        format!("{channel} started a call: the channel list has it on its way to {exten}")
                    }
                    StartReason::Queued => format!("{channel} starts a call: it waits in a queue"),
                }
            }
            Self::StartUnseen { call } => {
                format!("a leg of the call {} was created, but the start of that call was not seen", t(call))
            }
            Self::OriginatorKnown { channel } => format!("{} started the call", t(channel)),
            Self::Joined { channel, call, reason, .. } => {
                format!("{} joins the call {}: {}", t(channel), t(call), join_reason(reason))
            }
            Self::Merged { absorbed, call, reason } => format!(
                "the call {} becomes part of {}, which keeps its id: {}",
                t(absorbed),
                t(call),
                join_reason(reason)
            ),
            Self::Masqueraded { channel, from, to } => format!(
                "masquerade: {} and its part in the call move from channel {} to {}",
                t(channel),
                t(from),
                t(to)
            ),
            Self::PhoneDialled { user } => format!("the phone of {} is dialled", person(user)),
            Self::TrunkDialled { channel, number: Some(number) } => {
                format!("{} is dialled on the trunk {}", t(number), t(channel))
            }
            Self::TrunkDialled { channel, number: None } => format!("the trunk {} is dialled", t(channel)),
            Self::OwnLeg { channel } => format!(
                "{} is the caller's own phone, which the PBX called first (Originate): it does not count as one that rings",
                t(channel)
            ),
            Self::Gathering { at_most: Some(at_most) } => {
                format!("the announcement waits for the other phones of this ring round, {at_most} ms at most")
            }
            Self::Gathering { at_most: None } => {
                "the announcement waits for the other phones of this ring round (there is no clock)".to_owned()
            }
            Self::Ringing { user, again: false } => format!("the phone of {} rings", person(user)),
            Self::Ringing { user, again: true } => {
                format!("the phone of {} rings, as an earlier process published", person(user))
            }
            Self::Inbound { originator } => {
                format!("inbound: {}, which started the call, is a trunk", t(originator))
            }
            Self::OutboundOriginated { originator } => {
                format!("outbound: the PBX called {} first (Originate), which is a trunk", t(originator))
            }
            Self::Outbound { originator: channel, trunks } => format!(
                "outbound: {}, which started the call, is not a trunk, and only {} is dialled",
                originator(channel),
                list(trunks)
            ),
            Self::Internal { originator: channel, context, phones } => {
                let channel = originator(channel);
                let context = context.map_or_else(String::new, |context| {
                    format!(" (its context {} is not an inbound context)", t(context))
                });
                let dialled = phones.map_or_else(|| "no trunk".to_owned(), list);
                format!(
                    "internal: {channel}, which started the call, is not a trunk{context}, and {dialled} is dialled"
                )
            }
            Self::CallerWithholds => "the caller withholds the number".to_owned(),
            Self::CallerWithheld => "the caller withheld the number, so it is published as anonymous".to_owned(),
            Self::CallerUnknown => "the caller shows no number, so it is published as anonymous".to_owned(),
            Self::CallerNormalised { shown, published } => {
                format!("the number {} is published as {}", t(shown), t(published))
            }
            Self::Announced { reason, direction, from, to } => {
                let direction = match direction {
                    Direction::In => "inbound",
                    Direction::Out => "outbound",
                    Direction::Internal => "internal",
                };
                let (from, to, reason) = (t(from), t(to), announce_reason(reason));
                format!("the call is announced as {direction}, {from} → {to}: {reason}")
            }
            Self::Published { kind, .. } => format!("publishes {}", kind.name()),
            Self::Queued { queue } => format!("the caller waits in the queue {}", queue.map_or("?", t)),
            Self::LeftQueue { gave_up: true } => "the caller leaves the queue".to_owned(),
            Self::LeftQueue { gave_up: false } => {
                "the caller leaves the queue: if no answer follows, the queue gave the call up".to_owned()
            }
            Self::Answered { by: AnsweredByRef::Voicemail, .. } => {
                "voicemail answers: VoiceMail() has the caller, whose channel is up".to_owned()
            }
            Self::Answered { by: AnsweredByRef::Conference, .. } => {
                "a conference answers: the caller joined it".to_owned()
            }
            Self::Answered { by, again: false } => {
                format!("{} answers: the first to be in a bridge with the caller", answered_by(texts, by))
            }
            Self::Answered { by, again: true } => {
                format!("{} answers: a new party is in a bridge with the caller", answered_by(texts, by))
            }
            Self::NoSecondAnswer { by } => format!(
                "{} talks with the caller now, which is not a second answer on an outbound call",
                answered_by(texts, by)
            ),
            Self::JoinsBridge { channels, answered_by } => {
                format!("{} joins in; {} still has the call", list(channels), t(answered_by))
            }
            Self::PbxAnswered { channel } => format!(
                "the PBX itself answered {} (a menu, music, an announcement): nobody has answered the call yet",
                t(channel)
            ),
            Self::NoTalk { channel } => format!(
                "{} waits, is parked or is in a conference: in such a bridge nobody talks with the caller",
                t(channel)
            ),
            Self::Held { by, published: true } => format!("{} puts the other party on hold", person(by)),
            Self::Unheld { by, published: true } => {
                format!("{} takes the other party back from hold", person(by))
            }
            Self::Held { by, published: false } => {
                format!("{} holds, but nobody has answered yet: not published", person(by))
            }
            Self::Unheld { by, published: false } => {
                format!("{} ends a hold, but nobody has answered yet: not published", person(by))
            }
            Self::Transferred { kind, user, target } => {
                let who = user.map_or_else(|| "somebody".to_owned(), person);
                let to = target.map_or_else(String::new, |target| format!(" to {}", t(target)));
                match kind {
                    TransferKind::Attended => format!("{who} transfers the call{to}, after asking there (attended)"),
                    TransferKind::Blind => format!("{who} transfers the call{to}, without asking there (blind)"),
                    TransferKind::Redirect => format!("the call is moved{to}"),
                }
            }
            Self::TransferFailed => "the transfer failed: nothing changes".to_owned(),
            Self::Redirected { target } => {
                format!("the caller was moved to {}, and no transfer explains it: a redirect", t(target))
            }
            Self::Deflected { elsewhere: true } => {
                "the dialplan sends the unanswered caller elsewhere (Transfer)".to_owned()
            }
            Self::Deflected { elsewhere: false } => {
                "the dialplan goes on with the call: it was not sent elsewhere after all".to_owned()
            }
            Self::Forwarded { channel } => {
                format!("{} forwards the call elsewhere: its own result does not count", t(channel))
            }
            Self::LegResult { channel, cause } => format!("{} did not answer: {}", t(channel), cause.as_str()),
            Self::BusyPlayed => {
                "the PBX plays busy to the caller: this is the echo of its own hangup, the caller did not give up"
                    .to_owned()
            }
            Self::HungUpAfterRinging => {
                "the caller hangs up after the ringing ended, which is not giving up".to_owned()
            }
            Self::GaveUp { during } => {
                let during = match during {
                    GaveUpDuring::Queue => "while waiting in the queue",
                    GaveUpDuring::Ringing => "while it still rings",
                    GaveUpDuring::NothingRang => "before anything rings",
                };
                format!("the caller gives up {during}")
            }
            Self::Left { channel } => format!("{} leaves, and the call goes on without it", t(channel)),
            Self::Ended { by, cause, reason } => {
                let by = match by {
                    EndedBy::Caller => "the caller is gone: ",
                    EndedBy::FarParty => "the far party is gone: ",
                    EndedBy::LastParty => "nobody is left: ",
                    EndedBy::Unknown => "",
                };
                format!("{by}the call ends as {}, because {}", cause.as_str(), hangup_reason(reason))
            }
            Self::NeverStarted => {
                "the call was never announced: legs of it were seen, but never the channel that started it".to_owned()
            }
            Self::NoCall { channel, reason, .. } => {
                let why = match reason {
                    NoCallReason::CallIsOver => "it belongs to a call that is over",
                    NoCallReason::OnlyDialled => {
                        "the PBX called it (Originate) and it went no further, or its caller was never seen"
                    }
                    NoCallReason::WentNowhere => "it went nowhere and was not dialled for anybody",
                };
                format!("{} was part of no call and is never announced: {why}", t(channel))
            }
            Self::Forged => {
                "the event is dropped: a caller wrote headers of their own into it; the next channel list makes up for it"
                    .to_owned()
            }
            Self::Listed { channel, state, application } => {
                let application = application.map_or_else(String::new, |name| format!(", in {}", t(name)));
                format!(
                    "{} was learnt from a channel list, not seen as it happened: it is {}{application}",
                    t(channel),
                    t(state)
                )
            }
            Self::Missing { channel } => format!("{} is missing from the channel list: it ended unseen", t(channel)),
            Self::Restarted { channel } => {
                format!("the PBX was restarted: {} of the time before is gone", t(channel))
            }
            Self::Resumed { published } => {
                format!("the call is resumed from the journal: an earlier process published {published} events of it")
            }
            Self::Repeated { times } => format!("({times} times)"),
        }
    }
}

fn join_reason(reason: JoinReason) -> &'static str {
    match reason {
        JoinReason::NamesTheCall => "it is the channel that the call is named after",
        JoinReason::Linkedid => "its Linkedid says so",
        JoinReason::RingsForQueue => "it rings with the number of the caller who waits longest in a queue",
        JoinReason::LocalHalves => "they are the two halves of one Local channel",
        JoinReason::Dial => "one dials the other",
        JoinReason::QueueCalls => "the queue calls an agent for it",
        JoinReason::QueueConnects => "the queue connects the two",
        JoinReason::Bridge => "they are in one bridge",
        JoinReason::Pickup => "it is picked up",
        JoinReason::Transfer => "a transfer joins them",
        JoinReason::Masquerade => "one takes the other's place",
        JoinReason::Listed => "the channel list says so",
    }
}

fn announce_reason(reason: AnnounceReason) -> String {
    match reason {
        AnnounceReason::Gathered(wait) => format!("the {wait} ms are over"),
        AnnounceReason::LegClosed => "no phone of the ring round rings any more".to_owned(),
        AnnounceReason::Answered => "somebody answers".to_owned(),
        AnnounceReason::LeftQueue => "the caller leaves the queue".to_owned(),
        AnnounceReason::Ended => "the call ends".to_owned(),
        AnnounceReason::Listed => "a channel list shows it in progress".to_owned(),
    }
}

fn hangup_reason(reason: HangupReason) -> String {
    match reason {
        HangupReason::Answered => "it was answered".to_owned(),
        HangupReason::GaveUp => "the caller gave up".to_owned(),
        HangupReason::Legs => "nobody answered, and the results of those dialled say so together".to_owned(),
        HangupReason::Queue => "nobody answered before the queue gave it up".to_owned(),
        HangupReason::OwnCause(code) => {
            format!(
                "nobody answered, no result of a dialled party says why, and the caller's own Cause is {code}"
            )
        }
        HangupReason::NothingKnown => "nobody answered, and nothing says why".to_owned(),
        HangupReason::Deflected => "the dialplan sent the caller elsewhere".to_owned(),
        HangupReason::NumberChanged => "Cause 23 says that the number has changed".to_owned(),
        HangupReason::Unseen => "it ended unseen, and nobody had answered".to_owned(),
        HangupReason::Absorbed => "it is part of another call from here on".to_owned(),
    }
}

/// A user, by name and extension.
fn person(texts: &TextTable, user: PersonRef) -> String {
    let label = texts.get(user.label);
    user.extension.map_or_else(|| label.to_owned(), |extension| format!("{label} ({})", texts.get(extension)))
}

fn answered_by(texts: &TextTable, by: AnsweredByRef) -> String {
    match by {
        AnsweredByRef::User(user) => person(texts, user),
        AnsweredByRef::Number(number) => texts.get(number).to_owned(),
        AnsweredByRef::Voicemail => "voicemail".to_owned(),
        AnsweredByRef::Conference => "a conference".to_owned(),
    }
}

/// Several names in one sentence.
fn in_words(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

//! Decisions as they are recorded: small, typed, and put into words only for a reader.

use serde::{Deserialize, Serialize};

use super::reasons::{
    AnnounceReason, AnsweredByRef, EndedBy, GaveUpDuring, HangupReason, JoinReason, NoCallReason, PersonRef,
    PublishedKind, StartReason,
};
use super::texts::{CarryTexts, TextRef};
use crate::call::Direction;
use crate::cause::Cause;
use crate::party::TransferKind;

/// Declares the decisions, and how their texts are carried over, which follows from the types of their fields.
macro_rules! recorded_decisions {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$of_field:meta])* $field:ident: $type:ty),* })?,)*) => {
        /// A decision, with what it was made of. Texts are references into the table of the same explanation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
        pub enum RecordedDecision {
            $($(#[$doc])* $name $({ $($(#[$of_field])* $field: $type),* })?,)*
        }

        impl RecordedDecision {
            /// The same decision with the references that `carry` gives for its own.
            pub(super) fn with_texts(self, carry: &mut impl FnMut(TextRef) -> TextRef) -> Self {
                match self {
                    $(Self::$name $({ $($field),* })? => Self::$name $({ $($field: $field.carry(carry)),* })?,)*
                }
            }
        }
    };
}

recorded_decisions! {
    /// A channel is an auxiliary one.
    Auxiliary {
        /// Which.
        channel: TextRef
    },
    /// A channel is a trunk by the configuration.
    ConfiguredTrunk {
        /// Which.
        channel: TextRef,
        /// The configured pattern.
        pattern: TextRef
    },
    /// A channel is a trunk by its context.
    TrunkByContext {
        /// Which.
        channel: TextRef,
        /// Its context.
        context: TextRef,
        /// The pattern of inbound contexts that it matches.
        pattern: TextRef
    },
    /// A channel is a trunk by the number that is dialled on it.
    TrunkByNumber {
        /// Which.
        channel: TextRef,
        /// What was dialled.
        dial_string: Option<TextRef>
    },
    /// A channel is a phone.
    Phone {
        /// Which.
        channel: TextRef,
        /// Its context.
        context: Option<TextRef>
    },
    /// A channel starts a call.
    Started {
        /// Which.
        channel: TextRef,
        /// How that is known.
        reason: StartReason,
        /// The extension it goes to.
        exten: Option<TextRef>
    },
    /// A leg belongs to a call of which nothing else was seen.
    StartUnseen {
        /// The Uniqueid that the call is known by.
        call: TextRef
    },
    /// The channel that started the call is known at last.
    OriginatorKnown {
        /// Which.
        channel: TextRef
    },
    /// A channel joins a call.
    Joined {
        /// Which.
        channel: TextRef,
        /// The Uniqueid that the call is known by.
        call: TextRef,
        /// By what.
        reason: JoinReason,
        /// Whether it is a party, rather than an auxiliary channel.
        party: bool
    },
    /// Another call becomes part of this one.
    Merged {
        /// The Uniqueid that the other call is known by.
        absorbed: TextRef,
        /// The Uniqueid that this call is known by.
        call: TextRef,
        /// By what.
        reason: JoinReason
    },
    /// An endpoint and its part in the call move to another channel.
    Masqueraded {
        /// The endpoint.
        channel: TextRef,
        /// The Uniqueid of the channel it was at.
        from: TextRef,
        /// The Uniqueid of the channel it is at from here on.
        to: TextRef
    },
    /// A user's phone is dialled.
    PhoneDialled {
        /// Whose.
        user: PersonRef
    },
    /// A trunk is dialled.
    TrunkDialled {
        /// Which.
        channel: TextRef,
        /// The number dialled on it.
        number: Option<TextRef>
    },
    /// A phone that is dialled is the caller's own.
    OwnLeg {
        /// Which.
        channel: TextRef
    },
    /// The announcement waits for the rest of the phones.
    Gathering {
        /// How long at most, in milliseconds; `None` where there is no clock.
        at_most: Option<u16>
    },
    /// A phone rings.
    Ringing {
        /// Whose.
        user: PersonRef,
        /// Whether an earlier process published that.
        again: bool
    },
    /// The call is inbound.
    Inbound {
        /// The trunk that started it.
        originator: TextRef
    },
    /// The call is outbound: the PBX called a trunk first.
    OutboundOriginated {
        /// The trunk.
        originator: TextRef
    },
    /// The call is outbound.
    Outbound {
        /// The channel that started it.
        originator: Option<TextRef>,
        /// The trunks that are dialled, a list.
        trunks: TextRef
    },
    /// The call is internal.
    Internal {
        /// The channel that started it.
        originator: Option<TextRef>,
        /// Its context.
        context: Option<TextRef>,
        /// The phones that are dialled, a list.
        phones: Option<TextRef>
    },
    /// The caller asks not to show the number.
    CallerWithholds,
    /// The number is published as anonymous, because the caller withheld it.
    CallerWithheld,
    /// The number is published as anonymous, because none is shown.
    CallerUnknown,
    /// The number is published in another form.
    CallerNormalised {
        /// The number as it was shown.
        shown: TextRef,
        /// The number as it is published.
        published: TextRef
    },
    /// The call is announced.
    Announced {
        /// Why now.
        reason: AnnounceReason,
        /// Which way it goes.
        direction: Direction,
        /// The caller.
        from: TextRef,
        /// The number called.
        to: TextRef
    },
    /// A call event is published.
    Published {
        /// Which kind.
        kind: PublishedKind,
        /// The number at the end of its id.
        seq: u32
    },
    /// The caller waits in a queue.
    Queued {
        /// Which.
        queue: Option<TextRef>
    },
    /// The caller leaves the queue.
    LeftQueue {
        /// Whether the caller has given up.
        gave_up: bool
    },
    /// Somebody answers.
    Answered {
        /// Who.
        by: AnsweredByRef,
        /// Whether somebody had answered before.
        again: bool
    },
    /// Another party talks with the caller of an outbound call.
    NoSecondAnswer {
        /// Who.
        by: AnsweredByRef
    },
    /// Somebody joins, and who had answered is still there.
    JoinsBridge {
        /// Who joins, a list.
        channels: TextRef,
        /// Who still has the call.
        answered_by: TextRef
    },
    /// The PBX itself answered the caller's channel.
    PbxAnswered {
        /// The caller's channel.
        channel: TextRef
    },
    /// A bridge in which nobody talks with the caller.
    NoTalk {
        /// Who is in it.
        channel: TextRef
    },
    /// A party holds the other.
    Held {
        /// Who.
        by: PersonRef,
        /// Whether it is published: not before an answer.
        published: bool
    },
    /// A party takes the other back.
    Unheld {
        /// Who.
        by: PersonRef,
        /// Whether it is published: not before an answer.
        published: bool
    },
    /// The call is passed on.
    Transferred {
        /// How.
        kind: TransferKind,
        /// By whom.
        user: Option<PersonRef>,
        /// To where.
        target: Option<TextRef>
    },
    /// A transfer did not succeed.
    TransferFailed,
    /// The caller was moved by an operator or a program.
    Redirected {
        /// To where.
        target: TextRef
    },
    /// The dialplan sends the unanswered caller elsewhere, or does not after all.
    Deflected {
        /// Whether it does.
        elsewhere: bool
    },
    /// A phone forwards the call elsewhere.
    Forwarded {
        /// Which.
        channel: TextRef
    },
    /// A phone or trunk did not answer.
    LegResult {
        /// Which.
        channel: TextRef,
        /// Why.
        cause: Cause
    },
    /// The PBX's own hangup, to a caller to whom it plays busy.
    BusyPlayed,
    /// The caller hangs up after the ringing ended.
    HungUpAfterRinging,
    /// The caller gives up.
    GaveUp {
        /// During what.
        during: GaveUpDuring
    },
    /// A party leaves a call that goes on.
    Left {
        /// Which.
        channel: TextRef
    },
    /// The call ends.
    Ended {
        /// Whose end ends it.
        by: EndedBy,
        /// The cause that is published.
        cause: Cause,
        /// How the cause is known.
        reason: HangupReason
    },
    /// The legs of a call were seen, but never the channel that started it.
    NeverStarted,
    /// A channel was never part of a call.
    NoCall {
        /// Which.
        channel: TextRef,
        /// Why.
        reason: NoCallReason,
        /// Whether it is a party, rather than an auxiliary channel.
        party: bool
    },
    /// An event was dropped because a caller had written headers into it.
    Forged,
    /// A channel was learnt from a list.
    Listed {
        /// Which.
        channel: TextRef,
        /// The state it is in.
        state: TextRef,
        /// The application that has it.
        application: Option<TextRef>
    },
    /// A channel ended unseen.
    Missing {
        /// Which.
        channel: TextRef
    },
    /// A channel is gone because the PBX was restarted.
    Restarted {
        /// Which.
        channel: TextRef
    },
    /// An earlier process announced the call.
    Resumed {
        /// How many events of it that process published.
        published: u32
    },
    /// The step before this one came several times.
    Repeated {
        /// How often, all in all.
        times: u32
    },
}

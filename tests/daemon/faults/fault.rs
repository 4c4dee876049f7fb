//! The faults.

use std::time::Duration;

use crate::daemon::oracle::Chance;

/// What goes wrong with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    LateReply,
    LateProcessing,
    NotSent,
    CutBefore,
    CutAfter,
    Error500,
    Error422,
    /// An HTML page of a server in between, with this status.
    Page(u16),
    GatewayTimeoutAfter,
    /// The database is read-only, for every request.
    ReadOnly,
    /// The row of the call is gone when the request comes.
    Vanish,
    /// A 500 or 502 although the request was processed.
    ErrorAfter,
    /// Any of the others but the last one.
    Any,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    /// How long until it is processed; `None` if it is not.
    pub(super) processed_after: Option<Duration>,
    /// What comes back, and after how long.
    pub(super) reply: Option<(Reply, Duration)>,
    /// Whether the row of the call is gone before.
    pub(super) vanishes: bool,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// What Zammad says to it.
    Own,
    /// A page with this status.
    Page(u16),
    /// Zammad's reply to an exception, with this status.
    ErrorId(u16),
    /// The connection was refused.
    NotSent,
    /// The connection broke.
    Cut,
}

/// How long a request takes where nothing is wrong.
const FAST: Duration = Duration::from_millis(20);

impl Fate {
    /// Processed at once, and replied to.
    pub(super) fn fair() -> Self {
        Self { processed_after: Some(FAST), reply: Some((Reply::Own, FAST)), vanishes: false }
    }

    fn unprocessed(reply: Reply) -> Self {
        Self { processed_after: None, reply: Some((reply, FAST)), vanishes: false }
    }

    fn processed(reply: Reply) -> Self {
        Self { reply: Some((reply, FAST * 2)), ..Self::fair() }
    }
}

impl Fault {
    /// What happens to the next request, where one in `one_in` is hit.
    pub(super) fn fate(self, one_in: u64, chance: &mut Chance) -> Fate {
        if self != Self::ReadOnly && chance.below(one_in) != 0 {
            return Fate::fair();
        }
        let late = Duration::from_millis(1000 + chance.below(40_000));
        match self {
            Self::LateReply => Fate { reply: Some((Reply::Own, late)), ..Fate::fair() },
            Self::LateProcessing => {
                Fate { processed_after: Some(late), reply: Some((Reply::Own, late + FAST)), vanishes: false }
            }
            Self::NotSent => Fate::unprocessed(Reply::NotSent),
            Self::CutBefore => Fate::unprocessed(Reply::Cut),
            Self::CutAfter => Fate::processed(Reply::Cut),
            Self::Error500 => Fate::unprocessed(Reply::ErrorId(500)),
            Self::Error422 => Fate::unprocessed(Reply::ErrorId(422)),
            // The weather knows what a read-only database replies to a call that it has.
            Self::ReadOnly => Fate::unprocessed(Reply::ErrorId(422)),
            Self::Page(status) => Fate::unprocessed(Reply::Page(status)),
            Self::GatewayTimeoutAfter => Fate::processed(Reply::Page(504)),
            Self::Vanish => Fate { vanishes: true, ..Fate::fair() },
            Self::ErrorAfter if chance.below(2) == 0 => Fate::processed(Reply::ErrorId(500)),
            Self::ErrorAfter => Fate::processed(Reply::Page(502)),
            Self::Any => {
                let all = [
                    Self::LateReply,
                    Self::LateProcessing,
                    Self::NotSent,
                    Self::CutBefore,
                    Self::CutAfter,
                    Self::Error500,
                    Self::Error422,
                    Self::Page(502),
                    Self::Page(503),
                    Self::Page(504),
                    Self::GatewayTimeoutAfter,
                    Self::Page(302),
                    Self::Page(200),
                    Self::Vanish,
                ];
                all[chance.below(all.len() as u64) as usize].fate(1, chance)
            }
        }
    }
}

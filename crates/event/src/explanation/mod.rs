//! Why a call was published as it was.
//!
//! Whoever follows calls records each decision as a small typed step in a [`StepLog`], with the manager event that it was made
//! from and the rule it follows. Steps are put into words only when somebody reads them: [`Explanation::steps`] gives the form
//! that the API, the page and the command line show.

mod classify;
mod decisions;
mod legacy;
mod log;
mod reasons;
mod render;
mod rule;
mod source;
mod step;
mod stored;
mod texts;

#[cfg(test)]
mod tests;

pub use decisions::RecordedDecision;
pub use log::StepLog;
pub use reasons::{
    AnnounceReason, AnsweredByRef, EndedBy, GaveUpDuring, HangupReason, JoinReason, NoCallReason, PersonRef,
    PublishedKind, StartReason,
};
pub use rule::{RuleDocument, RuleRef};
pub use source::{DECIDING_HEADERS, RecordedSource, RecordedTime, SourceEventKind};
pub use step::{Decision, ExplanationStep, SourceEvent};
pub use stored::Explanation;
pub use texts::{TextRef, TextTable};

//! The public vocabulary: what ringwire says about a call.
//!
//! A [`CallEvent`] is one thing that happened to one call, complete in itself: whoever gets it needs no other
//! event to make sense of it. It is what is stored, sent, printed and streamed, so its JSON form is a promise.
//!
//! This crate knows nothing of Asterisk's packets, of endpoints or of clocks.

mod call;
mod cause;
mod note;
mod party;

pub use call::{CallEvent, CallId, Direction, EventKind};
pub use cause::Cause;
pub use note::{Conclusion, Heard, StoryNote};
pub use party::{AnsweredBy, Party, TransferKind};

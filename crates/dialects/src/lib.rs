//! The dialects: how each kind of target is spoken to, and what its replies mean.
//!
//! A [`Dialect`] turns a call event into the request to send, and the reply to it into a [`ReplyVerdict`] with
//! [`Directive`]s for the PBX. Nothing here opens a socket: the daemon sends, the replay prints, the tests compare.

mod by_status;
mod dialect;
mod excerpt;
mod pattern;
mod registry;
mod reply;
mod request;
mod zammad;

pub use dialect::Dialect;
pub use excerpt::safe_excerpt;
pub use registry::{dialect_by_name, dialect_names};
pub use reply::{Directive, ReplyVerdict, TargetReply};
pub use request::{RequestBody, TargetRequest};
pub use zammad::{
    Zammad,
    options::{AgentKey, BodyFormat, ToField, ZammadOptions},
};

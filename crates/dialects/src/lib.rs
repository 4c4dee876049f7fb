//! The dialects: how each kind of target is spoken to, and what its replies mean.
//!
//! A [`Dialect`] turns a call event into the requests to send, one [`DeliveryStep`] after the other, and the reply to each
//! into a [`ReplyVerdict`] with [`Directive`]s for the PBX. Nothing here opens a socket: the daemon sends, the replay
//! prints, the tests compare.

mod auth;
mod by_status;
mod dialect;
mod excerpt;
mod memory;
mod pattern;
mod preview;
mod registry;
mod reply;
mod request;
mod step;
mod template;
mod user_map;
mod zammad;

pub use auth::{AuthScheme, HmacEncoding, HmacHash, RateLimit, TokenPlacement};
pub use dialect::Dialect;
pub use excerpt::safe_excerpt;
pub use memory::{CallMemory, DeliveryProgress};
pub use preview::{plan_requests, show_requests};
pub use registry::{dialect_by_name, dialect_names};
pub use reply::{Directive, ReplyVerdict, TargetReply};
pub use request::{RequestBody, RequestUrl, TargetRequest};
pub use step::{DeliveryStep, JudgedReply, StepContext, StepError};
pub use template::{
    DestinationTemplate, ExampleFailure, ExampleReport, ListenRule, SKELETON, SettingMistake, SettingSpec,
    TemplateDialect, TemplateFile, TemplateMistake, run_examples, shipped_example, shipped_file,
    shipped_names, shipped_text,
};
pub use user_map::{NextPage, UserListRequest, UserMap};
pub use zammad::{
    Zammad,
    options::{AgentKey, BodyFormat, ToField, ZammadOptions},
};

//! The configuration file: read, checked, and turned into what it means, with every mistake located.
//!
//! Two stages: `raw` is what was typed, `resolved` what it means. Nothing else is opened or started before both
//! are through, so `check` and `run` find the same mistakes. Every mistake names its file, line and key, and as many
//! as can be found are told at once.
//!
//! It knows the types that settings turn into (the AMI login, the rules of the tracker, dialects, delivery policy) and
//! starts nothing.

mod api;
mod connection;
mod credentials;
mod describe;
mod dialect_files;
mod document;
mod finding;
mod journal;
mod keys;
mod load;
mod raw;
mod reach;
mod request_target;
mod resolve;
mod resolved;
mod routes;
mod source;

#[cfg(test)]
mod tests;

pub use api::{Api, ApiRole, ApiToken};
pub use connection::ConnectionSettings;
pub use credentials::{Authorization, ClientCertificate, Credentials, SigningKey};
pub use describe::describe;
pub use dialect_files::{list_dialects, open_dialect, print_dialect, test_dialects};
pub use finding::{ConfigError, Finding};
pub use journal::Journal;
pub use load::{is_default, path};
pub use reach::{Barred, Place, Reach, literal};
pub use request_target::RequestTarget;
pub use resolved::{
    Address, BrokerTarget, Config, Log, LogFormat, LogLevel, Options, Pbx, Purpose, Target, TemplateOptions,
    Written,
};
pub use routes::{OneOf, Route, Routes, TargetIndex};
pub use source::Environment;

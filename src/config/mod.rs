//! The configuration: read, checked, and turned into what it means.
//!
//! Two stages: [`raw`] is what was typed, [`resolved`] what it means. Nothing else is opened or started before both
//! are through, so `check` and `run` find the same mistakes. Every mistake names its file, line and key, and as many
//! as can be found are told at once.

mod api;
mod credentials;
mod describe;
mod document;
mod finding;
mod journal;
mod keys;
mod load;
mod raw;
mod reach;
mod resolve;
mod resolved;

#[cfg(test)]
mod tests;

pub(crate) use api::{Api, ApiRole, ApiToken};
pub(crate) use credentials::{Authorization, ClientCertificate, Credentials, SigningKey};
pub(crate) use describe::describe;
pub(crate) use finding::ConfigError;
pub(crate) use journal::Journal;
pub(crate) use load::{is_default, path};
pub(crate) use reach::{Place, Reach};
pub(crate) use resolve::literal;
pub(crate) use resolved::{
    Address, Config, Endpoint, Log, LogFormat, LogLevel, Options, Pbx, Purpose, Written,
};

//! `[api]` as it was typed.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::value::{RawSecret, Words};
use crate::api::ApiRole;

/// `[api]` as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawApi {
    pub(crate) socket: Option<Spanned<String>>,
    pub(crate) listen: Option<Spanned<String>>,
    pub(crate) allow_origins: Option<Words>,
    pub(crate) trusted_proxies: Option<Words>,
    pub(crate) token: Option<BTreeMap<String, Spanned<RawToken>>>,
}

/// `[api.token.NAME]` as it was typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawToken {
    pub(crate) role: ApiRole,
    pub(crate) secret_file: Option<Spanned<String>>,
    pub(crate) secret_env: Option<Spanned<String>>,
    pub(crate) secret_credential: Option<Spanned<String>>,
    pub(crate) secret: Option<Spanned<RawSecret>>,
}

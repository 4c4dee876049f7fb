//! `[journal]` as it was typed.

use serde::Deserialize;
use toml::Spanned;

/// `[journal]` as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawJournal {
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) keep_days: Option<Spanned<i64>>,
    pub(crate) size_mib: Option<Spanned<i64>>,
    pub(crate) personal_data_days: Option<Spanned<i64>>,
    pub(crate) personal_data: Option<RawPersonal>,
}

/// What becomes of numbers and names after their time.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawPersonal {
    #[default]
    Erase,
    Hash,
}

//! `[journal]`: where what happened is kept, and for how long.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ringwire_outbox::store::{Personal, Retention};
use serde::Deserialize;
use toml::Spanned;

use super::{load::Environment, resolve::Resolver};

/// Where what happened is kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    /// The file.
    pub(crate) path: PathBuf,
    /// How long what is kept.
    pub(crate) retention: Retention,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Journal {
    /// Where the journal is unless told otherwise and not started by systemd.
    pub(crate) const PATH: &'static str = "/var/lib/ringwire/journal.db";

    /// How long calls are kept unless told otherwise, in days.
    pub(crate) const KEEP_DAYS: i64 = 90;

    /// How large the journal may be unless told otherwise, in MiB.
    pub(crate) const SIZE_MIB: i64 = 1024;

    /// Where the journal of a daemon without a configuration of its own would be.
    pub(crate) fn default_path() -> PathBuf {
        Self::in_state(&|name| std::env::var_os(name))
    }

    /// In systemd's `StateDirectory=`, or else at the usual place.
    fn in_state(environment: Environment<'_>) -> PathBuf {
        environment("STATE_DIRECTORY")
            .map_or_else(|| PathBuf::from(Self::PATH), |state| Path::new(&state).join("journal.db"))
    }

    /// A journal at `path` that keeps what it keeps unless told otherwise.
    pub(crate) fn at(path: PathBuf) -> Self {
        let age = DAY * u32::try_from(Self::KEEP_DAYS).unwrap_or(u32::MAX);
        let size = u64::try_from(Self::SIZE_MIB << 20).unwrap_or(u64::MAX);
        Self { path, retention: Retention { age, size, personal: None } }
    }
}

/// `[journal]` as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJournal {
    pub(super) path: Option<Spanned<String>>,
    pub(super) keep_days: Option<Spanned<i64>>,
    pub(super) size_mib: Option<Spanned<i64>>,
    pub(super) personal_data_days: Option<Spanned<i64>>,
    pub(super) personal_data: Option<RawPersonal>,
}

/// What becomes of numbers and names after their time.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawPersonal {
    #[default]
    Erase,
    Hash,
}

impl Resolver<'_> {
    /// What `raw` means.
    pub(super) fn journal(&mut self, raw: Option<RawJournal>) -> Journal {
        let raw = raw.unwrap_or_default();
        let path = match &raw.path {
            Some(path) => {
                let text = self.text(path, "the path of a file on a local disk");
                self.path(&text)
            }
            None => Journal::in_state(self.environment),
        };
        let keep = self.within(raw.keep_days, 1..=36_500, "a number of days", Journal::KEEP_DAYS);
        let size = self.within(raw.size_mib, 16..=1 << 20, "a number of MiB", Journal::SIZE_MIB);
        let how = match raw.personal_data.unwrap_or_default() {
            RawPersonal::Erase => Personal::Erase,
            RawPersonal::Hash => Personal::Hash,
        };
        let personal = raw.personal_data_days.map(|after| {
            let after = self.within(Some(after), 1..=36_500, "a number of days", 1);
            (days(after), how)
        });
        let size = u64::try_from(size << 20).unwrap_or(u64::MAX);
        Journal { path, retention: Retention { age: days(keep), size, personal } }
    }
}

fn days(count: i64) -> Duration {
    DAY * u32::try_from(count).unwrap_or(1)
}

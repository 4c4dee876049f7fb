//! Where what happened is kept, and for how long.

use std::time::Duration;

use ringwire_outbox::{PersonalDataPolicy, RetentionPolicy};

use super::Resolver;
use crate::{
    journal::{DAY, Journal},
    raw::{RawJournal, RawPersonal},
};

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
            RawPersonal::Erase => PersonalDataPolicy::Erase,
            RawPersonal::Hash => PersonalDataPolicy::Hash,
        };
        let personal = raw.personal_data_days.map(|after| {
            let after = self.within(Some(after), 1..=36_500, "a number of days", 1);
            (days(after), how)
        });
        let size = u64::try_from(size << 20).unwrap_or(u64::MAX);
        Journal { path, retention: RetentionPolicy { age: days(keep), size, personal_data: personal } }
    }
}

fn days(count: i64) -> Duration {
    DAY * u32::try_from(count).unwrap_or(1)
}

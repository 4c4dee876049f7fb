//! The ids of users at a target, read from its list page by page and kept.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ringwire_dialects::UserMap;

/// How long a list is used before it is read again.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// How long after it could not be read it is tried again, where there is an earlier one.
const RETRY: Duration = Duration::from_secs(60);

/// The ids of users at a target, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct UserList {
    /// Whoever reads the list holds it.
    pub(super) reading: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    users: Arc<UserMap>,
    /// When it is to be read again; `None` if it was never read.
    due_at: Option<Timestamp>,
}

impl UserList {
    /// The users that were read last.
    pub(super) fn users(&self) -> Arc<UserMap> {
        Arc::clone(&self.lock().users)
    }

    /// Whether it is to be read at `now`.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.lock().due_at.is_none_or(|due_at| due_at <= now)
    }

    /// It was read at `now`.
    pub(super) fn set(&self, users: UserMap, now: Timestamp) {
        let due_at = now.saturating_add(FRESH).ok();
        *self.lock() = Kept { users: Arc::new(users), due_at };
    }

    /// It could not be read at `now`; says whether an earlier one is used meanwhile.
    pub(super) fn keep(&self, now: Timestamp) -> bool {
        let mut kept = self.lock();
        let is_known = kept.due_at.is_some();
        if is_known {
            kept.due_at = now.saturating_add(RETRY).ok();
        }
        is_known
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing panics while it is locked.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

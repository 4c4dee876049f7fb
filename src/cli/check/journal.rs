//! What can be seen of the journal's place.

use std::{io::ErrorKind, path::Path};

use ringwire_outbox::store::{Condition, StoreError, check};

use super::Findings;

/// What was found at the journal's place.
pub(super) struct Look {
    pub(super) findings: Findings,
    /// Whether the daemon would not even start.
    pub(super) is_setting: bool,
}

/// Looks whether the journal at `path` can be written by this user, by the rules that the daemon keeps to.
pub(super) fn look(path: &Path) -> Look {
    let mut findings = Findings::default();
    let mut is_setting = false;
    match check(path) {
        Ok(Condition::Absent) => findings.good("there is no journal yet, and this user can make it"),
        Ok(Condition::Writable { taken: false }) => {
            findings.good("the journal is there, and this user can write it; no daemon runs");
        }
        Ok(Condition::Writable { taken: true }) => {
            findings.good("the journal is there, and this user can write it; a daemon has it");
        }
        Err(error) => {
            is_setting = error.is_setting();
            let advice = match &error {
                StoreError::Place { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                    "run it as the daemon's user; if it is that, make the directory and the file its own"
                }
                StoreError::Place { .. } => {
                    "make the directory, writable for the daemon's user, on a local disk"
                }
                _ => error.advice(),
            };
            findings.bad(error.to_string(), advice);
        }
    }
    Look { findings, is_setting }
}

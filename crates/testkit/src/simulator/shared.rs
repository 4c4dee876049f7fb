//! The state that a simulator shares with its clients' sessions.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::options::SimulatorOptions;
use super::pbx_state::PbxState;
use super::selection::EventSelection;

/// The state that a simulator shares with its clients' sessions.
pub(super) struct SharedSimulator {
    pub(super) options: SimulatorOptions,
    pub(super) pbx: Mutex<PbxState>,
    /// Notified when the time of the next event may have changed.
    pub(super) schedule_changed: Notify,
    pub(super) active_calls: watch::Sender<usize>,
    pub(super) subscribed: watch::Sender<usize>,
}

impl SharedSimulator {
    pub(super) fn lock(&self) -> MutexGuard<'_, PbxState> {
        self.pbx.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a client the selected events from now on.
    pub(super) fn subscribe(&self, id: u64, selection: &EventSelection) {
        let mut pbx = self.lock();
        let subscription = selection.select_events(&pbx.scenarios);
        pbx.clients.subscribe(id, subscription);
        self.subscribed.send_replace(pbx.clients.subscribed());
    }

    /// Removes a client.
    pub(super) fn remove_client(&self, id: u64) {
        let mut pbx = self.lock();
        pbx.clients.remove(id);
        self.subscribed.send_replace(pbx.clients.subscribed());
    }
}

impl fmt::Debug for SharedSimulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSimulator").field("options", &self.options).finish_non_exhaustive()
    }
}

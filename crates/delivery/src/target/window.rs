//! Which rows of a target are in memory, and which are only in the store.

use std::collections::BTreeMap;

use crate::{DeliveryId, PendingRange, TargetName};

/// Which rows of a target are in memory.
///
/// Rows come in the order of their ids, from the store or as they are committed, so that one id separates those that
/// are in memory from those that are not.
#[derive(Debug)]
pub(super) struct PendingWindow {
    /// Every row up to this one is in memory, or final.
    loaded_to: DeliveryId,
    /// Whether there are rows beyond, as far as is known.
    has_more: bool,
    /// The ticket of the request that is open.
    request: Option<u64>,
    /// Whether a row was left in the store since the request: the answer may lack it.
    missed: bool,
    /// Commands for rows beyond.
    commands: BTreeMap<DeliveryId, QueuedCommand>,
}

/// The operator's command for a row that is not in memory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueuedCommand {
    /// Send it however late it is.
    Retry,
    /// Do not send it.
    Drop,
}

impl PendingWindow {
    /// Nothing is in memory, and everything is to be requested.
    pub(super) fn new() -> Self {
        Self {
            loaded_to: DeliveryId(0),
            has_more: true,
            request: None,
            missed: false,
            commands: BTreeMap::new(),
        }
    }

    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    /// A row was committed: says whether it enters memory now, given whether there is room for it.
    pub(super) fn commit(&mut self, id: DeliveryId, has_room: bool) -> bool {
        if id <= self.loaded_to {
            return false;
        }
        if self.has_more || !has_room {
            self.has_more = true;
            self.missed |= self.request.is_some();
            return false;
        }
        self.loaded_to = id;
        true
    }

    /// Requests `limit` more rows, unless there are none or a request is open.
    pub(super) fn request(
        &mut self,
        target: &TargetName,
        limit: usize,
        tickets: &mut u64,
    ) -> Option<PendingRange> {
        if !self.has_more || self.request.is_some() || limit == 0 {
            return None;
        }
        *tickets += 1;
        self.request = Some(*tickets);
        self.missed = false;
        Some(PendingRange { target: target.clone(), after: self.loaded_to, limit, ticket: *tickets })
    }

    /// Whether `range` is the request that is open; it no longer is.
    pub(super) fn close_request(&mut self, range: &PendingRange) -> bool {
        let is_open = self.request == Some(range.ticket);
        if is_open {
            self.request = None;
        }
        is_open
    }

    /// A row was loaded: says whether it enters memory, and if so whether it is to be sent however late.
    pub(super) fn load(&mut self, id: DeliveryId) -> Option<bool> {
        if id <= self.loaded_to {
            return None;
        }
        self.loaded_to = id;
        match self.commands.remove(&id) {
            None => Some(false),
            Some(QueuedCommand::Retry) => Some(true),
            Some(QueuedCommand::Drop) => None,
        }
    }

    /// All rows of an answer were loaded; `is_complete` says whether they were the last ones then.
    pub(super) fn finish_load(&mut self, is_complete: bool) {
        self.has_more = !is_complete || self.missed;
        self.missed = false;
        if self.has_more {
            let loaded_to = self.loaded_to;
            self.commands.retain(|id, _| *id > loaded_to);
        } else {
            self.commands.clear();
        }
    }

    /// Whether a row is in the store only.
    pub(super) fn is_beyond(&self, id: DeliveryId) -> bool {
        self.has_more && id > self.loaded_to
    }

    /// A row that was final is pending again and enters memory: the store is not asked for it any more.
    pub(super) fn take_back(&mut self, id: DeliveryId) {
        if !self.has_more {
            self.loaded_to = self.loaded_to.max(id);
        }
    }

    /// Keeps a command for a row that is in the store only.
    pub(super) fn queue_command(&mut self, id: DeliveryId, command: QueuedCommand) {
        self.commands.insert(id, command);
        // What is being read may lack a row that has only now become pending again: it is read once more.
        self.request = None;
    }
}

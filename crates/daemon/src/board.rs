//! How each part of the daemon does: told once, to the service manager, the API and the metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ringwire_ami::{ConnectionErrorKind, StreamErrors};
use ringwire_live::{Desk, PbxState};

use super::{clock::Clock, notify};

/// Where each part says how it does. Clones are the same board.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    desk: Desk,
    clock: Clock,
    /// For the line that `systemctl status` shows.
    lines: Arc<Mutex<BTreeMap<String, String>>>,
}

/// What is wrong with a part, and what to do about it.
type Trouble = Option<(String, Option<String>)>;

impl Board {
    /// A board that tells `desk`.
    pub(crate) fn new(desk: Desk, clock: Clock) -> Self {
        Self { desk, clock, lines: Arc::default() }
    }

    /// A PBX is configured, at `address`.
    pub(crate) fn pbx_is_configured(&self, pbx: &str, address: String) {
        self.desk.parts().add_pbx(pbx, address, self.clock.now());
        self.desk.metrics().pbx(pbx, false, false);
    }

    /// There is a connection to a PBX, which speaks `version`.
    pub(crate) fn pbx_is_connected(&self, pbx: &str, version: String) {
        if self.desk.parts().pbx_speaks(pbx, version) {
            self.desk.metrics().reconnected(pbx);
        }
        self.pbx_is(pbx, PbxState::Connected, None);
        self.line(pbx, "connected");
    }

    /// Every channel of a PBX is known.
    pub(crate) fn pbx_is_reconciled(&self, pbx: &str) {
        self.pbx_is(pbx, PbxState::Reconciled, None);
    }

    /// A PBX refuses to list its channels: more will not be known of them.
    pub(crate) fn pbx_lists_nothing(&self, pbx: &str) {
        let why = "it refuses to list its channels: calls that begin or end while there is no connection are missed";
        let hint = "give its user in manager.conf write = system, or write = reporting";
        self.pbx_is(pbx, PbxState::Reconciled, Some((why.to_owned(), Some(hint.to_owned()))));
    }

    /// What was odd in what a PBX says has grown.
    pub(crate) fn count_oddities(&self, pbx: &str, before: StreamErrors, now: StreamErrors) {
        if before == now {
            return;
        }
        for (kind, before, now) in [
            ("stray_data", before.stray_data, now.stray_data),
            ("over_limit", before.over_limit, now.over_limit),
            ("truncated", before.truncated, now.truncated),
            ("unterminated", before.unterminated, now.unterminated),
            ("forged", before.forged, now.forged),
        ] {
            self.desk.metrics().oddities(pbx, kind, now.saturating_sub(before));
        }
    }

    /// There is no connection to a PBX.
    pub(crate) fn pbx_is_away(&self, pbx: &str, kind: ConnectionErrorKind, why: String, hint: &str) {
        let state = match kind {
            ConnectionErrorKind::Network | ConnectionErrorKind::Overrun => PbxState::Unreachable,
            _ => PbxState::Refused,
        };
        self.line(pbx, &why);
        self.pbx_is(pbx, state, Some((why, Some(hint.to_owned()).filter(|hint| !hint.is_empty()))));
    }

    /// A PBX is configured no more.
    pub(crate) fn pbx_is_gone(&self, pbx: &str) {
        self.desk.parts().remove_pbx(pbx);
        self.desk.metrics().forget_pbx(pbx);
        self.erase(pbx);
    }

    /// An endpoint does so, in words. What the API shows of it comes from the delivery machine.
    pub(crate) fn endpoint_is(&self, endpoint: &str, state: &str) {
        self.line(endpoint, state);
    }

    /// An endpoint is configured no more.
    pub(crate) fn endpoint_is_gone(&self, endpoint: &str) {
        self.desk.metrics().forget_endpoint(endpoint);
        self.erase(endpoint);
    }

    /// The journal cannot be written, or can be again.
    pub(crate) fn journal_is(&self, trouble: Trouble) {
        self.desk.metrics().journal(trouble.is_none());
        self.trouble("journal", trouble.as_ref().map(|(why, _)| format!("cannot be written: {why}")));
        self.desk.parts().journal_is(trouble, self.clock.now());
    }

    /// A new configuration cannot be used, or one could be.
    pub(crate) fn configuration_is(&self, trouble: Trouble) {
        self.trouble("configuration", trouble.as_ref().map(|_| "the new one cannot be used".to_owned()));
        self.desk.parts().configuration_is(trouble, self.clock.now());
    }

    fn pbx_is(&self, pbx: &str, state: PbxState, trouble: Trouble) {
        let connected = matches!(state, PbxState::Connected | PbxState::Reconciled);
        self.desk.metrics().pbx(pbx, connected, state == PbxState::Reconciled);
        self.desk.parts().pbx_is(pbx, state, trouble, self.clock.now());
    }

    fn trouble(&self, part: &str, said: Option<String>) {
        match said {
            Some(said) => self.line(part, &said),
            None => self.erase(part),
        }
    }

    fn line(&self, part: &str, state: &str) {
        self.change(|lines| {
            lines.insert(part.to_owned(), state.to_owned());
        });
    }

    fn erase(&self, part: &str) {
        self.change(|lines| {
            lines.remove(part);
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut lines);
        let line = in_one_line(&lines);
        drop(lines);
        notify::status(&line);
    }
}

fn in_one_line(parts: &BTreeMap<String, String>) -> String {
    let parts: Vec<_> = parts.iter().map(|(part, state)| format!("{part}: {state}")).collect();
    // A line break would end the state and begin another.
    parts.join("; ").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_one_line() {
        let parts = [("main", "connected"), ("zammad", "held:\nREADY=1")];
        let parts = parts.map(|(part, state)| (part.to_owned(), state.to_owned()));
        assert_eq!(in_one_line(&parts.into()), "main: connected; zammad: held: READY=1");
    }
}

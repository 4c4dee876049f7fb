//! A PBX, short of the port it listens on.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, watch};

use super::session::Session;
use super::{Action, PlayOptions, Recording};

/// How many actions are kept for a watcher that is behind.
const BACKLOG: usize = 1024;

/// A PBX that plays recordings to whoever logs in.
#[derive(Debug)]
pub struct Pbx {
    pub(super) recordings: Vec<Recording>,
    pub(super) options: PlayOptions,
    pub(super) started: Timestamp,
    pub(super) version: Version,
    pub(super) played: watch::Sender<u64>,
    pub(super) actions: broadcast::Sender<Action>,
    next_round: AtomicU64,
}

impl Pbx {
    /// A PBX that was started just now, unless `options` say when.
    #[must_use]
    pub fn new(recordings: Vec<Recording>, options: PlayOptions) -> Self {
        let banner = options.banner.as_deref().or_else(|| recordings.iter().find_map(Recording::banner));
        Self {
            version: Version::of_banner(banner.unwrap_or_default()),
            started: options.started.unwrap_or_else(Timestamp::now),
            played: watch::Sender::new(0),
            actions: broadcast::Sender::new(BACKLOG),
            next_round: AtomicU64::new(0),
            recordings,
            options,
        }
    }

    /// Speaks to one client, until either side has enough.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        Session::new(self).run(stream).await
    }

    /// How often all recordings were played to the end, counted over all clients.
    #[must_use]
    pub fn rounds_played(&self) -> watch::Receiver<u64> {
        self.played.subscribe()
    }

    /// The actions from here on, each as it comes. Who falls a thousand behind loses the oldest.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<Action> {
        self.actions.subscribe()
    }

    /// The number of the round that begins now: that of its ids.
    pub(super) fn begin_round(&self) -> u64 {
        if self.options.fresh_ids { self.next_round.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }
}

/// The version of the manager interface (AMI contract, 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// That of Asterisk 22, spoken where nothing else is said.
    const LATEST: Self = Self { major: 11, minor: 0, patch: 0 };

    fn of_banner(banner: &str) -> Self {
        let number = banner.rsplit('/').next().unwrap_or_default().trim();
        let mut parts = number.split('.').map(|part| part.parse().ok());
        match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor), patch) => Self { major, minor, patch: patch.unwrap_or(0) },
            _ => Self::LATEST,
        }
    }

    /// The first line of a connection.
    pub(super) fn banner(self) -> String {
        format!("Asterisk Call Manager/{}\r\n", self.text())
    }

    pub(super) fn text(self) -> String {
        match self {
            Self { major: 0 | 1, minor, .. } => format!("{}.{minor}", self.major),
            Self { major, minor, patch } => format!("{major}.{minor}.{patch}"),
        }
    }

    /// Whether it speaks as Asterisk 12 and later do.
    pub(super) fn is_modern(self) -> bool {
        self.major >= 2
    }

    /// Whether `FullyBooted` says since when (Asterisk 14).
    pub(super) fn tells_uptime(self) -> bool {
        self.major >= 3
    }

    /// The first release of the line of Asterisk that speaks this version; up to 13 its last.
    pub(super) fn release(self) -> String {
        match (self.major, self.minor) {
            (1, 0) => "1.4.44".into(),
            (0 | 1, 1) => "1.8.32.3".into(),
            (0 | 1, 2) => "10.12.4".into(),
            (0 | 1, _) => "11.25.3".into(),
            (2, 0..=4) => "12.8.2".into(),
            (2, _) => "13.38.3".into(),
            (major, _) => format!("{}.0.0", major.saturating_add(11)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_which_release_it_is() {
        for (banner, said, release) in [
            ("Asterisk Call Manager/1.3", "1.3", "11.25.3"),
            ("Asterisk Call Manager/1.0", "1.0", "1.4.44"),
            ("Asterisk Call Manager/5.0.4", "5.0.4", "16.0.0"),
            ("Asterisk Call Manager/11.0.0", "11.0.0", "22.0.0"),
            ("", "11.0.0", "22.0.0"),
            ("Asterisk Call Manager/x.y", "11.0.0", "22.0.0"),
            ("Asterisk Call Manager/4294967295.0", "4294967295.0.0", "4294967295.0.0"),
        ] {
            let version = Version::of_banner(banner);
            assert_eq!((version.text().as_str(), version.release().as_str()), (said, release), "{banner}");
            assert_eq!(version.banner(), format!("Asterisk Call Manager/{said}\r\n"));
        }
    }
}

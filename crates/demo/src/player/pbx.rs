//! A PBX that plays recordings, without a port.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, watch};

use super::action::ClientAction;
use super::options::PlaybackOptions;
use super::recording::PlaybackRecording;
use super::session::ClientSession;
use super::state::PlaybackState;

/// A PBX that plays recordings to every client that logs in.
#[derive(Debug)]
pub struct PlaybackPbx {
    state: PlaybackState,
}

impl PlaybackPbx {
    /// A PBX that was started just now, unless [`PlaybackOptions::started`] is set.
    #[must_use]
    pub fn new(recordings: Vec<PlaybackRecording>, options: PlaybackOptions) -> Self {
        Self { state: PlaybackState::new(recordings, options) }
    }

    /// Serves one client until either side closes the connection.
    ///
    /// # Errors
    ///
    /// If reading or writing fails.
    pub async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        ClientSession::new(&self.state).run(stream).await
    }

    /// How often all recordings were played to the end, summed over all clients.
    #[must_use]
    pub fn rounds_played(&self) -> watch::Receiver<u64> {
        self.state.rounds_played.subscribe()
    }

    /// The actions from now on. A receiver that is more than a thousand behind loses the oldest.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<ClientAction> {
        self.state.actions.subscribe()
    }
}

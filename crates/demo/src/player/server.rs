//! A PBX that plays recordings, on a port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::action::ClientAction;
use super::options::PlaybackOptions;
use super::pbx::PlaybackPbx;
use super::recording::PlaybackRecording;

/// A PBX that plays recordings on a port of the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct PlaybackServer {
    address: SocketAddr,
    pbx: Arc<PlaybackPbx>,
    task: JoinHandle<()>,
}

impl PlaybackServer {
    /// Starts a PBX on a free port, which plays `recordings` to each client that logs in.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface can be bound.
    pub async fn start(recordings: Vec<PlaybackRecording>, options: PlaybackOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let pbx = Arc::new(PlaybackPbx::new(recordings, options));
        let task = tokio::spawn(accept(listener, Arc::clone(&pbx)));
        Ok(Self { address, pbx, task })
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often all recordings were played to the end, summed over all clients.
    #[must_use]
    pub fn rounds_played(&self) -> watch::Receiver<u64> {
        self.pbx.rounds_played()
    }

    /// The actions from now on. A receiver that is more than a thousand behind loses the oldest.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<ClientAction> {
        self.pbx.actions()
    }
}

impl Drop for PlaybackServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts clients until it is dropped; their sessions end with it.
async fn accept(listener: TcpListener, pbx: Arc<PlaybackPbx>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that fails before it is accepted is ignored.
                if let Ok((stream, _)) = accepted {
                    let pbx = Arc::clone(&pbx);
                    sessions.spawn(async move {
                        stream.set_nodelay(true)?;
                        pbx.serve(stream).await
                    });
                }
            }
            // A client that disconnected is not an error of the PBX.
            Some(_) = sessions.join_next() => {}
        }
    }
}

//! A PBX on a port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{Action, Pbx, PlayOptions, Recording};

/// A PBX, on a port of the loopback interface until it is dropped.
#[derive(Debug)]
pub struct PbxServer {
    address: SocketAddr,
    pbx: Arc<Pbx>,
    task: JoinHandle<()>,
}

impl PbxServer {
    /// Starts a PBX on a free port, which plays `recordings` to each client that logs in.
    ///
    /// # Errors
    /// Where no port of the loopback interface can be had.
    pub async fn start(recordings: Vec<Recording>, options: PlayOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let pbx = Arc::new(Pbx::new(recordings, options));
        let task = tokio::spawn(accept(listener, Arc::clone(&pbx)));
        Ok(Self { address, pbx, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often all recordings were played to the end, counted over all clients.
    #[must_use]
    pub fn rounds_played(&self) -> watch::Receiver<u64> {
        self.pbx.rounds_played()
    }

    /// The actions from here on, each as it comes. Who falls a thousand behind loses the oldest.
    #[must_use]
    pub fn actions(&self) -> broadcast::Receiver<Action> {
        self.pbx.actions()
    }
}

impl Drop for PbxServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes clients until it is dropped, and the clients with it.
async fn accept(listener: TcpListener, pbx: Arc<Pbx>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // What fails before there is a connection concerns nobody here.
                if let Ok((stream, _)) = accepted {
                    let pbx = Arc::clone(&pbx);
                    sessions.spawn(async move {
                        stream.set_nodelay(true)?;
                        pbx.serve(stream).await
                    });
                }
            }
            // A client that went away is no error of the PBX.
            Some(_) = sessions.join_next() => {}
        }
    }
}

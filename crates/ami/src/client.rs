//! A client: a connection to a server over TCP, with its handles.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::action::Action;
use crate::connect_error::ConnectError;
use crate::connection::{ConnectionSignals, ConnectionTask, SharedState, write_queued};
use crate::error::{DisconnectError, LoginError};
use crate::handshake::LoggedInConnection;
use crate::options::AmiOptions;
use crate::packet::Packet;
use crate::queue::PacketBacklog;
use crate::stream_errors::StreamErrors;
use crate::tls::{TlsError, answers_tls};
use crate::version::AmiVersion;

/// A handle that sends actions over a connection that is logged in. Clones share the connection; it ends when all of
/// them and the [`IncomingPackets`] are dropped.
///
/// # Slow consumers
///
/// A separate task reads the socket and never waits: Asterisk cuts off slow readers, and some releases garble what they
/// send to them (AMI notes 1.8). The packets are queued for [`IncomingPackets`]; [`AmiClient::backlog`] returns the
/// length of the queue. Single packets are never dropped. If the queue would exceed [`AmiOptions::queue_limit`], the
/// connection is closed: the packets received before can still be taken, and after them comes
/// [`DisconnectError::Overrun`]. Then connect again and request the current state with
/// [`resync_actions`](crate::resync_actions), because events were missed.
#[derive(Clone, Debug)]
pub struct AmiClient {
    shared: Arc<SharedState>,
    id_prefix: Arc<str>,
    writes: mpsc::Sender<Bytes>,
    logoff: mpsc::Sender<()>,
    response_timeout: Duration,
    /// The connection ends when the last clone is dropped.
    _keep_alive: Arc<oneshot::Sender<Infallible>>,
}

/// Why an action got no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendActionError {
    /// The connection ended. The action may have been carried out.
    #[error("the connection ended before the server answered")]
    Closed,
    /// The server did not answer in time. It may still carry out the action.
    #[error("the server did not answer in time")]
    Timeout,
}

impl AmiClient {
    /// Connects over TCP, and over TLS if [`AmiOptions::tls`] is set, and logs in.
    ///
    /// # Errors
    ///
    /// If the connection, the TLS handshake or the login fails: see [`ConnectError::kind`] and [`ConnectError::hint`].
    /// Dropping the future closes the connection.
    pub async fn connect(options: &AmiOptions) -> Result<(Self, IncomingPackets), ConnectError> {
        let address = || match options.host.contains(':') {
            true => format!("[{}]:{}", options.host, options.port),
            false => format!("{}:{}", options.host, options.port),
        };
        let connecting = TcpStream::connect((options.host.as_str(), options.port));
        let stream = match timeout(options.timeouts.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(ConnectError::Unreachable { address: address(), source }),
            Err(_) => return Err(ConnectError::Timeout { address: address() }),
        };
        set_socket_options(&stream);
        let Some(tls) = &options.tls else { return Self::log_in_without_tls(stream, options).await };
        let connecting = tls.connect(stream, &options.host, options.timeouts.connect);
        let stream = Box::pin(connecting).await?; // it is large, and most connections are without
        let (reader, writer) = tokio::io::split(stream);
        Self::log_in_over(reader, writer, options).await
    }

    /// Logs in over an existing connection; host, port and TLS of the options are ignored.
    ///
    /// # Errors
    ///
    /// As [`AmiClient::connect`].
    pub async fn log_in_over<R, W>(
        mut reader: R,
        mut writer: W,
        options: &AmiOptions,
    ) -> Result<(Self, IncomingPackets), ConnectError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let connection = LoggedInConnection::log_in(&mut reader, &mut writer, options).await?;
        Ok(Self::start(reader, writer, connection, options))
    }

    /// Logs in without TLS. If the server sends nothing, it may be waiting for TLS, which this detects.
    async fn log_in_without_tls(
        stream: TcpStream,
        options: &AmiOptions,
    ) -> Result<(Self, IncomingPackets), ConnectError> {
        let (mut reader, mut writer) = stream.into_split();
        match LoggedInConnection::log_in(&mut reader, &mut writer, options).await {
            Ok(connection) => Ok(Self::start(reader, writer, connection, options)),
            Err(ConnectError::Login(LoginError::BannerTimeout))
                if answers_tls(&mut reader, &mut writer, options.timeouts.banner).await =>
            {
                Err(TlsError::Required.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Starts the tasks of a connection that is logged in.
    fn start<R, W>(
        reader: R,
        writer: W,
        connection: LoggedInConnection,
        options: &AmiOptions,
    ) -> (Self, IncomingPackets)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let LoggedInConnection { session, codec, buffer, version, id_prefix } = connection;
        let shared = Arc::new(SharedState::new(options.queue_limit));
        let id_prefix = format!("{id_prefix}-");
        let (writes, queued) = mpsc::channel(64);
        let (logoff, logoff_requests) = mpsc::channel(1);
        let (keep_alive, handles_dropped) = oneshot::channel();
        let keep_alive = Arc::new(keep_alive);
        let client = Self {
            shared: Arc::clone(&shared),
            id_prefix: id_prefix.as_str().into(),
            writes: writes.clone(),
            logoff,
            response_timeout: options.timeouts.response,
            _keep_alive: Arc::clone(&keep_alive),
        };
        let incoming = IncomingPackets {
            shared: Arc::clone(&shared),
            version,
            batch: Vec::new().into_iter(),
            _keep_alive: keep_alive,
        };
        let task = ConnectionTask { reader, buffer, codec, session, id_prefix, unsolicited: 0, writes };
        let signals = ConnectionSignals { handles_dropped, logoff: logoff_requests };
        let writer = tokio::spawn(write_queued(writer, queued));
        tokio::spawn(async move { task.run(&shared, signals, writer).await });
        (client, incoming)
    }

    /// Sends an action and waits for its response, which may be an error. The items of a list arrive as
    /// [`IncomingPackets`] packets with the response's `ActionID`.
    ///
    /// # Errors
    ///
    /// If the connection ends, or no response comes within [`AmiTimeouts::response`](crate::AmiTimeouts::response).
    /// Dropping the future does not cancel the action.
    pub async fn send(&self, action: &Action) -> Result<Packet, SendActionError> {
        let (number, response) = self.shared.register_action().ok_or(SendActionError::Closed)?;
        let _guard = PendingActionGuard { shared: &self.shared, number };
        let bytes = action.encode(&format!("{}{number}", self.id_prefix));
        let answered = timeout(self.response_timeout, async {
            self.writes.send(bytes).await.map_err(|_| SendActionError::Closed)?;
            response.await.map_err(|_| SendActionError::Closed)
        });
        answered.await.unwrap_or(Err(SendActionError::Timeout))
    }

    /// The length of the queue of received packets.
    #[must_use]
    pub fn backlog(&self) -> PacketBacklog {
        self.shared.queue.backlog()
    }

    /// Logs off and waits for the connection to end. Packets received until then can still be taken.
    pub async fn logoff(&self) {
        let _ = self.logoff.try_send(()); // fails if a request is queued, or the connection has ended
        self.writes.closed().await;
    }
}

/// Removes an action from the pending ones when it is dropped.
struct PendingActionGuard<'a> {
    shared: &'a SharedState,
    number: u64,
}

impl Drop for PendingActionGuard<'_> {
    fn drop(&mut self) {
        self.shared.forget_action(self.number);
    }
}

/// The packets from a server: all events and responses, except the responses to the session's own login and pings.
///
/// Responses and list items are delivered only if they carry the `ActionID` of one of this connection's actions, which
/// nobody else knows; others are forged, dropped and counted as [`StreamErrors::forged`] (AMI notes 5.7).
///
/// The socket is read whether or not the packets are taken; see [`AmiClient`] for what happens to slow consumers.
#[derive(Debug)]
pub struct IncomingPackets {
    shared: Arc<SharedState>,
    version: AmiVersion,
    batch: std::vec::IntoIter<Packet>,
    _keep_alive: Arc<oneshot::Sender<Infallible>>,
}

impl IncomingPackets {
    /// The next packet. After the connection has ended, it returns the reason once, unless it was
    /// [`AmiClient::logoff`], then `None`.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Packet, DisconnectError>> {
        loop {
            if let Some(packet) = self.batch.next() {
                return Some(Ok(packet));
            }
            match self.shared.queue.take_all().await? {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// All packets in the queue, at least one; otherwise as [`IncomingPackets::next`].
    pub async fn next_batch(&mut self) -> Option<Result<Vec<Packet>, DisconnectError>> {
        let rest: Vec<_> = std::mem::take(&mut self.batch).collect();
        if rest.is_empty() { self.shared.queue.take_all().await } else { Some(Ok(rest)) }
    }

    /// The version in the server's banner.
    #[must_use]
    pub fn version(&self) -> AmiVersion {
        self.version
    }

    /// The errors of the stream so far. When [`StreamErrors::lost_packets`] grows, send the
    /// [`resync_actions`](crate::resync_actions).
    #[must_use]
    pub fn stream_errors(&self) -> StreamErrors {
        self.shared.queue.stream_errors()
    }
}

impl Drop for IncomingPackets {
    fn drop(&mut self) {
        self.shared.queue.abandon();
    }
}

/// Sends small packets at once, and lets the operating system detect a server that vanished. Neither is essential, so
/// errors are ignored.
fn set_socket_options(stream: &TcpStream) {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(15));
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_has_no_delay_and_tcp_keepalive() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        set_socket_options(&stream);
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_mins(1));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
    }
}

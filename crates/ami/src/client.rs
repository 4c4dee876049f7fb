//! A connection to a server over TCP.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::link::{self, Link, Shared, Wishes};
use crate::opening::Opening;
use crate::{
    Action, Backlog, ConnectError, LinkError, Login, LoginError, Oddities, Packet, Timing, Tls, TlsError,
    Version, tls,
};

/// Where to connect, as whom, and within which limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How to speak TLS to it, if at all.
    pub tls: Option<Tls>,
    /// Who logs in.
    pub login: Login,
    /// How long each step may take.
    pub timing: Timing,
    /// How many bytes of packets may wait to be taken.
    pub queue_limit: usize,
}

impl Options {
    /// The port of a manager unless it was changed.
    pub const PORT: u16 = 5038;
    /// How many bytes may wait unless told otherwise: minutes of the busiest PBX.
    pub const QUEUE_LIMIT: usize = 64 << 20;

    /// The usual options for a server, without TLS.
    #[must_use]
    pub fn new(host: impl Into<String>, login: Login) -> Self {
        let timing = Timing::default();
        Self { host: host.into(), port: Self::PORT, tls: None, login, timing, queue_limit: Self::QUEUE_LIMIT }
    }
}

/// A handle to a connection that is logged in, to send actions with. Clones share the connection; it ends when all of
/// them and the [`Incoming`] are dropped.
///
/// # When the packets are not taken fast enough
///
/// A task of its own reads the socket and waits for nobody: Asterisk cuts off slow readers, and some releases garble what
/// they send to them (AMI contract 1.8). What it has read waits for [`Incoming`], which [`Client::backlog`] shows. Nothing
/// is ever thinned out. When more would wait than [`Options::queue_limit`], the connection is closed; all that came
/// before can still be taken, and behind it comes [`LinkError::Overrun`]. Whoever gets that counts it, connects again and
/// reconciles, for what happened in between was not heard.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    ids: Arc<str>,
    writes: mpsc::Sender<Bytes>,
    logoff: mpsc::Sender<()>,
    response: Duration,
    _wanted: Arc<oneshot::Sender<Infallible>>,
}

/// Why an action has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection ended; the action may have been carried out.
    #[error("the connection to the server ended before it answered")]
    Closed,
    /// The server did not answer in time; it may still carry the action out.
    #[error("the server did not answer in time")]
    Timeout,
}

impl Client {
    /// Connects over TCP, speaks TLS if [`Options::tls`] says so, and logs in.
    ///
    /// # Errors
    ///
    /// If there is no connection, no TLS, no manager behind it, or no login: see [`ConnectError::kind`] and
    /// [`ConnectError::hint`]. Dropping the future closes the connection.
    pub async fn connect(options: &Options) -> Result<(Self, Incoming), ConnectError> {
        let address = || match options.host.contains(':') {
            true => format!("[{}]:{}", options.host, options.port),
            false => format!("{}:{}", options.host, options.port),
        };
        let connecting = TcpStream::connect((options.host.as_str(), options.port));
        let stream = match timeout(options.timing.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(ConnectError::Unreachable { address: address(), source }),
            Err(_) => return Err(ConnectError::Timeout { address: address() }),
        };
        tune(&stream);
        let Some(tls) = &options.tls else { return Self::plain(stream, options).await };
        let connecting = tls.connect(stream, &options.host, options.timing.connect);
        let stream = Box::pin(connecting).await?; // it is large, and most connections are without
        let (reader, writer) = tokio::io::split(stream);
        Self::over(reader, writer, options).await
    }

    /// Logs in over a connection that was made in another way; host, port and TLS of the options do not count.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`].
    pub async fn over<R, W>(
        mut reader: R,
        mut writer: W,
        options: &Options,
    ) -> Result<(Self, Incoming), ConnectError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let opening = Opening::new(&mut reader, &mut writer, options).await?;
        Ok(Self::start(reader, writer, opening, options))
    }

    /// Logs in without TLS; a server that says nothing may wait for it.
    async fn plain(stream: TcpStream, options: &Options) -> Result<(Self, Incoming), ConnectError> {
        let (mut reader, mut writer) = stream.into_split();
        match Opening::new(&mut reader, &mut writer, options).await {
            Ok(opening) => Ok(Self::start(reader, writer, opening, options)),
            Err(ConnectError::Login(LoginError::BannerTimeout))
                if tls::answers_tls(&mut reader, &mut writer, options.timing.banner).await =>
            {
                Err(TlsError::Wanted.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Starts the tasks of a connection that is logged in.
    fn start<R, W>(reader: R, writer: W, opening: Opening, options: &Options) -> (Self, Incoming)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let Opening { session, codec, buffer, version, ids } = opening;
        let shared = Arc::new(Shared::new(options.queue_limit));
        let ids = format!("{ids}-");
        let (writes, queued) = mpsc::channel(64);
        let (logoff, logoffs) = mpsc::channel(1);
        let (wanted, unwanted) = oneshot::channel();
        let wanted = Arc::new(wanted);
        let client = Self {
            shared: Arc::clone(&shared),
            ids: ids.as_str().into(),
            writes: writes.clone(),
            logoff,
            response: options.timing.response,
            _wanted: Arc::clone(&wanted),
        };
        let incoming =
            Incoming { shared: Arc::clone(&shared), version, batch: Vec::new().into_iter(), _wanted: wanted };
        let link = Link { reader, buffer, codec, session, ids, unasked: 0, writes };
        let wishes = Wishes { wanted: unwanted, logoff: logoffs };
        let writer = tokio::spawn(link::write(writer, queued));
        tokio::spawn(async move { link.run(&shared, wishes, writer).await });
        (client, incoming)
    }

    /// Sends an action and waits for its response, which may say that it was refused. The items of a list come as
    /// [`Incoming`] packets with the response's `ActionID`.
    ///
    /// # Errors
    ///
    /// If the connection ends or the time for responses is over. Dropping the future does not take the action back.
    pub async fn send(&self, action: &Action) -> Result<Packet, SendError> {
        let (number, response) = self.shared.expect().ok_or(SendError::Closed)?;
        let _forget = Forget { shared: &self.shared, number };
        let bytes = action.encode(&format!("{}{number}", self.ids));
        let answered = timeout(self.response, async {
            self.writes.send(bytes).await.map_err(|_| SendError::Closed)?;
            response.await.map_err(|_| SendError::Closed)
        });
        answered.await.unwrap_or(Err(SendError::Timeout))
    }

    /// How much waits to be taken from this connection.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.shared.queue.backlog()
    }

    /// Says farewell and waits for the connection to end; what came until then can still be taken.
    pub async fn logoff(&self) {
        let _ = self.logoff.try_send(()); // somebody else may have said so, or it has ended already
        self.writes.closed().await;
    }
}

/// Takes an action off the list of those that wait, however waiting ends.
struct Forget<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.shared.forget(self.number);
    }
}

/// What comes from a server: all events and responses, except the responses to the session's own login and pings.
///
/// Responses and the items of lists come only if they carry the `ActionID` of one of this connection's actions, which
/// nobody else knows; others are forged, dropped and counted as [`Oddities::forged`] (AMI contract 5.7).
///
/// The socket is read whether or not they are taken; see [`Client`] for what happens if they are not.
#[derive(Debug)]
pub struct Incoming {
    shared: Arc<Shared>,
    version: Version,
    batch: std::vec::IntoIter<Packet>,
    _wanted: Arc<oneshot::Sender<Infallible>>,
}

impl Incoming {
    /// The next packet. When the connection has ended: the reason once, unless it was [`Client::logoff`], then `None`.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Packet, LinkError>> {
        loop {
            if let Some(packet) = self.batch.next() {
                return Some(Ok(packet));
            }
            match self.shared.queue.take().await? {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// All packets that wait, at least one; otherwise as [`Incoming::next`].
    pub async fn next_batch(&mut self) -> Option<Result<Vec<Packet>, LinkError>> {
        let rest: Vec<_> = std::mem::take(&mut self.batch).collect();
        if rest.is_empty() { self.shared.queue.take().await } else { Some(Ok(rest)) }
    }

    /// The version the server greeted with.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What was odd about the bytes read so far. When [`Oddities::lost`] grows, reconcile.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        self.shared.queue.oddities()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.shared.queue.abandon();
    }
}

/// Small packets go at once, and a server that vanished is noticed by the system too. Neither is vital.
fn tune(stream: &TcpStream) {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(15));
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_too_looks_after_a_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tune(&stream);
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_mins(1));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
    }
}

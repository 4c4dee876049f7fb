//! A server of the test's own, over loopback.

use std::time::Duration;

use ringwire_ami::{AmiClient, AmiLogin, AmiOptions, IncomingPackets, Packet};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// One connection, as the server sees it.
pub(crate) struct Server<S = TcpStream>(pub(crate) BufReader<S>);

impl Server {
    pub(crate) async fn greet(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut server = Self(BufReader::new(stream));
        server.send("Asterisk Call Manager/11.0.0\r\n").await;
        server
    }

    /// Greets and accepts any login.
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        let mut server = Self::greet(listener).await;
        server.let_in().await;
        server
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Server<S> {
    /// Accepts any login.
    pub(crate) async fn let_in(&mut self) {
        self.answer("Challenge: 1\r\n").await;
        self.answer("Message: Authentication accepted\r\n").await;
    }

    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(text.as_ref()).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    /// The next action, `None` at the end.
    pub(crate) async fn action(&mut self) -> Option<String> {
        let mut action = String::new();
        while !action.ends_with("\r\n\r\n") {
            match self.0.read_line(&mut action).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
        Some(action)
    }

    /// Answers the next action with success and these headers.
    pub(crate) async fn answer(&mut self, headers: &str) -> String {
        let action = self.action().await.unwrap();
        let response = format!("Response: Success\r\nActionID: {}\r\n{headers}\r\n", id(&action));
        self.send(response).await;
        action
    }
}

pub(crate) fn id(action: &str) -> &str {
    action.lines().find_map(|line| line.strip_prefix("ActionID: ")).unwrap()
}

pub(crate) async fn listen() -> (TcpListener, AmiOptions) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = AmiOptions::new("127.0.0.1", AmiLogin::new("bob", "hunter2".into()));
    options.port = listener.local_addr().unwrap().port();
    (listener, options)
}

/// A client and its server, logged in.
pub(crate) async fn pair(
    listener: &TcpListener,
    options: &AmiOptions,
) -> (AmiClient, IncomingPackets, Server) {
    let (client, server) = tokio::join!(AmiClient::connect(options), Server::accept(listener));
    let (client, incoming) = client.unwrap();
    (client, incoming, server)
}

/// Nothing here takes long, and nothing may hang.
pub(crate) async fn bounded<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(90), work).await.unwrap()
}

pub(crate) async fn next(incoming: &mut IncomingPackets) -> Packet {
    incoming.next().await.unwrap().unwrap()
}

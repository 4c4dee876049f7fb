//! Bringing a connection up: from the greeting to the login.

use std::hash::{BuildHasher, RandomState};
use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::client::Options;
use crate::{Codec, ConnectError, LoginError, Output, Session, TlsError, Version, link, tls};

/// A connection that is logged in, and what came behind the login's response.
pub(crate) struct Opening {
    pub(crate) session: Session,
    pub(crate) codec: Codec,
    pub(crate) buffer: BytesMut,
    pub(crate) version: Version,
    /// What the ids of this connection begin with.
    pub(crate) ids: String,
}

impl Opening {
    /// Logs in over a connection that was just made.
    pub(crate) async fn new<R, W>(
        reader: &mut R,
        writer: &mut W,
        options: &Options,
    ) -> Result<Self, ConnectError>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        // Random, so that neither another client's ids nor a forged response meet ours.
        let ids = format!("ringwire-{:016x}", RandomState::new().hash_one(()));
        let mut session =
            Session::new(options.login.clone(), options.timing, &ids, Instant::now().into_std())?;
        let mut codec = Codec::connection();
        let mut buffer = BytesMut::new();
        let version = log_in(reader, writer, &mut session, &mut codec, &mut buffer).await?;
        Ok(Self { session, codec, buffer, version, ids })
    }
}

/// Drives a session until it is up. What came behind the login's response stays in the buffer.
async fn log_in<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut R,
    writer: &mut W,
    session: &mut Session,
    codec: &mut Codec,
    buffer: &mut BytesMut,
) -> Result<Version, ConnectError> {
    loop {
        let deadline = session.deadline().map_or_else(Instant::now, Instant::from_std);
        match session.poll() {
            Some(Output::LoggedIn(version)) => return Ok(version),
            Some(Output::LoginFailed(error)) => return Err(error.into()),
            Some(Output::Lost(_) | Output::LoggedOff) => return Err(LoginError::Closed.into()),
            Some(Output::Write(bytes)) => {
                let write = async {
                    writer.write_all(&bytes).await?;
                    writer.flush().await
                };
                match timeout_at(deadline, write).await {
                    Ok(written) => written?,
                    Err(_) => session.tick(Instant::now().into_std()),
                }
                continue;
            }
            None => {}
        }
        match codec.decode_now(buffer) {
            Ok(Some(frame)) => {
                session.frame(&frame, Instant::now().into_std());
                continue;
            }
            Ok(None) => {}
            Err(_) if tls::is_tls(buffer) => return Err(TlsError::Wanted.into()),
            Err(error) => {
                session.broken(&error);
                continue;
            }
        }
        link::reserve(buffer);
        match timeout_at(deadline, reader.read_buf(buffer)).await {
            Ok(Ok(0)) => session.closed(),
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => session.closed(),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => session.tick(Instant::now().into_std()),
        }
    }
}

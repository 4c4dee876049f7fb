//! Logs in over a new connection: from the banner to the response to the login.

use std::hash::{BuildHasher, RandomState};
use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::codec::Codec;
use crate::connect_error::ConnectError;
use crate::error::LoginError;
use crate::options::AmiOptions;
use crate::read_buffer::reserve_read;
use crate::session::{AmiSession, SessionOutput};
use crate::tls::{TlsError, is_tls};
use crate::version::AmiVersion;

/// A connection that is logged in, and the bytes that followed the response to the login.
pub(crate) struct LoggedInConnection {
    pub(crate) session: AmiSession,
    pub(crate) codec: Codec,
    pub(crate) buffer: BytesMut,
    pub(crate) version: AmiVersion,
    /// The prefix of every `ActionID` of this connection.
    pub(crate) id_prefix: String,
}

impl LoggedInConnection {
    /// Logs in over a new connection.
    pub(crate) async fn log_in<R, W>(
        reader: &mut R,
        writer: &mut W,
        options: &AmiOptions,
    ) -> Result<Self, ConnectError>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        // Random, so that neither another client's ids nor a forged response match ours.
        let id_prefix = format!("ringwire-{:016x}", RandomState::new().hash_one(()));
        let now = Instant::now().into_std();
        let mut session = AmiSession::new(options.login.clone(), options.timeouts, &id_prefix, now)?;
        let mut codec = Codec::for_connection();
        let mut buffer = BytesMut::new();
        let version = drive_login(reader, writer, &mut session, &mut codec, &mut buffer).await?;
        Ok(Self { session, codec, buffer, version, id_prefix })
    }
}

/// Drives a session until it is up. Bytes after the response to the login stay in the buffer.
async fn drive_login<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut R,
    writer: &mut W,
    session: &mut AmiSession,
    codec: &mut Codec,
    buffer: &mut BytesMut,
) -> Result<AmiVersion, ConnectError> {
    loop {
        let deadline = session.deadline().map_or_else(Instant::now, Instant::from_std);
        match session.poll_output() {
            Some(SessionOutput::LoggedIn(version)) => return Ok(version),
            Some(SessionOutput::LoginFailed(error)) => return Err(error.into()),
            Some(SessionOutput::Disconnected(_) | SessionOutput::LoggedOff) => {
                return Err(LoginError::Closed.into());
            }
            Some(SessionOutput::Write(bytes)) => {
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
                session.handle_frame(&frame, Instant::now().into_std());
                continue;
            }
            Ok(None) => {}
            Err(_) if is_tls(buffer) => return Err(TlsError::Required.into()),
            Err(error) => {
                session.handle_error(&error);
                continue;
            }
        }
        reserve_read(buffer);
        match timeout_at(deadline, reader.read_buf(buffer)).await {
            Ok(Ok(0)) => session.handle_close(),
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => session.handle_close(),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => session.tick(Instant::now().into_std()),
        }
    }
}

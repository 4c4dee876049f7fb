//! Keeps the first bytes from a server, for the error message if they are not TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Whether a stream that begins with these bytes is TLS: a record of a known type and version.
pub(crate) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x18, 3, ..])
}

/// A socket that remembers the first bytes received.
#[derive(Debug)]
pub(crate) struct FirstBytesStream {
    stream: TcpStream,
    first_bytes: Vec<u8>,
}

impl FirstBytesStream {
    /// How many bytes are kept: about a line of a log.
    const LIMIT: usize = 80;

    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, first_bytes: Vec::with_capacity(Self::LIMIT) }
    }

    /// The first bytes received.
    pub(crate) fn first_bytes(&self) -> &[u8] {
        &self.first_bytes
    }
}

impl AsyncRead for FirstBytesStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let room = Self::LIMIT.saturating_sub(self.first_bytes.len());
        if room > 0 {
            let fresh = into.filled().get(before..).unwrap_or_default();
            self.first_bytes.extend(fresh.iter().take(room));
        }
        read
    }
}

impl AsyncWrite for FirstBytesStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

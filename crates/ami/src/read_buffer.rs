//! Room in the buffer that a connection reads into.

use bytes::BytesMut;

/// How much is read at once, in bytes.
const READ: usize = 64 << 10;

/// Makes room for another read. Packets still in use keep their part of the old buffer alive. The room grows with a
/// packet that does not fit, so that the packet is copied only a few times.
pub(crate) fn reserve_read(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < READ / 4 {
        buffer.reserve(READ.max(buffer.len()));
    }
}

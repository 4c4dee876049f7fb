//! What is kept compressed: explanations are long, much alike, and rarely read.

use std::io::{Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use rusqlite::types::Type;

/// The longest text that is unpacked; an explanation is far shorter.
const LONGEST: u64 = 16 << 20;

/// The compressed form of `text`.
pub(super) fn pack(text: &str) -> rusqlite::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    packed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The text that was packed.
///
/// # Errors
/// It is damaged.
pub(super) fn unpack(packed: &[u8]) -> rusqlite::Result<String> {
    let mut text = String::new();
    let unpacked = DeflateDecoder::new(packed).take(LONGEST).read_to_string(&mut text);
    unpacked.map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error.into()))?;
    Ok(text)
}

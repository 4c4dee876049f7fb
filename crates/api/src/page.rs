//! The desk's files, as browsers ask for them: with tags, and compressed where that is wanted.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Mutex, PoisonError},
};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// Compressed files, by their tags.
static COMPRESSED: Mutex<Option<HashMap<String, Bytes>>> = Mutex::new(None);

/// The size from which a file is compressed, in bytes.
const WORTH_COMPRESSING: usize = 1024;

/// The file of the page that `uri` names; `None` where there is none.
pub(crate) fn file(uri: &Uri, asked: &HeaderMap) -> Option<Response> {
    let file = ringwire_desk::file(uri.path())?;
    let tag = format!("\"{}\"", file.tag);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    // Asked for anew each time, and sent anew only after an update.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(HeaderValue::from_str(&tag).map(|tag| (header::ETAG, tag)));
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    if known.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let body = Bytes::from(file.bytes.into_owned());
    if body.len() < WORTH_COMPRESSING || !accepts_gzip(asked) {
        return Some((headers, body).into_response());
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Some((headers, compressed(tag, &body)).into_response())
}

/// Whether `uri` names a file of the page.
pub(crate) fn has(uri: &Uri) -> bool {
    ringwire_desk::has_file(uri.path())
}

fn accepts_gzip(asked: &HeaderMap) -> bool {
    let encodings = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    encodings.flat_map(|value| value.split(',')).any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0")
    })
}

fn compressed(tag: String, body: &[u8]) -> Bytes {
    let mut known = COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
    let compressed = known.get_or_insert_default().entry(tag).or_insert_with(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail.
        let _ = encoder.write_all(body);
        encoder.finish().unwrap_or_default().into()
    });
    compressed.clone()
}

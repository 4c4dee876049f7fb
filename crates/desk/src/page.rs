//! The desk: a web page whose files are in the program. They hold nothing that is going on, so anybody may have them.

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
use rust_embed::RustEmbed;

/// The files of the page. A build for debugging reads them from the disk as they are asked for.
#[derive(RustEmbed)]
#[folder = "page/"]
#[exclude = "test/*"]
#[exclude = "README*"]
#[exclude = "package*.json"]
struct Files;

/// Files that were compressed, by their tags.
static PACKED: Mutex<Option<HashMap<String, Bytes>>> = Mutex::new(None);

/// What is too small to be compressed, in bytes.
const SMALL: usize = 1024;

/// A file of the page; `None` where there is none of that name.
pub(crate) fn file(uri: &Uri, asked: &HeaderMap) -> Option<Response> {
    let path = path(uri);
    let file = Files::get(path)?;
    let tag: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    // Asked for anew each time, and sent anew only after an update.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(HeaderValue::from_str(&tag).map(|tag| (header::ETAG, tag)));
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    if known.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let body = Bytes::from(file.data.into_owned());
    if body.len() < SMALL || !takes_gzip(asked) {
        return Some((headers, body).into_response());
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Some((headers, packed(tag, &body)).into_response())
}

/// Whether there is a file of the page of that name.
pub(crate) fn has(uri: &Uri) -> bool {
    Files::get(path(uri)).is_some()
}

fn path(uri: &Uri) -> &str {
    match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        _ => "text/plain; charset=utf-8",
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let encodings = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    encodings.flat_map(|value| value.split(',')).any(|encoding| {
        let (name, quality) = encoding.split_once(';').unwrap_or((encoding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0")
    })
}

fn packed(tag: String, body: &[u8]) -> Bytes {
    let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let packed = packed.get_or_insert_default().entry(tag).or_insert_with(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail.
        let _ = encoder.write_all(body);
        encoder.finish().unwrap_or_default().into()
    });
    packed.clone()
}

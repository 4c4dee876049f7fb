//! The desk: the files of the web page at which people see what is going on, embedded in the program.
//!
//! The files contain nothing that is going on, so anybody may have them; what the page shows it asks the API for.
//! Nothing of ringwire is known here.

use std::{borrow::Cow, collections::HashMap, fs, path::Path, sync::LazyLock};

use ring::digest::{SHA256, digest};

// Made by `build.rs`: `FILES`, the path of each file and what is in it.
include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The files as they are when the program is built, by their paths.
static EMBEDDED: LazyLock<HashMap<&'static str, PageFile>> = LazyLock::new(|| {
    FILES.iter().map(|(path, bytes)| (*path, PageFile::new(path, Cow::Borrowed(*bytes)))).collect()
});

/// A file of the page.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
    /// Its content type, as HTTP names it.
    pub content_type: &'static str,
    /// Changes when its content does: the beginning of its SHA-256 hash, in hexadecimal digits.
    pub tag: String,
}

impl PageFile {
    fn new(path: &str, bytes: Cow<'static, [u8]>) -> Self {
        let hash = digest(&SHA256, &bytes);
        let tag = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, content_type: content_type(path), tag }
    }
}

/// The file at `path`, which is relative to the page's root; `None` where there is none. The root itself is its
/// `index.html`. A debug build reads the file from the disk each time, so that a change needs no build.
#[must_use]
pub fn file(path: &str) -> Option<PageFile> {
    let path = file_path(path);
    let embedded = EMBEDDED.get(path)?;
    if cfg!(debug_assertions)
        && let Ok(bytes) = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("page").join(path))
    {
        return Some(PageFile::new(path, Cow::Owned(bytes)));
    }
    Some(embedded.clone())
}

/// Whether there is a file at `path`.
#[must_use]
pub fn has_file(path: &str) -> bool {
    EMBEDDED.contains_key(file_path(path))
}

fn file_path(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    }
}

fn content_type(path: &str) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_page_and_what_belongs_to_its_tests_is_not_shipped() {
        let page = file("/").unwrap();
        assert_eq!((page.content_type, page.tag.len()), ("text/html; charset=utf-8", 32));
        assert_eq!(file("index.html").unwrap().tag, page.tag);
        for absent in ["README.md", "test/text.test.mjs", "../Cargo.toml", "nothing"] {
            assert!(!has_file(absent), "{absent}");
        }
    }
}

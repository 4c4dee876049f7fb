//! The desk: the files of the web page at which people see what is going on, embedded in the program.
//!
//! The files contain nothing that is going on, so anybody may have them; what the page shows it asks the API for.
//! Nothing of ringwire is known here.

use std::borrow::Cow;

use rust_embed::RustEmbed;

/// The files of the page. A debug build reads them from the disk each time, so that a change needs no build.
#[derive(RustEmbed)]
#[folder = "page/"]
#[exclude = "test/*"]
#[exclude = "README*"]
#[exclude = "package*.json"]
struct Files;

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

/// The file at `path`, which is relative to the page's root; `None` where there is none. The root itself is its
/// `index.html`.
#[must_use]
pub fn file(path: &str) -> Option<PageFile> {
    let path = file_path(path);
    let file = Files::get(path)?;
    let hash = file.metadata.sha256_hash();
    let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(PageFile { bytes: file.data, content_type: content_type(path), tag })
}

/// Whether there is a file at `path`.
#[must_use]
pub fn has_file(path: &str) -> bool {
    Files::get(file_path(path)).is_some()
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

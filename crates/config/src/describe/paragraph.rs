//! What an explanation is made of.

use std::fmt::Write as _;

/// A heading and lines below it.
pub(super) struct Paragraph(pub(super) String);

impl Paragraph {
    pub(super) fn new(heading: &str) -> Self {
        Self(format!("{heading}\n"))
    }

    pub(super) fn line(mut self, line: impl AsRef<str>) -> Self {
        let _ = writeln!(self.0, "  {}", line.as_ref());
        self
    }
}

/// `a, b or c`.
pub(super) fn list(words: &[impl AsRef<str>], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [before @ .., end] => {
            let before: Vec<_> = before.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", before.join(", "), end.as_ref())
        }
    }
}

//! Looking for a mark in a growing buffer without looking at a byte twice.

use memchr::memmem::Finder;

/// Where one mark stands in a buffer that grows at the end and is consumed at the front.
#[derive(Debug)]
pub(crate) struct Scan {
    finder: Finder<'static>,
    found: Option<usize>,
    /// No mark begins before this, but for the one found.
    upto: usize,
}

impl Scan {
    pub(crate) fn new(mark: &'static [u8]) -> Self {
        Self { finder: Finder::new(mark), found: None, upto: 0 }
    }

    /// The length of the mark.
    pub(crate) fn width(&self) -> usize {
        self.finder.needle().len()
    }

    /// Where the first mark in `buffer` begins.
    pub(crate) fn first(&mut self, buffer: &[u8]) -> Option<usize> {
        if self.found.is_some() {
            return self.found;
        }
        self.found =
            buffer.get(self.upto..).and_then(|fresh| self.finder.find(fresh)).map(|at| self.upto + at);
        self.upto = match self.found {
            Some(at) => at + 1,
            None => self.upto.max((buffer.len() + 1).saturating_sub(self.width())),
        };
        self.found
    }

    /// Looks past the mark found.
    pub(crate) fn pass(&mut self) {
        self.found = None;
    }

    /// Forgets the first `count` bytes, which have left the buffer.
    pub(crate) fn consume(&mut self, count: usize) {
        match self.found.map(|at| at.checked_sub(count)) {
            Some(None) => self.found = None,
            Some(Some(at)) => self.found = Some(at),
            None => {}
        }
        self.upto = self.upto.saturating_sub(count);
    }

    /// Forgets everything: the buffer is another.
    pub(crate) fn reset(&mut self) {
        self.found = None;
        self.upto = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_across_pieces_and_after_consumption() {
        let mut scan = Scan::new(b"\n\n");
        assert_eq!(scan.first(b"abc\n"), None);
        assert_eq!(scan.first(b"abc\n\nde\n\n"), Some(3));
        assert_eq!(scan.first(b"abc\n\nde\n\n"), Some(3));
        scan.consume(5);
        assert_eq!(scan.first(b"de\n\n"), Some(2));
        scan.pass();
        assert_eq!(scan.first(b"de\n\n\n"), Some(3));
        scan.consume(5);
        assert_eq!(scan.first(b"\n"), None);
    }
}

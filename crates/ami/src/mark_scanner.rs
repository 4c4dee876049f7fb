//! Searches a growing buffer for a mark without reading a byte twice.

use memchr::memmem::Finder;

/// Where one mark stands in a buffer that grows at the end and is consumed at the front.
#[derive(Debug)]
pub(crate) struct MarkScanner {
    finder: Finder<'static>,
    found: Option<usize>,
    /// No mark begins before this position, except the one found.
    searched: usize,
}

impl MarkScanner {
    pub(crate) fn new(mark: &'static [u8]) -> Self {
        Self { finder: Finder::new(mark), found: None, searched: 0 }
    }

    /// The length of the mark, in bytes.
    pub(crate) fn mark_len(&self) -> usize {
        self.finder.needle().len()
    }

    /// Where the first mark in `buffer` begins.
    pub(crate) fn find(&mut self, buffer: &[u8]) -> Option<usize> {
        if self.found.is_some() {
            return self.found;
        }
        self.found = buffer
            .get(self.searched..)
            .and_then(|fresh| self.finder.find(fresh))
            .map(|at| self.searched + at);
        self.searched = match self.found {
            Some(at) => at + 1,
            None => self.searched.max((buffer.len() + 1).saturating_sub(self.mark_len())),
        };
        self.found
    }

    /// Makes the next search begin after the mark that was found.
    pub(crate) fn skip_found(&mut self) {
        self.found = None;
    }

    /// Forgets the first `count` bytes, which have left the buffer.
    pub(crate) fn consume(&mut self, count: usize) {
        match self.found.map(|at| at.checked_sub(count)) {
            Some(None) => self.found = None,
            Some(Some(at)) => self.found = Some(at),
            None => {}
        }
        self.searched = self.searched.saturating_sub(count);
    }

    /// Starts over with another buffer.
    pub(crate) fn reset(&mut self) {
        self.found = None;
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_across_pieces_and_after_consumption() {
        let mut scanner = MarkScanner::new(b"\n\n");
        assert_eq!(scanner.find(b"abc\n"), None);
        assert_eq!(scanner.find(b"abc\n\nde\n\n"), Some(3));
        assert_eq!(scanner.find(b"abc\n\nde\n\n"), Some(3));
        scanner.consume(5);
        assert_eq!(scanner.find(b"de\n\n"), Some(2));
        scanner.skip_found();
        assert_eq!(scanner.find(b"de\n\n\n"), Some(3));
        scanner.consume(5);
        assert_eq!(scanner.find(b"\n"), None);
    }
}

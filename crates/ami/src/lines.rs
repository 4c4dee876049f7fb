//! Line ends: LF with or without CR, in any mixture (AMI notes 1.2).

/// The number of bytes of blank lines at the front of `block`.
pub(crate) fn leading_blank_lines(block: &[u8]) -> usize {
    let mut blank = 0;
    loop {
        blank += match block.get(blank..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => return blank,
        };
    }
}

/// Where the first blank line that begins within `limit` bytes ends.
pub(crate) fn end_of_blank_line(block: &[u8], limit: usize) -> Option<usize> {
    let within = block.get(..limit).unwrap_or(block);
    memchr::memchr_iter(b'\n', within).find_map(|at| match block.get(at + 1..) {
        Some([b'\n', ..]) => Some(at + 2),
        Some([b'\r', b'\n', ..]) => Some(at + 3),
        _ => None,
    })
}

/// The first line without its end, and what follows it. A carriage return belongs to the line end only before a line
/// feed or at the very end.
pub(crate) fn split_line(block: &[u8]) -> Option<(&[u8], &[u8])> {
    if block.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', block).unwrap_or(block.len());
    let (line, rest) = block.split_at_checked(end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default()))
}

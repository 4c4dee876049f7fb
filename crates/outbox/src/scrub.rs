//! Overwriting what SQLite leaves behind.
//!
//! With `secure_delete` SQLite overwrites rows that are deleted or rewritten, and pages that become free. What it does not
//! overwrite is the copy that a row leaves in the unused middle of its page when the page is rebalanced and the row moves
//! to another one. Such copies outlive the row, so the unused part of each page is overwritten here. `VACUUM` would do it, too,
//! but keeps the journal from being written for as long as all of it takes to be copied.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// How many pages are looked at in one transaction: new events do not wait long for it.
const PAGES: u32 = 256;

/// The first bytes of leaf pages of tables and of indexes (SQLite file format, section 1.6). No other pages begin with them:
/// overflow and free pages begin with a page number, pointer maps with a number up to 5.
const LEAVES: [u8; 2] = [0x0d, 0x0a];

/// The size of the header of a leaf page, in bytes.
const HEADER: usize = 8;

/// Overwrites the unused parts of a batch of pages, beginning with page `first`; gives the page to go on with, or `None` at
/// the end of the file.
pub(super) fn scrub(db: &mut Connection, first: u32) -> rusqlite::Result<Option<u32>> {
    if db.prepare("SELECT data FROM sqlite_dbpage").is_err() {
        // An SQLite that was built without it (.cargo/config.toml).
        return Ok(None);
    }
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pages: u32 = change.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let end = first.saturating_add(PAGES).min(pages.saturating_add(1));
    // The first page has the schema, in which nobody is named.
    for number in first.max(2)..end {
        let page: Option<Vec<u8>> = change
            .prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let Some(mut page) = page else { continue };
        if clean(&mut page) {
            change
                .prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?
                .execute(rusqlite::params![number, page])?;
        }
    }
    change.commit()?;
    Ok((end <= pages).then_some(end))
}

/// Overwrites the unused part of a leaf page, between its list of cells and the first of them; `false` if there is nothing
/// to overwrite.
fn clean(page: &mut [u8]) -> bool {
    let number = |at: usize| match page.get(at..at + 2) {
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    if !page.first().is_some_and(|kind| LEAVES.contains(kind)) {
        return false;
    }
    let (cells, content) = (number(3), number(5));
    let unused = page.get_mut(HEADER + 2 * cells..content);
    match unused {
        Some(unused) if unused.iter().any(|byte| *byte != 0) => {
            unused.fill(0);
            true
        }
        // Nothing is left there; or the numbers make no sense, and the page is not ours to change.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unused_part_of_a_leaf_is_overwritten() {
        let mut page = vec![7; 64];
        page[..8].copy_from_slice(&[0x0d, 0, 0, 0, 2, 0, 40, 0]);
        let before = page.clone();
        assert!(clean(&mut page));
        assert_eq!(page[..12], before[..12]);
        assert!(page[12..40].iter().all(|byte| *byte == 0));
        assert_eq!(page[40..], before[40..]);
        assert!(!clean(&mut page), "it is clean");
        for header in [
            [0x05, 0, 0, 0, 2, 0, 40, 0],
            [0x02, 0, 0, 0, 2, 0, 40, 0],
            [0x00, 0, 0, 0, 2, 0, 40, 0],
            [0x0d, 0, 0, 0, 20, 0, 40, 0],
            [0x0d, 0, 0, 0, 2, 1, 0, 0],
            [0x0d, 0, 0, 0, 2, 0, 0, 0],
        ] {
            let mut other = before.clone();
            other[..8].copy_from_slice(&header);
            let same = other.clone();
            assert!(!clean(&mut other) && other == same, "{header:?}");
        }
        assert!(!clean(&mut []));
    }
}

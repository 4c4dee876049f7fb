//! Which files are taken for a journal, and what happens to a damaged one.

use std::fs;

use ringwire_outbox::{JournalCondition, StoreError, StoreReader, check_journal};
use rusqlite::Connection;

use crate::support::{Journal, new_call, open};

#[test]
fn a_journal_in_use_is_not_touched() {
    let journal = Journal::new();
    assert!(matches!(open(&journal.path), Err(StoreError::Locked { .. })));
}

#[test]
fn another_program_s_file_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(&path), Err(StoreError::Foreign { .. })));
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_newer_release_s_journal_is_not_touched() {
    let journal = Journal::new();
    let Journal { home, path, store, .. } = journal;
    store.close(crate::support::at(0));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(&path), Err(StoreError::Newer { version: 99, .. })));
    drop(home);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_new_one_begun() {
    let journal = Journal::new();
    for call in 0..200 {
        journal.commit(new_call(&call.to_string(), 0), &["zammad"]);
    }
    let Journal { home, path, store, .. } = journal;
    store.close(crate::support::at(0));
    Connection::open(&path).unwrap().execute("UPDATE runs SET stopped_at = NULL", []).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let (_, tail) = bytes.split_at_mut(8192);
    tail.iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(&path, &bytes).unwrap();

    let journal = Journal::in_home(home);
    let (aside, found) = journal.opened.set_aside.as_ref().unwrap();
    let kept = fs::read(aside).unwrap();
    assert!(kept.get(100..) == bytes.get(100..), "more than its header has changed");
    assert!(!found.is_empty());
    assert!(journal.pending("zammad").is_empty());
    journal.commit(new_call("after", 0), &["zammad"]);
}

#[test]
fn a_file_that_is_no_database_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    fs::write(
        &path,
        "a text that somebody put here, long enough to be taken for a header of a database file, or not",
    )
    .unwrap();
    let journal = Journal::in_home(home);
    assert!(journal.opened.set_aside.is_some());
    journal.commit(new_call("a", 0), &["zammad"]);
}

#[test]
fn there_is_nothing_to_read_where_no_daemon_has_run() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    assert!(StoreReader::open(&path).is_err());
    fs::write(&path, "").unwrap();
    assert!(matches!(StoreReader::open(&path), Err(StoreError::Empty { .. })));
}

#[test]
fn a_place_is_looked_at_without_making_anything() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("state/ringwire/journal.db");
    assert_eq!(check_journal(&path).unwrap(), JournalCondition::Absent);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    fs::write(home.path().join("state"), "a file").unwrap();
    assert!(matches!(check_journal(&path), Err(StoreError::Location { .. })));
    assert!(matches!(check_journal(home.path()), Err(StoreError::Location { .. })));
    let other = home.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(check_journal(&other), Err(StoreError::Foreign { .. })));
    let journal = Journal::new();
    assert_eq!(check_journal(&journal.path).unwrap(), JournalCondition::Writable { in_use: true });
    let Journal { path, store, home, .. } = journal;
    store.close(crate::support::at(0));
    assert_eq!(check_journal(&path).unwrap(), JournalCondition::Writable { in_use: false });
    drop(home);
}

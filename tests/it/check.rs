//! `ringwire check`, of the journal.

use std::fs;

use crate::journal::Place;
use crate::support::{stderr, stdout};

/// What `check` says of the journal's place with `journal` as its path, and its exit code.
fn check(place: &Place, journal: &str) -> (String, Option<i32>) {
    let config = format!(
        "[journal]\npath = \"{journal}\"\n[pbx.main]\nusername = \"ringwire\"\nsecret_file = \"secret\"\n\
         [target.desk]\ndialect = \"zammad\"\nurl_file = \"url\"\n"
    );
    fs::write(place.path("ringwire.toml"), config).unwrap();
    fs::write(place.path("secret"), "swordfish").unwrap();
    fs::write(place.path("url"), "https://desk.example.com/api/v1/cti/t0ken").unwrap();
    let output = place.run(&["check"]);
    let output_text = stdout(&output);
    let (_, output_text) =
        output_text.split_once("\nJournal file\n").unwrap_or_else(|| panic!("{}", stderr(&output)));
    (output_text.replace(&format!("{}/", place.home.path().display()), ""), output.status.code())
}

#[test]
fn the_place_of_the_journal_is_looked_at() {
    let mut place = Place::empty();
    let ok = |output_text: &str| (format!("  ✓ ok           {output_text}\n"), Some(0));
    assert_eq!(
        check(&place, "state/journal.db"),
        ok("the journal does not exist yet, and this user can create it")
    );
    assert!(!place.path("state").exists());
    place.open();
    assert_eq!(check(&place, "journal.db"), ok("this user can write the journal; a daemon uses it"));
    place.close();
    assert_eq!(check(&place, "journal.db"), ok("this user can write the journal; no daemon uses it"));
    fs::create_dir(place.path("directory")).unwrap();
    assert_eq!(
        check(&place, "directory"),
        (
            "  ✗ fault        directory: is a directory\n                 → create the directory, writable for the daemon's user, on a local disk\n".to_owned(),
            Some(0)
        )
    );
    rusqlite::Connection::open(place.path("other.db")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    assert_eq!(
        check(&place, "other.db"),
        (
            "  ✗ fault        other.db: is not a journal of ringwire\n                 → set journal.path to another file\n".to_owned(),
            Some(78)
        )
    );
}

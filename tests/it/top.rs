//! `ringwire top`.

use crate::support::{ringwire, stderr};

#[test]
fn where_there_is_no_screen_it_says_what_to_use() {
    let output = ringwire().arg("top").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("needs a terminal"), "{}", stderr(&output));
    assert!(stderr(&output).contains("ringwire tail"), "{}", stderr(&output));
}

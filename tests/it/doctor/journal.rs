//! The journal.

use std::fs;

use ringwire_event::Cause;
use ringwire_outbox::StoredDeliveryState;
use rusqlite::Connection;

use super::bench::Bench;
use super::{Probe, check_broken};
use crate::journal::{hangup, new_call};

/// A bench with a journal that no daemon uses.
async fn with_journal(write: impl FnOnce(&Bench)) -> Bench {
    let mut bench = Bench::healthy().await;
    bench.place.open();
    write(&bench);
    bench.place.close();
    bench
}

#[tokio::test]
async fn a_journal_that_is_damaged() {
    let bench = Bench::healthy().await;
    bench.put("journal.db", &"no database at all, ".repeat(500), 0o600);
    check_broken(&bench, &["journal.db", "is damaged"], &["sqlite3 FILE .recover"], 74, Probe::Same).await;
}

#[tokio::test]
async fn a_journal_with_a_broken_page() {
    let bench = with_journal(|bench| {
        for call in 0..200 {
            bench.place.commit(new_call(&format!("1.{call}"), call), &["desk"]);
        }
    })
    .await;
    let path = bench.path("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    check_broken(&bench, &["journal.db is damaged"], &["restart the daemon"], 74, Probe::Blind).await;
}

#[tokio::test]
async fn a_journal_of_a_newer_release() {
    let bench = with_journal(|_| {}).await;
    Connection::open(bench.path("journal.db")).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    check_broken(
        &bench,
        &["written by a newer release"],
        &["set journal.path to another file"],
        78,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_file_of_another_program() {
    let bench = Bench::healthy().await;
    Connection::open(bench.path("journal.db")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    check_broken(
        &bench,
        &["is not a journal of ringwire"],
        &["set journal.path to another file"],
        78,
        Probe::Same,
    )
    .await;
}

#[tokio::test]
async fn a_journal_path_that_cannot_be_written() {
    let bench = Bench::healthy().await.with("path = \"journal.db\"", "path = \"ami.secret/journal.db\"");
    check_broken(&bench, &["ami.secret"], &["create the directory"], 74, Probe::Same).await;
}

#[tokio::test]
async fn deliveries_that_failed_permanently() {
    let bench = with_journal(|bench| {
        for committed in bench.place.commit(hangup("1.1", 0, Cause::Busy), &["desk"]) {
            for (_, id) in committed.deliveries {
                bench.place.tried(id.0, Some(400), "no", StoredDeliveryState::Dead);
            }
        }
    })
    .await;
    let hint = ["ringwire deliveries --target desk --state dead", "ringwire deliveries retry --target desk"];
    check_broken(&bench, &["1 delivery to desk failed permanently"], &hint, 0, Probe::Blind).await;
}

#[tokio::test]
async fn a_paused_target() {
    let bench = with_journal(|bench| bench.place.set_target_state("desk", "paused", "by the operator")).await;
    let hint = ["ringwire deliveries resume desk"];
    check_broken(&bench, &["target desk is paused since"], &hint, 69, Probe::Blind).await;
}

#[tokio::test]
async fn a_misconfigured_target() {
    let reason = "HTTP 401; the token in the target's URL is not valid: copy the URL again";
    let bench = with_journal(|bench| bench.place.set_target_state("desk", "misconfigured", reason)).await;
    let hint = ["the token in the target's URL is not valid", "systemctl reload ringwire"];
    check_broken(&bench, &["target desk is misconfigured since", "HTTP 401"], &hint, 69, Probe::Blind).await;
}

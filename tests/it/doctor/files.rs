//! The configuration and the files it names.

use std::fs;

use super::{Probe, bench::Bench, check_broken};

#[tokio::test]
async fn a_secret_that_everyone_can_read() {
    let bench = Bench::healthy().await;
    bench.mode("ami.secret", 0o644);
    check_broken(&bench, &["ami.secret", "can be read by everyone"], &["chmod o= "], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_configuration_that_everyone_can_change() {
    let bench = Bench::healthy().await;
    bench.mode("ringwire.toml", 0o666);
    check_broken(&bench, &["ringwire.toml", "can be changed by everyone"], &["chmod o-w "], 78, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_missing_secret() {
    let bench = Bench::healthy().await;
    fs::remove_file(bench.path("ami.secret")).unwrap();
    let text = ["ringwire.toml:9: pbx.main.secret_file:", "ami.secret: no such file"];
    check_broken(&bench, &text, &["readable by the user that ringwire runs as"], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_secret_that_the_daemons_user_cannot_read() {
    let mut bench = Bench::healthy().await;
    bench.user = "nobody";
    bench.mode("", 0o777);
    let hint = ["chgrp nobody", "chmod 640", "ami.secret"];
    check_broken(
        &bench,
        &["ami.secret (secret of pbx.main.secret_file) cannot be read by nobody"],
        &hint,
        78,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn a_directory_that_the_daemons_user_may_not_enter() {
    let mut bench = Bench::healthy().await;
    bench.user = "nobody";
    bench.mode("", 0o700);
    // Nor can the journal be created there.
    let output = bench.doctor(&[]).await;
    assert_eq!(output.code, 78);
    assert!(output.stdout.contains("who may not enter"), "{}", output.stdout);
    assert!(output.stdout.contains("cannot be written by nobody"), "{}", output.stdout);
}

#[tokio::test]
async fn a_key_that_is_misspelt() {
    let bench = Bench::healthy().await.with("country", "contry");
    check_broken(&bench, &["ringwire.toml:10", "unknown key"], &["did you mean country?"], 78, Probe::Same)
        .await;
}

#[tokio::test]
async fn a_missing_configuration() {
    let bench = Bench::healthy().await;
    fs::remove_file(bench.path("ringwire.toml")).unwrap();
    check_broken(&bench, &["no such file"], &["name the file with --config"], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_configuration_that_is_not_toml() {
    let bench = Bench::healthy().await.with("[api]", "[api");
    check_broken(&bench, &["ringwire.toml:3"], &["ringwire check"], 78, Probe::Blind).await;
}

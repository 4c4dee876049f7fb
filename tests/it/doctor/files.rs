//! The configuration and the files it names.

use std::fs;

use super::{Probe, bench::Bench, check_broken};

#[tokio::test]
async fn a_secret_that_everyone_can_read() {
    let bench = Bench::sound().await;
    bench.mode("ami.secret", 0o644);
    check_broken(&bench, &["ami.secret", "can be read by everyone"], &["chmod o= "], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_configuration_that_everyone_can_change() {
    let bench = Bench::sound().await;
    bench.mode("ringwire.toml", 0o666);
    check_broken(&bench, &["ringwire.toml", "can be changed by everyone"], &["chmod o-w "], 78, Probe::Blind)
        .await;
}

#[tokio::test]
async fn a_secret_that_is_not_there() {
    let bench = Bench::sound().await;
    fs::remove_file(bench.path("ami.secret")).unwrap();
    let says = ["ringwire.toml:9: pbx.main.secret_file:", "ami.secret: no such file"];
    check_broken(&bench, &says, &["readable by the user that ringwire runs as"], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_secret_that_the_daemons_user_cannot_read() {
    let mut bench = Bench::sound().await;
    bench.user = "nobody";
    bench.mode("", 0o777);
    let cure = ["chgrp nobody", "chmod 640", "ami.secret"];
    check_broken(&bench, &["ami.secret, cannot be read by nobody"], &cure, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_directory_that_is_closed_to_the_daemons_user() {
    let mut bench = Bench::sound().await;
    bench.user = "nobody";
    bench.mode("", 0o700);
    // Nor can the journal be made there.
    let told = bench.doctor(&[]).await;
    assert_eq!(told.code, 78);
    assert!(told.stdout.contains("is closed to that user"), "{}", told.stdout);
    assert!(told.stdout.contains("cannot be written by nobody"), "{}", told.stdout);
}

#[tokio::test]
async fn a_key_that_is_misspelt() {
    let bench = Bench::sound().await.with("country", "contry");
    check_broken(&bench, &["ringwire.toml:10", "unknown key"], &["did you mean country?"], 78, Probe::Same)
        .await;
}

#[tokio::test]
async fn a_configuration_that_is_not_there() {
    let bench = Bench::sound().await;
    fs::remove_file(bench.path("ringwire.toml")).unwrap();
    check_broken(&bench, &["no such file"], &["name the file with --config"], 78, Probe::Same).await;
}

#[tokio::test]
async fn a_configuration_that_is_no_toml() {
    let bench = Bench::sound().await.with("[api]", "[api");
    check_broken(&bench, &["ringwire.toml:3"], &["ringwire check"], 78, Probe::Blind).await;
}

//! Call events.

use ringwire_testkit::ConnectionScript;
use ringwire_testkit::player::{PlaybackPbx, PlaybackSpeed};

use super::bench::{Bench, playing};
use super::{Probe, check_broken};

async fn listening(pbx: PlaybackPbx) -> Bench {
    Bench::with_pbx([ConnectionScript::well_behaved(pbx)]).await.listening("1")
}

/// Replaces each `before` by `after`.
fn replacing(before: &'static str, after: &'static str) -> impl Fn(String) -> String {
    move |text| text.replace(before, after)
}

#[tokio::test]
async fn inbound_calls_are_received() {
    let bench = listening(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let output = bench.doctor(&[]).await;
    assert_eq!(output.code, 0, "{}", output.stdout);
    assert!(output.stdout.contains("1 in, 0 out, 0 internal"), "{}", output.stdout);
    assert!(output.stderr.contains("listening for 1 s: make a test call"), "{}", output.stderr);
}

#[tokio::test]
async fn inbound_calls_in_a_context_that_is_not_configured() {
    let provider = replacing("Context: from-trunk", "Context: from-world");
    let bench = listening(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, provider)).await;
    let text = ["0 in, 0 out, 1 internal", "counts as internal", "PJSIP/trunk in from-world (1)"];
    let hint = [
        "below [pbx.main] in ringwire.toml",
        "inbound_contexts = [\"from-world\"]",
        "systemctl reload ringwire",
    ];
    check_broken(&bench, &text, &hint, 78, Probe::Blind).await;
}

#[tokio::test]
async fn inbound_calls_in_a_context_that_is_not_in_the_list() {
    let bench = listening(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let bench = bench.with("country = \"DE\"", "inbound_contexts = [\"from-isdn\"]");
    let hint = ["inbound_contexts = [\"from-isdn\", \"from-trunk\"]"];
    check_broken(&bench, &["counts as internal", "PJSIP/trunk in from-trunk"], &hint, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_trunk_that_is_not_configured_and_shares_its_context_with_phones() {
    let shared = |text: String| {
        text.replace("Context: from-trunk", "Context: all").replace("Context: internal", "Context: all")
    };
    let bench = listening(playing(
        &["internal-answered", "inbound-answered"],
        "all",
        PlaybackSpeed::Unlimited,
        shared,
    ))
    .await;
    let bench = bench.with("country = \"DE\"", "trunks = [\"PJSIP/isdn\"]");
    let hint = ["trunks = [\"PJSIP/isdn\", \"PJSIP/trunk\"]"];
    check_broken(&bench, &["counts as internal", "PJSIP/trunk in all"], &hint, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_phone_without_a_user() {
    let bench = listening(playing(
        &["inbound-answered"],
        "all",
        PlaybackSpeed::Unlimited,
        replacing("PJSIP/alice", "PJSIP/erika"),
    ))
    .await;
    let hint = ["[[pbx.main.users]]\nendpoint = \"PJSIP/erika\"\n"];
    check_broken(
        &bench,
        &["1 phone rang without being in the list of users: PJSIP/erika"],
        &hint,
        0,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn missing_call_events() {
    // The call ends after three seconds, which changes the list of channels.
    let bench = listening(playing(&["inbound-answered"], "system", PlaybackSpeed::Factor(1.0), |text| text))
        .await
        .listening("4");
    let text =
        ["the PBX sent no call events", "channels came and went", "read = call is missing", "eventfilter"];
    check_broken(&bench, &text, &["read = system,call,agent", "disabledevents"], 69, Probe::Blind).await;
}

#[tokio::test]
async fn no_call_was_made_while_it_listened() {
    let bench = listening(playing(&[], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let hint = ["make a test call", "ringwire doctor --listen 60"];
    check_broken(&bench, &["no call was made meanwhile"], &hint, 0, Probe::Blind).await;
}

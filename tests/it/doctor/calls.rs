//! What is heard of calls.

use ringwire_testkit::ConnectionScript;
use ringwire_testkit::player::{PlaybackPbx, PlaybackSpeed};

use super::bench::{Bench, playing};
use super::{Probe, check_broken};

async fn hearing(pbx: PlaybackPbx) -> Bench {
    Bench::with_pbx([ConnectionScript::well_behaved(pbx)]).await.listening("1")
}

/// Replaces `before` by `after` as often as it is there.
fn replacing(before: &'static str, after: &'static str) -> impl Fn(String) -> String {
    move |text| text.replace(before, after)
}

#[tokio::test]
async fn calls_from_outside_are_heard() {
    let bench = hearing(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let told = bench.doctor(&[]).await;
    assert_eq!(told.code, 0, "{}", told.stdout);
    assert!(told.stdout.contains("1 in, 0 out, 0 internal"), "{}", told.stdout);
    assert!(told.stderr.contains("listening for 1 s: make a test call"), "{}", told.stderr);
}

#[tokio::test]
async fn calls_that_begin_in_a_context_that_is_not_named() {
    let provider = replacing("Context: from-trunk", "Context: from-world");
    let bench = hearing(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, provider)).await;
    let says = ["0 in, 0 out, 1 internal", "taken for internal", "from-world by PJSIP/trunk (1)"];
    let cure = [
        "below [pbx.main] in ringwire.toml",
        "inbound_contexts = [\"from-world\"]",
        "systemctl reload ringwire",
    ];
    check_broken(&bench, &says, &cure, 78, Probe::Blind).await;
}

#[tokio::test]
async fn calls_that_begin_in_a_context_that_is_not_among_those_named() {
    let bench = hearing(playing(&["inbound-answered"], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let bench = bench.with("country = \"DE\"", "inbound_contexts = [\"from-isdn\"]");
    let cure = ["inbound_contexts = [\"from-isdn\", \"from-trunk\"]"];
    check_broken(&bench, &["taken for internal", "from-trunk by PJSIP/trunk"], &cure, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_trunk_that_is_not_named_where_phones_share_its_context() {
    let shared = |text: String| {
        text.replace("Context: from-trunk", "Context: all").replace("Context: internal", "Context: all")
    };
    let bench =
        hearing(playing(&["internal-answered", "inbound-answered"], "all", PlaybackSpeed::Unlimited, shared))
            .await;
    let bench = bench.with("country = \"DE\"", "trunks = [\"PJSIP/isdn\"]");
    let cure = ["trunks = [\"PJSIP/isdn\", \"PJSIP/trunk\"]"];
    check_broken(&bench, &["taken for internal", "all by PJSIP/trunk"], &cure, 78, Probe::Blind).await;
}

#[tokio::test]
async fn a_phone_that_nobody_has_named() {
    let bench = hearing(playing(
        &["inbound-answered"],
        "all",
        PlaybackSpeed::Unlimited,
        replacing("PJSIP/alice", "PJSIP/erika"),
    ))
    .await;
    let cure = ["[[pbx.main.users]]\nendpoint = \"PJSIP/erika\"\n"];
    check_broken(
        &bench,
        &["1 phone rang that the list of users does not know: PJSIP/erika"],
        &cure,
        0,
        Probe::Blind,
    )
    .await;
}

#[tokio::test]
async fn events_of_calls_that_do_not_come() {
    // The call is over after three seconds, and then the list of channels is another.
    let bench = hearing(playing(&["inbound-answered"], "system", PlaybackSpeed::Factor(1.0), |text| text))
        .await
        .listening("4");
    let says = ["no event of a call came", "channels came and went", "read = call is missing", "eventfilter"];
    check_broken(&bench, &says, &["read = system,call,agent", "disabledevents"], 69, Probe::Blind).await;
}

#[tokio::test]
async fn no_call_was_made_while_it_listened() {
    let bench = hearing(playing(&[], "all", PlaybackSpeed::Unlimited, |text| text)).await;
    let cure = ["make a test call", "ringwire doctor --listen 60"];
    check_broken(&bench, &["no call was made meanwhile"], &cure, 0, Probe::Blind).await;
}

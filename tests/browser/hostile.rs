//! A caller who chose a name with care.

use ringwire_demo::player::{PlaybackOptions, PlaybackRecording, PlaybackServer};
use serde_json::json;

use super::{daemon::Daemon, driver::Page};

const NAME: &str = r#"<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"#;

const RECORDING: &[u8] = include_bytes!("../fixtures/captures/22/inbound-answered.ami");

#[tokio::test]
async fn what_a_caller_is_called_stays_text() {
    let Some(page) = Page::open().await else { return };
    let recording = named(NAME);
    let options = PlaybackOptions { rounds: None, ..PlaybackOptions::new("ringwire", "swordfish") };
    let pbx = PlaybackServer::start(vec![PlaybackRecording::parse(&recording, None)], options).await.unwrap();
    let daemon = Daemon::start(pbx.address(), "ringwire", "swordfish");
    daemon.answers().await;
    page.go(&daemon.desk()).await;
    let shown = page
        .until("return [...document.querySelectorAll('[data-call]')].find((row) => row.innerText.includes('<img'))?.innerText")
        .await;
    assert!(shown.as_str().unwrap().contains("<script>document.title='owned'</script>"), "{shown}");
    page.run("location.hash = '#today'").await;
    page.until("return document.querySelector('[data-view=today]')?.innerText.includes('onerror')").await;
    page.run("document.querySelector('[data-view=today] [data-call]').click()").await;
    page.until(
        "return document.querySelector('[role=dialog], [data-call-detail]')?.innerText.includes('onerror')",
    )
    .await;
    assert_eq!(
        page.run("return document.querySelectorAll('img[src=x], [onerror], script:not([src])').length").await,
        json!(0)
    );
    assert!(!page.run("return document.title").await.as_str().unwrap().contains("owned"));
    page.close().await;
}

/// The recording of an answered call, of a caller with this name.
fn named(name: &str) -> Vec<u8> {
    let text = std::str::from_utf8(RECORDING).unwrap();
    let own = text
        .split("\r\n\r\n")
        .find(|packet| packet.starts_with("Event: Newchannel"))
        .and_then(|packet| packet.lines().find_map(|line| line.strip_prefix("CallerIDName: ")))
        .unwrap();
    text.replace(&format!("CallerIDName: {own}"), &format!("CallerIDName: {name}")).into_bytes()
}

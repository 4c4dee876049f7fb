//! The desk of the demo.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::json;

use super::driver::Page;

/// A demo that is killed with the test.
struct Demo(Child);

impl Demo {
    /// Starts a demo; gives where its desk is, too.
    fn start() -> (Self, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringwire"))
            .args(["demo", "--stay", "--speed", "2"])
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let desk =
            lines.by_ref().find_map(|line| line.strip_prefix("The desk: ").map(str::to_owned)).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        (Self(child), desk)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether calls were shown to ring before they were talked in, to be talked in before they were held, and to be held before
/// they ended. A state that lasts less than the pause between two pictures may be left out of one call, so all calls count.
const HELD: &str = "return [['ringing', 'talking'], ['talking', 'held'], ['held', 'ended']].every(([before, after]) => \
                    Object.values(watched.states).some((states) => \
                    states.includes(before) && states.indexOf(before) < states.lastIndexOf(after)))";

#[tokio::test]
async fn a_call_is_seen_to_ring_to_be_answered_to_be_held_and_to_end() {
    let Some(page) = Page::open().await else { return };
    let (_demo, desk) = Demo::start();
    page.prefer("light").await;
    page.go(&desk).await;
    page.until("return document.querySelector('#connection')?.dataset.state === 'live'").await;
    assert!(
        !page.run("return location.href").await.as_str().unwrap().contains("token"),
        "the token stays in sight"
    );
    page.until("return document.querySelector('[data-view=now] [data-call][data-state=talking]') !== null")
        .await;
    page.picture("desk-now").await;
    page.until(HELD).await;

    page.run("location.hash = '#today'").await;
    page.until("return document.querySelector('[data-view=today] [data-missed]') !== null").await;
    page.picture("desk-today").await;
    page.run("document.querySelector('[data-view=today] [data-call]').click()").await;
    page.until(
        "return document.querySelector('[role=dialog], [data-call-detail]')?.innerText.includes('zammad')",
    )
    .await;
    page.picture("desk-call").await;
    page.run("location.hash = '#health'").await;
    page.until("return document.querySelector('[data-view=health] canvas') !== null").await;
    page.prefer("dark").await;
    page.picture("desk-health").await;
    page.size(380, 800).await;
    page.run("location.hash = '#now'").await;
    page.until("return document.querySelector('[data-view=now] [data-call]') !== null").await;
    assert!(
        page.run("return document.documentElement.scrollWidth <= innerWidth").await == json!(true),
        "a phone has to be scrolled sideways"
    );
    page.picture("desk-phone").await;
    page.close().await;
}

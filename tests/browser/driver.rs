//! A browser, and what is asked of it.

use std::{
    env,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;

/// A page in a browser of its own, which ends with it.
pub(crate) struct Page {
    client: Client,
    _driver: Driver,
    _profile: TempDir,
}

/// What drives the browser. They end together, also when a test fails.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// A command of Chromium's own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl Page {
    /// A page that has nothing in it; `None` where there is no browser, and need not be.
    pub(crate) async fn open() -> Option<Self> {
        let Some(mut driver) = start() else {
            let required = env::var_os("RINGWIRE_BROWSER").is_some_and(|value| value == "required");
            assert!(!required, "there is no chromedriver: apt-get install chromium chromium-driver");
            println!("left out: there is no chromedriver");
            return None;
        };
        let port = port(&mut driver.0);
        let profile = tempfile::tempdir().unwrap();
        let capabilities = json!({
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars",
                format!("--user-data-dir={}", profile.path().display()),
            ]},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let page = Self { client, _driver: driver, _profile: profile };
        page.size(1280, 900).await;
        page.own(
            "goog/cdp/execute",
            json!({"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": WATCH}}),
        )
        .await;
        Some(page)
    }

    /// Sets how large what is seen is, in CSS pixels.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        let body = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": params});
        self.own("goog/cdp/execute", body).await;
    }

    /// Prefers `light` or `dark` colours.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let body = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.own("goog/cdp/execute", body).await;
    }

    /// Opens `url`, once there is a server: a daemon that has said its address may still be about to listen.
    pub(crate) async fn go(&self, url: &str) {
        let begun = Instant::now();
        while let Err(error) = self.client.goto(url).await {
            assert!(begun.elapsed() < PATIENCE, "{url} cannot be opened: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What `script`, the body of a function, gives.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until `script` gives something true; gives what.
    pub(crate) async fn until(&self, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.run(script).await;
            if !matches!(found, Value::Null | Value::Bool(false)) {
                return found;
            }
            if begun.elapsed() > PATIENCE {
                let text = self.run("return document.body.innerText").await;
                panic!("{script}\nnever came true on:\n{}", text.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Leaves a picture, where pictures are wanted.
    pub(crate) async fn picture(&self, name: &str) {
        if let Some(directory) = env::var_os("RINGWIRE_SCREENSHOTS") {
            let picture = self.client.screenshot().await.unwrap();
            std::fs::write(PathBuf::from(directory).join(format!("{name}.png")), picture).unwrap();
        }
    }

    /// Ends the browser. Nothing on the page may have gone wrong, or have been kept from being loaded or run.
    pub(crate) async fn close(self) {
        let broken = self.run("return window.watched.broken").await;
        assert_eq!(broken, json!([]));
        self.end().await;
    }

    /// Ends the browser, whatever went wrong.
    pub(crate) async fn end(self) {
        self.client.close().await.unwrap();
    }

    async fn own(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Own { path, body }).await.unwrap()
    }
}

/// What the page does is watched from before its first script: each state that a call is shown in, the ids of the events
/// that the page hears, and what goes wrong.
const WATCH: &str = r"
window.watched = { states: {}, received: [], broken: [] };
addEventListener('error', (event) => {
  // The browser's way to say that it paints some of it a frame later.
  if (!event.message?.startsWith('ResizeObserver loop')) watched.broken.push(String(event.message));
});
addEventListener('unhandledrejection', (event) => watched.broken.push(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) =>
  watched.broken.push(event.violatedDirective + ' ' + event.blockedURI));
const look = () => {
  for (const row of document.querySelectorAll('[data-view=now] [data-call]')) {
    const states = (watched.states[row.dataset.call] ??= []);
    if (states.at(-1) !== row.dataset.state) states.push(row.dataset.state);
  }
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
const Native = EventSource;
window.EventSource = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener('call', (event) => watched.received.push(JSON.parse(event.data).id));
  }
};
";

fn start() -> Option<Driver> {
    Command::new("chromedriver")
        .args(["--port=0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .ok()
        .map(Driver)
}

/// The port that the driver says it has; what else it says is read so that it never waits.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.trim_end_matches('.').rsplit_once("successfully on port ")?;
        port.parse().ok()
    });
    std::thread::spawn(move || lines.for_each(drop));
    port.unwrap()
}

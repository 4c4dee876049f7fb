//! `ringwire capture`.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ringwire_demo::player::{PlaybackOptions, PlaybackRecording, PlaybackServer, PlaybackSpeed};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{capture, ringwire, run, stderr, stdout};

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A PBX that plays a recording, and a place for what is made of it.
struct Place {
    dir: TempDir,
    pbx: Option<PlaybackServer>,
    runtime: Runtime,
}

impl Place {
    /// A place without a PBX.
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), pbx: None, runtime: Runtime::new().unwrap() }
    }

    /// A place with a PBX that plays the recorded call called `name`, once, at `speed`.
    fn playing(name: &str, speed: PlaybackSpeed) -> Self {
        let path = capture(name);
        let times = fs::read_to_string(format!("{}.times", path.display())).unwrap();
        let recording = PlaybackRecording::parse(&fs::read(path).unwrap(), Some(&times));
        let options =
            PlaybackOptions { speed, fresh_ids: false, ..PlaybackOptions::new("ringwire", "swordfish") };
        let mut place = Self::new();
        let pbx = place.runtime.block_on(PlaybackServer::start(vec![recording], options)).unwrap();
        place.configure(pbx.address().port(), "swordfish");
        place.pbx = Some(pbx);
        place
    }

    fn configure(&self, port: u16, secret: &str) {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path("ringwire.toml"))
            .unwrap();
        write!(
            file,
            "[pbx.main]\nhost = \"127.0.0.1\"\nport = {port}\nusername = \"ringwire\"\nsecret = \"{secret}\"\n"
        )
        .unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Begins to record.
    fn start(&self, args: &[&str]) -> Capture {
        let child = ringwire()
            .current_dir(self.dir.path())
            .args(["capture", "--config", "ringwire.toml", "-o", "call.ami"])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Capture(Some(child))
    }

    /// Records until the PBX has played everything, and ends that with `signal`.
    fn record(&self, args: &[&str], signal: &str) -> Output {
        let recording = self.start(args);
        self.wait_for_the_end_of_the_call();
        recording.stop(signal)
    }

    fn wait_for_the_end_of_the_call(&self) {
        let mut played = self.pbx.as_ref().unwrap().rounds_played();
        self.runtime.block_on(async {
            tokio::time::timeout(LONG, played.wait_for(|rounds| *rounds > 0)).await.unwrap().unwrap();
        });
        self.wait_for(|text| text.contains("\r\nEvent: Hangup\r\n"));
    }

    fn wait_for(&self, is_there: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !fs::read_to_string(self.path("call.ami")).is_ok_and(|text| is_there(&text)) {
            assert!(begun.elapsed() < LONG, "it never came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Copies a recording with `ringwire capture --anonymise --from`.
    fn copy(&self, from: &Path, args: &[&str]) -> Output {
        let from = ["capture", "--anonymise", "--from", from.to_str().unwrap()];
        ringwire().current_dir(self.dir.path()).args(from).args(args).output().unwrap()
    }
}

/// A recording that goes on; it ends with the test.
struct Capture(Option<Child>);

impl Capture {
    fn stop(mut self, signal: &str) -> Output {
        let child = self.0.take().unwrap();
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        child.wait_with_output().unwrap()
    }

    fn end(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What is output_text of recordings, without the times.
fn output_text(files: &[&Path]) -> Vec<Value> {
    let files = files.iter().map(|path| path.to_str().unwrap());
    let output = run(["replay", "--json"].into_iter().chain(files));
    assert!(output.status.success(), "{}", stderr(&output));
    let mut events: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for of_the_clock in ["time", "startedAt", "answeredAt", "ringSeconds", "waitSeconds", "talkSeconds"] {
            event.as_object_mut().unwrap().remove(of_the_clock);
        }
    }
    events
}

/// The same without those who called.
fn shape(files: &[&Path]) -> Vec<[Value; 5]> {
    let events = output_text(files);
    events
        .iter()
        .map(|event| ["event", "id", "direction", "cause", "recovered"].map(|key| event[key].clone()))
        .collect()
}

#[test]
fn what_is_recorded_replays_to_the_same_events() {
    for (name, signal) in
        [("22/queue-answered", "-TERM"), ("16/inbound-busy", "-INT"), ("11/transfer-blind", "-TERM")]
    {
        let place = Place::playing(name, PlaybackSpeed::Unlimited);
        let output = place.record(&[], signal);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(" packets, "), "{}", stderr(&output));
        assert!(stderr(&output).trim_end().ends_with(" seconds: call.ami"), "{}", stderr(&output));
        assert_eq!(output_text(&[&place.path("call.ami")]), output_text(&[&capture(name)]), "{name}");
        assert!(place.read("call.ami").contains("\r\nEvent: VarSet\r\n"), "everything is recorded");
        for file in ["call.ami", "call.ami.times"] {
            assert_eq!(fs::metadata(place.path(file)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn a_recording_is_anonymised_while_it_is_made() {
    let name = "22/queue-answered";
    let place = Place::playing(name, PlaybackSpeed::Unlimited);
    let output = place.record(&["--anonymise"], "-TERM");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(shape(&[&place.path("call.ami")]), shape(&[&capture(name)]));
    let text = place.read("call.ami").to_lowercase();
    for left in ["alice", "adams", "491761234567", "4930300"] {
        assert!(!text.contains(left), "{left}");
    }
}

#[test]
fn it_can_be_watched_while_it_is_made() {
    let place = Place::playing("22/inbound-answered", PlaybackSpeed::Factor(4.0));
    let recording = place.start(&[]);
    place.wait_for(|text| !text.is_empty());
    let mut tail = ringwire()
        .args(["tail", "--json"])
        .arg(place.path("call.ami"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let names = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()["event"].clone());
    let names: Vec<_> = names.take(4).collect();
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(names, ["newCall", "ringing", "answer", "hangup"]);
    assert_eq!(recording.stop("-TERM").status.code(), Some(0));
}

#[test]
fn it_ends_with_the_connection_and_says_why() {
    let mut place = Place::playing("22/inbound-busy", PlaybackSpeed::Unlimited);
    let recording = place.start(&[]);
    place.wait_for_the_end_of_the_call();
    place.pbx = None;
    let output = recording.end();
    assert_eq!(output.status.code(), Some(69));
    let printed = stderr(&output);
    assert!(printed.contains(" packets, "), "{printed}");
    // How a line ends depends on whether the PBX had read everything.
    let ends = ["the server closed the connection", "reset"];
    let why = printed.split_once("the recording ended early: ").map(|(_, why)| why);
    assert!(why.is_some_and(|why| ends.iter().any(|end| why.contains(end))), "{printed}");
    assert_eq!(output_text(&[&place.path("call.ami")]), output_text(&[&capture("22/inbound-busy")]));
}

#[test]
fn it_ends_after_a_time() {
    let place = Place::playing("22/inbound-busy", PlaybackSpeed::Unlimited);
    let output = place.start(&["--duration", "1s"]).end();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(place.read("call.ami").starts_with("Asterisk Call Manager/11.0.0\r\n"));
}

#[test]
fn what_cannot_be_reached_is_said_and_leaves_no_file() {
    let place = Place::playing("22/inbound-busy", PlaybackSpeed::Unlimited);
    place.configure(place.pbx.as_ref().unwrap().address().port(), "wrong");
    let output = place.start(&[]).end();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("authentication failed"), "{}", stderr(&output));
    assert!(stderr(&output).contains("\nhint: "), "{}", stderr(&output));
    assert!(!place.path("call.ami").exists());
}

#[test]
fn what_is_there_already_is_not_overwritten() {
    let place = Place::new();
    let from = capture("22/inbound-busy");
    fs::write(place.path("call.ami"), "old").unwrap();
    symlink(place.path("target"), place.path("link.ami")).unwrap();
    for (args, code, output_text) in [
        (vec!["-o", "call.ami"], 74, "call.ami already exists"),
        (vec!["-o", "link.ami"], 74, "link.ami already exists"),
        (vec!["-o", "link.ami", "--force"], 74, "link.ami: not a regular file"),
        (vec!["-o", "no/call.ami"], 74, "no/call.ami"),
    ] {
        let output = place.copy(&from, &args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(output_text) && stderr(&output).contains("hint: "),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(place.read("call.ami"), "old");
    assert!(!place.path("target").exists());
    assert!(place.copy(&from, &["-o", "call.ami", "--force"]).status.success());
    assert_eq!(shape(&[&place.path("call.ami")]), shape(&[&from]));
}

#[test]
fn a_recording_that_is_there_is_anonymised_without_a_pbx() {
    let place = Place::new();
    for name in ["22/forwarded-302", "16/transfer-attended", "11/pickup"] {
        let output = place.copy(&capture(name), &["-o", "call.ami", "--force"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(shape(&[&place.path("call.ami")]), shape(&[&capture(name)]), "{name}");
        let times = |path: &Path| {
            let text = stdout(&run(["replay", "--json", path.to_str().unwrap()]));
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["time"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(times(&place.path("call.ami")), times(&capture(name)), "{name}");
    }
}

#[test]
fn successive_recordings_become_one() {
    let place = Place::new();
    let (before, after) = (capture("22/resync-midcall"), capture("22/resync-midcall.after-reconnect"));
    let output = place.copy(&before, &[after.to_str().unwrap(), "-o", "call.ami"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(shape(&[&place.path("call.ami")]), shape(&[&before, &after]));
}

#[test]
fn the_parts_of_a_recording_replay_one_after_the_other() {
    let place = Place::new();
    let from = capture("22/queue-local-members");
    let output = place.copy(&from, &["-o", "call.ami", "--rotate", "66k"]);
    assert!(stderr(&output).contains("call.ami and 1 more file\n"), "{}", stderr(&output));
    let parts = ["call.ami", "call.ami.1"].map(|name| place.path(name));
    assert!(parts.iter().all(|part| fs::metadata(part).unwrap().len() <= 66_000));
    assert!(fs::read(&parts[1]).unwrap().starts_with(b"Asterisk Call Manager/11.0.0\r\nEvent: "));
    assert_eq!(shape(&[&parts[0], &parts[1]]), shape(&[&from]));
    assert!(!place.path("call.ami.2").exists());
}

#[test]
fn the_same_seed_gives_the_same_and_another_another() {
    let place = Place::new();
    let from = capture("22/inbound-busy");
    for (seed, text) in
        [("one", "sixteen characters\n"), ("two", "sixteen character2\n"), ("short", "guess me\n")]
    {
        fs::write(place.path(seed), text).unwrap();
    }
    for (file, args) in
        [("a", ["--seed-file", "one"]), ("b", ["--seed-file", "one"]), ("c", ["--seed-file", "two"])]
    {
        assert!(place.copy(&from, &[&["-o", file], &args[..]].concat()).status.success());
    }
    for file in ["d", "e"] {
        assert!(place.copy(&from, &["-o", file]).status.success());
    }
    let texts = ["a", "b", "c", "d", "e"].map(|name| place.read(name));
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0] != texts[2] && texts[2] != texts[3] && texts[3] != texts[4]);
    for (seed, code, output_text) in
        [("short", 65, "the secret is too short"), ("none", 66, "none: cannot be read")]
    {
        let output = place.copy(&from, &["-o", "f", "--seed-file", seed]);
        assert_eq!(output.status.code(), Some(code));
        assert!(stderr(&output).contains(output_text), "{}", stderr(&output));
    }
}

#[test]
fn a_full_disk_is_said_and_what_was_written_replays() {
    let place = Place::new();
    let from = capture("22/transfer-attended");
    // A file of this process may have 64 blocks of 512 or 1024 bytes.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .current_dir(place.dir.path())
        .args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_ringwire"),
            "capture",
            "--anonymise",
            "-o",
            "call.ami",
            "--from",
        ])
        .arg(&from)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot write call.ami"), "{}", stderr(&output));
    assert!(place.read("call.ami").ends_with("\r\n\r\n"));
    let (written, whole) = (shape(&[&place.path("call.ami")]), shape(&[&from]));
    assert!(!written.is_empty() && whole.starts_with(&written), "{written:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    fs::write(place.path("debris"), "no recording\r\n\r\n").unwrap();
    for (args, code, output_text) in [
        (vec!["capture"], 64, "--output"),
        (vec!["capture", "-o", "x", "--from", "debris"], 64, "--anonymise"),
        (vec!["capture", "-o", "x", "--anonymise", "--from", "debris", "--pbx", "a"], 64, "--pbx"),
        (vec!["capture", "-o", "x", "--rotate", "1k"], 64, "at least 65536 bytes"),
        (vec!["capture", "-o", "x", "--duration", "soon"], 64, "expected a time"),
        (
            vec!["capture", "-o", "x", "--anonymise", "--from", "debris"],
            65,
            "not a recording of a manager connection",
        ),
        (vec!["capture", "-o", "x", "--anonymise", "--from", "nowhere"], 66, "cannot open nowhere"),
        (vec!["capture", "-o", "x", "--config", "nowhere"], 78, "nowhere"),
    ] {
        let output = ringwire().current_dir(place.dir.path()).args(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(output_text), "{args:?}: {}", stderr(&output));
    }
    assert!(!place.path("x").exists());
}

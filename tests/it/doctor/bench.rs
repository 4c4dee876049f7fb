//! A healthy set-up that tests break.

use std::any::Any;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use jiff::Timestamp;
use ringwire_testkit::player::{PlaybackOptions, PlaybackPbx, PlaybackRecording, PlaybackSpeed};
use ringwire_testkit::{ConnectionScript, FakeAsterisk, HttpReply, Receiver, ReceiverAction, ScriptStep};

use crate::journal::Place;
use crate::support::ringwire;

/// Secrets that no output may show.
const SECRETS: [&str; 2] = ["swordfish", "t0ken"];

/// A configuration and its peers.
pub(crate) struct Bench {
    pub(crate) place: Place,
    config: String,
    /// How long the doctor listens, in seconds.
    pub(crate) listen: &'static str,
    /// The time limit of a step, in seconds: longer than any step takes on a busy machine.
    step: &'static str,
    /// The user that the daemon runs as.
    pub(crate) user: &'static str,
    _peers: Vec<Box<dyn Any + Send>>,
}

/// The output of a run of the binary.
#[derive(Debug)]
pub(crate) struct RunOutput {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Bench {
    /// A valid configuration with a working PBX and target; no daemon runs.
    pub(crate) async fn healthy() -> Self {
        let pbx = FakeAsterisk::start([Answers::default().script()]).await.unwrap();
        let target = Receiver::start([ReceiverAction::Reply(rejection())]).await.unwrap();
        let mut bench = Self {
            place: Place::empty(),
            config: String::new(),
            listen: "0",
            step: "20",
            user: "root",
            _peers: Vec::new(),
        };
        bench.config = format!(
            "[journal]\npath = \"journal.db\"\n\
             [api]\nsocket = \"ringwire.sock\"\n\
             [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"ringwire\"\nsecret_file = \"ami.secret\"\ncountry = \"DE\"\n\
             [[pbx.main.users]]\nendpoint = \"PJSIP/alice\"\nname = \"Alice\"\n\
             [target.desk]\ndialect = \"zammad\"\nurl_file = \"desk.url\"\n",
            pbx.address().port()
        );
        bench.put("ami.secret", "swordfish", 0o600);
        bench.put("desk.url", &format!("http://{}/api/v1/cti/t0ken", target.address()), 0o600);
        bench.write();
        bench.keep(pbx).keep(target)
    }

    /// The same, with a PBX that follows `scripts`.
    pub(crate) async fn with_pbx(scripts: impl IntoIterator<Item = ConnectionScript>) -> Self {
        let pbx = FakeAsterisk::start(scripts).await.unwrap();
        let bench = Self::healthy().await.at(pbx.address());
        bench.keep(pbx)
    }

    /// The same, with a target that performs `action`.
    pub(crate) async fn with_target(action: ReceiverAction) -> Self {
        let target = Receiver::start([action]).await.unwrap();
        let url = format!("http://{}/api/v1/cti/t0ken", target.address());
        Self::healthy().await.url(&url).keep(target)
    }

    /// The same, with the PBX at `address`.
    pub(crate) fn at(self, address: SocketAddr) -> Self {
        let before = self.config.lines().find(|line| line.starts_with("port = ")).unwrap().to_owned();
        self.with(&before, &format!("port = {}", address.port()))
    }

    /// The same, with the target at `url`.
    pub(crate) fn url(self, url: &str) -> Self {
        self.put("desk.url", url, 0o600);
        self
    }

    /// The same, with `before` replaced by `after` in the configuration.
    #[track_caller]
    pub(crate) fn with(mut self, before: &str, after: &str) -> Self {
        assert!(self.config.contains(before), "{before:?} is not in {}", self.config);
        self.config = self.config.replacen(before, after, 1);
        self.write();
        self
    }

    /// The same, keeping `peer` alive.
    pub(crate) fn keep(mut self, peer: impl Any + Send) -> Self {
        self._peers.push(Box::new(peer));
        self
    }

    /// The same, listening for at most `seconds`.
    pub(crate) fn listening(mut self, seconds: &'static str) -> Self {
        self.listen = seconds;
        self
    }

    /// The same, with a short time limit, for peers that never answer.
    pub(crate) fn hasty(mut self) -> Self {
        self.step = "2";
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    /// Writes a file.
    pub(crate) fn put(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        self.mode(name, mode);
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn write(&self) {
        self.put("ringwire.toml", &self.config, 0o644);
    }

    /// The time limit of a step, in seconds.
    pub(crate) fn step(&self) -> &'static str {
        self.step
    }

    /// Runs the doctor.
    pub(crate) async fn doctor(&self, more: &[&str]) -> RunOutput {
        let args = ["doctor", "--timeout", self.step(), "--listen", self.listen, "--user", self.user];
        self.run(&[&args[..], more].concat()).await
    }

    /// Runs the binary without systemd, and checks that its output shows no secret.
    pub(crate) async fn run(&self, args: &[&str]) -> RunOutput {
        let mut command = ringwire();
        command.args(args).arg("--config").arg(self.path("ringwire.toml"));
        command.env("PATH", self.path("bin")).env_remove("RINGWIRE_API").env_remove("RUNTIME_DIRECTORY");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
            text
        };
        RunOutput {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap(),
        }
    }
}

/// How Zammad rejects the request of the doctor.
pub(crate) fn rejection() -> HttpReply {
    HttpReply::new(422, r#"{"error":"Invalid 'direction'!"}"#)
}

/// How a PBX answers the requests of the doctor.
pub(crate) struct Answers {
    /// Whether it sends `FullyBooted`.
    pub(crate) fully_booted: bool,
    /// The actions it refuses.
    pub(crate) denied: &'static [&'static str],
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead: i64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { fully_booted: true, denied: &[], ahead: 0 }
    }
}

impl Answers {
    /// A connection with these answers.
    pub(crate) fn script(&self) -> ConnectionScript {
        let time = format!("{}.500000", Timestamp::now().as_second() + self.ahead);
        let booted =
            ScriptStep::send("Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n");
        let mut steps: Vec<_> = self.fully_booted.then_some(booted).into_iter().collect();
        for (action, headers) in [
            ("CoreSettings", vec![("AMIversion", "11.0.0"), ("AsteriskVersion", "22.0.0")]),
            ("Ping", vec![("Ping", "Pong"), ("Timestamp", &time)]),
            ("CoreShowChannels", vec![("EventList", "start")]),
            ("Status", vec![("EventList", "start")]),
            ("Filter", vec![("Message", "Filter Added")]),
            ("QueueStatus", vec![("EventList", "start")]),
            ("Logoff", vec![("Message", "Thanks for all the fish.")]),
        ] {
            let (response, headers) = match self.denied.contains(&action) {
                true => ("Error", vec![("Message", "Permission denied")]),
                false => ("Success", headers),
            };
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            steps.push(ScriptStep::Await(action.to_owned()));
            steps.push(ScriptStep::Answer {
                response: response.to_owned(),
                headers: headers.into_iter().map(own).collect(),
            });
        }
        ConnectionScript::after_login(steps)
    }
}

/// A PBX that plays recorded calls of Asterisk 22, changed by `change`, to a user with the privileges `read`.
pub(crate) fn playing(
    names: &[&str],
    read: &str,
    speed: PlaybackSpeed,
    change: impl Fn(String) -> String,
) -> PlaybackPbx {
    let options =
        PlaybackOptions { read: read.to_owned(), speed, ..PlaybackOptions::new("ringwire", "swordfish") };
    let recording = |name: &&str| {
        let path = crate::support::capture(&format!("22/{name}"));
        let times = fs::read_to_string(path.with_extension("ami.times")).unwrap();
        let text = change(fs::read_to_string(path).unwrap());
        // A replacement of the same length keeps the times valid.
        PlaybackRecording::parse(text.as_bytes(), Some(&times))
    };
    PlaybackPbx::new(names.iter().map(recording).collect(), options)
}

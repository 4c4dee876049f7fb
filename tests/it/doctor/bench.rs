//! A set-up in which everything is as it should be, until somebody breaks it.

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

/// What no output may ever show.
const SECRETS: [&str; 2] = ["swordfish", "t0ken"];

/// A configuration and its peers.
pub(crate) struct Bench {
    pub(crate) place: Place,
    config: String,
    /// Seconds to listen.
    pub(crate) listen: &'static str,
    /// How long a step may take, in seconds: longer than any does on a busy machine.
    step: &'static str,
    /// Who the daemon runs as.
    pub(crate) user: &'static str,
    _peers: Vec<Box<dyn Any + Send>>,
}

/// What a run of the binary has said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Bench {
    /// A configuration, a PBX and an endpoint that are sound; no daemon runs.
    pub(crate) async fn sound() -> Self {
        let pbx = FakeAsterisk::start([Answers::default().script()]).await.unwrap();
        let endpoint = Receiver::start([ReceiverAction::Reply(refusal())]).await.unwrap();
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
        bench.put("desk.url", &format!("http://{}/api/v1/cti/t0ken", endpoint.address()), 0o600);
        bench.write();
        bench.keep(pbx).keep(endpoint)
    }

    /// The same, where the PBX does that.
    pub(crate) async fn with_pbx(scripts: impl IntoIterator<Item = ConnectionScript>) -> Self {
        let pbx = FakeAsterisk::start(scripts).await.unwrap();
        let bench = Self::sound().await.at(pbx.address());
        bench.keep(pbx)
    }

    /// The same, where the endpoint does that.
    pub(crate) async fn with_endpoint(act: ReceiverAction) -> Self {
        let endpoint = Receiver::start([act]).await.unwrap();
        let url = format!("http://{}/api/v1/cti/t0ken", endpoint.address());
        Self::sound().await.url(&url).keep(endpoint)
    }

    /// The same, with the PBX at `address`.
    pub(crate) fn at(self, address: SocketAddr) -> Self {
        let before = self.config.lines().find(|line| line.starts_with("port = ")).unwrap().to_owned();
        self.with(&before, &format!("port = {}", address.port()))
    }

    /// The same, with the endpoint at `url`.
    pub(crate) fn url(self, url: &str) -> Self {
        self.put("desk.url", url, 0o600);
        self
    }

    /// The same, with something else in the configuration.
    #[track_caller]
    pub(crate) fn with(mut self, before: &str, after: &str) -> Self {
        assert!(self.config.contains(before), "{before:?} is not in {}", self.config);
        self.config = self.config.replacen(before, after, 1);
        self.write();
        self
    }

    /// The same, for as long as something lives.
    pub(crate) fn keep(mut self, peer: impl Any + Send) -> Self {
        self._peers.push(Box::new(peer));
        self
    }

    /// The same, listening for so many seconds at most.
    pub(crate) fn listening(mut self, seconds: &'static str) -> Self {
        self.listen = seconds;
        self
    }

    /// The same, where somebody never answers: that is waited for no longer than this.
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

    /// How long a step may take, in seconds.
    pub(crate) fn step(&self) -> &'static str {
        self.step
    }

    /// What the doctor says.
    pub(crate) async fn doctor(&self, more: &[&str]) -> Told {
        let args = ["doctor", "--timeout", self.step(), "--listen", self.listen, "--user", self.user];
        self.run(&[&args[..], more].concat()).await
    }

    /// What the binary says, on a machine without systemd. No secret may be in it.
    pub(crate) async fn run(&self, args: &[&str]) -> Told {
        let mut command = ringwire();
        command.args(args).arg("--config").arg(self.path("ringwire.toml"));
        command.env("PATH", self.path("bin")).env_remove("RINGWIRE_API").env_remove("RUNTIME_DIRECTORY");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
            text
        };
        Told { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap() }
    }
}

/// How Zammad refuses what the doctor asks.
pub(crate) fn refusal() -> HttpReply {
    HttpReply::new(422, r#"{"error":"Invalid 'direction'!"}"#)
}

/// What a PBX answers who looks around.
pub(crate) struct Answers {
    /// Whether it says that it is booted.
    pub(crate) booted: bool,
    /// What it refuses.
    pub(crate) denied: &'static [&'static str],
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead: i64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { booted: true, denied: &[], ahead: 0 }
    }
}

impl Answers {
    /// A connection on which it answers so.
    pub(crate) fn script(&self) -> ConnectionScript {
        let time = format!("{}.500000", Timestamp::now().as_second() + self.ahead);
        let booted =
            ScriptStep::send("Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n");
        let mut steps: Vec<_> = self.booted.then_some(booted).into_iter().collect();
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

/// A PBX that plays recorded calls of Asterisk 22, changed so, to a user who may read these classes.
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
        // Where something was replaced by what is as long, the times still hold.
        PlaybackRecording::parse(text.as_bytes(), Some(&times))
    };
    PlaybackPbx::new(names.iter().map(recording).collect(), options)
}

//! What tests of the whole daemon share.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use ringwire_testkit::player::{PlaybackOptions, PlaybackRecording, PlaybackSpeed};
use tempfile::TempDir;

/// Longer than anything here takes, even on a busy machine.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) const SECRET: &str = "swordfish";

pub(super) fn kill(daemon: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &daemon.id().to_string()]).status().unwrap();
    assert!(status.success());
}

pub(super) fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("ringwire.toml")
}

/// Replaces a file that holds secrets.
pub(super) fn write(file: &Path, text: &str) {
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
    options.open(file).unwrap().write_all(text.as_bytes()).unwrap();
}

pub(super) fn config(pbxs: &[(&str, SocketAddr)], url: &str) -> String {
    // Nothing is played in real time, so rounds of ringing end by what happens and not by the clock.
    let mut config =
        format!("[journal]\npath = \"journal.db\"\n[target.zammad]\ndialect = \"zammad\"\nurl = \"{url}\"\n");
    for (name, address) in pbxs {
        config += &format!(
            "[pbx.{name}]\nhost = \"{}\"\nport = {}\nusername = \"ringwire\"\nsecret = \"{SECRET}\"\ngather_ms = 2000\n",
            address.ip(),
            address.port()
        );
    }
    config
}

pub(super) fn play() -> PlaybackOptions {
    PlaybackOptions {
        speed: PlaybackSpeed::Unlimited,
        pause: Duration::ZERO,
        ..PlaybackOptions::new("ringwire", SECRET)
    }
}

pub(super) fn recording(release: &str, name: &str) -> PlaybackRecording {
    let ami = fs::read(fixtures().join(release).join(format!("{name}.ami"))).unwrap();
    PlaybackRecording::parse(&ami, None)
}

pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}

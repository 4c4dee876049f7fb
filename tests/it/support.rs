//! Running the binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary, with nothing of this environment that could change what it does.
pub(crate) fn ringwire() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwire"));
    command.env_remove("RINGWIRE_CONFIG").env_remove("RUST_LOG").env("TZ", "UTC");
    command
}

/// What the binary prints for `args`.
pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    ringwire().args(args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A recording of a real call: `RELEASE/SCENARIO`.
pub(crate) fn capture(name: &str) -> PathBuf {
    captures().join(format!("{name}.ami"))
}

pub(crate) fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}

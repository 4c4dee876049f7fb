//! Configurations as text: what they mean, or what is said of them.

mod api;
mod credentials;
mod errors;
mod example;
mod meaning;
mod renamed;
mod secrets;
mod templates;

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use super::{Config, Purpose};

/// What has to be there to run; tests add to it.
const PBX: &str = "[pbx.main]\nusername = \"ringwire\"\nsecret_env = \"SECRET\"\n";

/// The same for a target.
const TARGET: &str = "[target.desk]\ndialect = \"zammad\"\nurl_env = \"URL\"\n";

/// A directory for a configuration and the files beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file with `mode`.
    fn put(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> &Self {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Loads `ringwire.toml`; errors are given line by line, without the name of the directory.
    fn load(&self, purpose: Purpose) -> Result<Config, Vec<String>> {
        let environment = |name: &str| match name {
            "SECRET" => Some("hunter2".into()),
            "URL" => Some("https://helpdesk.example.com/api/v1/cti/t0ken".into()),
            "EMPTY" => Some(OsString::new()),
            "CREDENTIALS_DIRECTORY" => Some(self.0.path().join("credentials").into()),
            _ => None,
        };
        let file = self.0.path().join("ringwire.toml");
        Config::load_file(&file, purpose, &environment).map_err(|error| self.lines(&error.to_string()))
    }

    fn lines(&self, text: &str) -> Vec<String> {
        let directory = format!("{}/", self.0.path().display());
        text.replace(&directory, "").lines().map(str::to_owned).collect()
    }

    /// The warnings of `config`, without the name of the directory.
    fn warnings(&self, config: &Config) -> Vec<String> {
        config.warnings.iter().flat_map(|warning| self.lines(&warning.to_string())).collect()
    }
}

/// Loads `text` to run, from a file that only its owner can read.
fn load(text: &str) -> Result<Config, Vec<String>> {
    Place::new().put("ringwire.toml", text, 0o600).load(Purpose::Run)
}

/// The text of an example that is shipped.
fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)).unwrap()
}

/// A certificate for `name` that vouches for itself, and its key, in PEM form.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

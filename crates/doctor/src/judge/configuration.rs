//! The configuration: whether it can be read and used.

use std::path::Path;

use ringwire_config::{Config, ConfigError};
use ringwire_terminal::Code;

use super::{
    files::{FileFacts, is_public, plural},
    finding::{Findings, Subject},
};

/// What is wrong with the configuration in `file`, which names `files`.
pub(crate) fn judge(file: &Path, config: &Result<Config, ConfigError>, files: &[FileFacts]) -> Findings {
    let mut findings = Findings::new(Subject::Configuration);
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            for finding in error.findings() {
                let cure = finding.cure().unwrap_or("correct it; ringwire check says what it means then");
                let says = finding.says();
                let cure = match says.contains("this user may not read it") {
                    true => format!("{cure}; if this user is another one: sudo ringwire doctor"),
                    false => cure.to_owned(),
                };
                findings.fault(Code::Config, says, cure);
            }
            findings
                .unchecked("PBXs and endpoints: they can be looked at once the configuration can be used");
            return findings;
        }
    };
    findings.ok(format!(
        "{} can be used: {}, {}",
        file.display(),
        plural(config.pbxs.len(), "PBX"),
        plural(config.targets.len(), "endpoint")
    ));
    for warning in &config.warnings {
        let says = warning.says();
        // Files that everyone can read are told of among the files.
        let is_told = files.iter().any(|file| {
            is_public(files, &file.path)
                && says.contains(&format!("{} can be read by everyone", file.path.display()))
        });
        if !is_told {
            findings
                .warning(says, warning.cure().unwrap_or("ringwire check says what the configuration means"));
        }
    }
    findings
}

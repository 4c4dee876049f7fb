//! Judges the configuration: whether it can be read and used.

use std::path::Path;

use ringwire_config::{Config, ConfigError};
use ringwire_terminal::Code;

use super::{files::is_public, wording::plural};
use crate::{
    facts::files::FileFacts,
    finding::{Findings, Subject},
};

/// Judges the configuration in `file`, which names `files`.
pub(crate) fn judge(file: &Path, config: &Result<Config, ConfigError>, files: &[FileFacts]) -> Findings {
    let mut findings = Findings::new(Subject::Configuration);
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            for finding in error.findings() {
                let hint = finding.hint_text().unwrap_or("correct it, then run: ringwire check");
                let text = finding.without_hint();
                let hint = match text.contains("permission denied") {
                    true => format!("{hint}; if the daemon runs as another user: sudo ringwire doctor"),
                    false => hint.to_owned(),
                };
                findings.fault(Code::Config, text, hint);
            }
            findings.not_checked("PBXs and targets are checked once the configuration is valid");
            return findings;
        }
    };
    findings.ok(format!(
        "{} is valid: {}, {}",
        file.display(),
        plural(config.pbxs.len(), "PBX"),
        plural(config.targets.len(), "target")
    ));
    for warning in &config.warnings {
        let text = warning.without_hint();
        // Files that everyone can read are reported with the files.
        let is_reported = files.iter().any(|file| {
            is_public(files, &file.path)
                && text.contains(&format!("{} can be read by everyone", file.path.display()))
        });
        if !is_reported {
            findings.warning(
                text,
                warning.hint_text().unwrap_or("see what the configuration means: ringwire check"),
            );
        }
    }
    findings
}

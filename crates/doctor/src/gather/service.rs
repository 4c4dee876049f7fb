//! Queries systemd and the system.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::facts::{
    service::{ServiceFacts, SystemdUnit},
    system::SystemFacts,
};

/// How many lines of the log are searched for the last error.
const LOG_LINES: &str = "50";

/// What systemd reports about the unit called `name`.
pub(crate) async fn query_unit(name: &str, step_timeout: Duration) -> ServiceFacts {
    let shown =
        output("systemctl", &["show", name, "--property", SystemdUnit::PROPERTIES], step_timeout).await?;
    let mut unit = SystemdUnit::parse(name, &shown);
    if unit.is_loaded() {
        let is_replaced = |pid: u32| {
            fs::read_link(format!("/proc/{pid}/exe"))
                .is_ok_and(|exe| exe.to_string_lossy().ends_with(" (deleted)"))
        };
        unit.executable_replaced = unit.pid.is_some_and(is_replaced);
        if unit.active == "failed" || unit.restarts > 0 {
            let log = ["--unit", name, "--lines", LOG_LINES, "--output", "cat", "--no-pager", "--quiet"];
            unit.last_error =
                output("journalctl", &log, step_timeout).await.ok().and_then(|log| last_error(&log));
        }
    }
    Ok(unit)
}

/// The environment of the daemon in addition to that of this process.
pub(crate) fn environment(unit: Option<&SystemdUnit>) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    if let Some(unit) = unit {
        environment.extend(unit.environment.iter().cloned());
        // While the unit runs, systemd keeps the files of LoadCredential= here (systemd.exec(5)).
        let credentials = format!("/run/credentials/{}", unit.name);
        if Path::new(&credentials).is_dir() {
            environment.insert("CREDENTIALS_DIRECTORY".to_owned(), credentials);
        }
    }
    environment
}

/// The facts about this machine; `pid` is the daemon's process.
pub(crate) async fn query_system(pid: Option<u32>, step_timeout: Duration) -> SystemFacts {
    let answer =
        output("timedatectl", &["show", "--property", "NTPSynchronized", "--value"], step_timeout).await;
    let synchronised = match answer.as_deref().map(str::trim) {
        Ok("yes") => Some(true),
        Ok("no") => Some(false),
        _ => None,
    };
    let process = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok();
    SystemFacts { synchronised, open_files: limits.as_deref().and_then(open_files) }
}

/// The soft limit in `/proc/PID/limits`.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        limit => limit.parse().ok(),
    }
}

/// The last line of a log that reports an error.
fn last_error(log: &str) -> Option<String> {
    let is_error =
        |line: &&str| line.contains("ERROR") || line.contains("\"ERROR\"") || line.starts_with("error:");
    log.lines().rev().find(is_error).map(|line| line.trim().to_owned())
}

/// The output of a program, or why there is none.
async fn output(program: &str, args: &[&str], step_timeout: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    match timeout(step_timeout, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(Ok(output)) => {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "{program} failed: {}",
                text.lines().next().unwrap_or("no reason given").trim_end_matches('.')
            ))
        }
        Ok(Err(_)) => Err(format!("{program} is not installed")),
        Err(_) => Err(format!("{program} did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_parsed() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files(""), None);
    }

    #[test]
    fn the_last_error_is_found() {
        let log = "INFO one\n2026 ERROR two\nINFO three\n";
        assert_eq!(last_error(log).as_deref(), Some("2026 ERROR two"));
        assert_eq!(last_error("INFO one\n"), None);
    }
}

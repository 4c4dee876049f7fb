//! Judges the systemd unit, and whether the installed version is the one that runs.

use ringwire_terminal::Code;

use crate::{
    facts::service::{ServiceFacts, SystemdUnit},
    finding::{Findings, Subject},
};

/// Judges the unit.
pub(crate) fn judge(facts: &ServiceFacts) -> Findings {
    let mut findings = Findings::new(Subject::Service);
    let unit = match facts {
        Ok(unit) => unit,
        Err(why) => {
            findings.not_checked(why.clone());
            return findings;
        }
    };
    let name = unit.name.trim_end_matches(".service");
    match unit.load.as_str() {
        "loaded" => {}
        "masked" => {
            findings.fault(
                Code::Config,
                format!("the unit {} is masked: systemd does not start it", unit.name),
                format!("systemctl unmask {name} && systemctl enable --now {name}"),
            );
            return findings;
        }
        _ => {
            findings.warning(
                format!("systemd has no unit {}", unit.name),
                format!("copy packaging/systemd/ringwire.service to /etc/systemd/system/, then run: systemctl daemon-reload && systemctl enable --now {name}"),
            );
            return findings;
        }
    }
    judge_state(&mut findings, unit, name);
    if !matches!(unit.enabled.as_str(), "enabled" | "enabled-runtime" | "static" | "alias" | "generated" | "")
    {
        findings.warning(
            format!("the unit is {}: it does not start at boot", unit.enabled),
            format!("systemctl enable {name}"),
        );
    }
    if unit.needs_daemon_reload {
        findings.warning(
            "the unit file was changed since systemd loaded it",
            format!("systemctl daemon-reload && systemctl restart {name}"),
        );
    }
    if unit.executable_replaced {
        findings.warning(
            "the program was replaced since the daemon started: an older version runs",
            format!("systemctl restart {name}"),
        );
    }
    if !unit.watchdog {
        findings.warning(
            "systemd does not watch the daemon (no WatchdogSec=)",
            format!("systemctl edit {name}, and add below [Service]: WatchdogSec=30"),
        );
    }
    if unit.state_directory.is_empty() {
        findings.warning(
            "the unit has no StateDirectory=: nothing creates the journal's directory for the daemon's user",
            format!("systemctl edit {name}, and add below [Service]: StateDirectory=ringwire"),
        );
    }
    if matches!(unit.user.as_str(), "" | "root") {
        findings.warning(
            "the daemon runs as root, which is not necessary",
            format!("systemctl edit {name}, and add below [Service]: User=ringwire (packaging/systemd/sysusers.conf creates the user)"),
        );
    } else {
        findings.ok(format!("the daemon runs as {}", unit.user));
    }
    findings
}

fn judge_state(findings: &mut Findings, unit: &SystemdUnit, name: &str) {
    let last = unit.last_error.as_deref().map_or_else(String::new, |error| format!("; last error: {error}"));
    let log = format!("journalctl -u {name} -n 50");
    if unit.active == "failed" {
        let code = if unit.status == "78" { Code::Config } else { Code::Unavailable };
        let hint = match unit.status.as_str() {
            "78" => format!("find the error: ringwire check; then run: systemctl restart {name}"),
            _ => format!("see the log: {log}; then run: systemctl restart {name}"),
        };
        findings.fault(
            code,
            format!("the unit has failed ({}, exit status {}){last}", unit.result, unit.status),
            hint,
        );
    } else if !unit.is_active() {
        findings.fault(
            Code::Unavailable,
            format!("the daemon is not running: the unit is {}", unit.active),
            format!("systemctl start {name}"),
        );
    } else if unit.restarts > 3 {
        findings.warning(
            format!("the daemon runs, but systemd restarted it {} times{last}", unit.restarts),
            format!("see the log: {log}"),
        );
    } else {
        findings.ok(format!("the unit is {}", unit.active));
    }
}

//! The systemd unit, and whether what runs is what is installed.

use ringwire_terminal::Code;

use super::finding::{Findings, Subject};

/// What systemd says of the unit; `Err` is why it says nothing.
pub(crate) type ServiceFacts = Result<Unit, String>;

/// A unit, as `systemctl show` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its name, with `.service`.
    pub(crate) name: String,
    /// Whether there is one: `loaded`, `not-found`, `masked` …
    pub(crate) load: String,
    /// `active`, `inactive`, `failed`, `activating` …
    pub(crate) active: String,
    /// Whether it is started at boot: `enabled`, `disabled` …
    pub(crate) enabled: String,
    /// How it ended: `success`, `exit-code`, `watchdog` …
    pub(crate) result: String,
    /// The exit status of the last run.
    pub(crate) status: String,
    /// Its process; `None` where none runs.
    pub(crate) pid: Option<u32>,
    /// Who it runs as; empty is root.
    pub(crate) user: String,
    /// `StateDirectory=`.
    pub(crate) state_directory: String,
    /// Whether systemd looks whether it lives.
    pub(crate) watchdog: bool,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// Whether the unit was changed since systemd has read it.
    pub(crate) outdated: bool,
    /// Whether the program was replaced since it was started.
    pub(crate) replaced: bool,
    /// The last error in its log.
    pub(crate) last_error: Option<String>,
    /// The environment it is given.
    pub(crate) environment: Vec<(String, String)>,
}

impl Unit {
    /// Reads what `systemctl show` prints of these properties: `KEY=VALUE` lines.
    pub(crate) fn parse(name: &str, shown: &str) -> Self {
        let mut unit = Self { name: name.to_owned(), ..Self::default() };
        for (key, value) in shown.lines().filter_map(|line| line.split_once('=')) {
            let own = || value.to_owned();
            match key {
                "LoadState" => unit.load = own(),
                "ActiveState" => unit.active = own(),
                "UnitFileState" => unit.enabled = own(),
                "Result" => unit.result = own(),
                "ExecMainStatus" => unit.status = own(),
                "MainPID" => unit.pid = value.parse().ok().filter(|pid| *pid != 0),
                "User" => unit.user = own(),
                "StateDirectory" => unit.state_directory = own(),
                "WatchdogUSec" => unit.watchdog = !matches!(value, "0" | "" | "infinity"),
                "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
                "NeedDaemonReload" => unit.outdated = value == "yes",
                "Environment" => {
                    let pairs = value.split_whitespace().filter_map(|pair| pair.split_once('='));
                    unit.environment = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                }
                _ => {}
            }
        }
        unit
    }

    /// The properties that [`Unit::parse`] reads.
    pub(crate) const PROPERTIES: &str = "LoadState,ActiveState,UnitFileState,Result,ExecMainStatus,MainPID,User,\
                                         StateDirectory,WatchdogUSec,NRestarts,NeedDaemonReload,Environment";

    /// Whether systemd knows it.
    pub(crate) fn is_there(&self) -> bool {
        self.load == "loaded"
    }

    /// Whether it runs, or is about to.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading")
    }
}

/// What is wrong with the unit.
pub(crate) fn judge(facts: &ServiceFacts) -> Findings {
    let mut findings = Findings::new(Subject::Service);
    let unit = match facts {
        Ok(unit) => unit,
        Err(why) => {
            findings.unchecked(why.clone());
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
                format!("systemd knows no unit {}", unit.name),
                format!("copy packaging/systemd/ringwire.service to /etc/systemd/system/, then: systemctl daemon-reload && systemctl enable --now {name}"),
            );
            return findings;
        }
    }
    state(&mut findings, unit, name);
    if !matches!(unit.enabled.as_str(), "enabled" | "enabled-runtime" | "static" | "alias" | "generated" | "")
    {
        findings.warning(
            format!("the unit is {}: it is not started with the machine", unit.enabled),
            format!("systemctl enable {name}"),
        );
    }
    if unit.outdated {
        findings.warning(
            "the unit was changed since systemd has read it",
            format!("systemctl daemon-reload && systemctl restart {name}"),
        );
    }
    if unit.replaced {
        findings.warning(
            "the program was replaced since the daemon was started: an older one runs",
            format!("systemctl restart {name}"),
        );
    }
    if !unit.watchdog {
        findings.warning(
            "systemd does not look whether the daemon lives (no WatchdogSec=)",
            format!("systemctl edit {name}: [Service] WatchdogSec=30"),
        );
    }
    if unit.state_directory.is_empty() {
        findings.warning(
            "the unit has no StateDirectory=: nothing makes the journal's place for the daemon's user",
            format!("systemctl edit {name}: [Service] StateDirectory=ringwire"),
        );
    }
    if matches!(unit.user.as_str(), "" | "root") {
        findings.warning(
            "the daemon runs as root, which it need not",
            format!("systemctl edit {name}: [Service] User=ringwire (packaging/systemd/sysusers.conf makes the user)"),
        );
    } else {
        findings.ok(format!("it runs as {}", unit.user));
    }
    findings
}

fn state(findings: &mut Findings, unit: &Unit, name: &str) {
    let last =
        unit.last_error.as_deref().map_or_else(String::new, |error| format!("; its last error: {error}"));
    let log = format!("journalctl -u {name} -n 50");
    if unit.active == "failed" {
        let code = if unit.status == "78" { Code::Config } else { Code::Unavailable };
        let cure = match unit.status.as_str() {
            "78" => format!(
                "ringwire check says what is wrong with the configuration; then: systemctl restart {name}"
            ),
            _ => format!("{log} says why; then: systemctl restart {name}"),
        };
        findings.fault(
            code,
            format!("the unit has failed ({}, exit status {}){last}", unit.result, unit.status),
            cure,
        );
    } else if !unit.is_active() {
        findings.fault(
            Code::Unavailable,
            format!("the daemon is not started: the unit is {}", unit.active),
            format!("systemctl start {name}"),
        );
    } else if unit.restarts > 3 {
        findings.warning(
            format!("the daemon runs, and was started again {} times{last}", unit.restarts),
            format!("{log} says why"),
        );
    } else {
        findings.ok(format!("the unit is {}", unit.active));
    }
}

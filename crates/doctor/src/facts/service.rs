//! The systemd unit.

/// What systemd reports about the unit, or why it reports nothing.
pub(crate) type ServiceFacts = Result<SystemdUnit, String>;

/// A unit as `systemctl show` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemdUnit {
    /// Its name, with `.service`.
    pub(crate) name: String,
    /// Whether it exists: `loaded`, `not-found`, `masked` …
    pub(crate) load: String,
    /// `active`, `inactive`, `failed`, `activating` …
    pub(crate) active: String,
    /// Whether it starts at boot: `enabled`, `disabled` …
    pub(crate) enabled: String,
    /// How the last run ended: `success`, `exit-code`, `watchdog` …
    pub(crate) result: String,
    /// The exit status of the last run.
    pub(crate) status: String,
    /// Its main process, if it runs.
    pub(crate) pid: Option<u32>,
    /// The user that it runs as; empty means root.
    pub(crate) user: String,
    /// `StateDirectory=`.
    pub(crate) state_directory: String,
    /// Whether systemd watches it (`WatchdogSec=`).
    pub(crate) watchdog: bool,
    /// How often systemd restarted it.
    pub(crate) restarts: u32,
    /// Whether the unit file was changed since systemd loaded it.
    pub(crate) needs_daemon_reload: bool,
    /// Whether the executable was replaced since the start.
    pub(crate) executable_replaced: bool,
    /// The last error in its log.
    pub(crate) last_error: Option<String>,
    /// The environment that it sets.
    pub(crate) environment: Vec<(String, String)>,
}

impl SystemdUnit {
    /// Parses the output of `systemctl show`: `KEY=VALUE` lines.
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
                "NeedDaemonReload" => unit.needs_daemon_reload = value == "yes",
                "Environment" => {
                    let pairs = value.split_whitespace().filter_map(|pair| pair.split_once('='));
                    unit.environment = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                }
                _ => {}
            }
        }
        unit
    }

    /// The properties that [`SystemdUnit::parse`] reads.
    pub(crate) const PROPERTIES: &str = "LoadState,ActiveState,UnitFileState,Result,ExecMainStatus,MainPID,User,\
                                         StateDirectory,WatchdogUSec,NRestarts,NeedDaemonReload,Environment";

    /// Whether systemd has loaded it.
    pub(crate) fn is_loaded(&self) -> bool {
        self.load == "loaded"
    }

    /// Whether it runs or is starting.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading")
    }
}

//! What the daemon says of itself.

use std::io::{self, IsTerminal};

use anyhow::Context;
use ringwire_config::{Log, LogFormat};
use ringwire_live::{DaemonEvent, EventEmitter};
use tracing_subscriber::{
    Registry, filter::Targets, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

/// The variable that says what passes instead of the configuration.
const VARIABLE: &str = "RUST_LOG";

/// Changes what is logged while the daemon runs.
#[derive(Debug)]
pub struct Logging {
    filter: reload::Handle<Targets, Registry>,
    format: LogFormat,
}

impl Logging {
    /// Begins to log to standard error, or to systemd's journal, as `log` says; `$RUST_LOG` comes before its level.
    ///
    /// # Errors
    /// The process logs already, `$RUST_LOG` cannot be read, or there is no journal.
    pub fn start(log: Log) -> anyhow::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(log)?);
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let lines =
            fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false);
        let registry = tracing_subscriber::registry().with(filter);
        match log.format {
            LogFormat::Journald => {
                let layer =
                    tracing_journald::layer().context("log.format: systemd's journal takes no messages")?;
                registry.with(layer.with_syslog_identifier("ringwire".to_owned())).try_init()
            }
            LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
            // The journal knows the time itself.
            LogFormat::Text if journal => registry.with(lines.without_time()).try_init(),
            LogFormat::Text => registry.with(lines).try_init(),
        }?;
        Ok(Self { filter: handle, format: log.format })
    }

    /// Logs as `log` says from here on.
    pub fn change(&self, log: Log, emitter: &EventEmitter) {
        let changed = filter(log).and_then(|filter| Ok(self.filter.reload(filter)?));
        if let Err(error) = changed {
            emitter.emit(DaemonEvent::LogLevelNotChanged { error: &format!("{error:#}") });
        }
        if log.format != self.format {
            emitter.emit(DaemonEvent::LogFormatChangeIgnored);
        }
    }
}

/// What passes: our own lines as configured, those of the libraries where they may need attention. They know
/// addresses with tokens in them, so they say less. The certificate verifier says nothing: what it distrusts is told by
/// whoever asked, with what to do about it, and once instead of at every attempt.
fn filter(log: Log) -> anyhow::Result<Targets> {
    match std::env::var(VARIABLE) {
        Ok(wanted) if !wanted.is_empty() => wanted.parse().with_context(|| format!("{VARIABLE}={wanted}")),
        _ => Ok(format!("warn,rustls_platform_verifier=off,ringwire={}", log.level.as_str()).parse()?),
    }
}

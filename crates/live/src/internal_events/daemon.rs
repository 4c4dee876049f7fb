//! What an operator may learn of the daemon as a whole.

use tracing::{error, info, warn};

use super::sinks::Sinks;
use crate::components::Trouble;

internal_events! {
    /// Of the daemon as a whole.
    pub enum DaemonEvent<'a> {
        /// Each PBX was tried once, and the API is served.
        Ready,
        /// The daemon reads its configuration again.
        Reloading,
        /// The configuration was read again and is in use.
        ConfigurationReloaded { file: &'a str },
        /// The configuration cannot be used.
        ConfigurationRejected { error: &'a str },
        /// The configuration can be used, but has something that should be changed.
        ConfigurationWarning { warning: &'a str },
        /// The daemon was asked to reload, but was started without a file.
        NothingToReload,
        /// The level of the log could not be changed.
        LogLevelNotChanged { error: &'a str },
        /// `log.format` was changed, which a reload does not do.
        LogFormatChangeIgnored,
        /// A collector of traces is configured, but this build has no traces.
        TracesNotBuilt,
        /// The collector takes no traces.
        TracesFailing { error: &'a str },
        /// The collector takes traces again.
        TracesRecovered,
        /// The daemon was asked to stop.
        Stopping,
        /// The daemon has stopped.
        Stopped,
    }
}

impl DaemonEvent<'_> {
    pub(super) fn apply(self, sinks: &Sinks<'_>) {
        match self {
            Self::Ready => info!("ready"),
            Self::Reloading => info!("reloading the configuration"),
            Self::ConfigurationReloaded { file } => {
                info!(file, "configuration reloaded");
                sinks.set_configuration(None);
            }
            Self::ConfigurationRejected { error } => {
                let hint = "run 'ringwire check' to see what is wrong with it";
                error!(error, hint, "configuration rejected, the previous one stays in use");
                sinks.set_configuration(Some(Trouble::new(error, hint)));
            }
            Self::ConfigurationWarning { warning } => warn!(warning, "configuration warning"),
            Self::NothingToReload => warn!("no configuration file to reload"),
            Self::LogLevelNotChanged { error } => warn!(error, "log level not changed"),
            Self::LogFormatChangeIgnored => {
                warn!(
                    hint = "restart ringwire to use it",
                    "log.format changed, the log keeps the previous one"
                );
            }
            Self::TracesNotBuilt => {
                let hint = "build ringwire with --features otel, or unset OTEL_EXPORTER_OTLP_ENDPOINT";
                warn!(hint, "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this ringwire was built without traces");
            }
            Self::TracesFailing { error } => warn!(error, "traces failing, those of this time are lost"),
            Self::TracesRecovered => info!("traces recovered"),
            Self::Stopping => info!("stopping"),
            Self::Stopped => info!("stopped"),
        }
    }
}

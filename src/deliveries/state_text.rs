//! How a state is shown.

use anstyle::{AnsiColor, Style};

/// A state in words.
pub(super) fn describe_state(state: &str) -> &str {
    match state {
        "retry" => "failed, will be retried",
        "dead" => "permanently failed",
        "expired" => "not delivered in time",
        "dropped" => "dropped by an operator",
        state => state,
    }
}

/// The style of a state.
pub(super) fn state_style(state: &str) -> Style {
    match state {
        "retry" => AnsiColor::Yellow.on_default(),
        "paused" => AnsiColor::Magenta.on_default(),
        "delivered" => AnsiColor::Green.on_default(),
        "dead" | "expired" => AnsiColor::Red.on_default().bold(),
        "dropped" => Style::new().dimmed(),
        _ => Style::new(),
    }
}

//! How the state of a delivery is shown.

use anstyle::{AnsiColor, Style};

/// A state in words.
#[must_use]
pub fn describe_state(state: &str) -> &str {
    match state {
        "retry" => "failed, will be retried",
        "dead" => "permanently failed",
        "expired" => "not delivered in time",
        "dropped" => "dropped by an operator",
        "unknown" => "outcome unknown, not repeated",
        state => state,
    }
}

/// The style of a state.
#[must_use]
pub fn state_style(state: &str) -> Style {
    match state {
        "retry" => AnsiColor::Yellow.on_default(),
        "paused" => AnsiColor::Magenta.on_default(),
        "delivered" => AnsiColor::Green.on_default(),
        "dead" | "expired" | "unknown" => AnsiColor::Red.on_default().bold(),
        "dropped" => Style::new().dimmed(),
        _ => Style::new(),
    }
}

/// What to do about deliveries whose outcome is unknown.
pub const UNKNOWN_ADVICE: &str = "\
unknown: the hangup of a missed call was sent, and no reply says whether it was processed. It is not repeated, because a \
second hangup would mark the call as done. Look for the call at the target: if it still rings there, run `ringwire \
deliveries retry ID`; if it is listed as missed, run `ringwire deliveries drop ID`.";

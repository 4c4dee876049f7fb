//! What a PBX can make a tracker remember, at most.
//!
//! Bytes are hostile, and so may be a PBX that somebody has taken over: without a bound it could have the daemon take all
//! memory. The bounds are far beyond what a PBX can carry.

use std::{borrow::Cow, fmt};

/// How many channels are followed at once.
pub(crate) const CHANNELS: usize = 10_000;

/// How many legs a call may have in one round of ringing, and how many calls may be joined into one.
pub(crate) const LEGS: usize = 1_000;

/// How many agents and devices are followed.
pub(crate) const AGENTS: usize = 10_000;

/// The longest name or number, in bytes. Asterisk's own are up to 256.
const NAME: usize = 512;

/// The longest dial string or argument of an application, in bytes, which is Asterisk's own limit.
const ARGUMENT: usize = 8192;

/// A limit that a PBX has exceeded. What is beyond is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackerLimit {
    /// Too many channels at once.
    Channels,
    /// Too many legs of one call.
    Legs,
}

impl fmt::Display for TrackerLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channels => write!(f, "more than {CHANNELS} channels at once"),
            Self::Legs => write!(f, "more than {LEGS} legs of one call"),
        }
    }
}

/// The value of the header `key` as far as it is kept.
pub(crate) fn bounded<'a>(key: &str, text: Cow<'a, str>) -> Cow<'a, str> {
    let longest = match key {
        "AppData" | "ApplicationData" | "Data" | "DialString" => ARGUMENT,
        _ => NAME,
    };
    if text.len() <= longest {
        return text;
    }
    let end = text.floor_char_boundary(longest);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.shrink_to_fit();
            Cow::Owned(text)
        }
    }
}

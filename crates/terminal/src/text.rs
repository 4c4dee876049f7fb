//! Text for a terminal, and how times, durations and counts are written.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use unicode_width::UnicodeWidthChar;

/// Text from outside, fit for a terminal: what would move the cursor, ring or turn the writing round is spelt out.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Text from outside, fit for a terminal and at most `width` columns wide; what is cut ends in `~`.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut wide = 0;
    // Marks that take no room of their own may be heaped up without end.
    for (count, c) in plain(text).chars().enumerate() {
        let more = c.width().unwrap_or(0);
        if wide + more > width || count > 2 * width {
            while wide + 1 > width
                && let Some(last) = out.pop()
            {
                wide -= last.width().unwrap_or(0);
            }
            out.push('~');
            break;
        }
        wide += more;
        out.push(c);
    }
    out
}

/// `12s`, `1m05s` or `1h02m`.
#[must_use]
pub fn duration(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

/// A date and time in the local time zone.
#[must_use]
pub fn when(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How many there are of something: `1 call`, `2 calls`.
#[must_use]
pub fn count(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Whether the terminal shows more than ASCII, as the environment has it (locale(7)).
#[must_use]
pub fn terminal_is_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    is_unicode(locale.as_deref())
}

fn is_unicode(locale: Option<&str>) -> bool {
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("Ärger\u{1b}[2J\u{7}\u{202e}x"), "Ärger\\u{1b}[2J\\u{7}\\u{202e}x");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, expected) in [(0, "0s"), (59, "59s"), (65, "1m05s"), (3599, "59m59s"), (7384, "2h03m")]
        {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn a_locale_says_whether_it_is_unicode() {
        for (locale, unicode) in [
            (Some("en_GB.UTF-8"), true),
            (Some("C.utf8"), true),
            (Some("C"), false),
            (Some("de_DE@euro"), false),
            (None, false),
        ] {
            assert_eq!(is_unicode(locale), unicode, "{locale:?}");
        }
    }

    #[test]
    fn what_is_too_wide_is_cut() {
        for (text, width, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab~"),
            ("\u{6f22}\u{6f22}\u{6f22}", 5, "\u{6f22}\u{6f22}~"),
            ("\u{6f22}\u{6f22}\u{6f22}", 4, "\u{6f22}~"),
            ("\n", 3, "\\u~"),
        ] {
            assert_eq!(cut(text, width), expected);
        }
        assert_eq!(cut(&"e\u{301}".repeat(1000), 10).chars().last(), Some('~'));
    }
}

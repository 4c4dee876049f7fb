//! Text for a terminal, and how times, durations and counts are written.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use unicode_width::UnicodeWidthChar;

/// Longer names and numbers are cut, as on the desk: nobody reads on.
const LONGEST_NAME: usize = 160;

/// Longer reasons, replies and explanations are cut, as on the desk.
const LONGEST_TEXT: usize = 4_000;

/// More combining marks on one character are left out: they would run over the lines around it.
const MARKS: usize = 3;

/// Text from outside, fit for a terminal: what would move the cursor, ring, turn the writing round or hide is spelt out,
/// and what is longer than anybody reads is cut and ends in `~`.
#[must_use]
pub fn plain(text: &str) -> String {
    plain_up_to(text, LONGEST_TEXT)
}

/// A name or a number from outside, fit for a terminal: as [`plain`], and cut much earlier.
#[must_use]
pub fn plain_name(text: &str) -> String {
    plain_up_to(text, LONGEST_NAME)
}

fn plain_up_to(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    let mut marks = 0;
    for (count, c) in text.chars().enumerate() {
        if count == longest {
            out.push('~');
            break;
        }
        if c.is_control() || is_disturbing(c) {
            marks = 0;
            let _ = write!(out, "{}", c.escape_unicode());
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks <= MARKS {
            out.push(c);
        }
    }
    out
}

/// Whether a character reorders, hides or breaks a line: bidirectional controls, invisible characters, line separators
/// and tags; the same as `clean` of the desk. Joiners (U+200C, U+200D) stay: emoji and Persian names need them.
fn is_disturbing(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character takes no column of its own and joins nothing.
fn is_mark(c: char) -> bool {
    c.width() == Some(0) && !matches!(c, '\u{200c}' | '\u{200d}')
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
    fn invisible_characters_are_spelt_out() {
        for (text, expected) in [
            ("a\u{200b}b", "a\\u{200b}b"),
            ("\u{feff}4930100", "\\u{feff}4930100"),
            ("\u{e0001}\u{e0041}A", "\\u{e0001}\\u{e0041}A"),
            ("\u{ad}\u{2060}\u{2028}\u{61c}", "\\u{ad}\\u{2060}\\u{2028}\\u{61c}"),
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            ),
            ("\u{1f469}\u{200d}\u{1f4bb}", "\u{1f469}\u{200d}\u{1f4bb}"),
        ] {
            assert_eq!(plain(text), expected);
            assert_eq!(plain_name(text), expected);
        }
    }

    #[test]
    fn names_that_are_too_long_are_cut_as_on_the_desk() {
        assert_eq!(plain_name(&"x".repeat(160)), "x".repeat(160));
        assert_eq!(plain_name(&"x".repeat(70_000)), format!("{}~", "x".repeat(160)));
        assert_eq!(plain(&"x".repeat(70_000)), format!("{}~", "x".repeat(4_000)));
        assert_eq!(plain_name(&format!("e{}", "\u{301}".repeat(100))), "e\u{301}\u{301}\u{301}");
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

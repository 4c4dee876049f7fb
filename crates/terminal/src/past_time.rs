//! Times in the past, such as `2h` or `yesterday`.

use jiff::{Span, Timestamp, Zoned, civil};

/// The accepted forms, for a hint.
pub const PAST_TIME_FORMS: &str = "expected 90m, 2h, 3d or 1w; today or yesterday; 2026-11-21; 2026-11-21T08:00; \
                                   or 2026-11-21T08:00:00+01:00";

/// The time that `text` means; without an offset, it is in the time zone of `now`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_past_time(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    let zone = now.time_zone();
    let wrong = |error: jiff::Error| format!("{text:?}: {error}");
    let day = match text.to_lowercase().as_str() {
        "now" => return Ok(now.timestamp()),
        "today" => Some(now.date()),
        "yesterday" => Some(now.date().yesterday().map_err(wrong)?),
        _ => None,
    };
    if let Some(day) = day {
        return Ok(day.to_zoned(zone.clone()).map_err(wrong)?.timestamp());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return Ok(time.to_zoned(zone.clone()).map_err(wrong)?.timestamp());
    }
    if let Ok(passed) = text.parse::<Span>() {
        return Ok(now.checked_sub(passed.abs()).map_err(wrong)?.timestamp());
    }
    Err(format!("{text:?} is not a valid time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        // The clocks went forward on 2026-03-29 at 02:00.
        let now: Zoned = "2026-03-29T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        let expected = expected.map(|time| time.parse::<Timestamp>().unwrap());
        assert_eq!(parse_past_time(text, &now).ok(), expected, "{text}");
    }

    #[test]
    fn ages_days_and_times_are_parsed() {
        check("2h", Some("2026-03-29T08:00:00Z"));
        check("90m", Some("2026-03-29T08:30:00Z"));
        check("2 hours ago", Some("2026-03-29T08:00:00Z"));
        check("3d", Some("2026-03-26T11:00:00Z"));
        check("1w", Some("2026-03-22T11:00:00Z"));
        check("today", Some("2026-03-28T23:00:00Z"));
        check(" Yesterday ", Some("2026-03-27T23:00:00Z"));
        check("2026-03-01", Some("2026-02-28T23:00:00Z"));
        check("2026-03-29T08:00", Some("2026-03-29T06:00:00Z"));
        check("2026-03-29 08:00:30", Some("2026-03-29T06:00:30Z"));
        check("2026-03-29T08:00:00Z", Some("2026-03-29T08:00:00Z"));
        check("2026-03-29T08:00:00+05:30", Some("2026-03-29T02:30:00Z"));
    }

    #[test]
    fn other_texts_are_errors() {
        for text in ["", "soon", "2", "2x", "tomorrow", "2026-13-01", "29.03.2026", "99999999y", "08:00"] {
            check(text, None);
        }
    }
}

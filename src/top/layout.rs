//! What the parts of the screen share: columns, times, and lines under a heading.

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{Frame, layout::Rect, style::Style, text::Line, widgets::Paragraph};
use ringwire_terminal::{cut, duration};
use unicode_width::UnicodeWidthStr;

use super::theme::{Emphasis, Theme};

/// From how many columns on there is room for more.
pub(super) const WIDE: u16 = 120;

/// Text from outside in a column of its own.
pub(super) fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

/// The same, at its right side.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    format!("{}{text}", " ".repeat(fill))
}

/// A time of the local clock.
pub(super) fn time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// How long since, by the clock `now`.
pub(super) fn since(then: Timestamp, now: Timestamp) -> String {
    duration((now.as_second() - then.as_second()).max(0))
}

/// Lines under a heading, as many as there is room for; what is left out is counted.
pub(super) fn block(
    theme: Theme,
    title: String,
    mut lines: Vec<Line<'static>>,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let block = theme.block(title);
    let inner = block.inner(area);
    let room = usize::from(inner.height);
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::styled(format!("and {more} more"), theme.style(Emphasis::Faint)));
    }
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines).style(Style::new()), inner);
}

//! What the keys do.

use ratatui::{
    Frame,
    layout::{Constraint, Flex, Layout, Rect},
    text::Line,
    widgets::{Clear, Paragraph},
};

use crate::top::theme::{Emphasis, Theme};

const KEYS: &[(&str, &str)] = &[
    ("Up Down k j", "select a call, or scroll"),
    ("PgUp PgDn Home End", "move further"),
    ("Enter", "explain the call"),
    ("d", "show its deliveries, with each attempt"),
    ("/", "show only calls that contain a text"),
    ("s", "change the order"),
    ("p", "pause and resume updates"),
    ("q Esc", "back, or quit"),
    ("Ctrl-C", "quit"),
];

/// Draws it over what is there.
pub(super) fn draw(theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let height = u16::try_from(KEYS.len()).unwrap_or(u16::MAX).saturating_add(2);
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [area] = Layout::horizontal([Constraint::Length(58)]).flex(Flex::Center).areas(area);
    let mut lines: Vec<_> =
        KEYS.iter().map(|(keys, what)| Line::raw(format!(" {keys:<20} {what}"))).collect();
    lines.push(Line::styled(" press any key to continue", theme.style(Emphasis::Faint)));
    let block = theme.block(" Keys ".to_owned());
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inner);
}

//! What the keys do.

use ratatui::{
    Frame,
    layout::{Constraint, Flex, Layout, Rect},
    text::Line,
    widgets::{Clear, Paragraph},
};

use crate::top::paint::{Mood, Paint};

const KEYS: &[(&str, &str)] = &[
    ("up down k j", "choose a call, or scroll"),
    ("PgUp PgDn Home End", "the same, further"),
    ("Enter", "the story of the call"),
    ("d", "its deliveries, with each try"),
    ("/", "only calls with this text in them"),
    ("s", "sort in another way"),
    ("p", "keep the picture; again: go on"),
    ("q Esc", "back, and out"),
    ("ctrl-c", "out"),
];

/// Draws it over what is there.
pub(super) fn draw(paint: Paint, frame: &mut Frame<'_>, area: Rect) {
    let height = u16::try_from(KEYS.len()).unwrap_or(u16::MAX).saturating_add(2);
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [area] = Layout::horizontal([Constraint::Length(58)]).flex(Flex::Center).areas(area);
    let mut lines: Vec<_> =
        KEYS.iter().map(|(keys, what)| Line::raw(format!(" {keys:<20} {what}"))).collect();
    lines.push(Line::styled(" any key: go on", paint.style(Mood::Faint)));
    let block = paint.block(" Keys ".to_owned());
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inner);
}

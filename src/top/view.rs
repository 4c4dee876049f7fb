//! Draws the state on the screen.

mod calls;
mod explanation;
mod health;
mod help;

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr;

use ringwire_terminal::{cut, duration, plain};

use super::{layout::time, state::TopState, theme::Emphasis};

/// Draws `state` as it is at `now`.
pub(super) fn view(state: &TopState, now: Timestamp, frame: &mut Frame<'_>) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    header(state, now, frame, head);
    match &state.open {
        Some(open) => explanation::draw(state, open, frame, body),
        None => main(state, now, frame, body),
    }
    footer(state, frame, foot);
    if state.help {
        help::draw(state.theme, frame, body);
    }
}

fn main(state: &TopState, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let lower = if area.height < 9 { 0 } else { (area.height / 3).clamp(4, 10) };
    let channels = if area.height < 15 { 0 } else { (area.height / 5).clamp(4, 6) };
    let [calls, selected, rest] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(channels), Constraint::Length(lower)])
            .areas(area);
    let clock = state.clock(now);
    calls::draw(state, clock, frame, calls);
    calls::channels(state, frame, selected);
    health::draw(state, clock, frame, rest);
}

fn header(state: &TopState, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let [first, second] = Layout::vertical([Constraint::Length(1), Constraint::Length(1)]).areas(area);
    let (theme, width) = (state.theme, area.width);
    let (status, mood) = match (&state.error, state.taken_at) {
        (Some(_), Some(taken_at)) => {
            let age = duration((now.as_second() - taken_at.as_second()).max(0));
            (format!("NOT CONNECTED, as of {} ({age} ago)", time(taken_at)), Emphasis::Bad)
        }
        (Some(_), None) => ("NOT CONNECTED".to_owned(), Emphasis::Bad),
        (None, Some(taken_at)) if state.paused => {
            (format!("PAUSED at {}", time(taken_at)), Emphasis::Waiting)
        }
        (None, _) => (time(now), Emphasis::Faint),
    };
    let left = format!("ringwire top  {}", plain(&state.address));
    let left = cut(&left, usize::from(width).saturating_sub(status.width() + 2));
    let gap = usize::from(width).saturating_sub(left.width() + status.width());
    let line = Line::from(vec![
        Span::styled(left, theme.style(Emphasis::Strong)),
        Span::raw(" ".repeat(gap)),
        Span::styled(status, theme.style(mood)),
    ]);
    frame.render_widget(Paragraph::new(line), first);
    let line = match &state.error {
        Some(why) => Line::styled(cut(why, width.into()), theme.style(Emphasis::Bad)),
        None => Line::raw(health::rates(state, state.clock(now), width.into())),
    };
    frame.render_widget(Paragraph::new(line), second);
}

fn footer(state: &TopState, frame: &mut Frame<'_>, area: Rect) {
    let faint = state.theme.style(Emphasis::Faint);
    let line = if state.typing {
        let typed = cut(&state.filter, usize::from(area.width).saturating_sub(3));
        Line::from(vec![
            Span::styled("/", state.theme.style(Emphasis::Strong)),
            Span::raw(typed),
            Span::raw("_"),
        ])
    } else if state.open.is_some() {
        Line::styled("j k scroll  d deliveries or explanation  p pause  q back  ? help", faint)
    } else {
        Line::styled(
            "j k move  Enter explain  d deliveries  / filter  s sort  p pause  q quit  ? help",
            faint,
        )
    };
    frame.render_widget(Paragraph::new(line), area);
}

//! The screen as a picture of the state.

mod block;
mod calls;
mod health;
mod help;
mod story;

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr;

pub(super) use self::story::lines as story_lines;
use ringwire_terminal::{cut, duration, plain};

use self::block::time;
use super::{paint::Mood, state::State};

/// Draws `state` as it is at `now`.
pub(super) fn view(state: &State, now: Timestamp, frame: &mut Frame<'_>) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    header(state, now, frame, head);
    match &state.open {
        Some(open) => story::draw(state, open, frame, body),
        None => main(state, now, frame, body),
    }
    footer(state, frame, foot);
    if state.help {
        help::draw(state.paint, frame, body);
    }
}

/// How many lines of a story are seen at once on a screen of `height` lines.
pub(super) fn story_height(height: u16) -> usize {
    usize::from(height.saturating_sub(4))
}

fn main(state: &State, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let lower = if area.height < 9 { 0 } else { (area.height / 3).clamp(4, 10) };
    let legs = if area.height < 15 { 0 } else { (area.height / 5).clamp(4, 6) };
    let [calls, chosen, rest] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(legs), Constraint::Length(lower)])
            .areas(area);
    let clock = state.clock(now);
    calls::draw(state, clock, frame, calls);
    calls::legs(state, frame, chosen);
    health::draw(state, clock, frame, rest);
}

fn header(state: &State, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let [first, second] = Layout::vertical([Constraint::Length(1), Constraint::Length(1)]).areas(area);
    let (paint, width) = (state.paint, area.width);
    let (status, mood) = match (&state.trouble, state.taken) {
        (Some(_), Some(taken)) => {
            let age = duration((now.as_second() - taken.as_second()).max(0));
            (format!("NOT CONNECTED, as of {} ({age} ago)", time(taken)), Mood::Bad)
        }
        (Some(_), None) => ("NOT CONNECTED".to_owned(), Mood::Bad),
        (None, Some(taken)) if state.paused => (format!("PAUSED at {}", time(taken)), Mood::Waiting),
        (None, _) => (time(now), Mood::Faint),
    };
    let left = format!("ringwire top  {}", plain(&state.address));
    let left = cut(&left, usize::from(width).saturating_sub(status.width() + 2));
    let gap = usize::from(width).saturating_sub(left.width() + status.width());
    let line = Line::from(vec![
        Span::styled(left, paint.style(Mood::Strong)),
        Span::raw(" ".repeat(gap)),
        Span::styled(status, paint.style(mood)),
    ]);
    frame.render_widget(Paragraph::new(line), first);
    let line = match &state.trouble {
        Some(why) => Line::styled(cut(why, width.into()), paint.style(Mood::Bad)),
        None => Line::raw(health::rates(state, state.clock(now), width.into())),
    };
    frame.render_widget(Paragraph::new(line), second);
}

fn footer(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let faint = state.paint.style(Mood::Faint);
    let line = if state.typing {
        let typed = cut(&state.filter, usize::from(area.width).saturating_sub(3));
        Line::from(vec![Span::styled("/", state.paint.style(Mood::Strong)), Span::raw(typed), Span::raw("_")])
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

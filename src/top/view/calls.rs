//! The calls that are going on, and the legs of the one that is chosen.

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use ringwire_client::{Channel, LiveCall};
use ringwire_terminal::{cut, plain};

use super::block::{WIDE, block, left, right, since};
use crate::lines;
use crate::top::{
    paint::{Mood, Paint},
    state::State,
};

/// Draws the calls.
pub(super) fn draw(state: &State, clock: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let paint = state.paint;
    let (calls, all) = (state.calls(), state.picture.live.calls.len());
    let mut title = format!("Calls {}", all);
    if !state.filter.is_empty() {
        title = format!("Calls {} of {all} with \"{}\"", calls.len(), cut(&state.filter, 20));
    }
    let block = paint.block(format!("{title}, {} ", state.sort.name()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.height);
    let place = state.place();
    let top = place.saturating_sub(room.saturating_sub(1));
    let width = usize::from(inner.width);
    let mut rows: Vec<Line<'_>> = Vec::new();
    for (at, call) in calls.iter().enumerate().skip(top).take(room) {
        let line = row(paint, call, clock, width);
        rows.push(if at == place { line.patch_style(Paint::chosen()) } else { line });
    }
    if rows.is_empty() {
        let text = if all == 0 { "no calls" } else { "no call matches; Esc shows all" };
        rows.push(Line::styled(text, paint.style(Mood::Faint)));
    }
    frame.render_widget(Paragraph::new(rows), inner);
}

/// Draws the legs of the chosen call.
pub(super) fn legs(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let paint = state.paint;
    let calls = state.calls();
    let Some(call) = calls.get(state.place()) else {
        return block(paint, "Channels ".to_owned(), Vec::new(), frame, area);
    };
    let width = usize::from(area.width);
    let lines = match &state.picture.legs {
        Some((of, channels)) if *of == call.id => channels.iter().map(|leg| self::leg(leg, width)).collect(),
        _ => Vec::new(),
    };
    block(paint, format!("Channels of {} ", cut(&call.id, 60)), lines, frame, area);
}

fn row(paint: Paint, call: &LiveCall, clock: Timestamp, width: usize) -> Line<'static> {
    let (mood, from) = match call.state.as_str() {
        "waiting" => (Mood::Bad, call.started_at),
        "ringing" => (Mood::Waiting, call.started_at),
        "held" => (Mood::Waiting, call.held_since.unwrap_or(call.started_at)),
        _ => (Mood::Well, call.answered_at.unwrap_or(call.started_at)),
    };
    let wide = width >= usize::from(WIDE);
    let mut caller = plain(&call.from);
    if let Some(name) = call.from_name.as_ref().filter(|name| wide && **name != call.from) {
        caller = format!("{caller} {}", plain(name));
    }
    let way = if wide { 8 } else { 3 };
    let about = if call.recovered { "~" } else { "" };
    let before = format!(
        "{} {} {} {} {} {} ",
        right(&format!("{about}{}", since(from, clock)), 7),
        left(&lines::short(&call.id), if wide { 16 } else { 12 }),
        left(call.direction.as_str().get(..way).unwrap_or(call.direction.as_str()), way),
        if wide { left(&caller, 34) } else { left(&caller, 14) },
        paint.arrow(),
        left(&call.to, if wide { 16 } else { 12 }),
    );
    let text = cut(&format!("{before}{}", who(call)), width.saturating_sub(9));
    Line::from(vec![Span::styled(left(&call.state, 8), paint.style(mood)), Span::raw(" "), Span::raw(text)])
}

/// Who has a call, or whose phones ring; and the queue.
fn who(call: &LiveCall) -> String {
    let who = match &call.answered_by {
        Some(answered_by) => lines::took(answered_by),
        None => call.users.iter().map(lines::name).collect::<Vec<_>>().join(", "),
    };
    let queue = call.queue.as_ref().map(|queue| format!("[{}]", plain(queue)));
    [Some(who).filter(|who| !who.is_empty()), queue].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn leg(channel: &Channel, width: usize) -> Line<'static> {
    let Channel { name, kind, state, number, context, exten, bridge, hold, call: _ } = channel;
    let mut text = format!("{} {} {}", left(name, 30), left(kind, 8), left(state, 7));
    let mut add = |what: String| {
        text.push(' ');
        text.push_str(&what);
    };
    if *hold {
        add("on hold".to_owned());
    }
    if let Some(number) = number {
        add(plain(number));
    }
    match bridge {
        Some(bridge) => add(format!("in bridge {}", cut(bridge, 8))),
        None => add(format!("at {}@{}", plain(exten), plain(context))),
    }
    Line::raw(cut(&text, width))
}

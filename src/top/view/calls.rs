//! The calls that are going on, and the channels of the one that is selected.

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use ringwire_client::{Channel, LiveCall};
use ringwire_terminal::{cut, plain};

use crate::event_text;
use crate::top::layout::{WIDE, block, left, right, since};
use crate::top::{
    state::TopState,
    theme::{Emphasis, Theme},
};

/// Draws the calls.
pub(super) fn draw(state: &TopState, clock: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let theme = state.theme;
    let (calls, all) = (state.calls(), state.data.live.calls.len());
    let mut title = format!("Calls {}", all);
    if !state.filter.is_empty() {
        title = format!("Calls {} of {all} with \"{}\"", calls.len(), cut(&state.filter, 20));
    }
    let block = theme.block(format!("{title}, {} ", state.sort.name()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.height);
    let place = state.place();
    let top = place.saturating_sub(room.saturating_sub(1));
    let width = usize::from(inner.width);
    let mut rows: Vec<Line<'_>> = Vec::new();
    for (at, call) in calls.iter().enumerate().skip(top).take(room) {
        let line = row(theme, call, clock, width);
        rows.push(if at == place { line.patch_style(Theme::selected()) } else { line });
    }
    if rows.is_empty() {
        let text = if all == 0 { "no calls" } else { "no call matches; Esc shows all" };
        rows.push(Line::styled(text, theme.style(Emphasis::Faint)));
    }
    frame.render_widget(Paragraph::new(rows), inner);
}

/// Draws the channels of the selected call.
pub(super) fn channels(state: &TopState, frame: &mut Frame<'_>, area: Rect) {
    let theme = state.theme;
    let calls = state.calls();
    let Some(call) = calls.get(state.place()) else {
        return block(theme, "Channels ".to_owned(), Vec::new(), frame, area);
    };
    let width = usize::from(area.width);
    let lines = match &state.data.channels {
        Some((of, channels)) if *of == call.id => channels.iter().map(|leg| self::leg(leg, width)).collect(),
        _ => Vec::new(),
    };
    block(theme, format!("Channels of {} ", cut(&call.id, 60)), lines, frame, area);
}

fn row(theme: Theme, call: &LiveCall, clock: Timestamp, width: usize) -> Line<'static> {
    let (mood, from) = match call.state.as_str() {
        "waiting" => (Emphasis::Bad, call.started_at),
        "ringing" => (Emphasis::Waiting, call.started_at),
        "held" => (Emphasis::Waiting, call.held_since.unwrap_or(call.started_at)),
        _ => (Emphasis::Well, call.answered_at.unwrap_or(call.started_at)),
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
        left(&event_text::short_call_id(&call.id), if wide { 16 } else { 12 }),
        left(call.direction.as_str().get(..way).unwrap_or(call.direction.as_str()), way),
        if wide { left(&caller, 34) } else { left(&caller, 14) },
        theme.arrow(),
        left(&call.to, if wide { 16 } else { 12 }),
    );
    let text = cut(&format!("{before}{}", who(call)), width.saturating_sub(9));
    Line::from(vec![Span::styled(left(&call.state, 8), theme.style(mood)), Span::raw(" "), Span::raw(text)])
}

/// Who has a call, or whose phones ring; and the queue.
fn who(call: &LiveCall) -> String {
    let who = match &call.answered_by {
        Some(answered_by) => event_text::answered_by_text(answered_by),
        None => call.users.iter().map(event_text::party_name).collect::<Vec<_>>().join(", "),
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

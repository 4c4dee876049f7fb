//! Who waits, how the parts do, and how much is going on.

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Sparkline,
};
use ringwire_client::{ChartMinute, LiveQueue, PbxStatus, TargetStatus};
use ringwire_terminal::{count, cut, plain};
use unicode_width::UnicodeWidthStr;

use crate::event_text;
use crate::top::layout::{WIDE, block, left, right, since};
use crate::top::{
    state::TopState,
    theme::{Emphasis, Theme},
};

/// Draws the queues beside the PBXs and endpoints, and if there is room the last hour.
pub(super) fn draw(state: &TopState, clock: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let theme = state.theme;
    if area.width < WIDE {
        let [queues, parts] =
            Layout::horizontal([Constraint::Percentage(45), Constraint::Fill(1)]).spacing(1).areas(area);
        self::queues(state, clock, frame, queues);
        return self::parts(state, clock, frame, parts);
    }
    let [queues, parts, hour] =
        Layout::horizontal([Constraint::Percentage(30), Constraint::Fill(1), Constraint::Length(36)])
            .spacing(1)
            .areas(area);
    self::queues(state, clock, frame, queues);
    self::parts(state, clock, frame, parts);
    let minutes = &state.data.minutes;
    let calls: Vec<_> =
        minutes.iter().rev().take(hour.width.into()).rev().map(|minute| minute.calls).collect();
    let most = calls.iter().max().copied().unwrap_or(0);
    let title = format!("Calls a minute, {} min, most {most} ", calls.len());
    if theme.unicode {
        let chart =
            Sparkline::default().block(theme.block(title)).data(&calls).style(theme.style(Emphasis::Well));
        frame.render_widget(chart, hour);
    } else {
        let counts = calls.iter().rev().take(12).rev().map(u64::to_string).collect::<Vec<_>>().join(" ");
        block(theme, title, vec![Line::raw(counts)], frame, hour);
    }
}

/// How many calls there are, and how much happens, in at most `width` columns.
pub(super) fn rates(state: &TopState, clock: Timestamp, width: usize) -> String {
    let calls = &state.data.live.calls;
    let counts = ["ringing", "waiting", "talking", "held"].into_iter().filter_map(|wanted| {
        let count = calls.iter().filter(|call| call.state == wanted).count();
        (count > 0).then(|| format!("{count} {wanted}"))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let mut text = if counts.is_empty() { "no calls".to_owned() } else { counts };
    let minutes = &state.data.minutes;
    if minutes.is_empty() {
        return cut(&text, width);
    }
    let events = per_minute(minutes, clock, |minute| minute.events);
    text.push_str(&format!(
        " | {:.0} calls/min, {:.1} events/s",
        per_minute(minutes, clock, |minute| minute.calls),
        events / 60.0
    ));
    let lately =
        minutes.iter().rev().take(2).filter_map(|minute| minute.delay_median.zip(minute.delay_max)).next();
    let missed: u64 = minutes.iter().map(|minute| minute.missed).sum();
    // As much as there is room for.
    let more = [
        lately.map(|(median, _)| format!(" | delivered in {median} ms")),
        lately.map(|(_, max)| format!(", max {max}")),
        Some(format!(" | {missed} missed in the last hour")),
    ];
    for more in more.into_iter().flatten() {
        if text.len() + more.len() <= width {
            text.push_str(&more);
        }
    }
    cut(&text, width)
}

/// How many there were in the last sixty seconds: of the minute that is not over, and as much of the one before as
/// makes sixty seconds.
fn per_minute(minutes: &[ChartMinute], clock: Timestamp, count: impl Fn(&ChartMinute) -> u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 calls a minute")]
    let count = |minute: Option<&ChartMinute>| minute.map_or(0, &count) as f64;
    let mut last = minutes.iter().rev();
    let (this, before) = (last.next(), last.next());
    let began = this.and_then(|minute| minute.at).unwrap_or(clock);
    let passed = clock.duration_since(began).as_secs_f64().clamp(0.0, 60.0);
    count(this) + count(before) * (60.0 - passed) / 60.0
}

fn queues(state: &TopState, clock: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let (theme, width) = (state.theme, usize::from(area.width));
    let mut queues: Vec<&LiveQueue> = state.data.live.queues.iter().collect();
    // Where somebody waits longest comes first.
    let longest = |queue: &LiveQueue| queue.waiting.iter().map(|waiting| waiting.since).min();
    queues.sort_by_key(|queue| (longest(queue).is_none(), longest(queue), queue.name.clone()));
    let mut lines = Vec::new();
    for queue in &queues {
        let (waiting, talking) = (queue.waiting.len(), queue.talking);
        let mood = if waiting > 0 { Emphasis::Waiting } else { Emphasis::Plain };
        let several = state.data.pbxs.len() > 1;
        let at = if several { format!(" at {}", plain(&queue.pbx)) } else { String::new() };
        let text = format!("{}{at}: {waiting} waiting, {talking} talking", plain(&queue.name));
        lines.push(Line::styled(cut(&text, width), theme.style(mood)));
        let mut callers: Vec<_> = queue.waiting.iter().collect();
        callers.sort_by_key(|caller| caller.since);
        for caller in callers {
            let name = caller.from_name.as_ref().filter(|name| **name != caller.from);
            let name = name.map(|name| format!(" {}", plain(name))).unwrap_or_default();
            let waits = right(&since(caller.since, clock), 7);
            let call = event_text::short_call_id(&caller.call);
            let text = format!(" {waits} {}{name} ({call})", plain(&caller.from));
            lines.push(Line::raw(cut(&text, width)));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled("no callers waiting", theme.style(Emphasis::Faint)));
    }
    block(theme, format!("Queues {} ", queues.len()), lines, frame, area);
}

fn parts(state: &TopState, clock: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let (theme, width) = (state.theme, usize::from(area.width));
    let pbxs = state.data.pbxs.iter().map(|part| pbx(theme, part, clock, width));
    let endpoints = state.data.endpoints.iter().map(|part| endpoint(theme, part, width));
    let lines = pbxs.chain(endpoints).collect();
    block(theme, "PBXs and targets ".to_owned(), lines, frame, area);
}

fn pbx(theme: Theme, pbx: &PbxStatus, clock: Timestamp, width: usize) -> Line<'static> {
    let mood = match pbx.state.as_str() {
        "inSync" => Emphasis::Well,
        "connected" | "connecting" => Emphasis::Waiting,
        _ => Emphasis::Bad,
    };
    let mut rest =
        format!("{}, {}", count(pbx.channels, "channel", "channels"), count(pbx.calls, "call", "calls"));
    if let Some(last) = pbx.last_event {
        rest = format!("{rest}, last event {} ago", since(last, clock));
    }
    if let Some(detail) = &pbx.detail {
        rest = plain(detail);
    }
    let state = if pbx.state == "inSync" { "in sync" } else { &pbx.state };
    part(theme.style(mood), &pbx.name, state, &rest, width)
}

fn endpoint(theme: Theme, endpoint: &TargetStatus, width: usize) -> Line<'static> {
    let mood = match endpoint.state.as_str() {
        "ok" => Emphasis::Well,
        "paused" => Emphasis::Waiting,
        _ => Emphasis::Bad,
    };
    let more = if endpoint.more_on_disk { "+" } else { "" };
    let mut rest = format!("{}{more} pending", endpoint.pending);
    if endpoint.retrying > 0 {
        rest = format!("{rest} ({} retrying)", endpoint.retrying);
    }
    rest = format!("{rest}, {} delivered", endpoint.delivered);
    let given_up = endpoint.dead + endpoint.expired;
    if given_up > 0 {
        rest = format!("{rest}, {given_up} failed");
    }
    if let Some(reason) = &endpoint.reason {
        rest = format!("{rest}: {}", plain(reason));
    }
    let state = if endpoint.state == "ok" { "OK" } else { &endpoint.state };
    part(theme.style(mood), &endpoint.name, state, &rest, width)
}

fn part(style: Style, name: &str, state: &str, rest: &str, width: usize) -> Line<'static> {
    let before = format!("{} ", left(name, 10));
    let state = left(state, state.width().clamp(11, 13));
    let rest = cut(rest, width.saturating_sub(12 + state.width()));
    Line::from(vec![Span::raw(before), Span::styled(state, style), Span::raw(" "), Span::raw(rest)])
}

//! The story of one call: what happened, what was concluded, who was told.

use jiff::Timestamp;
use ratatui::{Frame, layout::Rect, text::Line, widgets::Paragraph};
use ringwire_client::{CallDelivery, CallDetail};
use ringwire_terminal::{cut, plain};
use unicode_width::UnicodeWidthStr;

use super::block::{left, right};
use crate::lines;
use crate::top::{
    paint::{Mood, Paint},
    state::{Open, State},
};

/// How far what belongs to a line above is moved in.
const INDENT: usize = 15;

/// Draws the story that is open.
pub(super) fn draw(state: &State, open: &Open, frame: &mut Frame<'_>, area: Rect) {
    let paint = state.paint;
    let lines = lines(paint, open, area.width.into());
    let count = lines.len();
    let what = if open.deliveries { "Deliveries" } else { "Explanation" };
    let title = format!("{what} of {} ", cut(&open.call, 60));
    let block = paint.block(title);
    let inner = block.inner(area);
    let scroll = open.scroll.min(count.saturating_sub(1));
    let shown: Vec<_> = lines.into_iter().skip(scroll).take(inner.height.into()).collect();
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(shown), inner);
}

/// The lines of a story, none wider than `width`.
pub(in crate::top) fn lines(paint: Paint, open: &Open, width: usize) -> Vec<Line<'static>> {
    match &open.story {
        None => vec![Line::styled("loading", paint.style(Mood::Faint))],
        Some(Err(why)) => wrapped(why, 0, width)
            .into_iter()
            .map(|line| Line::styled(line, paint.style(Mood::Bad)))
            .collect(),
        Some(Ok(story)) if open.deliveries => deliveries(paint, story, width),
        Some(Ok(story)) => happened(paint, story, width),
    }
}

fn happened(paint: Paint, story: &CallDetail, width: usize) -> Vec<Line<'static>> {
    let heading = |text: &str| Line::styled(text.to_owned(), paint.style(Mood::Strong));
    let mut out = vec![heading("Events")];
    for told in &story.events {
        let event = &told.event;
        let told_to = told_to(story, &event.id);
        let text = format!(
            "{}  {:<8} {} {} {}  {}{told_to}",
            time(event.time.or(told.recorded_at)),
            event.kind.name(),
            plain(&event.from),
            paint.arrow(),
            plain(&event.to),
            lines::detail(event),
        );
        out.extend(wrapped(text.trim_end(), INDENT, width).into_iter().map(Line::raw));
    }
    if !story.explanation.is_empty() {
        out.extend([Line::raw(""), heading("Decisions")]);
    }
    for note in &story.explanation {
        let rule = note.rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
        let text = format!("{}  {}{rule}", time(note.time), plain(&note.text));
        out.extend(wrapped(&text, INDENT, width).into_iter().map(Line::raw));
        if let Some(source) = &note.source {
            let channel = source.channel.as_deref().unwrap_or_default();
            let text = format!("received: {} {channel} {}", source.event, source.with);
            let text = format!("{}{}", " ".repeat(INDENT), plain(text.trim_end()));
            let faint = paint.style(Mood::Faint);
            out.extend(wrapped(&text, INDENT, width).into_iter().map(|line| Line::styled(line, faint)));
        }
    }
    out
}

/// Who was told of an event, and who was not.
fn told_to(story: &CallDetail, event: &str) -> String {
    let of = story.deliveries.iter().filter(|delivery| delivery.event == event);
    of.map(|delivery| format!("  {} {}", plain(&delivery.target), plain(&delivery.state))).collect()
}

fn deliveries(paint: Paint, story: &CallDetail, width: usize) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    for delivery in &story.deliveries {
        let CallDelivery { id, target, event: _, kind, state, failures, reason, attempts } = delivery;
        let mood = match state.as_str() {
            "delivered" => Mood::Well,
            "dead" | "expired" | "dropped" => Mood::Bad,
            _ => Mood::Waiting,
        };
        let mut text = format!(
            "{} {} {} {}",
            right(&id.to_string(), 6),
            left(target, 12),
            left(kind, 9),
            plain(state)
        );
        if *failures > 0 {
            text = format!("{text}, {failures} failed");
        }
        if let Some(reason) = reason {
            text = format!("{text}: {}", plain(reason));
        }
        let style = paint.style(mood);
        out.extend(wrapped(&text, INDENT, width).into_iter().map(|line| Line::styled(line, style)));
        for attempt in attempts {
            let status = attempt.status.map(|status| format!("HTTP {status}, ")).unwrap_or_default();
            let text = format!(
                "       {} {:>5} ms  {status}{}",
                time(Some(attempt.at)),
                attempt.duration_ms,
                plain(&attempt.outcome)
            );
            out.extend(wrapped(&text, INDENT, width).into_iter().map(Line::raw));
        }
    }
    if out.is_empty() {
        out.push(Line::styled("no target is sent this call", paint.style(Mood::Faint)));
    }
    out
}

fn time(time: Option<Timestamp>) -> String {
    format!("{:>12}", lines::Time(time))
}

/// `text` in lines of at most `width` columns, all but the first moved in by `indent`.
fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let width = width.max(indent + 10);
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in text.split_inclusive(' ') {
        if line.width() + piece.trim_end().width() > width && line.trim_end().len() > indent {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(indent);
        }
        line.push_str(&cut(piece.trim_end(), width - indent));
        if piece.ends_with(' ') {
            line.push(' ');
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped() {
        for (text, expected) in [
            ("a", &["a"][..]),
            ("", &[""]),
            ("aaaa bbbb cccc dd", &["aaaa bbbb", "  cccc dd"]),
            ("aaaaaaaaaaaaaaaaaa b", &["aaaaaaaaa~ b"]),
        ] {
            assert_eq!(wrapped(text, 2, 12), expected, "{text}");
        }
    }
}

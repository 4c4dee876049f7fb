//! The explanation and the deliveries of a call as lines.

use jiff::Timestamp;
use ratatui::text::Line;
use ringwire_client::{CallDelivery, CallDetail};
use ringwire_terminal::{cut, plain};
use unicode_width::UnicodeWidthStr;

use super::{
    layout::{left, right},
    open_call::OpenCall,
    theme::{Emphasis, Theme},
};
use crate::event_text;

/// The indentation of continued lines.
const INDENT: usize = 15;

/// How many of the lines are visible on a screen of `height` lines.
pub(super) fn visible_lines(height: u16) -> usize {
    usize::from(height.saturating_sub(4))
}

/// The lines of an open call, none wider than `width`.
pub(super) fn lines(theme: Theme, open: &OpenCall, width: usize) -> Vec<Line<'static>> {
    match &open.details {
        None => vec![Line::styled("loading", theme.style(Emphasis::Faint))],
        Some(Err(why)) => wrapped(why, 0, width)
            .into_iter()
            .map(|line| Line::styled(line, theme.style(Emphasis::Bad)))
            .collect(),
        Some(Ok(details)) if open.deliveries => delivery_lines(theme, details, width),
        Some(Ok(details)) => event_lines(theme, details, width),
    }
}

fn event_lines(theme: Theme, details: &CallDetail, width: usize) -> Vec<Line<'static>> {
    let heading = |text: &str| Line::styled(text.to_owned(), theme.style(Emphasis::Strong));
    let mut out = vec![heading("Events")];
    for record in &details.events {
        let event = &record.event;
        let states = delivery_states(details, &event.id);
        let text = format!(
            "{}  {:<8} {} {} {}  {}{states}",
            time(event.time.or(record.recorded_at)),
            event.kind.name(),
            plain(&event.from),
            theme.arrow(),
            plain(&event.to),
            event_text::event_details(event),
        );
        out.extend(wrapped(text.trim_end(), INDENT, width).into_iter().map(Line::raw));
    }
    if !details.explanation.is_empty() {
        out.extend([Line::raw(""), heading("Decisions")]);
    }
    for step in &details.explanation {
        let rule = step.rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
        let text = format!("{}  {}{rule}", time(step.time), plain(&step.text));
        out.extend(wrapped(&text, INDENT, width).into_iter().map(Line::raw));
        if let Some(source) = &step.source {
            let channel = source.channel.as_deref().unwrap_or_default();
            let text = format!("received: {} {channel} {}", source.event, source.with);
            let text = format!("{}{}", " ".repeat(INDENT), plain(text.trim_end()));
            let faint = theme.style(Emphasis::Faint);
            out.extend(wrapped(&text, INDENT, width).into_iter().map(|line| Line::styled(line, faint)));
        }
    }
    out
}

/// The states of the deliveries of an event.
fn delivery_states(details: &CallDetail, event: &str) -> String {
    let of = details.deliveries.iter().filter(|delivery| delivery.event == event);
    of.map(|delivery| format!("  {} {}", plain(&delivery.target), plain(&delivery.state))).collect()
}

fn delivery_lines(theme: Theme, details: &CallDetail, width: usize) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    for delivery in &details.deliveries {
        let CallDelivery { id, target, event: _, kind, state, failures, reason, attempts } = delivery;
        let mood = match state.as_str() {
            "delivered" => Emphasis::Well,
            "dead" | "expired" | "dropped" | "unknown" => Emphasis::Bad,
            _ => Emphasis::Waiting,
        };
        let mut text =
            format!("{} {} {} {}", right(&id.to_string(), 6), left(target, 12), left(kind, 9), plain(state));
        if *failures > 0 {
            text = format!("{text}, {failures} failed");
        }
        if let Some(reason) = reason {
            text = format!("{text}: {}", plain(reason));
        }
        let style = theme.style(mood);
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
        out.push(Line::styled("no target is sent this call", theme.style(Emphasis::Faint)));
    }
    out
}

fn time(time: Option<Timestamp>) -> String {
    format!("{:>12}", event_text::EventTime(time))
}

/// `text` in lines of at most `width` columns, all but the first indented by `indent`.
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

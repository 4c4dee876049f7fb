//! The explanation or the deliveries of the open call.

use ratatui::{Frame, layout::Rect, widgets::Paragraph};
use ringwire_terminal::cut;

use crate::top::{explanation_lines, open_call::OpenCall, state::TopState};

/// Draws the open call.
pub(super) fn draw(state: &TopState, open: &OpenCall, frame: &mut Frame<'_>, area: Rect) {
    let theme = state.theme;
    let lines = explanation_lines::lines(theme, open, area.width.into());
    let count = lines.len();
    let what = if open.deliveries { "Deliveries" } else { "Explanation" };
    let title = format!("{what} of {} ", cut(&open.call, 60));
    let block = theme.block(title);
    let inner = block.inner(area);
    let scroll = open.scroll.min(count.saturating_sub(1));
    let shown: Vec<_> = lines.into_iter().skip(scroll).take(inner.height.into()).collect();
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(shown), inner);
}

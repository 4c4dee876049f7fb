//! How things look.

use ratatui::{
    style::{Color, Modifier, Style},
    symbols::border,
    widgets::{Block, Borders},
};

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// Whether colours are wanted.
    pub(super) colours: bool,
    /// Whether more than ASCII may be used.
    pub(super) unicode: bool,
}

/// What a colour stands for. Words say the same, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emphasis {
    /// Nothing to say.
    Plain,
    /// Less important.
    Faint,
    /// A heading.
    Strong,
    /// As it should be.
    Well,
    /// Waits for somebody.
    Waiting,
    /// Needs somebody to look at it.
    Bad,
}

/// Borders of a terminal that knows ASCII only.
const ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Theme {
    /// The style for `mood`.
    pub(super) fn style(self, mood: Emphasis) -> Style {
        let (colour, modifier) = match mood {
            Emphasis::Plain => (None, Modifier::empty()),
            Emphasis::Faint => (None, Modifier::DIM),
            Emphasis::Strong => (None, Modifier::BOLD),
            Emphasis::Well => (Some(Color::Green), Modifier::empty()),
            Emphasis::Waiting => (Some(Color::Yellow), Modifier::BOLD),
            Emphasis::Bad => (Some(Color::Red), Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        match colour {
            Some(colour) if self.colours => style.fg(colour),
            _ => style,
        }
    }

    /// The style of what is selected.
    pub(super) fn selected() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A block with a heading.
    pub(super) fn block(self, title: String) -> Block<'static> {
        let set = if self.unicode { border::ROUNDED } else { ASCII };
        Block::new()
            .borders(Borders::TOP)
            .border_set(set)
            .border_style(self.style(Emphasis::Faint))
            .title(title)
            .title_style(self.style(Emphasis::Strong))
    }

    /// An arrow from who calls to who is called.
    pub(super) fn arrow(self) -> &'static str {
        if self.unicode { "\u{2192}" } else { "->" }
    }
}

//! What is on the screen, and what keys and news do to it. Nothing here reads a clock or a terminal.

use jiff::Timestamp;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ringwire_client::{CallDetail, LiveCall};

use super::{data::TopData, explanation_lines, open_call::OpenCall, theme::Theme};

/// How far a page is.
const PAGE: usize = 10;

/// The longest filter, in characters.
const LONGEST_FILTER: usize = 60;

/// What is on the screen.
#[derive(Clone, Debug)]
pub(super) struct TopState {
    /// Where the daemon is.
    pub(super) address: String,
    /// What the terminal can show.
    pub(super) theme: Theme,
    /// The data that the daemon gave last.
    pub(super) data: TopData,
    /// When that was.
    pub(super) taken_at: Option<Timestamp>,
    /// Why there is no newer data, if the daemon does not answer.
    pub(super) error: Option<String>,
    /// Whether the data is kept as it is.
    pub(super) paused: bool,
    /// The call that is selected.
    pub(super) selected: Option<String>,
    /// What calls are to have in them, as it was typed.
    pub(super) filter: String,
    /// Whether that is being typed.
    pub(super) typing: bool,
    /// How calls are sorted.
    pub(super) sort: CallOrder,
    /// The story that is open.
    pub(super) open: Option<OpenCall>,
    /// Whether help is shown.
    pub(super) help: bool,
    /// Whether to go.
    pub(super) quit: bool,
    /// Columns and lines.
    size: (u16, u16),
}

/// How calls are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallOrder {
    /// The newest first.
    Newest,
    /// The longest first.
    Longest,
    /// Who waits, rings, is held, talks.
    State,
    /// By caller.
    Caller,
}

impl CallOrder {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Longest => "longest first",
            Self::State => "by state",
            Self::Caller => "by caller",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Newest => Self::Longest,
            Self::Longest => Self::State,
            Self::State => Self::Caller,
            Self::Caller => Self::Newest,
        }
    }
}

impl TopState {
    /// A screen with nothing on it.
    pub(super) fn new(address: String, theme: Theme) -> Self {
        Self {
            address,
            theme,
            data: TopData::default(),
            taken_at: None,
            error: None,
            paused: false,
            selected: None,
            filter: String::new(),
            typing: false,
            sort: CallOrder::Newest,
            open: None,
            help: false,
            quit: false,
            size: (80, 24),
        }
    }

    /// The daemon gave new data at `now`, or is unreachable.
    pub(super) fn on_data(&mut self, data: Result<TopData, String>, now: Timestamp) {
        match data {
            Ok(data) => {
                self.error = None;
                if !self.paused {
                    let place = self.place();
                    self.data = data;
                    self.taken_at = Some(now);
                    self.choose_near(place);
                }
            }
            Err(why) => self.error = Some(why),
        }
    }

    /// The daemon has told the story of `call`, or why not.
    pub(super) fn on_details(&mut self, call: &str, details: Result<CallDetail, String>) {
        if let Some(open) = self.open.as_mut().filter(|open| open.call == call) {
            // What was told stays, where a later question finds nobody.
            if details.is_ok() || !matches!(open.details, Some(Ok(_))) {
                open.details = Some(details);
            }
        }
    }

    /// The screen has so many columns and lines.
    pub(super) fn on_size(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.bound_scroll();
    }

    /// The call whose channels are to be shown.
    pub(super) fn selected_call(&self) -> Option<String> {
        self.calls().get(self.place()).map(|call| call.id.clone())
    }

    /// A key was pressed.
    pub(super) fn on_key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c')) {
            self.quit = true;
        } else if self.help {
            self.help = false;
        } else if self.typing {
            self.type_filter(key.code);
        } else if matches!(key.code, KeyCode::Char('?' | 'h')) {
            self.help = true;
        } else if key.code == KeyCode::Char('p') {
            self.paused = !self.paused;
        } else if self.open.is_some() {
            self.on_open_call_key(key.code);
        } else {
            self.on_list_key(key.code);
        }
    }

    /// The time that timers are reckoned by: that of the data, where it is not renewed.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        match self.taken_at {
            Some(taken_at) if self.paused || self.error.is_some() => taken_at,
            _ => now,
        }
    }

    /// The calls that are shown, in order.
    pub(super) fn calls(&self) -> Vec<&LiveCall> {
        let wanted = self.filter.to_lowercase();
        let calls = self.data.live.calls.iter();
        let mut calls: Vec<_> = calls.filter(|call| wanted.is_empty() || has(call, &wanted)).collect();
        match self.sort {
            CallOrder::Newest => calls.sort_by_key(|call| (std::cmp::Reverse(call.started_at), &call.id)),
            CallOrder::Longest => calls.sort_by_key(|call| (call.started_at, &call.id)),
            CallOrder::State => calls.sort_by_key(|call| (rank(&call.state), call.started_at, &call.id)),
            CallOrder::Caller => calls.sort_by_key(|call| (&call.from, call.started_at, &call.id)),
        }
        calls
    }

    /// Where the selected call is among those that are shown.
    pub(super) fn place(&self) -> usize {
        let selected = self.selected.as_ref();
        let calls = self.calls();
        calls.iter().position(|call| selected.is_some_and(|id| *id == call.id)).unwrap_or(0)
    }

    fn on_list_key(&mut self, key: KeyCode) {
        let last = self.calls().len().saturating_sub(1);
        let place = self.place();
        match key {
            KeyCode::Down | KeyCode::Char('j') => self.choose(place.saturating_add(1)),
            KeyCode::Up | KeyCode::Char('k') => self.choose(place.saturating_sub(1)),
            KeyCode::PageDown => self.choose(place.saturating_add(PAGE)),
            KeyCode::PageUp => self.choose(place.saturating_sub(PAGE)),
            KeyCode::Home | KeyCode::Char('g') => self.choose(0),
            KeyCode::End | KeyCode::Char('G') => self.choose(last),
            KeyCode::Enter => self.open(false),
            KeyCode::Char('d') => self.open(true),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Esc if !self.filter.is_empty() => self.filter.clear(),
            KeyCode::Esc | KeyCode::Char('q') => self.quit = true,
            _ => {}
        }
    }

    fn on_open_call_key(&mut self, key: KeyCode) {
        let Some(open) = &mut self.open else { return };
        match key {
            KeyCode::Down | KeyCode::Char('j') => open.scroll = open.scroll.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => open.scroll = open.scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => open.scroll = open.scroll.saturating_add(PAGE),
            KeyCode::PageUp => open.scroll = open.scroll.saturating_sub(PAGE),
            KeyCode::Home | KeyCode::Char('g') => open.scroll = 0,
            KeyCode::End | KeyCode::Char('G') => open.scroll = usize::MAX,
            KeyCode::Char('d') => (open.deliveries, open.scroll) = (!open.deliveries, 0),
            KeyCode::Enter => (open.deliveries, open.scroll) = (false, 0),
            KeyCode::Esc | KeyCode::Char('q') => self.open = None,
            _ => {}
        }
        self.bound_scroll();
    }

    /// Nobody scrolls further than to the last lines.
    fn bound_scroll(&mut self) {
        let ((width, height), theme) = (self.size, self.theme);
        if let Some(open) = &mut self.open {
            let lines = explanation_lines::lines(theme, open, width.into()).len();
            open.scroll = open.scroll.min(lines.saturating_sub(explanation_lines::visible_lines(height)));
        }
    }

    fn type_filter(&mut self, key: KeyCode) {
        let place = self.place();
        match key {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char(c) if !c.is_control() && self.filter.chars().count() < LONGEST_FILTER => {
                self.filter.push(c);
            }
            _ => {}
        }
        self.choose_near(place);
    }

    fn open(&mut self, deliveries: bool) {
        if let Some(call) = self.calls().get(self.place()).map(|call| call.id.clone()) {
            self.selected = Some(call.clone());
            self.open = Some(OpenCall { call, details: None, deliveries, scroll: 0 });
        }
    }

    fn choose(&mut self, place: usize) {
        let calls = self.calls();
        let call = calls.get(place.min(calls.len().saturating_sub(1))).map(|call| call.id.clone());
        self.selected = call;
    }

    /// If the selected call is not shown any more, the one that took its place is selected.
    fn choose_near(&mut self, place: usize) {
        let selected = self.selected.as_ref();
        if !self.calls().iter().any(|call| selected.is_some_and(|id| *id == call.id)) {
            self.choose(place);
        }
    }
}

/// Who needs somebody to look at them comes first.
fn rank(state: &str) -> u8 {
    match state {
        "waiting" => 0,
        "ringing" => 1,
        "held" => 2,
        "talking" => 3,
        _ => 4,
    }
}

/// Whether `wanted`, in lower case, is somewhere in `call`.
fn has(call: &LiveCall, wanted: &str) -> bool {
    let users = call.users.iter().chain(call.answered_by.as_ref().and_then(|answered_by| answered_by.user()));
    let users = users.flat_map(|user| {
        let texts = [Some(&user.endpoint), user.extension.as_ref(), user.name.as_ref(), user.login.as_ref()];
        texts.into_iter().flatten()
    });
    let own = [Some(&call.id), Some(&call.pbx), Some(&call.from), call.from_name.as_ref(), Some(&call.to)];
    own.into_iter()
        .flatten()
        .chain([&call.state].into_iter().chain(&call.queue))
        .chain(users)
        .any(|text| text.to_lowercase().contains(wanted))
}

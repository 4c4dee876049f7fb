//! The terminal: keys in, pictures out, and as it was before, however this ends.

use std::{io, thread, time::Duration};

use jiff::Timestamp;
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};
use ringwire_client::{ApiClient, CallDetail};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval},
};

use super::{
    data::{self, TopData},
    state::TopState,
    view::view,
};

/// How often the daemon is asked, and the timers go on.
const PERIOD: Duration = Duration::from_secs(1);

/// How long to wait after something new was wanted, for something newer.
const SETTLE: Duration = Duration::from_millis(120);

/// What the daemon is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FetchRequest {
    channels: Option<String>,
    details: Option<String>,
}

/// What the daemon replied.
enum FetchResult {
    Snapshot(Result<TopData, String>),
    Details(String, Result<CallDetail, String>),
}

/// Shows `state`, and what becomes of it, until it is told to stop.
///
/// # Errors
/// The terminal cannot be used, or signals cannot be caught.
pub(super) async fn show(client: ApiClient, state: TopState) -> io::Result<()> {
    // Caught before the terminal is taken_at, so that none of them leaves it as it is then.
    let stops = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
    let [mut terminate, mut hangup, mut interrupt] = {
        let [terminate, hangup, interrupt] = stops;
        [terminate?, hangup?, interrupt?]
    };
    let mut terminal = RestoredTerminal::take()?;
    tokio::select! {
        ended = run(client, state, &mut terminal.0) => ended,
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// A terminal that is given back when this goes, by a panic too (ratatui's hook gives it back before the panic is
/// told).
struct RestoredTerminal(DefaultTerminal);

impl RestoredTerminal {
    fn take() -> io::Result<Self> {
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self(terminal)),
            Err(error) => {
                let _ = ratatui::try_restore();
                Err(error)
            }
        }
    }
}

impl Drop for RestoredTerminal {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        let _ = ratatui::try_restore();
    }
}

async fn run(client: ApiClient, mut state: TopState, terminal: &mut DefaultTerminal) -> io::Result<()> {
    let (want, wanted) = watch::channel(FetchRequest::default());
    let (send_result, mut results) = mpsc::channel(4);
    let fetching = tokio::spawn(fetch_data(client, wanted, send_result));
    let mut keys = keys();
    let mut clock = interval(PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let ended = loop {
        let size = terminal.size()?;
        state.on_size(size.width, size.height);
        let drawn = terminal.draw(|frame| view(&state, Timestamp::now(), frame));
        if let Err(error) = drawn {
            break Err(error);
        }
        let wants = FetchRequest {
            channels: state.selected_call(),
            details: state.open.as_ref().map(|open| open.call.clone()),
        };
        want.send_if_modified(|wanted| {
            let changed = *wanted != wants;
            *wanted = wants;
            changed
        });
        tokio::select! {
            key = keys.recv() => match key {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => state.on_key(key),
                Some(Ok(_)) => {} // the size is another, say: it is drawn anew
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            },
            Some(result) = results.recv() => match result {
                FetchResult::Snapshot(data) => state.on_data(data, Timestamp::now()),
                FetchResult::Details(call, details) => state.on_details(&call, details),
            },
            _ = clock.tick() => {}
        }
        if state.quit {
            break Ok(());
        }
    };
    fetching.abort();
    ended
}

/// Asks the daemon each second, and at once for what is newly wanted.
async fn fetch_data(
    client: ApiClient,
    mut wanted: watch::Receiver<FetchRequest>,
    send_result: mpsc::Sender<FetchResult>,
) {
    loop {
        let FetchRequest { channels, details } = wanted.borrow_and_update().clone();
        if let Some(call) = details {
            let details = data::call_details(&client, &call).await.map_err(|error| error.to_string());
            if send_result.send(FetchResult::Details(call, details)).await.is_err() {
                return;
            }
        }
        let data = data::snapshot(&client, channels.as_deref()).await.map_err(|error| error.to_string());
        if send_result.send(FetchResult::Snapshot(data)).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                // Whoever goes through the list wants none of those that are passed.
                tokio::time::sleep(SETTLE).await;
            }
        }
    }
}

/// Keys, and what else the terminal says. The thread that reads ends with the process: there is no way to wake it.
fn keys() -> mpsc::Receiver<io::Result<Event>> {
    let (send_key, keys) = mpsc::channel(64);
    thread::spawn(move || {
        loop {
            let event = event::read();
            let failed = event.is_err();
            if send_key.blocking_send(event).is_err() || failed {
                return;
            }
        }
    });
    keys
}

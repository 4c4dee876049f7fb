//! The terminal: keys in, pictures out, and as it was before, however this ends.

use std::{io, thread, time::Duration};

use jiff::Timestamp;
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};
use ringwire_client::{CallDetail, Client};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval},
};

use super::{
    data::{self, Picture},
    state::State,
    view::view,
};

/// How often the daemon is asked, and the timers go on.
const PERIOD: Duration = Duration::from_secs(1);

/// How long to wait after something new was wanted, for something newer.
const SETTLE: Duration = Duration::from_millis(120);

/// What is wanted of the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    legs: Option<String>,
    story: Option<String>,
}

/// What the daemon says.
enum Said {
    Picture(Result<Picture, String>),
    Story(String, Result<CallDetail, String>),
}

/// Shows `state`, and what becomes of it, until it is told to stop.
///
/// # Errors
/// The terminal cannot be used, or signals cannot be caught.
pub(super) async fn show(client: Client, state: State) -> io::Result<()> {
    // Caught before the terminal is taken, so that none of them leaves it as it is then.
    let stops = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
    let [mut terminate, mut hangup, mut interrupt] = {
        let [terminate, hangup, interrupt] = stops;
        [terminate?, hangup?, interrupt?]
    };
    let mut terminal = Restored::take()?;
    tokio::select! {
        ended = run(client, state, &mut terminal.0) => ended,
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// A terminal that is given back when this goes, by a panic too (ratatui's hook gives it back before the panic is
/// told).
struct Restored(DefaultTerminal);

impl Restored {
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

impl Drop for Restored {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        let _ = ratatui::try_restore();
    }
}

async fn run(client: Client, mut state: State, terminal: &mut DefaultTerminal) -> io::Result<()> {
    let (want, wanted) = watch::channel(Wanted::default());
    let (say, mut said) = mpsc::channel(4);
    let asking = tokio::spawn(ask(client, wanted, say));
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
        let wants =
            Wanted { legs: state.legs_wanted(), story: state.open.as_ref().map(|open| open.call.clone()) };
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
            Some(said) = said.recv() => match said {
                Said::Picture(picture) => state.on_data(picture, Timestamp::now()),
                Said::Story(call, story) => state.on_story(&call, story),
            },
            _ = clock.tick() => {}
        }
        if state.quit {
            break Ok(());
        }
    };
    asking.abort();
    ended
}

/// Asks the daemon each second, and at once for what is newly wanted.
async fn ask(client: Client, mut wanted: watch::Receiver<Wanted>, say: mpsc::Sender<Said>) {
    loop {
        let Wanted { legs, story } = wanted.borrow_and_update().clone();
        if let Some(call) = story {
            let story = data::story(&client, &call).await.map_err(|error| error.to_string());
            if say.send(Said::Story(call, story)).await.is_err() {
                return;
            }
        }
        let picture = data::picture(&client, legs.as_deref()).await.map_err(|error| error.to_string());
        if say.send(Said::Picture(picture)).await.is_err() {
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
    let (tell, keys) = mpsc::channel(64);
    thread::spawn(move || {
        loop {
            let event = event::read();
            let failed = event.is_err();
            if tell.blocking_send(event).is_err() || failed {
                return;
            }
        }
    });
    keys
}

//! What the running daemon says.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use ringwire_client::{Client, Follower, News, StreamFrame};
use ringwire_event::Direction;
use ringwire_terminal::Failure;
use ringwire_terminal::{plain, terminal_is_unicode};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::{
    filter::Filter,
    line::Writing,
    merge::{Late, Line, Merge},
};

/// Of how many deliveries it is asked what became of them while there was no connection.
const ASKED: usize = 50;

/// What to show, of what the daemon says.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters for events of the daemon")]
pub(super) struct Wanted {
    /// Only calls of this user: part of an endpoint, extension, name, login or e-mail address
    #[arg(long, value_name = "USER", conflicts_with = "file")]
    user: Option<String>,
    /// Only calls in these queues
    #[arg(long, value_name = "QUEUE", value_delimiter = ',', conflicts_with = "file")]
    queue: Vec<String>,
    /// Only inbound, outbound or internal calls
    #[arg(long, value_name = "in|out|internal", value_delimiter = ',', value_parser = direction, conflicts_with = "file")]
    direction: Vec<Direction>,
    /// Only these events: newCall, ringing, answer, hold, unhold, transfer, hangup
    #[arg(long, value_name = "EVENT", value_delimiter = ',', value_parser = event, conflicts_with = "file")]
    event: Vec<String>,
    /// Only this call, by its id
    #[arg(long, value_name = "CALL", conflicts_with = "file")]
    call: Option<String>,
    /// Only the ends of missed calls
    #[arg(long, conflicts_with_all = ["file", "event"])]
    missed: bool,
    /// Start after this cursor of the journal instead of now; 0 starts with the oldest event
    #[arg(long, value_name = "CURSOR", conflicts_with = "file", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Do not wait for deliveries and do not print them
    #[arg(long, conflicts_with = "file")]
    no_deliveries: bool,
}

/// A delivery that settled after its event was printed, for machines.
#[derive(Serialize)]
struct LateJson<'a> {
    event: &'static str,
    id: i64,
    target: &'a str,
    state: &'a str,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    of: &'a str,
    call: &'a str,
}

/// Prints what the daemon says, until it is interrupted or nobody reads on.
///
/// # Errors
/// There is no daemon, or it does not let us listen.
pub(super) fn follow(args: &super::Args) -> Result<(), Failure> {
    let client = args.access.client(args.config.as_deref())?;
    let wanted = &args.daemon;
    let mut query = Vec::new();
    if !wanted.direction.is_empty() {
        let words: Vec<_> = wanted.direction.iter().map(|direction| direction.as_str()).collect();
        query.push(("direction", words.join(",")));
    }
    if let Some(call) = &wanted.call {
        query.push(("call", call.clone()));
    }
    if !wanted.no_deliveries {
        query.push(("deliveries", "true".to_owned()));
    }
    // The rest is decided here, where the calls that an event belongs to are known.
    let filter = Filter {
        user: wanted.user.as_ref().map(|user| user.to_lowercase()),
        queues: wanted.queue.clone(),
        events: wanted.event.clone(),
        missed: wanted.missed,
    };
    let merge = Merge::new(filter, !wanted.no_deliveries);
    let writing = Writing { unicode: terminal_is_unicode() };
    let mut screen = Screen { out: anstream::stdout(), json: args.json, writing };
    let follower = Follower::new(client.clone(), query, wanted.after);
    crate::run::block_on(async { Ok(tell(&client, follower, merge, &mut screen).await) })?
}

async fn tell<W: Write>(
    client: &Client,
    mut follower: Follower,
    mut merge: Merge,
    screen: &mut Screen<W>,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut lost = false;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let due = merge.deadline();
        let news = tokio::select! {
            news = follower.next() => Some(news?),
            () = sleep_until(began + due.unwrap_or_default()), if due.is_some() => None,
            _ = &mut interrupted => {
                merge.finish();
                return Ok(screen.print(&mut merge, Duration::ZERO)?);
            }
        };
        let now = began.elapsed();
        match news {
            None | Some(News::Told(StreamFrame::Other)) => {}
            Some(News::Told(StreamFrame::Call(told))) => merge.event(*told, now),
            Some(News::Told(StreamFrame::Delivery(change))) => merge.change(change, now),
            Some(News::Told(StreamFrame::Reset)) => {
                screen.remark("the daemon has a new journal: events may be missing")?;
            }
            Some(News::Connected) => {
                if std::mem::take(&mut lost) {
                    screen.remark("reconnected")?;
                    catch_up(client, &mut merge, now).await;
                }
            }
            Some(News::Lost(why)) => {
                lost = true;
                screen.remark(&format!("connection lost: {}; retrying", plain(&why)))?;
            }
            Some(News::Unclear(why)) => {
                screen.remark(&format!(
                    "ignored a message that this version does not understand: {}",
                    plain(&why)
                ))?;
            }
        }
        screen.print(&mut merge, now)?;
    }
}

/// What became of deliveries is not said again: it is asked for. Who may not ask goes without.
async fn catch_up(client: &Client, merge: &mut Merge, now: Duration) {
    for id in merge.unsettled().take(ASKED).collect::<Vec<_>>() {
        match client.get(&format!("/api/v1/deliveries/{id}"), &[]).await {
            Ok(change) => merge.change(change, now),
            Err(error) if error.status() == Some(404) => {} // the journal has forgotten it
            Err(_) => break,
        }
    }
}

/// The terminal, or whatever reads.
struct Screen<W> {
    out: W,
    json: bool,
    writing: Writing,
}

impl<W: Write> Screen<W> {
    fn print(&mut self, merge: &mut Merge, now: Duration) -> io::Result<()> {
        let mut printed = false;
        while let Some(line) = merge.poll(now) {
            printed = true;
            match (line, self.json) {
                (Line::Event(shown), false) => writeln!(self.out, "{}", self.writing.event(&shown))?,
                (Line::Late(late), false) => {
                    writeln!(self.out, "{}", self.writing.late(&late, Timestamp::now()))?;
                }
                (Line::Event(shown), true) => self.json(&shown.told)?,
                (Line::Late(Late { delivery, of }), true) => self.json(&LateJson {
                    event: "delivery",
                    id: delivery.id,
                    target: &delivery.target,
                    state: &delivery.state,
                    failures: delivery.failures,
                    reason: delivery.reason.as_deref(),
                    of: &of.event,
                    call: &of.call,
                })?,
            }
        }
        if printed { self.out.flush() } else { Ok(()) }
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.out.write_all(&line)
    }

    /// What is not part of what was asked for.
    #[expect(clippy::unused_self, reason = "it belongs to the terminal")]
    fn remark(&self, what: &str) -> io::Result<()> {
        writeln!(anstream::stderr(), "({what})")
    }
}

fn direction(text: &str) -> Result<Direction, String> {
    [Direction::In, Direction::Out, Direction::Internal]
        .into_iter()
        .find(|direction| direction.as_str() == text)
        .ok_or_else(|| "expected in, out or internal".to_owned())
}

fn event(text: &str) -> Result<String, String> {
    const EVENTS: [&str; 7] = ["newCall", "ringing", "answer", "hold", "unhold", "transfer", "hangup"];
    let known = EVENTS.into_iter().find(|event| event.eq_ignore_ascii_case(text));
    known.map(str::to_owned).ok_or_else(|| format!("expected one of {}", EVENTS.join(", ")))
}

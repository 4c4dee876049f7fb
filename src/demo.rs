//! `ringwire demo`: everything at once, with no PBX and no helpdesk.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::iter::Cycle;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ringwire_ami::AmiLogin;
use ringwire_config::{Address, Api, ApiRole, ApiToken, Config};
use ringwire_daemon::Signal;
use ringwire_demo::player::{PlaybackOptions, PlaybackRecording, PlaybackServer, PlaybackSpeed};
use ringwire_demo::zammad::{
    CallLogEntry, CallLogState, ReceivedRequest, ZammadConfig, ZammadPerson, ZammadServer,
};
use ringwire_event::{CallEvent, EventKind};
use ringwire_live::{FeedFrame, LiveState};
use ringwire_terminal::{Code, Failure, plain};
use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::event_text;

/// The manager user of the PBX that plays, and the token of the helpdesk: both live as long as the demo.
const USERNAME: &str = "ringwire";
const SECRET: &str = "demo";
const TOKEN: &str = "demo";

/// Where the desk is, if nothing else is there.
const DESK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8480);

/// How long the daemon may take to say the last of a recording that has ended.
const SETTLE: Duration = Duration::from_millis(700);

const EXAMPLES: &str = "\
Examples:
  ringwire demo             about a minute, in real time
  ringwire demo --speed 5   the same, five times as fast
  ringwire demo --stay      repeat until Ctrl-C, to explore the desk

The desk is a web page with the live calls; its address is printed first. Below it are the call events that the daemon \
reports and, after each arrow, what it posts to Zammad and the reply. Zammad's caller log is printed at the end. Nothing \
leaves this machine: the PBX replays recordings of real calls on a loopback port, and Zammad is a test double on another.";

macro_rules! recordings {
    ($($title:literal = $name:literal),+ $(,)?) => {
        &[$(Call {
            title: $title,
            ami: include_bytes!(concat!("../tests/fixtures/captures/22/", $name, ".ami")),
            times: include_str!(concat!("../tests/fixtures/captures/22/", $name, ".ami.times")),
        }),+]
    };
}

/// What is played, in this order.
const CALLS: &[Call] = recordings! {
    "a customer calls and Alice answers" = "inbound-answered",
    "a ring group: three phones ring, Bob answers" = "ring-group-answered",
    "nobody is quick enough: a missed call" = "inbound-caller-cancels",
    "a queue: two agents ring, Bob answers" = "queue-answered",
    "Alice passes a caller on to Bob" = "transfer-blind",
    "Alice puts a caller on hold" = "hold-and-resume",
    "Alice calls out" = "outbound-answered",
    "nobody answers; the caller speaks to the voicemail" = "inbound-voicemail",
};

struct Call {
    title: &'static str,
    ami: &'static [u8],
    times: &'static str,
}

/// Try ringwire without a PBX.
///
/// Replays recorded calls of a real Asterisk to the daemon, which posts them to a built-in test double of Zammad, and
/// shows both sides. Needs no PBX, no configuration and no network.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Play at a multiple of real time
    #[arg(long, value_name = "N", default_value = "1", value_parser = super::replay::parse_speed)]
    speed: f64,
    /// Repeat until Ctrl-C
    #[arg(long)]
    stay: bool,
    /// Address of the desk [default: 127.0.0.1:8480, or any free port]
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    listen: Option<SocketAddr>,
}

/// Runs the demo until all calls are over, unless it is to stay, or it is interrupted.
///
/// # Errors
/// No port can be had, or nobody reads on.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    crate::runtime::block_on(async { Ok(show(args).await) })?
}

/// An address that others cannot reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address =
        text.parse::<SocketAddr>().map_err(|_| "expected an address and a port, such as 127.0.0.1:8480")?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("expected an address of the loopback interface".into())
    }
}

/// A free port for the desk.
fn place(wanted: Option<SocketAddr>) -> io::Result<SocketAddr> {
    let bound = match wanted {
        Some(address) => TcpListener::bind(address),
        None => TcpListener::bind(DESK).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))),
    };
    bound?.local_addr()
}

async fn show(args: &Args) -> Result<(), Failure> {
    let recordings = CALLS.iter().map(|call| PlaybackRecording::parse(call.ami, Some(call.times))).collect();
    let rounds = if args.stay { None } else { Some(1) };
    let options = PlaybackOptions {
        speed: PlaybackSpeed::Factor(args.speed),
        rounds,
        ..PlaybackOptions::new(USERNAME, SECRET)
    };
    let pbx = PlaybackServer::start(recordings, options).await?;
    let zammad = ZammadServer::start(helpdesk()).await?;
    let mut received = zammad.requests();
    let live = LiveState::new(Timestamp::now());
    let mut frames = live.feed().subscribe();
    let (signals, received_signals) = mpsc::channel(1);
    let mut played = pbx.rounds_played();

    let address = place(args.listen)?;
    let token = token()?;
    let mut screen = Screen { out: anstream::stdout(), titles: CALLS.iter().cycle() };
    screen.print_addresses(&pbx, &zammad, &format!("http://{address}/#token={token}"))?;
    let mut config = configuration(&pbx, &zammad);
    config.api = Some(counter(address, token));
    let mut daemon = tokio::spawn(ringwire_daemon::run(config, received_signals, None, live));
    let over = async {
        // The sender lives as long as the PBX.
        let _ = played.wait_for(|rounds| *rounds > 0 && !args.stay).await;
        tokio::time::sleep(SETTLE).await;
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            biased; // an event before its post
            Ok(frame) = frames.recv() => if let FeedFrame::Call(record) = frame {
                screen.event(&record.event)?;
            },
            Ok(post) = received.recv() => screen.post(&post)?,
            () = &mut over => break,
            ended = &mut daemon => return ended.map_err(|error| Failure::new(Code::Software, error))?,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    let _ = signals.send(Signal::Stop).await;
    daemon.await.map_err(|error| Failure::new(Code::Software, error))??;
    while let Ok(post) = received.try_recv() {
        screen.post(&post)?;
    }
    screen.log(&zammad.call_log())?;
    zammad.stop().await;
    Ok(())
}

/// A Zammad that knows two customers and three agents.
fn helpdesk() -> ZammadConfig {
    ZammadConfig {
        people: vec![
            ZammadPerson::customer("Casey Customer", "+49 176 1234567"),
            ZammadPerson::customer("Miro Mobile", "+49 171 9876543"),
            ZammadPerson::agent("Alice Adams", "alice", "101"),
            ZammadPerson::agent("Bob Bauer", "bob", "102"),
            ZammadPerson::agent("Carol Çelik", "carol", "103"),
        ],
        ..ZammadConfig::new(TOKEN)
    }
}

fn configuration(pbx: &PlaybackServer, zammad: &ZammadServer) -> Config {
    let mut config = Config::embedded();
    for configured in &mut config.pbxs {
        configured.host = pbx.address().ip().to_string();
        configured.port = pbx.address().port();
        configured.login = Some(AmiLogin::new(USERNAME, SecretString::from(SECRET)));
    }
    for endpoint in &mut config.targets {
        let origin = format!("http://{}", zammad.address());
        endpoint.address = Some(Address { url: SecretString::from(zammad.url()), origin });
    }
    config
}

/// Whoever has the token may do everything at the desk.
fn counter(listen: SocketAddr, token: String) -> Api {
    let name = "demo".to_owned();
    let token = ApiToken { name, role: ApiRole::Admin, secret: token.into() };
    Api { listen: Some(listen), tokens: vec![token], ..Api::default() }
}

/// A token for the desk, another one each time.
fn token() -> Result<String, Failure> {
    let mut random = [0_u8; 12];
    let fault = |_| Failure::new(Code::Software, anyhow!("cannot get random numbers from the system"));
    SystemRandom::new().fill(&mut random).map_err(fault)?;
    Ok(random.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}

/// The terminal.
struct Screen<W> {
    out: W,
    titles: Cycle<std::slice::Iter<'static, Call>>,
}

impl<W: Write> Screen<W> {
    fn print_addresses(
        &mut self,
        pbx: &PlaybackServer,
        zammad: &ZammadServer,
        desk: &str,
    ) -> Result<(), Failure> {
        let bold = Style::new().bold();
        let (pbx, zammad) = (pbx.address(), zammad.address());
        writeln!(self.out, "{bold}Asterisk{bold:#} on {pbx}, {bold}Zammad{bold:#} on {zammad}")?;
        Ok(writeln!(self.out, "{bold}The desk{bold:#}: {desk}")?)
    }

    /// Each call begins with what is going to happen: they are played one after the other.
    fn event(&mut self, event: &CallEvent) -> Result<(), Failure> {
        if matches!(event.kind, EventKind::NewCall { .. })
            && let Some(call) = self.titles.next()
        {
            let dim = Style::new().dimmed();
            writeln!(self.out, "\n{dim}{}{dim:#}", call.title)?;
        }
        Ok(writeln!(self.out, "{}", event_text::event_line(event))?)
    }

    fn post(&mut self, post: &ReceivedRequest) -> Result<(), Failure> {
        let good = if post.status == 200 { AnsiColor::Green } else { AnsiColor::Red }.on_default();
        let mut line = format!("{:14}→ Zammad {good}{}{good:#}", "", post.status);
        for name in ["event", "user", "answeringNumber", "queue", "cause"] {
            if let Some(text) = post.params.text(name) {
                let _ = write!(line, "  {}", plain(&text));
            }
        }
        if let Some(agent) = &post.screen_pop {
            let _ = write!(line, "  (screen pop for {})", plain(agent));
        }
        Ok(writeln!(self.out, "{line}")?)
    }

    fn log(&mut self, rows: &[CallLogEntry]) -> Result<(), Failure> {
        let bold = Style::new().bold();
        writeln!(self.out, "\n{bold}Zammad's caller log{bold:#}")?;
        for row in rows {
            let missed = AnsiColor::Red.on_default().bold();
            let state = match row.state {
                CallLogState::Hangup if !row.done => format!("{missed}missed{missed:#}"),
                CallLogState::Hangup => format!("talked {} s", row.talking_time.unwrap_or(0)),
                CallLogState::Answer => "talking".to_owned(),
                CallLogState::NewCall => "ringing".to_owned(),
            };
            let who = |comment: &Option<String>, number: &str| {
                plain(&comment.clone().unwrap_or_else(|| number.to_owned()))
            };
            let (from, to) = (who(&row.from_comment, &row.from), who(&row.to_comment, &row.to));
            writeln!(self.out, "  {:<4} {from:<24} → {to:<36} {state}", row.direction)?;
        }
        Ok(())
    }
}

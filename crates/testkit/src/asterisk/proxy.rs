//! A well-behaved PBX behind a faulty connection.

use std::collections::VecDeque;
use std::future::pending;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use super::script::{ConnectionFault, FaultTrigger};
use ringwire_demo::player::PlaybackPbx;

/// How much is on its way between the PBX and the line, in bytes.
const IN_FLIGHT: usize = 16 * 1024;

/// Connects `pbx` to `stream`, with `faults`.
pub(super) async fn run_with_faults(
    stream: TcpStream,
    pbx: &PlaybackPbx,
    faults: Vec<(FaultTrigger, ConnectionFault)>,
) -> io::Result<()> {
    let (near, far) = duplex(IN_FLIGHT);
    let (input, output) = stream.into_split();
    let (mut said, to_pbx) = split(far);
    let still = watch::Sender::new(false);
    let stands = still.subscribe();
    let line = Line { output, faults: faults.into(), seen: Vec::new(), lose: 0, drip: false, still };
    // The PBX ends by closing its side, which the line sees.
    let served = async {
        let _ = pbx.serve(near).await;
        pending().await
    };
    tokio::select! {
        down = line_down(line, &mut said) => down,
        up = line_up(input, to_pbx, stands) => up,
        never = served => never,
    }
}

async fn line_down(mut line: Line, said: &mut ReadHalf<DuplexStream>) -> io::Result<()> {
    let mut buffer = vec![0; IN_FLIGHT];
    loop {
        let read = said.read(&mut buffer).await?;
        if read == 0 {
            return line.output.shutdown().await;
        }
        match line.carry(buffer.get(..read).unwrap_or_default()).await? {
            After::Goes => {}
            After::Closed => return Ok(()),
            After::Reset => {
                // Dropped, it would close in peace.
                line.output.forget();
                return Ok(());
            }
        }
    }
}

/// Carries actions to the PBX; a line that stands still carries none.
async fn line_up(
    mut input: OwnedReadHalf,
    mut to_pbx: WriteHalf<DuplexStream>,
    mut stands: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; IN_FLIGHT];
    loop {
        // The sender lives as long as the line.
        let _ = stands.wait_for(|still| !*still).await;
        let read = input.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let _ = stands.wait_for(|still| !*still).await;
        to_pbx.write_all(buffer.get(..read).unwrap_or_default()).await?;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Goes,
    Closed,
    Reset,
}

/// The way from the PBX to the client.
struct Line {
    output: OwnedWriteHalf,
    faults: VecDeque<(FaultTrigger, ConnectionFault)>,
    /// What was said since the last fault, as far as it can matter.
    seen: Vec<u8>,
    /// How many bytes are still to be lost.
    lose: usize,
    drip: bool,
    still: watch::Sender<bool>,
}

impl Line {
    /// Carries `bytes` to the client, through every fault whose time comes meanwhile.
    async fn carry(&mut self, mut bytes: &[u8]) -> io::Result<After> {
        while let Some(before) = self.before_fault(bytes) {
            let (now, later) = bytes.split_at_checked(before).unwrap_or((bytes, &[]));
            self.send(now).await?;
            bytes = later;
            self.seen.clear();
            if let Some((_, fault)) = self.faults.pop_front() {
                let after = self.suffer(fault).await?;
                if after != After::Goes {
                    return Ok(after);
                }
            }
        }
        self.send(bytes).await?;
        Ok(After::Goes)
    }

    /// How many of `bytes` come before the next fault; `None` where it does not come in them.
    fn before_fault(&mut self, bytes: &[u8]) -> Option<usize> {
        match &mut self.faults.front_mut()?.0 {
            FaultTrigger::AfterBytes(left) if *left <= bytes.len() => Some(*left),
            FaultTrigger::AfterBytes(left) => {
                *left -= bytes.len();
                None
            }
            FaultTrigger::AfterText(text) => {
                let before = self.seen.len();
                self.seen.extend_from_slice(bytes);
                let found = self.seen.windows(text.len().max(1)).position(|window| *window == text[..]);
                if let Some(at) = found {
                    return Some((at + text.len()).saturating_sub(before));
                }
                let keep = self.seen.len().saturating_sub(text.len());
                self.seen.drain(..keep);
                None
            }
        }
    }

    async fn suffer(&mut self, fault: ConnectionFault) -> io::Result<After> {
        match fault {
            ConnectionFault::Close => {
                self.output.shutdown().await?;
                return Ok(After::Closed);
            }
            ConnectionFault::Reset => {
                // The socket goes with both its halves, which end together.
                self.output.as_ref().set_zero_linger()?;
                return Ok(After::Reset);
            }
            ConnectionFault::Stall => {
                self.still.send_replace(true);
                pending::<()>().await;
            }
            ConnectionFault::Hold(gate) => {
                self.still.send_replace(true);
                gate.opened().await;
                self.still.send_replace(false);
            }
            ConnectionFault::Inject(bytes) => self.output.write_all(&bytes).await?,
            ConnectionFault::Lose(bytes) => self.lose += bytes,
            ConnectionFault::Drip => self.drip = true,
        }
        Ok(After::Goes)
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let lost = self.lose.min(bytes.len());
        self.lose -= lost;
        let bytes = bytes.get(lost..).unwrap_or_default();
        let each = if self.drip { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(each) {
            self.output.write_all(piece).await?;
        }
        Ok(())
    }
}

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

/// The size of the buffer between the PBX and the connection, in bytes.
const IN_FLIGHT: usize = 16 * 1024;

/// Connects `pbx` to `stream`, with `faults`.
pub(super) async fn run_with_faults(
    stream: TcpStream,
    pbx: &PlaybackPbx,
    faults: Vec<(FaultTrigger, ConnectionFault)>,
) -> io::Result<()> {
    let (near, far) = duplex(IN_FLIGHT);
    let (input, output) = stream.into_split();
    let (mut received, to_pbx) = split(far);
    let is_stalled = watch::Sender::new(false);
    let stalled = is_stalled.subscribe();
    let line =
        FaultyOutput { output, faults: faults.into(), seen: Vec::new(), lose: 0, drip: false, is_stalled };
    // The PBX ends by closing its side, which ends the output.
    let served = async {
        let _ = pbx.serve(near).await;
        pending().await
    };
    tokio::select! {
        down = forward_to_client(line, &mut received) => down,
        up = forward_to_pbx(input, to_pbx, stalled) => up,
        never = served => never,
    }
}

async fn forward_to_client(mut line: FaultyOutput, received: &mut ReadHalf<DuplexStream>) -> io::Result<()> {
    let mut buffer = vec![0; IN_FLIGHT];
    loop {
        let read = received.read(&mut buffer).await?;
        if read == 0 {
            return line.output.shutdown().await;
        }
        match line.forward(buffer.get(..read).unwrap_or_default()).await? {
            AfterFault::Continues => {}
            AfterFault::Closed => return Ok(()),
            AfterFault::Reset => {
                // Dropping it would close the connection normally instead of resetting it.
                line.output.forget();
                return Ok(());
            }
        }
    }
}

/// Forwards actions to the PBX, except while the connection is stalled.
async fn forward_to_pbx(
    mut input: OwnedReadHalf,
    mut to_pbx: WriteHalf<DuplexStream>,
    mut stalled: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; IN_FLIGHT];
    loop {
        // It cannot fail: the sender lives as long as the output.
        let _ = stalled.wait_for(|is_stalled| !*is_stalled).await;
        let read = input.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let _ = stalled.wait_for(|is_stalled| !*is_stalled).await;
        to_pbx.write_all(buffer.get(..read).unwrap_or_default()).await?;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterFault {
    Continues,
    Closed,
    Reset,
}

/// The output to the client, with its faults.
struct FaultyOutput {
    output: OwnedWriteHalf,
    faults: VecDeque<(FaultTrigger, ConnectionFault)>,
    /// The last bytes since the previous fault, in which the next trigger may begin.
    seen: Vec<u8>,
    /// How many of the next bytes are dropped.
    lose: usize,
    drip: bool,
    is_stalled: watch::Sender<bool>,
}

impl FaultyOutput {
    /// Forwards `bytes` to the client, with every fault that is triggered meanwhile.
    async fn forward(&mut self, mut bytes: &[u8]) -> io::Result<AfterFault> {
        while let Some(before) = self.before_fault(bytes) {
            let (now, later) = bytes.split_at_checked(before).unwrap_or((bytes, &[]));
            self.send(now).await?;
            bytes = later;
            self.seen.clear();
            if let Some((_, fault)) = self.faults.pop_front() {
                let after = self.apply_fault(fault).await?;
                if after != AfterFault::Continues {
                    return Ok(after);
                }
            }
        }
        self.send(bytes).await?;
        Ok(AfterFault::Continues)
    }

    /// How many of `bytes` come before the next fault; `None` if it is not triggered in them.
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

    async fn apply_fault(&mut self, fault: ConnectionFault) -> io::Result<AfterFault> {
        match fault {
            ConnectionFault::Close => {
                self.output.shutdown().await?;
                return Ok(AfterFault::Closed);
            }
            ConnectionFault::Reset => {
                // The socket goes with both its halves, which end together.
                self.output.as_ref().set_zero_linger()?;
                return Ok(AfterFault::Reset);
            }
            ConnectionFault::Stall => {
                self.is_stalled.send_replace(true);
                pending::<()>().await;
            }
            ConnectionFault::Hold(gate) => {
                self.is_stalled.send_replace(true);
                gate.opened().await;
                self.is_stalled.send_replace(false);
            }
            ConnectionFault::Inject(bytes) => self.output.write_all(&bytes).await?,
            ConnectionFault::Lose(bytes) => self.lose += bytes,
            ConnectionFault::Drip => self.drip = true,
        }
        Ok(AfterFault::Continues)
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

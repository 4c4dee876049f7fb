//! Packets out of a stream of bytes (AMI contract 1.1, 1.2 and 1.8).

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;
use tokio_util::codec::Decoder;

use crate::header::{self, Kind};
use crate::outlook::{self, Outlook};
use crate::resync::{self, Start};
use crate::scan::Scan;
use crate::{Packet, Version, text};

/// What comes out of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The greeting of a server; packets after it are of this version.
    Banner(Version),
    /// An event or a response.
    Packet(Packet),
}

/// How often the stream was not what it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Blocks that begin neither with `Event` nor with `Response`, dropped.
    pub debris: u64,
    /// Packets over a limit, dropped.
    pub over_limit: u64,
    /// Packets that stop in the middle, dropped: the next one followed on the same line, or the stream ended.
    pub cut: u64,
    /// Packets of whole lines without a blank line behind them, handed out.
    pub unterminated: u64,
    /// Packets that a caller may have written into an event, dropped because the rest of that event stood behind them,
    /// together with its beginning where that is short (AMI contract 5.7). A [`Client`](crate::Client) counts here too
    /// what pretends to answer it.
    pub forged: u64,
}

impl Oddities {
    /// How many packets were dropped at least: what is known from this stream may have gaps.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.debris + self.over_limit + self.cut + self.forged
    }
}

/// Why a stream cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A connection that does not begin with a banner; with what it begins with, made printable, at most 80
    /// characters. Only [`Codec::connection`] insists on a banner.
    #[error("no Asterisk manager: it says {0:?}")]
    NotAmi(String),
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Cuts a stream of bytes into frames.
///
/// It looks for the blank line behind a packet, for another event within it, and at its first header; at nothing
/// else unless the packet is long, or so short that a caller may have written it whole: then at what follows. However
/// the stream is cut into reads, frames and counters come out the same, and no byte is searched twice for the same mark.
///
/// A short packet with nothing behind it yet stays in the buffer. Who has to wait for more asks for it first, with
/// [`Codec::decode_now`].
#[derive(Debug)]
pub struct Codec {
    version: Version,
    greeting: Greeting,
    skipping: bool,
    oddities: Oddities,
    crlf: Scan,
    lf: Scan,
    output_mark: Scan,
    output_event: Scan,
    event: Finder<'static>,
}

/// Where a banner may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// Before any packet: a recording may be several connections one after the other, or begin without.
    Anywhere,
    /// Here, and nothing else: a connection begins.
    Due,
    /// Nowhere: a second one on a connection is forged.
    Over,
}

/// What a look for a banner gave.
enum Greeted {
    Yes(Version),
    No,
    Wait,
}

/// Where the packet at the front of the buffer ends.
enum End {
    /// Not yet in the buffer.
    Wait,
    /// Behind so many bytes.
    At(usize),
    /// In front of another event, behind so many bytes.
    Cut(usize),
    /// Beyond the limit.
    Over,
}

pub(crate) const BANNER: &[u8] = b"Asterisk Call Manager/";
/// A line that begins like a banner but is longer is none.
const BANNER_LIMIT: usize = 128;
pub(crate) const FOLLOWS: &[u8] = b"Response: Follows";
const END_COMMAND: &[u8] = b"--END COMMAND--";

impl Default for Codec {
    /// A codec for recordings, in which a banner may come before any packet or not at all.
    fn default() -> Self {
        Self::new(Greeting::Anywhere)
    }
}

impl Codec {
    /// The longest line, in bytes. Asterisk itself has no limits here (AMI contract 1.2).
    pub const LINE_LIMIT: usize = 64 << 10;
    /// The longest packet, in bytes, its blank line included.
    pub const PACKET_LIMIT: usize = 4 << 20;
    /// The largest number of lines in a packet.
    pub const HEADER_LIMIT: usize = 4096;

    /// A codec for a live connection: it must begin with a banner, and no later one is believed.
    #[must_use]
    pub fn connection() -> Self {
        Self::new(Greeting::Due)
    }

    fn new(greeting: Greeting) -> Self {
        Self {
            version: Version::NEWEST,
            greeting,
            skipping: false,
            oddities: Oddities::default(),
            crlf: Scan::new(b"\n\r\n"),
            lf: Scan::new(b"\n\n"),
            output_mark: Scan::new(END_COMMAND),
            output_event: Scan::new(resync::MARK),
            event: Finder::new(resync::MARK),
        }
    }

    /// What was odd so far.
    #[must_use]
    pub fn oddities(&self) -> &Oddities {
        &self.oddities
    }

    /// The version of the packets that come next: the last banner's, else the newest known.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The next frame where no more bytes are there for now: a short packet is handed out before it is known what
    /// follows. Otherwise as [`Decoder::decode`].
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`].
    pub fn decode_now(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, WireError> {
        self.next(source, false)
    }

    /// The next frame; `more` is whether more bytes are worth waiting for.
    fn next(&mut self, source: &mut BytesMut, more: bool) -> Result<Option<Frame>, WireError> {
        loop {
            if self.skipping && !self.skip(source) {
                return Ok(None);
            }
            self.skip_blank_lines(source);
            if matches!(source[..], [] | [b'\r']) {
                return Ok(None); // the second may become a blank line
            }
            match self.banner(source)? {
                Greeted::Yes(version) => return Ok(Some(Frame::Banner(version))),
                Greeted::Wait => return Ok(None),
                Greeted::No => {}
            }
            let end = self.end(source);
            let mut forged = false;
            if let End::At(end) = end
                && end <= outlook::FORGED_LIMIT
                && !is_output(source)
            {
                let outlook = outlook::beyond(source, end, self.greeting != Greeting::Over);
                if more && outlook == Outlook::Unknown {
                    return Ok(None);
                }
                forged = outlook == Outlook::Debris;
            }
            if !matches!(end, End::Wait) {
                self.output_mark.reset();
                self.output_event.reset();
            }
            let packet = match end {
                End::Wait => return Ok(None),
                End::At(end) => {
                    let block = self.take(source, end);
                    let packet = self.whole(block);
                    self.oddities.forged += u64::from(forged && packet.is_some());
                    packet.filter(|_| !forged)
                }
                End::Cut(end) => {
                    let block = self.take(source, end);
                    self.unterminated(block, false)
                }
                End::Over => {
                    self.oddities.over_limit += 1;
                    self.skipping = true;
                    if is_output(source) {
                        self.advance(source, Self::PACKET_LIMIT);
                    }
                    None
                }
            };
            if let Some(packet) = packet {
                return Ok(Some(Frame::Packet(packet)));
            }
        }
    }

    /// Looks for the end of the packet at the front of `source`.
    fn end(&mut self, source: &[u8]) -> End {
        if is_output(source) {
            return self.output_end(source);
        }
        match self.blank_line(source) {
            Some(end) if end <= Self::PACKET_LIMIT => {
                let block = source.get(..end).unwrap_or_default();
                resync::second_event(&self.event, block).map_or(End::At(end), End::Cut)
            }
            None if source.len() <= Self::PACKET_LIMIT => End::Wait,
            _ => End::Over,
        }
    }

    /// Where the first blank line ends. Lines end with LF, with or without CR, in any mixture.
    fn blank_line(&mut self, source: &[u8]) -> Option<usize> {
        let crlf = self.crlf.first(source).map(|at| at + self.crlf.width());
        let lf = self.lf.first(source).map(|at| at + self.lf.width());
        match (crlf, lf) {
            (Some(crlf), Some(lf)) => Some(crlf.min(lf)),
            (crlf, lf) => crlf.or(lf),
        }
    }

    /// Where the output of a command ends, which is free text with blank lines (Asterisk 13 and older): behind its
    /// mark, or before an event if the mark was lost.
    fn output_end(&mut self, source: &[u8]) -> End {
        let mark = self.output_mark.first(source);
        while let Some(at) = self.output_event.first(source) {
            if mark.is_some_and(|mark| mark < at) {
                break;
            }
            match source.get(at..).map_or(Start::Text, resync::start) {
                Start::Event(length) if at + length <= Self::PACKET_LIMIT => return End::Cut(at),
                Start::Short if source.len() <= Self::PACKET_LIMIT => return End::Wait,
                _ => self.output_event.pass(),
            }
        }
        match mark.map(|mark| mark + self.output_mark.width()) {
            Some(end) if end <= Self::PACKET_LIMIT => End::At(end),
            None if source.len() <= Self::PACKET_LIMIT => End::Wait,
            _ => End::Over,
        }
    }

    /// Takes the banner from the front of `source`, if there is one and it may be there.
    fn banner(&mut self, source: &mut BytesMut) -> Result<Greeted, WireError> {
        if self.greeting == Greeting::Over {
            return Ok(Greeted::No);
        }
        let line = source.get(..source.len().min(BANNER_LIMIT)).unwrap_or_default();
        if let Some(text) = line.strip_prefix(BANNER) {
            if let Some(end) = memchr::memchr(b'\n', text) {
                self.version = text.get(..end).and_then(Version::parse).unwrap_or(Version::NEWEST);
                self.advance(source, BANNER.len() + end + 1);
                if self.greeting == Greeting::Due {
                    self.greeting = Greeting::Over;
                }
                return Ok(Greeted::Yes(self.version));
            }
            if line.len() < BANNER_LIMIT {
                return Ok(Greeted::Wait);
            }
        } else if BANNER.starts_with(line) {
            return Ok(Greeted::Wait);
        }
        match self.greeting {
            Greeting::Due => Err(WireError::NotAmi(text::printable(line))),
            _ => Ok(Greeted::No),
        }
    }

    /// Passes over what was left of a packet over the limit. Whether its end was found.
    fn skip(&mut self, source: &mut BytesMut) -> bool {
        let end = self.blank_line(source);
        self.advance(source, end.unwrap_or(source.len().saturating_sub(self.crlf.width() - 1)));
        self.skipping = end.is_none();
        !self.skipping
    }

    /// Blank lines between packets mean nothing.
    fn skip_blank_lines(&mut self, source: &mut BytesMut) {
        let blank = outlook::blank_lines(source);
        if blank > 0 {
            self.advance(source, blank);
        }
    }

    /// The packet that a whole block is, if it is one within the limits.
    fn whole(&mut self, block: Bytes) -> Option<Packet> {
        if is_over(&block) {
            self.oddities.over_limit += 1;
            return None;
        }
        let packet = Packet::new(block, self.version);
        self.oddities.debris += u64::from(packet.is_none());
        packet
    }

    /// The packet that a block is behind which no blank line came: a response that ends with a line is complete, for
    /// some releases forget the blank line (AMI contract 1.2); an event is so only where the stream ends with it.
    fn unterminated(&mut self, block: Bytes, last: bool) -> Option<Packet> {
        let lines = block.ends_with(b"\n") && !is_output(&block);
        match header::kind(&block) {
            Some(kind) if lines && (last || matches!(kind, Kind::Response(_))) => {
                let packet = self.whole(block)?;
                self.oddities.unterminated += 1;
                Some(packet)
            }
            Some(_) => {
                self.oddities.cut += 1;
                None
            }
            None => {
                self.oddities.debris += 1;
                None
            }
        }
    }

    fn take(&mut self, source: &mut BytesMut, count: usize) -> Bytes {
        self.consumed(count);
        source.split_to(count.min(source.len())).freeze()
    }

    fn advance(&mut self, source: &mut BytesMut, count: usize) {
        self.consumed(count);
        source.advance(count.min(source.len()));
    }

    fn consumed(&mut self, count: usize) {
        self.crlf.consume(count);
        self.lf.consume(count);
    }
}

impl Decoder for Codec {
    type Item = Frame;
    type Error = WireError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, WireError> {
        self.next(source, true)
    }

    /// The same at the end of the stream: a last packet of whole lines is handed out without its blank line.
    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, WireError> {
        loop {
            if let Some(frame) = self.decode_now(source)? {
                return Ok(Some(frame));
            }
            let block = self.take(source, source.len());
            let lines = block.strip_suffix(b"\n\r").map_or(block.len(), |lines| lines.len() + 1);
            let block = block.slice(..lines);
            if block.is_empty() || block == b"\r"[..] || std::mem::take(&mut self.skipping) {
                return Ok(None);
            }
            let packet = match resync::second_event(&self.event, &block) {
                Some(at) => {
                    source.extend_from_slice(block.get(at..).unwrap_or_default());
                    self.unterminated(block.slice(..at), false)
                }
                None => self.unterminated(block, true),
            };
            if let Some(packet) = packet {
                return Ok(Some(Frame::Packet(packet)));
            }
        }
    }
}

/// Whether a packet is the output of a command as Asterisk 13 and older send it.
pub(crate) fn is_output(source: &[u8]) -> bool {
    let first = source.get(..FOLLOWS.len()).is_some_and(|first| first.eq_ignore_ascii_case(FOLLOWS));
    first && matches!(source.get(FOLLOWS.len()), None | Some(b'\r' | b'\n'))
}

/// Whether a complete packet has a line too long or too many of them. A short packet can have neither.
fn is_over(block: &[u8]) -> bool {
    const SHORTEST_LINE: usize = 2;
    if block.len() <= (Codec::HEADER_LIMIT * SHORTEST_LINE).min(Codec::LINE_LIMIT) {
        return false;
    }
    let (mut count, mut begin, mut longest) = (0, 0, 0);
    for end in memchr::memchr_iter(b'\n', block).chain([block.len()]) {
        longest = longest.max(end - begin);
        count += usize::from(end > begin + 1);
        begin = end + 1;
    }
    longest > Codec::LINE_LIMIT || count > Codec::HEADER_LIMIT
}

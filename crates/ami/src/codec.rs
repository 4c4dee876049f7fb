//! Cuts a stream of bytes into packets (AMI notes 1.1, 1.2 and 1.8).

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

use crate::banner::{BANNER_LIMIT, BannerMatch, match_banner};
use crate::command_output::{END_COMMAND, is_command_output};
use crate::event_start::{EVENT_MARK, EventStart, find_second_event, match_event_start};
use crate::frame::Frame;
use crate::header::{self, PacketKind};
use crate::lines::leading_blank_lines;
use crate::lookahead::{FORGED_LIMIT, Lookahead, look_ahead};
use crate::mark_scanner::MarkScanner;
use crate::packet::Packet;
use crate::stream_errors::{CodecError, StreamErrors};
use crate::text;
use crate::version::AmiVersion;

/// Cuts a stream of bytes into frames.
///
/// It searches for the blank line after a packet and for another event within it, and reads its first header. It looks
/// at nothing else, unless the packet is long, or so short that a caller may have written all of it: then it looks at
/// what follows. The frames and the counters are the same however the stream is cut into reads, and no byte is searched
/// twice for the same mark.
///
/// A short packet with nothing after it stays in the buffer. Call [`Codec::decode_now`] to get it before waiting for
/// more bytes.
#[derive(Debug)]
pub struct Codec {
    version: AmiVersion,
    banner_rule: BannerRule,
    /// Whether the rest of a packet over the limit is being skipped.
    skipping: bool,
    stream_errors: StreamErrors,
    crlf: MarkScanner,
    lf: MarkScanner,
    output_mark: MarkScanner,
    output_event: MarkScanner,
    event: Finder<'static>,
}

/// Where a banner may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BannerRule {
    /// Before any packet: a recording may hold several connections one after the other, or have no banner.
    Anywhere,
    /// Here, and nothing else: a connection begins.
    Required,
    /// Nowhere: a second banner on a connection is forged.
    Forbidden,
}

/// Where the packet at the front of the buffer ends.
enum PacketEnd {
    /// Its end is not in the buffer yet.
    Incomplete,
    /// After this many bytes.
    At(usize),
    /// Before another event, after this many bytes.
    TruncatedAt(usize),
    /// Beyond the limit.
    OverLimit,
}

impl Default for Codec {
    /// A codec for recordings: a banner may come before any packet, or not at all.
    fn default() -> Self {
        Self::new(BannerRule::Anywhere)
    }
}

impl Codec {
    /// The longest line, in bytes. Asterisk itself has no limit (AMI notes 1.2).
    pub const LINE_LIMIT: usize = 64 << 10;
    /// The longest packet, in bytes, with its blank line.
    pub const PACKET_LIMIT: usize = 4 << 20;
    /// The largest number of lines in a packet.
    pub const HEADER_LIMIT: usize = 4096;

    /// A codec for a live connection: a banner must come first, and every later one is treated as forged.
    #[must_use]
    pub fn for_connection() -> Self {
        Self::new(BannerRule::Required)
    }

    fn new(banner_rule: BannerRule) -> Self {
        Self {
            version: AmiVersion::NEWEST,
            banner_rule,
            skipping: false,
            stream_errors: StreamErrors::default(),
            crlf: MarkScanner::new(b"\n\r\n"),
            lf: MarkScanner::new(b"\n\n"),
            output_mark: MarkScanner::new(END_COMMAND),
            output_event: MarkScanner::new(EVENT_MARK),
            event: Finder::new(EVENT_MARK),
        }
    }

    /// The errors counted so far.
    #[must_use]
    pub fn stream_errors(&self) -> &StreamErrors {
        &self.stream_errors
    }

    /// The version of the packets that come next: the last banner's, else the newest known.
    #[must_use]
    pub fn version(&self) -> AmiVersion {
        self.version
    }

    /// Decodes the next frame when no more bytes are available for now: a short packet is returned before it is known
    /// what follows it. Otherwise the same as [`Decoder::decode`](tokio_util::codec::Decoder::decode).
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`](tokio_util::codec::Decoder::decode).
    pub fn decode_now(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        self.decode_frame(source, false)
    }

    /// Decodes the next frame at the end of the stream: a last packet of whole lines is returned without its blank
    /// line.
    ///
    /// # Errors
    /// As [`Codec::decode_now`].
    pub fn decode_last(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
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
            let packet = match find_second_event(&self.event, &block) {
                Some(at) => {
                    source.extend_from_slice(block.get(at..).unwrap_or_default());
                    self.parse_unterminated(block.slice(..at), false)
                }
                None => self.parse_unterminated(block, true),
            };
            if let Some(packet) = packet {
                return Ok(Some(Frame::Packet(packet)));
            }
        }
    }

    /// Decodes the next frame; `may_wait` is whether a short packet may wait for more bytes.
    fn decode_frame(&mut self, source: &mut BytesMut, may_wait: bool) -> Result<Option<Frame>, CodecError> {
        loop {
            if self.skipping && !self.skip_to_blank_line(source) {
                return Ok(None);
            }
            self.skip_blank_lines(source);
            if matches!(source[..], [] | [b'\r']) {
                return Ok(None); // the second may become a blank line
            }
            match self.take_banner(source)? {
                BannerMatch::Complete { version, .. } => return Ok(Some(Frame::Banner(version))),
                BannerMatch::Incomplete => return Ok(None),
                BannerMatch::None => {}
            }
            let end = self.find_end(source);
            let mut is_forged = false;
            if let PacketEnd::At(end) = end
                && end <= FORGED_LIMIT
                && !is_command_output(source)
            {
                let lookahead = look_ahead(source, end, self.banner_rule != BannerRule::Forbidden);
                if may_wait && lookahead == Lookahead::Unknown {
                    return Ok(None);
                }
                is_forged = lookahead == Lookahead::StrayData;
            }
            if !matches!(end, PacketEnd::Incomplete) {
                self.output_mark.reset();
                self.output_event.reset();
            }
            let packet = match end {
                PacketEnd::Incomplete => return Ok(None),
                PacketEnd::At(end) => {
                    let block = self.take(source, end);
                    let packet = self.parse_block(block);
                    self.stream_errors.forged += u64::from(is_forged && packet.is_some());
                    packet.filter(|_| !is_forged)
                }
                PacketEnd::TruncatedAt(end) => {
                    let block = self.take(source, end);
                    self.parse_unterminated(block, false)
                }
                PacketEnd::OverLimit => {
                    self.stream_errors.over_limit += 1;
                    self.skipping = true;
                    if is_command_output(source) {
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

    /// Finds the end of the packet at the front of `source`.
    fn find_end(&mut self, source: &[u8]) -> PacketEnd {
        if is_command_output(source) {
            return self.find_output_end(source);
        }
        match self.find_blank_line(source) {
            Some(end) if end <= Self::PACKET_LIMIT => {
                let block = source.get(..end).unwrap_or_default();
                find_second_event(&self.event, block).map_or(PacketEnd::At(end), PacketEnd::TruncatedAt)
            }
            None if source.len() <= Self::PACKET_LIMIT => PacketEnd::Incomplete,
            _ => PacketEnd::OverLimit,
        }
    }

    /// Where the first blank line ends. Lines end with LF, with or without CR, in any mixture.
    fn find_blank_line(&mut self, source: &[u8]) -> Option<usize> {
        let crlf = self.crlf.find(source).map(|at| at + self.crlf.mark_len());
        let lf = self.lf.find(source).map(|at| at + self.lf.mark_len());
        match (crlf, lf) {
            (Some(crlf), Some(lf)) => Some(crlf.min(lf)),
            (crlf, lf) => crlf.or(lf),
        }
    }

    /// Where the output of a command ends, which is free text with blank lines (Asterisk 13 and older): after its mark,
    /// or before an event if the mark was lost.
    fn find_output_end(&mut self, source: &[u8]) -> PacketEnd {
        let mark = self.output_mark.find(source);
        while let Some(at) = self.output_event.find(source) {
            if mark.is_some_and(|mark| mark < at) {
                break;
            }
            match source.get(at..).map_or(EventStart::Text, match_event_start) {
                EventStart::Event(length) if at + length <= Self::PACKET_LIMIT => {
                    return PacketEnd::TruncatedAt(at);
                }
                EventStart::Incomplete if source.len() <= Self::PACKET_LIMIT => return PacketEnd::Incomplete,
                _ => self.output_event.skip_found(),
            }
        }
        match mark.map(|mark| mark + self.output_mark.mark_len()) {
            Some(end) if end <= Self::PACKET_LIMIT => PacketEnd::At(end),
            None if source.len() <= Self::PACKET_LIMIT => PacketEnd::Incomplete,
            _ => PacketEnd::OverLimit,
        }
    }

    /// Takes the banner from the front of `source`, if there is one and it may stand there.
    fn take_banner(&mut self, source: &mut BytesMut) -> Result<BannerMatch, CodecError> {
        if self.banner_rule == BannerRule::Forbidden {
            return Ok(BannerMatch::None);
        }
        let found = match_banner(source);
        match found {
            BannerMatch::Complete { version, length } => {
                self.version = version;
                self.advance(source, length);
                if self.banner_rule == BannerRule::Required {
                    self.banner_rule = BannerRule::Forbidden;
                }
            }
            BannerMatch::None if self.banner_rule == BannerRule::Required => {
                let line = source.get(..source.len().min(BANNER_LIMIT)).unwrap_or_default();
                return Err(CodecError::NotAmi(text::printable_line(line)));
            }
            BannerMatch::Incomplete | BannerMatch::None => {}
        }
        Ok(found)
    }

    /// Skips the rest of a packet over the limit, and returns whether its end was found.
    fn skip_to_blank_line(&mut self, source: &mut BytesMut) -> bool {
        let end = self.find_blank_line(source);
        self.advance(source, end.unwrap_or(source.len().saturating_sub(self.crlf.mark_len() - 1)));
        self.skipping = end.is_none();
        !self.skipping
    }

    /// Skips blank lines between packets, which mean nothing.
    fn skip_blank_lines(&mut self, source: &mut BytesMut) {
        let blank = leading_blank_lines(source);
        if blank > 0 {
            self.advance(source, blank);
        }
    }

    /// The packet in a complete block, if the block is one and within the limits.
    fn parse_block(&mut self, block: Bytes) -> Option<Packet> {
        if exceeds_limits(&block) {
            self.stream_errors.over_limit += 1;
            return None;
        }
        let packet = Packet::new(block, self.version);
        self.stream_errors.stray_data += u64::from(packet.is_none());
        packet
    }

    /// The packet in a block without a blank line after it. A response that ends with a line is complete, because some
    /// releases omit the blank line (AMI notes 1.2); an event is complete only if it is the last in the stream.
    fn parse_unterminated(&mut self, block: Bytes, is_last: bool) -> Option<Packet> {
        let has_whole_lines = block.ends_with(b"\n") && !is_command_output(&block);
        match header::packet_kind(&block) {
            Some(kind) if has_whole_lines && (is_last || matches!(kind, PacketKind::Response(_))) => {
                let packet = self.parse_block(block)?;
                self.stream_errors.unterminated += 1;
                Some(packet)
            }
            Some(_) => {
                self.stream_errors.truncated += 1;
                None
            }
            None => {
                self.stream_errors.stray_data += 1;
                None
            }
        }
    }

    fn take(&mut self, source: &mut BytesMut, count: usize) -> Bytes {
        self.shift_scanners(count);
        source.split_to(count.min(source.len())).freeze()
    }

    fn advance(&mut self, source: &mut BytesMut, count: usize) {
        self.shift_scanners(count);
        source.advance(count.min(source.len()));
    }

    fn shift_scanners(&mut self, count: usize) {
        self.crlf.consume(count);
        self.lf.consume(count);
    }
}

#[cfg(feature = "client")]
impl tokio_util::codec::Decoder for Codec {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        self.decode_frame(source, true)
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        self.decode_last(source)
    }
}

/// Whether a complete packet has a line that is too long, or too many lines. A short packet can have neither.
fn exceeds_limits(block: &[u8]) -> bool {
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

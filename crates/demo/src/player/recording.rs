//! What one client of a manager interface once received.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::block::Block;
use super::ids::Epochs;

/// What every banner begins with.
const BANNER: &str = "Asterisk Call Manager/";

/// The line that ends the output of a command up to Asterisk 13.
const END_OF_COMMAND: &[u8] = b"--END COMMAND--";

/// The events of one recorded connection, each with its time since the login.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    banner: Option<String>,
    events: Vec<Event>,
    standing: Vec<Block>,
    epochs: Epochs,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    /// When it came.
    pub(super) at: Duration,
    pub(super) block: Block,
}

impl Recording {
    /// Reads the bytes `ami` that a client received. Each line of `times` tells of one read: the offset of
    /// its first byte, and the seconds since the connection; without them everything comes at once.
    ///
    /// Responses, list items and debris are left out, as is `FullyBooted`, which every client is told anew.
    /// Nothing is refused: where no events are found, there are none to play.
    #[must_use]
    pub fn parse(ami: &[u8], times: Option<&str>) -> Self {
        let clock = Clock::parse(times.unwrap_or_default());
        let (banner, blocks) = blocks(ami);
        let mut recording = Self { banner, ..Self::default() };
        let mut begin = None;
        let mut created = BTreeSet::new();
        for (end, block) in blocks {
            let at = clock.at(end);
            // The first message is the answer to the login, with which the playing begins.
            let begin = *begin.get_or_insert(at);
            let Some(name) = block.event().map(<[u8]>::to_vec) else { continue };
            recording.epochs.learn(&block);
            if block.is_list_item() {
                if name == b"CoreShowChannel" && block.get("UniqueID").is_some_and(|id| !created.contains(id))
                {
                    recording.standing.push(block);
                }
            } else if name != b"FullyBooted" {
                if name == b"Newchannel" {
                    created.extend(block.get("Uniqueid").map(<[u8]>::to_vec));
                }
                recording.events.push(Event { at: at.saturating_sub(begin), block });
            }
        }
        recording
    }

    /// The first line of the connection, if it has one.
    #[must_use]
    pub fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }

    /// How many events there are to play.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is nothing to play.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// From the login to the last event.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.events.last().map_or(Duration::ZERO, |event| event.at)
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The channels that were there before the recording began, as it was told of them when it asked.
    pub(super) fn standing(&self) -> &[Block] {
        &self.standing
    }

    pub(super) fn epochs(&self) -> &Epochs {
        &self.epochs
    }
}

/// When each read came.
struct Clock(Vec<(usize, Duration)>);

impl Clock {
    /// Reads lines of an offset and a time in seconds; others are skipped.
    fn parse(times: &str) -> Self {
        let entry = |line: &str| {
            let (offset, seconds) = line.trim().split_once(char::is_whitespace)?;
            let seconds = Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()?;
            Some((offset.parse().ok()?, seconds))
        };
        Self(times.lines().filter_map(entry).collect())
    }

    /// When the byte before `end` came.
    fn at(&self, end: usize) -> Duration {
        let reads = self.0.partition_point(|&(offset, _)| offset < end);
        reads.checked_sub(1).and_then(|last| self.0.get(last)).map_or(Duration::ZERO, |&(_, at)| at)
    }
}

/// The banner, and the messages with the offset at which each ends. A last message that was cut is left out.
fn blocks(ami: &[u8]) -> (Option<String>, Vec<(usize, Block)>) {
    let whole = Bytes::copy_from_slice(ami);
    let mut banner = None;
    let mut found = Vec::new();
    // Where the message began, where its last line ended, and how far we are.
    let (mut start, mut end, mut at) = (0, 0, 0);
    let mut in_command = false;
    for line in ami.split_inclusive(|&byte| byte == b'\n') {
        let begin = at;
        at += line.len();
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if begin == 0 && text.starts_with(BANNER.as_bytes()) {
            banner = Some(String::from_utf8_lossy(text).into_owned());
            start = at;
        } else if in_command {
            in_command = !text.ends_with(END_OF_COMMAND);
        } else if text.is_empty() {
            if begin > start {
                found.push((at, Block(whole.slice(start..end))));
            }
            start = at;
        } else {
            in_command = begin == start && text.eq_ignore_ascii_case(b"Response: Follows");
        }
        end = begin + text.len();
    }
    (banner, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a recording, each on a line: the time in milliseconds, and the message.
    #[track_caller]
    fn check(ami: &str, times: Option<&str>, expected: &[(u64, &str)]) {
        let recording = Recording::parse(ami.as_bytes(), times);
        let got: Vec<_> = recording
            .events
            .iter()
            .map(|event| {
                (u64::try_from(event.at.as_millis()).unwrap(), event.block.0.escape_ascii().to_string())
            })
            .collect();
        let got: Vec<_> = got.iter().map(|(at, text)| (*at, text.as_str())).collect();
        assert_eq!(got, expected);
    }

    const LOGIN: &str = "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\n\r\n";

    #[test]
    fn events_are_kept_and_what_was_said_to_the_recorder_is_not() {
        let ami = format!(
            "{LOGIN}Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n\
             Response: Success\r\nActionID: 2\r\nEventList: start\r\n\r\n\
             Event: CoreShowChannel\r\nActionID: 2\r\nUniqueid: 1.0\r\n\r\n\
             Event: CoreShowChannelsComplete\r\nActionID: 2\r\n\r\n\
             Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.0\r\n\r\n\
             Event: OriginateResponse\r\nPrivilege: call,all\r\nActionID: 3\r\n\r\n\
             debris\r\n\r\nResponse: Goodbye\r\n\r\n"
        );
        check(
            &ami,
            None,
            &[
                (0, "Event: Hangup\\r\\nPrivilege: call,all\\r\\nUniqueid: 1.0"),
                (0, "Event: OriginateResponse\\r\\nPrivilege: call,all\\r\\nActionID: 3"),
            ],
        );
        let recording = Recording::parse(ami.as_bytes(), None);
        assert_eq!(recording.banner(), Some("Asterisk Call Manager/11.0.0"));
        assert_eq!((recording.len(), recording.standing.len()), (2, 1));
    }

    #[test]
    fn empty_lines_and_commands_between_events_do_no_harm() {
        check(
            "Event: A\n\n\r\n\r\nEvent: B\r\nx: y\r\n\r\n\
             Response: Follows\r\nActionID: 1\r\nEvent: no\n\nEvent: no\n\n--END COMMAND--\r\n\r\nEvent: C\r\n\r\n",
            None,
            &[(0, "Event: A"), (0, "Event: B\\r\\nx: y"), (0, "Event: C")],
        );
    }

    #[test]
    fn an_event_that_was_cut_is_left_out() {
        check("Event: A\r\n\r\nEvent: B\r\nUniqueid: 1", None, &[(0, "Event: A")]);
        check("", None, &[]);
        check("Asterisk Call Manager/1.3\r\n", None, &[]);
    }

    #[test]
    fn an_event_comes_when_its_last_byte_came_counted_from_the_login() {
        // The login ends at 64, A at 79, B at 94.
        let ami = format!("{LOGIN}Event: Aaaa\r\n\r\nEvent: Bbbb\r\n\r\n");
        check(&ami, Some("0 0.5\n30 1.0\n70 2.25\n80 3"), &[(1250, "Event: Aaaa"), (2000, "Event: Bbbb")]);
        check(&ami, Some("0 1\n78 2\n79 3"), &[(1000, "Event: Aaaa"), (2000, "Event: Bbbb")]);
        assert_eq!(Recording::parse(ami.as_bytes(), Some("0 1\n79 3")).duration(), Duration::from_secs(2));
    }

    #[test]
    fn times_that_make_no_sense_are_skipped() {
        let clock = Clock::parse("x\n1 y\n-1 2\n0 NaN\n0 -1\n0 1e300\n5 0.25\n\n9   0.5 ");
        assert_eq!(clock.0, [(5, Duration::from_millis(250)), (9, Duration::from_millis(500))]);
        assert_eq!(clock.at(5), Duration::ZERO);
        assert_eq!(clock.at(6), Duration::from_millis(250));
        assert_eq!(clock.at(1000), Duration::from_millis(500));
    }
}

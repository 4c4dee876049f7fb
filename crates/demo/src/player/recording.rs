//! A recording of what one client of a manager interface received.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::block::AmiBlock;
use super::uniqueids::UniqueidEpochs;

/// The beginning of every banner.
const BANNER: &str = "Asterisk Call Manager/";

/// The last line of the output of a command, up to Asterisk 13.
const END_OF_COMMAND: &[u8] = b"--END COMMAND--";

/// The events of one recorded connection, each with its time since the login.
#[derive(Clone, Debug, Default)]
pub struct PlaybackRecording {
    banner: Option<String>,
    events: Vec<TimedEvent>,
    initial_channels: Vec<AmiBlock>,
    epochs: UniqueidEpochs,
}

#[derive(Clone, Debug)]
pub(super) struct TimedEvent {
    /// The time since the login.
    pub(super) at: Duration,
    pub(super) block: AmiBlock,
}

impl PlaybackRecording {
    /// Parses the bytes `ami` that a client received. Each line of `times` is one read: the offset of its first byte,
    /// and the seconds since the connection was made. Without `times`, all events are played at once.
    ///
    /// Responses, list items and stray data are left out, and so is `FullyBooted`, which every client gets anew.
    /// Any bytes are accepted; if they contain no events, there is nothing to play.
    #[must_use]
    pub fn parse(ami: &[u8], times: Option<&str>) -> Self {
        let clock = RecordingTimes::parse(times.unwrap_or_default());
        let (banner, blocks) = split_blocks(ami);
        let mut recording = Self { banner, ..Self::default() };
        let mut begin = None;
        let mut created = BTreeSet::new();
        for (end, block) in blocks {
            let at = clock.time_of(end);
            // The first message is the response to the login, at which the playback begins.
            let begin = *begin.get_or_insert(at);
            let Some(name) = block.event_name().map(<[u8]>::to_vec) else { continue };
            recording.epochs.add_from(&block);
            if block.is_list_item() {
                if name == b"CoreShowChannel" && block.get("UniqueID").is_some_and(|id| !created.contains(id))
                {
                    recording.initial_channels.push(block);
                }
            } else if name != b"FullyBooted" {
                if name == b"Newchannel" {
                    created.extend(block.get("Uniqueid").map(<[u8]>::to_vec));
                }
                recording.events.push(TimedEvent { at: at.saturating_sub(begin), block });
            }
        }
        recording
    }

    /// The banner, if the recording has one.
    #[must_use]
    pub fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }

    /// The number of events to play.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is nothing to play.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The time from the login to the last event.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.events.last().map_or(Duration::ZERO, |event| event.at)
    }

    pub(super) fn events(&self) -> &[TimedEvent] {
        &self.events
    }

    /// The channels that existed before the recording began, as `CoreShowChannels` listed them.
    pub(super) fn initial_channels(&self) -> &[AmiBlock] {
        &self.initial_channels
    }

    pub(super) fn epochs(&self) -> &UniqueidEpochs {
        &self.epochs
    }
}

/// The times of the reads.
struct RecordingTimes(Vec<(usize, Duration)>);

impl RecordingTimes {
    /// Parses lines of an offset and a time in seconds; others are skipped.
    fn parse(times: &str) -> Self {
        let entry = |line: &str| {
            let (offset, seconds) = line.trim().split_once(char::is_whitespace)?;
            let seconds = Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()?;
            Some((offset.parse().ok()?, seconds))
        };
        Self(times.lines().filter_map(entry).collect())
    }

    /// When the byte before `end` was received.
    fn time_of(&self, end: usize) -> Duration {
        let reads = self.0.partition_point(|&(offset, _)| offset < end);
        reads.checked_sub(1).and_then(|last| self.0.get(last)).map_or(Duration::ZERO, |&(_, at)| at)
    }
}

/// The banner, and the messages with the offset at which each ends. An incomplete last message is left out.
fn split_blocks(ami: &[u8]) -> (Option<String>, Vec<(usize, AmiBlock)>) {
    let whole = Bytes::copy_from_slice(ami);
    let mut banner = None;
    let mut found = Vec::new();
    // Where the message began, where its last line ended, and the current position.
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
                found.push((at, AmiBlock(whole.slice(start..end))));
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

    /// Checks the events of a recording: the time in milliseconds, and the message.
    #[track_caller]
    fn check(ami: &str, times: Option<&str>, expected: &[(u64, &str)]) {
        let recording = PlaybackRecording::parse(ami.as_bytes(), times);
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
    fn events_for_all_clients_are_kept_and_responses_are_not() {
        let ami = format!(
            "{LOGIN}Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n\
             Response: Success\r\nActionID: 2\r\nEventList: start\r\n\r\n\
             Event: CoreShowChannel\r\nActionID: 2\r\nUniqueid: 1.0\r\n\r\n\
             Event: CoreShowChannelsComplete\r\nActionID: 2\r\n\r\n\
             Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.0\r\n\r\n\
             Event: OriginateResponse\r\nPrivilege: call,all\r\nActionID: 3\r\n\r\n\
             stray\r\n\r\nResponse: Goodbye\r\n\r\n"
        );
        check(
            &ami,
            None,
            &[
                (0, "Event: Hangup\\r\\nPrivilege: call,all\\r\\nUniqueid: 1.0"),
                (0, "Event: OriginateResponse\\r\\nPrivilege: call,all\\r\\nActionID: 3"),
            ],
        );
        let recording = PlaybackRecording::parse(ami.as_bytes(), None);
        assert_eq!(recording.banner(), Some("Asterisk Call Manager/11.0.0"));
        assert_eq!((recording.len(), recording.initial_channels.len()), (2, 1));
    }

    #[test]
    fn empty_lines_and_commands_between_events_are_skipped() {
        check(
            "Event: A\n\n\r\n\r\nEvent: B\r\nx: y\r\n\r\n\
             Response: Follows\r\nActionID: 1\r\nEvent: no\n\nEvent: no\n\n--END COMMAND--\r\n\r\nEvent: C\r\n\r\n",
            None,
            &[(0, "Event: A"), (0, "Event: B\\r\\nx: y"), (0, "Event: C")],
        );
    }

    #[test]
    fn an_incomplete_event_is_left_out() {
        check("Event: A\r\n\r\nEvent: B\r\nUniqueid: 1", None, &[(0, "Event: A")]);
        check("", None, &[]);
        check("Asterisk Call Manager/1.3\r\n", None, &[]);
    }

    #[test]
    fn an_event_has_the_time_of_its_last_byte_since_the_login() {
        // The login ends at 64, A at 79, B at 94.
        let ami = format!("{LOGIN}Event: Aaaa\r\n\r\nEvent: Bbbb\r\n\r\n");
        check(&ami, Some("0 0.5\n30 1.0\n70 2.25\n80 3"), &[(1250, "Event: Aaaa"), (2000, "Event: Bbbb")]);
        check(&ami, Some("0 1\n78 2\n79 3"), &[(1000, "Event: Aaaa"), (2000, "Event: Bbbb")]);
        assert_eq!(
            PlaybackRecording::parse(ami.as_bytes(), Some("0 1\n79 3")).duration(),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn invalid_times_are_skipped() {
        let clock = RecordingTimes::parse("x\n1 y\n-1 2\n0 NaN\n0 -1\n0 1e300\n5 0.25\n\n9   0.5 ");
        assert_eq!(clock.0, [(5, Duration::from_millis(250)), (9, Duration::from_millis(500))]);
        assert_eq!(clock.time_of(5), Duration::ZERO);
        assert_eq!(clock.time_of(6), Duration::from_millis(250));
        assert_eq!(clock.time_of(1000), Duration::from_millis(500));
    }
}

use std::os::unix::fs::{PermissionsExt, symlink};

use jiff::Timestamp;
use ringwire_ami::Frame;
use tempfile::TempDir;

use super::*;
use crate::Recording;

const VERSION: AmiVersion = AmiVersion::new(11, 0, 0);

struct TestDir {
    dir: TempDir,
}

impl TestDir {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn create(&self, options: RecordingWriterOptions) -> Result<RecordingWriter, RecordingWriteError> {
        RecordingWriter::create(&self.path("x.ami"), VERSION, seconds(0.0), options)
    }
}

fn replacing() -> RecordingWriterOptions {
    RecordingWriterOptions { replace: true, ..RecordingWriterOptions::default() }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

#[test]
fn a_recording_holds_the_banner_and_the_packets_with_their_times() {
    let dir = TestDir::new();
    let mut writer = dir.create(RecordingWriterOptions::default()).unwrap();
    writer.write_packets(seconds(0.25), [&b"Event: A\r\n\r\n"[..], b"Event: B\r\n"]).unwrap();
    writer.write_packets(seconds(1.5), [&b"Event: C\r\n\r\n"[..]]).unwrap();
    writer.write_packets(seconds(2.0), []).unwrap();
    assert_eq!(
        dir.read("x.ami"),
        "Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\nEvent: B\r\n\r\nEvent: C\r\n\r\n"
    );
    assert_eq!(dir.read("x.ami.times"), "0 0.000000\n30 0.250000\n54 1.500000\n");
    assert_eq!((writer.written_bytes(), writer.file_count()), (66, 1));
}

#[test]
fn a_recording_can_hold_several_connections() {
    let dir = TestDir::new();
    let mut writer = dir.create(RecordingWriterOptions::default()).unwrap();
    writer.write_packets(seconds(1.0), [&b"Event: A\r\n\r\n"[..]]).unwrap();
    writer.write_banner(AmiVersion::new(11, 0, 1), seconds(3.0)).unwrap();
    writer.write_packets(seconds(3.0), [&b"Event: B\r\n\r\n"[..]]).unwrap();
    assert!(dir.read("x.ami").ends_with("A\r\n\r\nAsterisk Call Manager/11.0.1\r\nEvent: B\r\n\r\n"));
    assert_eq!(dir.read("x.ami.times"), "0 0.000000\n30 1.000000\n42 3.000000\n");
}

#[test]
fn without_a_clock_there_is_no_times_file() {
    let dir = TestDir::new();
    let mut writer =
        RecordingWriter::create(&dir.path("x.ami"), VERSION, None, RecordingWriterOptions::default())
            .unwrap();
    writer.write_packets(None, [&b"Event: A\r\n\r\n"[..]]).unwrap();
    assert!(!dir.path("x.ami.times").exists());
}

#[test]
fn a_recording_can_be_read_while_it_is_written() {
    let dir = TestDir::new();
    let mut writer = dir.create(RecordingWriterOptions::default()).unwrap();
    let mut recording = Recording::open(&dir.path("x.ami"), Timestamp::UNIX_EPOCH).unwrap();
    assert!(matches!(recording.next_frame().unwrap(), Some((Frame::Banner(VERSION), _))));
    assert!(recording.next_frame().unwrap().is_none());
    writer.write_packets(seconds(1.0), [&b"Event: A\r\n\r\n"[..]]).unwrap();
    assert!(matches!(recording.next_frame().unwrap(), Some((Frame::Packet(_), _))));
}

#[test]
fn only_the_owner_can_read_the_files() {
    let dir = TestDir::new();
    dir.create(RecordingWriterOptions::default()).unwrap();
    for name in ["x.ami", "x.ami.times"] {
        assert_eq!(fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn existing_files_are_kept_unless_they_may_be_replaced() {
    for name in ["x.ami", "x.ami.times"] {
        let dir = TestDir::new();
        fs::write(dir.path(name), "old").unwrap();
        let error = dir.create(RecordingWriterOptions::default()).unwrap_err();
        assert!(matches!(error, RecordingWriteError::Exists { .. }), "{error}");
        assert_eq!(dir.read(name), "old");
        dir.create(replacing()).unwrap();
        assert_ne!(dir.read(name), "old");
        assert_eq!(fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_symbolic_link_is_never_followed() {
    for name in ["x.ami", "x.ami.times"] {
        for target in ["target", "nowhere"] {
            let dir = TestDir::new();
            fs::write(dir.path("target"), "old").unwrap();
            symlink(dir.path(target), dir.path(name)).unwrap();
            for options in [RecordingWriterOptions::default(), replacing()] {
                dir.create(options).unwrap_err();
            }
            assert_eq!(dir.read("target"), "old");
            assert!(!dir.path("nowhere").exists());
        }
    }
}

#[test]
fn a_directory_is_never_replaced() {
    let dir = TestDir::new();
    fs::create_dir(dir.path("x.ami")).unwrap();
    assert!(matches!(dir.create(replacing()), Err(RecordingWriteError::Irregular { .. })));
    let nowhere = RecordingWriter::create(&dir.path("no/x.ami"), VERSION, None, replacing());
    assert!(matches!(nowhere, Err(RecordingWriteError::Create { .. })));
}

#[test]
fn each_rotated_file_begins_with_the_banner_at_the_time_the_previous_one_ended() {
    let dir = TestDir::new();
    let options = RecordingWriterOptions { rotate: Some(56), ..RecordingWriterOptions::default() };
    let mut writer = dir.create(options).unwrap();
    let packet = &b"Event: A\r\n\r\n"[..];
    assert!(!writer.write_packets(seconds(1.0), [packet, packet]).unwrap());
    assert!(writer.write_packets(seconds(2.0), [packet]).unwrap());
    assert!(writer.write_packets(seconds(4.0), [packet, packet, packet, packet]).unwrap());
    assert_eq!(writer.file_count(), 4);
    let banner = "Asterisk Call Manager/11.0.0\r\n";
    let two = format!("{banner}Event: A\r\n\r\nEvent: A\r\n\r\n");
    assert_eq!(
        [dir.read("x.ami"), dir.read("x.ami.1"), dir.read("x.ami.2")],
        [&two, &two, &two].map(String::clone)
    );
    assert_eq!(dir.read("x.ami.3"), format!("{banner}Event: A\r\n\r\n"));
    assert_eq!(dir.read("x.ami.1.times"), "0 0.000000\n30 1.000000\n42 3.000000\n");
    assert_eq!(dir.read("x.ami.2.times"), "0 0.000000\n");

    let mut start = Timestamp::UNIX_EPOCH;
    for name in ["x.ami", "x.ami.1", "x.ami.2", "x.ami.3"] {
        let mut recording = Recording::open(&dir.path(name), start).unwrap();
        while recording.next_frame().unwrap().is_some() {}
        start = recording.last_time().unwrap();
    }
    assert_eq!(start, Timestamp::from_second(4).unwrap());
}

#[test]
fn a_packet_over_the_size_limit_gets_its_own_file() {
    let dir = TestDir::new();
    let mut writer =
        dir.create(RecordingWriterOptions { rotate: Some(1), ..RecordingWriterOptions::default() }).unwrap();
    writer.write_packets(seconds(1.0), [&b"Event: A\r\n\r\n"[..], b"Event: B\r\n\r\n"]).unwrap();
    assert_eq!(writer.file_count(), 2);
    assert!(dir.read("x.ami").ends_with("\r\nEvent: A\r\n\r\n"));
    assert!(dir.read("x.ami.1").ends_with("\r\nEvent: B\r\n\r\n"));
}

#[test]
fn a_recording_is_not_started_if_its_next_file_exists() {
    let dir = TestDir::new();
    fs::write(dir.path("x.ami.1"), "old").unwrap();
    let options = RecordingWriterOptions { rotate: Some(1), ..RecordingWriterOptions::default() };
    assert!(matches!(dir.create(options), Err(RecordingWriteError::Exists { .. })));
    assert!(!dir.path("x.ami").exists());
    dir.create(RecordingWriterOptions::default()).unwrap();
}

#[test]
fn a_full_disk_is_reported() {
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut full = AtomicAppendFile { path: "/dev/full".into(), file, length: 0 };
    let Err(RecordingWriteError::Write { source, .. }) = full.append(b"x") else { panic!("it was written") };
    assert_eq!((source.kind(), full.length), (io::ErrorKind::StorageFull, 0));
}

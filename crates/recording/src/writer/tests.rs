use std::os::unix::fs::{PermissionsExt, symlink};

use jiff::Timestamp;
use ringwire_ami::Frame;
use tempfile::TempDir;

use super::*;
use crate::Recording;

const VERSION: AmiVersion = AmiVersion::new(11, 0, 0);

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn create(&self, options: WriterOptions) -> Result<Writer, WriteError> {
        Writer::create(&self.path("x.ami"), VERSION, seconds(0.0), options)
    }
}

fn replacing() -> WriterOptions {
    WriterOptions { replace: true, ..WriterOptions::default() }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

#[test]
fn a_recording_is_the_banner_and_the_packets_with_their_times() {
    let place = Place::new();
    let mut writer = place.create(WriterOptions::default()).unwrap();
    writer.write(seconds(0.25), [&b"Event: A\r\n\r\n"[..], b"Event: B\r\n"]).unwrap();
    writer.write(seconds(1.5), [&b"Event: C\r\n\r\n"[..]]).unwrap();
    writer.write(seconds(2.0), []).unwrap();
    assert_eq!(
        place.read("x.ami"),
        "Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\nEvent: B\r\n\r\nEvent: C\r\n\r\n"
    );
    assert_eq!(place.read("x.ami.times"), "0 0.000000\n30 0.250000\n54 1.500000\n");
    assert_eq!((writer.written(), writer.files()), (66, 1));
}

#[test]
fn a_recording_may_be_of_several_connections() {
    let place = Place::new();
    let mut writer = place.create(WriterOptions::default()).unwrap();
    writer.write(seconds(1.0), [&b"Event: A\r\n\r\n"[..]]).unwrap();
    writer.connected(AmiVersion::new(11, 0, 1), seconds(3.0)).unwrap();
    writer.write(seconds(3.0), [&b"Event: B\r\n\r\n"[..]]).unwrap();
    assert!(place.read("x.ami").ends_with("A\r\n\r\nAsterisk Call Manager/11.0.1\r\nEvent: B\r\n\r\n"));
    assert_eq!(place.read("x.ami.times"), "0 0.000000\n30 1.000000\n42 3.000000\n");
}

#[test]
fn where_there_is_no_clock_there_is_no_file_for_it() {
    let place = Place::new();
    let mut writer = Writer::create(&place.path("x.ami"), VERSION, None, WriterOptions::default()).unwrap();
    writer.write(None, [&b"Event: A\r\n\r\n"[..]]).unwrap();
    assert!(!place.path("x.ami.times").exists());
}

#[test]
fn it_can_be_read_along() {
    let place = Place::new();
    let mut writer = place.create(WriterOptions::default()).unwrap();
    let mut recording = Recording::open(&place.path("x.ami"), Timestamp::UNIX_EPOCH).unwrap();
    assert!(matches!(recording.next_frame().unwrap(), Some((Frame::Banner(VERSION), _))));
    assert!(recording.next_frame().unwrap().is_none());
    writer.write(seconds(1.0), [&b"Event: A\r\n\r\n"[..]]).unwrap();
    assert!(matches!(recording.next_frame().unwrap(), Some((Frame::Packet(_), _))));
}

#[test]
fn only_the_owner_can_read_it() {
    let place = Place::new();
    place.create(WriterOptions::default()).unwrap();
    for name in ["x.ami", "x.ami.times"] {
        assert_eq!(fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_is_there_stays_unless_it_may_be_replaced() {
    for name in ["x.ami", "x.ami.times"] {
        let place = Place::new();
        fs::write(place.path(name), "old").unwrap();
        let error = place.create(WriterOptions::default()).unwrap_err();
        assert!(matches!(error, WriteError::Exists { .. }), "{error}");
        assert_eq!(place.read(name), "old");
        place.create(replacing()).unwrap();
        assert_ne!(place.read(name), "old");
        assert_eq!(fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_link_is_never_followed() {
    for name in ["x.ami", "x.ami.times"] {
        for target in ["target", "nowhere"] {
            let place = Place::new();
            fs::write(place.path("target"), "old").unwrap();
            symlink(place.path(target), place.path(name)).unwrap();
            for options in [WriterOptions::default(), replacing()] {
                place.create(options).unwrap_err();
            }
            assert_eq!(place.read("target"), "old");
            assert!(!place.path("nowhere").exists());
        }
    }
}

#[test]
fn a_directory_is_never_replaced() {
    let place = Place::new();
    fs::create_dir(place.path("x.ami")).unwrap();
    assert!(matches!(place.create(replacing()), Err(WriteError::Irregular { .. })));
    let nowhere = Writer::create(&place.path("no/x.ami"), VERSION, None, replacing());
    assert!(matches!(nowhere, Err(WriteError::Create { .. })));
}

#[test]
fn each_file_of_several_begins_with_the_banner_where_the_one_before_ended() {
    let place = Place::new();
    let options = WriterOptions { rotate: Some(56), ..WriterOptions::default() };
    let mut writer = place.create(options).unwrap();
    let packet = &b"Event: A\r\n\r\n"[..];
    assert!(!writer.write(seconds(1.0), [packet, packet]).unwrap());
    assert!(writer.write(seconds(2.0), [packet]).unwrap());
    assert!(writer.write(seconds(4.0), [packet, packet, packet, packet]).unwrap());
    assert_eq!(writer.files(), 4);
    let banner = "Asterisk Call Manager/11.0.0\r\n";
    let two = format!("{banner}Event: A\r\n\r\nEvent: A\r\n\r\n");
    assert_eq!(
        [place.read("x.ami"), place.read("x.ami.1"), place.read("x.ami.2")],
        [&two, &two, &two].map(String::clone)
    );
    assert_eq!(place.read("x.ami.3"), format!("{banner}Event: A\r\n\r\n"));
    assert_eq!(place.read("x.ami.1.times"), "0 0.000000\n30 1.000000\n42 3.000000\n");
    assert_eq!(place.read("x.ami.2.times"), "0 0.000000\n");

    let mut start = Timestamp::UNIX_EPOCH;
    for name in ["x.ami", "x.ami.1", "x.ami.2", "x.ami.3"] {
        let mut recording = Recording::open(&place.path(name), start).unwrap();
        while recording.next_frame().unwrap().is_some() {}
        start = recording.last_time().unwrap();
    }
    assert_eq!(start, Timestamp::from_second(4).unwrap());
}

#[test]
fn a_packet_larger_than_a_file_may_be_has_one_to_itself() {
    let place = Place::new();
    let mut writer = place.create(WriterOptions { rotate: Some(1), ..WriterOptions::default() }).unwrap();
    writer.write(seconds(1.0), [&b"Event: A\r\n\r\n"[..], b"Event: B\r\n\r\n"]).unwrap();
    assert_eq!(writer.files(), 2);
    assert!(place.read("x.ami").ends_with("\r\nEvent: A\r\n\r\n"));
    assert!(place.read("x.ami.1").ends_with("\r\nEvent: B\r\n\r\n"));
}

#[test]
fn a_recording_is_not_begun_that_could_not_go_on() {
    let place = Place::new();
    fs::write(place.path("x.ami.1"), "old").unwrap();
    let options = WriterOptions { rotate: Some(1), ..WriterOptions::default() };
    assert!(matches!(place.create(options), Err(WriteError::Exists { .. })));
    assert!(!place.path("x.ami").exists());
    place.create(WriterOptions::default()).unwrap();
}

#[test]
fn a_full_disk_is_told() {
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut full = Appended { path: "/dev/full".into(), file, length: 0 };
    let Err(WriteError::Write { source, .. }) = full.append(b"x") else { panic!("it was written") };
    assert_eq!((source.kind(), full.length), (io::ErrorKind::StorageFull, 0));
}

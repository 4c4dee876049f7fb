use super::*;

fn published(seq: u32) -> RecordedDecision {
    RecordedDecision::Published { kind: PublishedKind::Ringing, seq }
}

/// Records that the trunk `name` is dialled, as the `order`th decision of all.
fn record(log: &mut StepLog, order: u32, name: &str) {
    let channel = log.texts().intern(name);
    log.record(order, RecordedDecision::TrunkDialled { channel, number: None });
}

fn hangup(log: &mut StepLog, packet: u64, uniqueid: &str) {
    let mut source = RecordedSource::passing_of_time(Some(jiff::Timestamp::UNIX_EPOCH));
    source.event = SourceEventKind::from_name(b"Hangup");
    source.channel = Some(log.texts().intern("PJSIP/trunk-1"));
    source.uniqueid = Some(log.texts().intern(uniqueid));
    source.values[0] = Some(log.texts().intern("16"));
    log.set_source(packet, source);
}

fn texts(log: &StepLog) -> Vec<String> {
    log.render(Some("x")).into_iter().map(|step| step.text).collect()
}

fn named(names: impl IntoIterator<Item = impl std::fmt::Display>) -> Vec<String> {
    names.into_iter().map(|name| format!("the trunk {name} is dialled")).collect()
}

#[test]
fn a_step_is_small() {
    assert!(size_of::<RecordedDecision>() <= 12, "{}", size_of::<RecordedDecision>());
    assert!(size_of::<RecordedSource>() <= 32, "{}", size_of::<RecordedSource>());
}

#[test]
fn an_absorbed_log_stands_where_it_happened() {
    let (mut one, mut two) = (StepLog::default(), StepLog::default());
    for (order, name) in (0..).zip(["a", "b", "c", "d", "e"]) {
        record(if order % 2 == 0 { &mut one } else { &mut two }, order, name);
    }
    one.absorb(two);
    record(&mut one, 5, "f");
    assert_eq!(texts(&one), named(["a", "b", "c", "d", "e", "f"]));
}

#[test]
fn an_absorbed_log_brings_its_sources_along() {
    let (mut one, mut two) = (StepLog::default(), StepLog::default());
    hangup(&mut one, 1, "1.1");
    record(&mut one, 0, "a");
    hangup(&mut two, 2, "1.2");
    record(&mut two, 1, "b");
    assert!(!one.has_source_of(2));
    one.absorb(two);
    assert!(one.has_source_of(2) && !one.has_source_of(1));
    record(&mut one, 2, "c");
    let sources: Vec<_> =
        one.render(None).into_iter().map(|step| step.source.unwrap().uniqueid.unwrap()).collect();
    assert_eq!(sources, ["1.1", "1.2", "1.2"]);
}

#[test]
fn a_long_log_is_cut_in_its_later_middle() {
    let mut log = StepLog::default();
    for n in 0..1_000 {
        record(&mut log, n, &n.to_string());
    }
    let texts = texts(&log);
    assert!((200..=251).contains(&texts.len()), "{}", texts.len());
    assert_eq!(texts[..150], named(0..150));
    assert_eq!(texts[150], format!("… {} more steps", 1_001 - texts.len()));
    assert_eq!(texts[texts.len() - 50..], named(950..1_000));
}

#[test]
fn a_log_of_long_names_is_cut_to_its_bytes() {
    let mut log = StepLog::default();
    for n in 0..1_000 {
        record(&mut log, n, &format!("{}{n}", "x".repeat(180)));
    }
    assert!(log.texts().size() <= (16 << 10) + 200, "{}", log.texts().size());
    assert!(log.len() > 40 && texts(&log).last().unwrap().contains("999"), "{}", log.len());
}

#[test]
fn what_is_repeated_is_counted_and_takes_no_room() {
    let mut log = StepLog::default();
    for (order, name) in (0..).zip(["a", "a", "a", "b", "a"]) {
        record(&mut log, order, name);
    }
    let mut expected = named(["a", "b", "a"]);
    expected[0].push_str(" (3 times)");
    assert_eq!(texts(&log), expected);
    for packet in 1..1_000 {
        hangup(&mut log, packet, "1.1");
        log.record(5, RecordedDecision::Forged);
    }
    assert_eq!(log.len(), 4);
    assert!(texts(&log)[3].ends_with("(999 times)"));
    assert!(
        serde_json::to_string(&Explanation::new(None, String::new(), Box::new(log))).unwrap().len() < 1_000
    );
}

#[test]
fn a_published_event_has_its_id_and_its_own_time() {
    let mut log = StepLog::default();
    hangup(&mut log, 1, "1.1");
    record(&mut log, 0, "a");
    log.record_published(1, None, published(7));
    record(&mut log, 2, "b");
    let steps = log.render(Some("main-1.1/"));
    assert_eq!(steps[1].event.as_deref(), Some("main-1.1/7"));
    assert_eq!(steps[1].source, steps[0].source);
    assert_eq!((steps[1].time, steps[2].time), (None, Some(jiff::Timestamp::UNIX_EPOCH)));
}

#[test]
fn the_stored_form_is_compact_searchable_and_reads_back() {
    let mut log = StepLog::default();
    hangup(&mut log, 1, "1.1");
    record(&mut log, 0, "PJSIP/trunk");
    log.record_published(1, None, published(2));
    let explanation = Explanation::new(Some("main-1.1".into()), "1.1".into(), Box::new(log));
    let json = serde_json::to_string(&explanation).unwrap();
    assert_eq!(
        json,
        r#"{"call":"main-1.1","uniqueid":"1.1","channels":[{"name":"PJSIP/trunk-1","uniqueid":"1.1"}],"texts":["PJSIP/trunk-1","1.1","16","PJSIP/trunk"],"sources":[{"t":0,"e":"Hangup","c":0,"h":{"Cause":3}},{"e":"Hangup","c":0,"h":{"Cause":3}}],"steps":[[0,{"trunkDialled":{"channel":4,"number":null}}],[1,{"published":{"kind":"ringing","seq":2}}]]}"#
    );
    let read: Explanation = serde_json::from_str(&json).unwrap();
    assert_eq!((read.steps(), &read.call), (explanation.steps(), &explanation.call));
    assert!(read.has_uniqueid("1.1") && !read.has_uniqueid("16"));
}

use jiff::Timestamp;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::Color,
};
use ringwire_client::{CallDetail, Channels, Charts, LiveView};
use serde_json::{Value, json};

use super::{
    data::TopData,
    state::{CallOrder, TopState},
    theme::Theme,
    view::view,
};

const PAINT: Theme = Theme { colours: true, unicode: true };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_226_700 + second).unwrap()
}

fn call(id: &str, state: &str, began: i64, more: &Value) -> Value {
    let mut call = json!({
        "id": format!("1795226{id}"), "pbx": "main", "direction": "in", "from": "491761234567", "fromName": "Casey Customer",
        "to": "4930100", "state": state, "startedAt": at(began),
        "users": [{ "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice" }, { "endpoint": "PJSIP/bob" }],
    });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

fn data(calls: &[Value], queues: &Value) -> TopData {
    let live: LiveView = serde_json::from_value(json!({
        "cursor": 4711, "now": at(0), "calls": calls, "queues": queues, "users": [],
    }))
    .unwrap();
    let channels: Channels = serde_json::from_value(json!({ "at": at(0), "channels": [
        { "pbx": "main", "uniqueid": "1795226702.0", "name": "PJSIP/trunk-00000000", "endpoint": "PJSIP/trunk",
          "kind": "external", "state": "Up", "call": "1795226702.0", "number": "491761234567",
          "context": "from-trunk", "exten": "4930100", "bridge": "9f2b7c1e-aaaa", "hold": false, "sequence": 1 },
        { "pbx": "main", "uniqueid": "1795226702.1", "name": "PJSIP/alice-00000001", "endpoint": "PJSIP/alice",
          "kind": "device", "state": "Ringing", "context": "users", "exten": "101", "hold": true, "sequence": 2 },
    ] }))
    .unwrap();
    let charts: Charts = serde_json::from_value(json!({ "minutes": [
        { "at": at(-120), "calls": 3, "answered": 2, "missed": 1, "events": 12 },
        { "at": at(-60), "calls": 8, "answered": 2, "missed": 1, "events": 120, "delayMedian": 3, "delayMax": 12 },
        { "at": at(0), "calls": 2, "answered": 2, "missed": 0, "events": 10 },
    ] }))
    .unwrap();
    TopData {
        live,
        channels: Some(("1795226702.0".into(), channels.channels)),
        pbxs: serde_json::from_value(json!([
            { "name": "main", "address": "127.0.0.1:5038", "state": "inSync", "since": at(-900), "version": "22.4.0",
              "lastEvent": at(28), "reconnects": 0, "channels": 6, "calls": 3 },
            { "name": "branch", "address": "192.0.2.9:5038", "state": "refused", "detail": "Authentication failed",
              "hint": "the secret", "since": at(-900), "reconnects": 7, "channels": 0, "calls": 0 },
        ]))
        .unwrap(),
        endpoints: serde_json::from_value(json!([
            { "name": "zammad", "dialect": "zammad", "state": "ok", "since": at(-900), "pending": 0, "retrying": 0,
              "inFlight": 0, "delivered": 1234, "dead": 0, "expired": 0, "dropped": 0, "more": false },
            { "name": "crm", "dialect": "zammad", "state": "failing", "reason": "connection refused", "since": at(-90),
              "pending": 17, "retrying": 3, "inFlight": 1, "delivered": 9, "dead": 2, "expired": 1, "dropped": 0, "moreOnDisk": true },
        ]))
        .unwrap(),
        minutes: charts.minutes,
    }
}

fn three() -> TopData {
    let queue = json!([
        { "pbx": "main", "name": "sales", "waiting": [], "talking": 2 },
        { "pbx": "main", "name": "support", "talking": 0, "waiting": [
            { "call": "1795226710.4", "from": "anonymous", "since": at(10) },
            { "call": "1795226705.2", "from": "4930555", "fromName": "Miro", "since": at(-5) },
        ] },
    ]);
    let alice = json!({ "kind": "user", "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice" });
    data(
        &[
            call("702.0", "ringing", 2, &json!({})),
            call(
                "705.2",
                "waiting",
                -5,
                &json!({ "queue": "support", "from": "4930555", "fromName": "Miro", "users": [] }),
            ),
            call(
                "600.9",
                "talking",
                -4000,
                &json!({ "direction": "out", "answeredBy": alice, "answeredAt": at(-3990), "recovered": true }),
            ),
        ],
        &queue,
    )
}

fn hostile() -> TopData {
    let name = "\u{1b}[2J\u{202e}<script>\u{7}".to_owned() + &"e\u{301}\u{301}".repeat(300);
    let users = json!([{ "endpoint": "PJSIP/\u{9b}1m", "name": "\u{6f22}\u{5b57}".repeat(50) }]);
    let more = json!({ "from": "\u{6f22}".repeat(40), "fromName": name, "to": name, "queue": "\n\n\t", "users": users });
    let queues = json!([{ "pbx": "main", "name": name, "talking": 0, "waiting": [
        { "call": "\u{1b}]0;x\u{7}", "from": name, "fromName": name, "since": at(-5) } ] }]);
    data(&[call("702.0", "ringing", 2, &more), call("703.\u{1b}", "\u{1b}c", 3, &more)], &queues)
}

fn state(data: TopData) -> TopState {
    let mut state = TopState::new("/run/ringwire/ringwire.sock".into(), PAINT);
    state.on_data(Ok(data), at(30));
    state
}

fn press(state: &mut TopState, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            '\u{2193}' => KeyCode::Down,
            '\u{2191}' => KeyCode::Up,
            key => KeyCode::Char(key),
        };
        state.on_key(KeyEvent::new(code, KeyModifiers::NONE));
    }
}

fn draw(state: &mut TopState, (width, height): (u16, u16), now: i64) -> Terminal<TestBackend> {
    // A snapshot must not depend on the clock of whoever takes it.
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    state.on_size(width, height);
    terminal.draw(|frame| view(state, at(now), frame)).unwrap();
    terminal
}

fn check(name: &str, state: &mut TopState, size: (u16, u16)) {
    let terminal = draw(state, size, 42);
    let shown = local(&terminal.backend().to_string());
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("{} {}x{}", name, size.0, size.1).replace(' ', "_"), shown);
    });
}

/// Times of day are those of the machine: they are taken out.
fn local(shown: &str) -> String {
    let mut chars: Vec<_> = shown.chars().collect();
    for at in 0..chars.len() {
        for form in ["99:99:99.999", "99:99:99"] {
            let there = form.chars().zip(chars.iter().skip(at));
            let fits = there.filter(|(form, c)| if *form == '9' { c.is_ascii_digit() } else { form == *c });
            if fits.count() == form.len() {
                chars[at..at + form.len()].fill('t');
            }
        }
    }
    chars.into_iter().collect()
}

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

#[test]
fn pictures() {
    for size in SIZES {
        check("no calls", &mut state(data(&[], &json!([]))), size);
        check("three calls", &mut state(three()), size);
        check("hostile names", &mut state(hostile()), size);
        let mut gone = state(three());
        gone.on_data(
            Err("no daemon answers at /run/ringwire/ringwire.sock: there is no such socket".into()),
            at(42),
        );
        check("daemon gone", &mut gone, size);
    }
    let mut ascii = state(three());
    ascii.theme.unicode = false;
    check("ascii", &mut ascii, SIZES[1]);
    let shown = draw(&mut ascii, SIZES[1], 30).backend().to_string();
    assert!(shown.is_ascii(), "{shown}");
    let mut help = state(three());
    press(&mut help, "?");
    check("help", &mut help, SIZES[0]);
}

fn call_detail() -> CallDetail {
    let event = |seq: u32, more: Value| {
        let mut event = json!({
            "id": format!("1795226702.0/{seq}"), "call": "1795226702.0", "seq": seq, "time": at(i64::from(seq)), "pbx": "main",
            "direction": "in", "from": "491761234567", "to": "4930100", "cursor": seq, "recordedAt": at(0),
            "deliveries": [{ "id": seq, "target": "zammad", "state": "delivered" }],
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let alice = json!({ "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice" });
    let delivery = |seq: u32, kind: &str, more: Value| {
        let mut delivery = json!({
            "id": seq, "target": "zammad", "event": format!("1795226702.0/{seq}"), "kind": kind, "call": "1795226702.0",
            "state": "delivered", "failures": 0, "recordedAt": at(0), "changedAt": at(0),
            "attempts": [{ "at": at(1), "durationMs": 12, "outcome": "delivered", "status": 200, "reply": "{}" }],
        });
        delivery.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        delivery
    };
    serde_json::from_value(json!({
        "call": { "id": "1795226702.0" },
        "events": [
            event(1, json!({ "event": "newCall", "users": [alice] })),
            event(2, json!({ "event": "answer", "answeredBy": { "kind": "user", "endpoint": "PJSIP/alice", "name": "Alice" } })),
            event(3, json!({ "event": "hangup", "cause": "normalClearing" })),
        ],
        "deliveries": [
            delivery(1, "newCall", json!({})),
            delivery(2, "answer", json!({ "state": "dead", "failures": 2, "reason": "HTTP 410: \u{1b}[2Jgone", "attempts": [
                { "at": at(1), "durationMs": 5012, "outcome": "no answer within 5 s" },
                { "at": at(7), "durationMs": 3, "outcome": "dead", "status": 410 },
            ] })),
        ],
        "explanation": [
            { "time": at(1), "decision": "started", "rule": "rules 2", "text": "PJSIP/trunk-00000000 begins a call",
              "source": { "event": "Newchannel", "channel": "PJSIP/trunk-00000000", "uniqueid": "1795226702.0", "with": "Exten 4930100" } },
            { "time": at(2), "decision": "answered",
              "text": "Alice took the call, which is long enough to be seen in more than one line of eighty columns, wrapped" },
        ],
    }))
    .unwrap()
}

#[test]
fn the_explanation_of_a_call() {
    for size in SIZES {
        let mut state = state(three());
        press(&mut state, "\n");
        check("explanation asked for", &mut state, size);
        state.on_details("1795226702.0", Ok(call_detail()));
        check("explanation", &mut state, size);
        press(&mut state, "d");
        check("deliveries", &mut state, size);
        // Another's is not shown, and what is known stays.
        state.on_details("1795226705.2", Ok(CallDetail::default()));
        state.on_details("1795226702.0", Err("no daemon answers".into()));
        assert_eq!(state.open.as_ref().unwrap().details, Some(Ok(call_detail())));
    }
    let mut refused = state(three());
    press(&mut refused, "d");
    refused.on_details("1795226702.0", Err("a viewer may not read stories".into()));
    check("explanation refused", &mut refused, SIZES[0]);
}

#[test]
fn nothing_from_the_wire_reaches_the_terminal_as_it_is() {
    for size in SIZES {
        let shown = draw(&mut state(hostile()), size, 30).backend().to_string();
        assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
    }
}

#[test]
fn without_colours_there_are_none() {
    let mut state = state(three());
    state.theme.colours = false;
    let terminal = draw(&mut state, SIZES[1], 30);
    for cell in terminal.backend().buffer().content() {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{cell:?}");
    }
}

#[test]
fn any_size_will_do() {
    for size in [(1, 1), (3, 2), (10, 5), (20, 9), (40, 15), (300, 80)] {
        for keys in ["", "?", "/xyz", "\n"] {
            let mut state = state(hostile());
            press(&mut state, keys);
            draw(&mut state, size, 30);
            state.on_details("1795226703.\u{1b}", Ok(call_detail()));
            press(&mut state, "G");
            draw(&mut state, size, 30);
        }
    }
}

/// The ids of the calls that are shown, in short; the selected one in brackets.
fn shown(state: &TopState) -> String {
    let place = state.place();
    let calls = state.calls().into_iter().enumerate().map(|(at, call)| {
        let id = call.id.trim_start_matches("1795226");
        if at == place { format!("[{id}]") } else { id.to_owned() }
    });
    calls.collect::<Vec<_>>().join(" ")
}

#[test]
fn keys_choose_and_sort_and_filter() {
    for (keys, expected) in [
        ("", "[702.0] 705.2 600.9"),
        ("j", "702.0 [705.2] 600.9"),
        ("jjjj", "702.0 705.2 [600.9]"),
        ("\u{2193}\u{2193}\u{2191}", "702.0 [705.2] 600.9"),
        ("Gk", "702.0 [705.2] 600.9"),
        ("Gg", "[702.0] 705.2 600.9"),
        ("js", "600.9 [705.2] 702.0"),
        ("ss", "705.2 [702.0] 600.9"),
        ("sss", "600.9 [702.0] 705.2"),
        ("ssss", "[702.0] 705.2 600.9"),
        ("/miro\n", "[705.2]"),
        ("/ALICE", "[702.0] 600.9"),
        ("/support", "[705.2]"),
        ("/waitx\u{8}\n", "[705.2]"),
        ("/nobody\n", ""),
        ("/miro\n\u{1b}", "702.0 [705.2] 600.9"),
        ("/miro\u{1b}", "702.0 [705.2] 600.9"),
        ("/jq\u{1b}", "[702.0] 705.2 600.9"),
    ] {
        let mut state = state(three());
        press(&mut state, keys);
        assert_eq!(shown(&state), expected, "{keys:?}");
        assert!(!state.quit, "{keys:?}");
    }
}

#[test]
fn keys_open_and_close() {
    for (keys, open, deliveries, quit) in [
        ("\n", Some("702.0"), false, false),
        ("jd", Some("705.2"), true, false),
        ("jdd", Some("705.2"), false, false),
        ("\nq", None, false, false),
        ("\n\u{1b}", None, false, false),
        ("q", None, false, true),
        ("\u{1b}", None, false, true),
        ("?q", None, false, false),
        ("?qq", None, false, true),
        ("/q", None, false, false),
    ] {
        let mut state = state(three());
        press(&mut state, keys);
        let opened = state.open.as_ref().map(|open| open.call.trim_start_matches("1795226"));
        assert_eq!((opened, state.quit), (open, quit), "{keys:?}");
        assert_eq!(state.open.as_ref().is_some_and(|open| open.deliveries), deliveries, "{keys:?}");
    }
    let mut state = state(data(&[], &json!([])));
    press(&mut state, "\nd");
    assert!(state.open.is_none());
    press(&mut state, "/");
    state.on_key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(state.quit);
}

#[test]
fn the_choice_stays_with_the_call() {
    let mut state = state(three());
    press(&mut state, "j");
    let mut later = three();
    later.live.calls.push(serde_json::from_value(call("790.0", "ringing", 20, &json!({}))).unwrap());
    state.on_data(Ok(later.clone()), at(31));
    assert_eq!(shown(&state), "790.0 702.0 [705.2] 600.9");
    later.live.calls.retain(|call| call.id != "1795226705.2");
    state.on_data(Ok(later), at(32));
    assert_eq!(shown(&state), "790.0 702.0 [600.9]");
    assert_eq!(state.selected_call().as_deref(), Some("1795226600.9"));
}

#[test]
fn a_picture_can_be_kept() {
    let mut state = state(three());
    assert_eq!(state.clock(at(40)), at(40));
    press(&mut state, "p");
    state.on_data(Ok(data(&[], &json!([]))), at(31));
    assert_eq!((shown(&state).as_str(), state.clock(at(40))), ("[702.0] 705.2 600.9", at(30)));
    press(&mut state, "p");
    state.on_data(Ok(data(&[], &json!([]))), at(32));
    assert_eq!((shown(&state).as_str(), state.sort), ("", CallOrder::Newest));
}

#[test]
fn an_explanation_is_scrolled_to_its_end_and_no_further() {
    let mut state = state(three());
    state.on_size(80, 10);
    press(&mut state, "\n");
    state.on_details("1795226702.0", Ok(call_detail()));
    press(&mut state, "G");
    let end = state.open.as_ref().unwrap().scroll;
    assert!(end > 0);
    press(&mut state, "jjj");
    assert_eq!(state.open.as_ref().unwrap().scroll, end);
    press(&mut state, "k");
    assert_eq!(state.open.as_ref().unwrap().scroll, end - 1);
    state.on_size(80, 60);
    assert_eq!(state.open.as_ref().unwrap().scroll, 0);
}

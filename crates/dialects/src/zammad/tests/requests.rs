use ringwire_delivery::RepeatPolicy;

use super::*;
use crate::{
    dialect::Dialect,
    zammad::{
        Zammad,
        options::{AgentKey, BodyFormat, ToField, ZammadOptions},
    },
};

fn options() -> ZammadOptions {
    ZammadOptions { internal: true, ..ZammadOptions::default() }
}

fn body(options: &ZammadOptions, event: &CallEvent) -> Option<String> {
    let bytes = Zammad::new(options).build_request(event)?.body.encode();
    Some(String::from_utf8(bytes).unwrap())
}

#[track_caller]
fn check_with(options: &ZammadOptions, event: &CallEvent, expected: &str) {
    assert_eq!(body(options, event).as_deref(), Some(expected));
}

/// `expected` is the JSON after the fields that every post begins with.
#[track_caller]
fn check(event: &CallEvent, expected: &str) {
    let (from, to) = (&event.from, &event.to);
    let direction = if event.direction == Direction::Out { "out" } else { "in" };
    let name = event.kind.name();
    let expected = format!(
        r#"{{"event":"{name}","callId":"pbx1-1795226702.0","from":"{from}","to":"{to}","direction":"{direction}"{expected}}}"#
    );
    check_with(&options(), event, &expected);
}

#[test]
fn json_is_posted_with_every_field_in_order() {
    let mut event = inbound(new_call(&[alice(), user("Bob Bauer", "102"), user("Carol Çelik", "103")]));
    event.queue = Some("support".into());
    check_with(
        &ZammadOptions::default(),
        &event,
        r#"{"event":"newCall","callId":"pbx1-1795226702.0","from":"491761234567","to":"4930300","direction":"in","user":["Alice Adams","Bob Bauer","Carol Çelik"],"queue":"support"}"#,
    );
    event.kind = answer(AnsweredBy::User(alice()));
    check_with(
        &ZammadOptions::default(),
        &event,
        r#"{"event":"answer","callId":"pbx1-1795226702.0","from":"491761234567","to":"4930300","direction":"in","user":"Alice Adams","answeringNumber":"101"}"#,
    );
    event.kind = hangup(Cause::NormalClearing, Some(AnsweredBy::User(alice())));
    check_with(
        &ZammadOptions::default(),
        &event,
        r#"{"event":"hangup","callId":"pbx1-1795226702.0","from":"491761234567","to":"4930300","direction":"in","cause":"normalClearing","answeringNumber":"101"}"#,
    );
}

#[test]
fn a_form_repeats_the_user_field() {
    let form = ZammadOptions { format: BodyFormat::Form, ..ZammadOptions::default() };
    let start = "callId=pbx1-1795226702.0&from=491761234567&to=4930300&direction=in";
    let mut event = inbound(new_call(&[alice(), user("Carol Çelik", "103")]));
    event.queue = Some("sales & more".into());
    let users = "user%5B%5D=Alice+Adams&user%5B%5D=Carol+%C3%87elik&queue=sales+%26+more";
    check_with(&form, &event, &format!("event=newCall&{start}&{users}"));
    event.kind = answer(AnsweredBy::User(alice()));
    check_with(&form, &event, &format!("event=answer&{start}&user=Alice+Adams&answeringNumber=101"));
    event.kind = hangup(Cause::Busy, None);
    check_with(&form, &event, &format!("event=hangup&{start}&cause=busy"));
}

#[test]
fn errors_are_requested_as_json() {
    for format in [BodyFormat::Json, BodyFormat::Form] {
        let zammad = Zammad::new(&ZammadOptions { format, ..ZammadOptions::default() });
        let request = zammad.build_request(&inbound(new_call(&[]))).unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.headers, [("Accept".to_owned(), "application/json".to_owned())]);
        let content_type =
            if format == BodyFormat::Json { "application/json" } else { "application/x-www-form-urlencoded" };
        assert_eq!(request.content_type(), Some(content_type));
    }
}

#[test]
fn unknown_values_are_omitted() {
    check(&inbound(new_call(&[])), "");
    check(&inbound(new_call(&[user("", "101")])), r#","user":["101"]"#);
    check(&inbound(new_call(&[user("", "")])), r#","user":["PJSIP/phone"]"#);
    check(&inbound(answer(AnsweredBy::User(user("Alice Adams", "")))), r#","user":"Alice Adams""#);
    check(
        &inbound(hangup(Cause::NormalClearing, Some(AnsweredBy::User(user("Alice Adams", ""))))),
        r#","cause":"normalClearing""#,
    );
    let blank = Party { name: Some(String::new()), extension: Some(String::new()), ..alice() };
    check(&inbound(answer(AnsweredBy::User(blank.clone()))), "");
    let mut event = inbound(new_call(&[blank]));
    event.queue = Some(String::new());
    check(&event, "");
}

#[test]
fn an_agent_who_takes_an_outbound_call_leaves_the_customers_number() {
    let answered_by = AnsweredBy::User(alice());
    let event = event(Direction::Out, "4930100", "491761234567", answer(answered_by.clone()));
    check_with(
        &options(),
        &event,
        r#"{"event":"answer","callId":"pbx1-1795226702.0","from":"4930100","to":"491761234567","direction":"out","answeringNumber":"491761234567"}"#,
    );
    let event = CallEvent { kind: hangup(Cause::NormalClearing, Some(answered_by)), ..event };
    check_with(
        &options(),
        &event,
        r#"{"event":"hangup","callId":"pbx1-1795226702.0","from":"4930100","to":"491761234567","direction":"out","cause":"normalClearing","answeringNumber":"491761234567"}"#,
    );
}

#[test]
fn a_to_that_is_not_known_is_empty_in_every_event_of_a_call() {
    let event = event(Direction::In, "", "", new_call(&[]));
    check_with(
        &options(),
        &event,
        r#"{"event":"newCall","callId":"pbx1-1795226702.0","from":"anonymous","to":"","direction":"in"}"#,
    );
    let event = CallEvent { kind: hangup(Cause::Cancel, None), ..event };
    check_with(
        &options(),
        &event,
        r#"{"event":"hangup","callId":"pbx1-1795226702.0","from":"anonymous","to":"","direction":"in","cause":"cancel"}"#,
    );
}

#[test]
fn the_user_of_an_answer_is_one_string() {
    check(&inbound(answer(AnsweredBy::User(alice()))), r#","user":"Alice Adams","answeringNumber":"101""#);
}

#[test]
fn an_outbound_answer_has_no_user() {
    check(&outbound(new_call(&[alice()])), r#","user":["Alice Adams"]"#);
    check(&outbound(answer(far("491719876543"))), r#","answeringNumber":"491719876543""#);
    check(&outbound(answer(AnsweredBy::User(alice()))), r#","answeringNumber":"491719876543""#);
    check(&outbound(answer(AnsweredBy::Voicemail)), "");
    check(
        &outbound(hangup(Cause::NormalClearing, Some(far("491719876543")))),
        r#","cause":"normalClearing","answeringNumber":"491719876543""#,
    );
}

#[test]
fn voicemail_is_the_user_voicemail() {
    check(&inbound(answer(AnsweredBy::Voicemail)), r#","user":"voicemail""#);
    check(
        &inbound(hangup(Cause::NormalClearing, Some(AnsweredBy::Voicemail))),
        r#","cause":"normalClearing""#,
    );
}

#[test]
fn a_conference_answers_with_neither_user_nor_number() {
    check(&inbound(answer(AnsweredBy::Conference)), "");
    check(
        &inbound(hangup(Cause::NormalClearing, Some(AnsweredBy::Conference))),
        r#","cause":"normalClearing""#,
    );
}

#[test]
fn an_inbound_call_answered_outside_has_a_number_and_no_user() {
    check(&inbound(answer(far("491719876543"))), r#","answeringNumber":"491719876543""#);
}

#[test]
fn a_hangup_has_zammads_cause() {
    for cause in [
        Cause::NormalClearing,
        Cause::Busy,
        Cause::Cancel,
        Cause::NoAnswer,
        Cause::Congestion,
        Cause::NotFound,
        Cause::Forwarded,
    ] {
        check(&inbound(hangup(cause, None)), &format!(r#","cause":"{}""#, cause.as_str()));
    }
}

#[test]
fn numbers_are_strings_without_plus() {
    let event = event(Direction::In, "+491761234567", "+4930300", answer(far("+491719876543")));
    check_with(
        &options(),
        &event,
        r#"{"event":"answer","callId":"pbx1-1795226702.0","from":"491761234567","to":"4930300","direction":"in","answeringNumber":"491719876543"}"#,
    );
}

#[test]
fn a_user_with_two_phones_is_named_once() {
    let users = [alice(), user("Bob Bauer", "102"), alice()];
    check(&inbound(new_call(&users)), r#","user":["Alice Adams","Bob Bauer"]"#);
}

#[test]
fn nul_is_removed_from_names() {
    check(&inbound(new_call(&[user("Al\0ice", "101"), user("\0", "102")])), r#","user":["Alice"]"#);
}

#[test]
fn a_name_cannot_leave_its_field() {
    check(
        &inbound(answer(AnsweredBy::User(user("\"},{\r\n\\", "101")))),
        r#","user":"\"},{\r\n\\","answeringNumber":"101""#,
    );
}

#[test]
fn only_three_events_are_posted() {
    for direction in [inbound, outbound, internal] {
        let posted: Vec<_> = whole_call()
            .into_iter()
            .filter(|what| body(&options(), &direction(what.clone())).is_some())
            .map(|what| what.name())
            .collect();
        assert_eq!(posted, ["newCall", "answer", "hangup"]);
    }
}

#[test]
fn recovered_events_are_posted_like_others() {
    for what in whole_call() {
        let event = inbound(what);
        let recovered = CallEvent { recovered: true, ..event.clone() };
        assert_eq!(body(&options(), &recovered), body(&options(), &event));
    }
}

#[test]
fn to_can_be_the_queue_of_an_inbound_call() {
    let by_queue = ZammadOptions { to: ToField::Queue, ..options() };
    let sent = |event: &CallEvent| {
        let body = Zammad::new(&by_queue).build_request(event).unwrap().body;
        body.fields()["to"].as_str().unwrap().to_owned()
    };
    for what in [new_call(&[]), answer(AnsweredBy::User(alice())), hangup(Cause::Cancel, None)] {
        let in_queue = CallEvent { queue: Some("support".into()), ..inbound(what.clone()) };
        assert_eq!(sent(&in_queue), "support");
        assert_eq!(sent(&inbound(what.clone())), "4930300");
        assert_eq!(sent(&CallEvent { queue: Some(String::new()), ..inbound(what.clone()) }), "4930300");
        assert_eq!(sent(&CallEvent { queue: Some("support".into()), ..outbound(what) }), "491719876543");
    }
}

#[test]
fn the_queue_can_be_left_out() {
    let without_queue = ZammadOptions { send_queue: false, ..options() };
    let queued = CallEvent { queue: Some("support".into()), ..inbound(new_call(&[alice()])) };
    assert_eq!(body(&without_queue, &queued), body(&options(), &inbound(new_call(&[alice()]))));
}

#[test]
fn the_agent_is_found_by_extension_number_or_login() {
    let listed =
        Party { number: Some("+4930100101".into()), login: Some("alice@example.com".into()), ..alice() };
    let unlisted = alice();
    let sent = |find_agent_by, event: &CallEvent| {
        let options = ZammadOptions { find_agent_by, ..options() };
        let body = Zammad::new(&options).build_request(event).unwrap().body;
        let field = |name| body.fields().get(name).map(|value| value.as_str().unwrap().to_owned());
        (field("user"), field("answeringNumber"))
    };
    let name = || Some("Alice Adams".to_owned());
    let some = |text: &str| Some(text.to_owned());
    let answered = |party: &Party| inbound(answer(AnsweredBy::User(party.clone())));
    for (key, expected) in [
        (AgentKey::Extension, (name(), some("101"))),
        (AgentKey::Number, (name(), some("4930100101"))),
        (AgentKey::Login, (some("alice@example.com"), None)),
    ] {
        assert_eq!(sent(key, &answered(&listed)), expected, "{key:?}");
        assert_eq!(sent(key, &answered(&unlisted)), (name(), some("101")), "{key:?}, not in the list");
        let outbound = outbound(answer(far("+491719876543")));
        assert_eq!(sent(key, &outbound), (None, some("491719876543")), "{key:?}, outbound");
    }
}

#[test]
fn internal_calls_are_posted_as_inbound_if_configured() {
    for what in whole_call() {
        assert_eq!(body(&ZammadOptions::default(), &internal(what)), None);
    }
    check(&internal(new_call(&[user("Bob Bauer", "102")])), r#","user":["Bob Bauer"]"#);
    check(
        &internal(answer(AnsweredBy::User(user("Bob Bauer", "102")))),
        r#","user":"Bob Bauer","answeringNumber":"102""#,
    );
}

#[test]
fn all_events_of_a_filtered_call_are_filtered() {
    #[track_caller]
    fn check(options: &ZammadOptions, facts: &CallEvent, passes: bool) {
        for what in whole_call() {
            let posted = matches!(what.name(), "newCall" | "answer" | "hangup");
            for queue in [None, Some("support".into())] {
                let event = CallEvent { kind: what.clone(), queue, ..facts.clone() };
                assert_eq!(body(options, &event).is_some(), passes && posted, "{event:?}");
            }
        }
    }
    let trunks = ZammadOptions { trunks: vec!["pjsip/berlin*".into(), "PJSIP/trunk".into()], ..options() };
    let other = |event: CallEvent| CallEvent { trunk: Some("PJSIP/munich".into()), ..event };
    let unknown = |event: CallEvent| CallEvent { trunk: None, ..event };
    check(&trunks, &inbound(new_call(&[])), true);
    check(&trunks, &outbound(new_call(&[])), true);
    check(&trunks, &other(inbound(new_call(&[]))), false);
    check(&trunks, &other(outbound(new_call(&[]))), false);
    check(&trunks, &unknown(inbound(new_call(&[]))), false);
    check(&trunks, &internal(new_call(&[])), true);

    let dids = ZammadOptions { dids: vec!["+49303*".into()], ..options() };
    let elsewhere = CallEvent { to: "4930100".into(), ..inbound(new_call(&[])) };
    check(&dids, &inbound(new_call(&[])), true);
    check(&dids, &elsewhere, false);
    check(&dids, &outbound(new_call(&[])), true);
    check(&dids, &internal(new_call(&[])), true);

    let both = ZammadOptions { trunks: trunks.trunks, ..dids };
    check(&both, &inbound(new_call(&[])), true);
    check(&both, &elsewhere, false);
    check(&both, &other(inbound(new_call(&[]))), false);
}

#[test]
fn call_ids_have_at_most_250_characters_and_stay_distinct() {
    let sent = |call: String| {
        let event = CallEvent { call, ..inbound(new_call(&[])) };
        Zammad::new(&options()).build_request(&event).unwrap().body.fields()["callId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(sent("x".repeat(250)), "x".repeat(250));
    assert_eq!(sent("ä".repeat(250)), "ä".repeat(250));
    let long = sent(format!("{}1", "ä".repeat(250)));
    assert_eq!(long.chars().count(), 250);
    assert_eq!(long, format!("{}-aea44d63e1f64d587e4d1f6c03da7fe2", "ä".repeat(217)));
    assert_ne!(long, sent(format!("{}2", "ä".repeat(250))));
}

#[test]
fn options_are_read_from_a_configuration() {
    let options: ZammadOptions = serde_json::from_str(
        r#"{"format":"form","to":"queue","send_queue":false,"find_agent_by":"login","internal":true,"trunks":["PJSIP/trunk*"],"dids":["+4930*"]}"#,
    )
    .unwrap();
    assert_eq!(
        options,
        ZammadOptions {
            format: BodyFormat::Form,
            to: ToField::Queue,
            send_queue: false,
            find_agent_by: AgentKey::Login,
            internal: true,
            trunks: vec!["PJSIP/trunk*".into()],
            dids: vec!["+4930*".into()],
        }
    );
    assert_eq!(serde_json::from_str::<ZammadOptions>("{}").unwrap(), ZammadOptions::default());
    assert!(serde_json::from_str::<ZammadOptions>(r#"{"queue":"x"}"#).is_err());
}

#[test]
fn a_quiet_answer_has_nothing_that_finds_an_agent() {
    let quiet = |answered_by: AnsweredBy| {
        let request = Zammad::new(&options()).build_quiet_request(&inbound(answer(answered_by))).unwrap();
        let fields = request.body.fields().clone();
        assert_eq!(fields.get("answeringNumber"), None);
        fields.get("user").map(|user| user.as_str().unwrap().to_owned())
    };
    let with = |name: &str, login: Option<&str>| {
        AnsweredBy::User(Party { login: login.map(Into::into), ..user(name, "101") })
    };
    assert_eq!(quiet(with("Alice Adams", Some("alice"))).as_deref(), Some("Alice Adams"));
    assert_eq!(quiet(with("Alice Adams", Some("ALICE ADAMS"))), None);
    assert_eq!(quiet(with("alice@example.com", None)), None);
    assert_eq!(quiet(with("", None)), None, "a login may be an extension");
    assert_eq!(quiet(AnsweredBy::Voicemail).as_deref(), Some("voicemail"), "the call stays missed by it");
}

#[test]
fn only_the_request_of_an_answer_has_a_quiet_form() {
    let zammad = Zammad::new(&options());
    for event in whole_call().into_iter().map(inbound) {
        let is_same = zammad.build_quiet_request(&event) == zammad.build_request(&event);
        assert_eq!(is_same, !matches!(event.kind, EventKind::Answer { .. }), "{}", event.kind.name());
    }
}

#[test]
fn a_second_hangup_would_tick_a_missed_call_done_so_it_is_never_repeated() {
    let rules = Zammad::new(&options()).repeat_rules();
    let missed =
        [Cause::Cancel, Cause::NoAnswer, Cause::Busy, Cause::NormalClearing].map(|cause| hangup(cause, None));
    for kind in missed {
        assert_eq!(rules.policy(&inbound(kind.clone())), RepeatPolicy::Never);
        assert_eq!(rules.policy(&internal(kind.clone())), RepeatPolicy::Never);
        assert_eq!(rules.policy(&outbound(kind)), RepeatPolicy::AsIs);
    }
    assert_eq!(rules.policy(&inbound(hangup(Cause::Forwarded, None))), RepeatPolicy::AsIs);
    for answered_by in [AnsweredBy::User(alice()), far("1"), AnsweredBy::Voicemail, AnsweredBy::Conference] {
        let kind = hangup(Cause::NormalClearing, Some(answered_by));
        assert_eq!(rules.policy(&inbound(kind)), RepeatPolicy::AsIs);
    }
    assert_eq!(rules.policy(&inbound(answer(far("1")))), RepeatPolicy::Quietly);
    assert_eq!(rules.policy(&inbound(new_call(&[]))), RepeatPolicy::AsIs);
}

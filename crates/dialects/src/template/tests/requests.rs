//! Requests, captures and replies.

use serde_json::json;

use super::*;
use crate::{
    reply::{Directive, ReplyVerdict, TargetReply},
    request::{RequestBody, RequestUrl},
};
use ringwire_delivery::RepeatPolicy;

fn reply(status: u16, body: &[u8]) -> TargetReply<'_> {
    TargetReply { status, content_type: None, headers: &[], body, redirect: None }
}

const REGISTER_AND_FINISH: &str = r#"
name = "test"
[[on.newCall]]
name = "register"
json = { from = "{{ from }}" }
capture = { call_id = { json = "/result/CALL_ID" } }
[[on.newCall]]
name = "show"
each = "users"
needs = ["call_id"]
json = { id = "{{ captures.call_id }}", user = "{{ user.extension }}" }
[[on.hangup]]
name = "finish"
needs = ["call_id"]
url = "calls/{{ captures.call_id }}"
method = "PUT"
repeatable = false
[[reply]]
status = 400
json = "/error"
matches = "^Call is not found"
verdict = "unknownCall"
[[reply]]
status = "4xx"
json = "/error"
verdict = "refused"
[[directive]]
on = "newCall"
json = "/action"
matches = "^reject$"
action = "reject"
value = { json = "/reason" }
"#;

#[test]
fn every_part_of_a_url_is_encoded_and_a_setting_may_be_a_whole_url() {
    let url = |body: &str| first(&with_body(body), &event(json!({ "fromName": "a b/c?&+ü" }))).url;
    let below = |path: &str| RequestUrl::Below(path.to_owned());
    assert_eq!(url("url = \"x/{{ fromName }}/y\""), below("x/a%20b%2Fc%3F%26%2B%C3%BC/y"));
    assert_eq!(url("url = \"/{{ from }}\""), below("491761234567"));
    assert_eq!(url("url = \"{{ fromName }}\""), below("a%20b%2Fc%3F%26%2B%C3%BC"));
    assert_eq!(url("url = \"https://h/{{ to }}\""), RequestUrl::Absolute("https://h/4930300".to_owned()));
    assert_eq!(url(""), RequestUrl::Own);
    let dialect = dialect(
        "name = \"test\"\n[settings.base]\nexample = \"https://h/a b?\"\n[[on.newCall]]\nurl = \"{{ settings.base }}/{{ to }}\"\n",
    );
    assert_eq!(first(&dialect, &new_call()).url, RequestUrl::Absolute("https://h/a b?/4930300".to_owned()));
}

#[test]
fn forms_repeat_their_names_and_json_may_be_a_list() {
    let dialect = with_body(
        "form = { e = \"{{ event }}\", \"user[]\" = \"{{ users | pluck('extension') }}\", q = \"{{ queue }}\", n = 1 }",
    );
    let pairs = [("e", "newCall"), ("user[]", "101"), ("user[]", "102"), ("n", "1")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(first(&dialect, &new_call()).body, RequestBody::Form(pairs.to_vec()));
    let dialect = with_body(
        "json = [{ z = 1, a = \"{{ seq }}\", \"when\" = \"{{ null }}\", gone = \"{{ queue }}\" }, \"{{ queue }}\"]",
    );
    let RequestBody::Json(json) = first(&dialect, &new_call()).body else { panic!("no JSON") };
    assert_eq!(json.to_string(), r#"[{"z":1,"a":1,"when":null}]"#);
    let dialect = with_body("text = \"<c from=\\\"{{ from | xml }}\\\"/>\"\ncontent_type = \"text/xml\"");
    let text = RequestBody::Text {
        content_type: "text/xml".to_owned(),
        text: "<c from=\"491761234567\"/>".to_owned(),
    };
    assert_eq!(first(&dialect, &new_call()).body, text);
}

#[test]
fn a_header_cannot_break_out_of_its_line() {
    let dialect = with_body("headers = { X-Name = \"{{ fromName }}\" }");
    let error = Known::default().next(&dialect, &event(json!({ "fromName": "a\r\nX-Evil: 1" }))).unwrap_err();
    assert_eq!(error.to_string(), "newCall: the value of the header X-Name has a line end");
}

#[test]
fn captures_go_from_one_request_to_the_next_and_to_later_events() {
    let dialect = dialect(REGISTER_AND_FINISH);
    let mut known = Known::default();
    let mut ids = Vec::new();
    while let Some(step) = known.next(&dialect, &new_call()).unwrap() {
        let judged = dialect.judge_reply(&new_call(), &step, &reply(200, br#"{"result":{"CALL_ID":"x/7"}}"#));
        assert_eq!(judged.verdict, ReplyVerdict::Delivered(Vec::new()));
        judged.captures.into_iter().for_each(|(key, value)| known.memory.set(key, value));
        known.progress.set_done(&step.id);
        ids.push(step.id);
    }
    assert_eq!(ids, ["register", "show@PJSIP/alice", "show@PJSIP/bob"]);
    known.progress = DeliveryProgress::default();
    let finish = known.next(&dialect, &hangup()).unwrap().unwrap();
    assert_eq!(finish.request.url, RequestUrl::Below("calls/x%2F7".to_owned()));
    assert_eq!((finish.request.method.as_str(), finish.repeat), ("PUT", RepeatPolicy::Never));
}

#[test]
fn the_opener_comes_first_where_its_capture_is_not_known() {
    let dialect = dialect(REGISTER_AND_FINISH);
    let mut known = Known::default();
    let opener = known.next(&dialect, &hangup()).unwrap().unwrap();
    assert_eq!((opener.id.as_str(), opener.repeat), ("register", RepeatPolicy::AsIs));
    known.memory.set("call_id".to_owned(), "7".into());
    known.progress.set_done("register");
    let finish = known.next(&dialect, &hangup()).unwrap().unwrap();
    assert_eq!(finish.id, "finish");
    let unknown =
        dialect.judge_reply(&hangup(), &finish, &reply(400, br#"{"error":"Call is not found: 7"}"#));
    assert!(unknown.forgets && matches!(unknown.verdict, ReplyVerdict::UnknownCall { .. }), "{unknown:?}");
    known.memory.clear();
    assert_eq!(known.next(&dialect, &hangup()).unwrap().unwrap().id, "register");
}

#[test]
fn a_reply_without_what_is_captured_is_refused() {
    let dialect = dialect(REGISTER_AND_FINISH);
    let step = Known::default().next(&dialect, &new_call()).unwrap().unwrap();
    let verdict = |body: &[u8]| dialect.judge_reply(&new_call(), &step, &reply(200, body)).verdict;
    let reason = "HTTP 200 (JSON); it lacks /result/CALL_ID in JSON".to_owned();
    assert_eq!(verdict(b"{}"), ReplyVerdict::Refused { reason });
    assert!(matches!(verdict(b"<html>"), ReplyVerdict::Retry { .. }), "a page is no reply of the target");
}

#[test]
fn replies_are_judged_by_the_first_rule_and_then_by_their_status() {
    let dialect = dialect(REGISTER_AND_FINISH);
    let step = Known::default().next(&dialect, &new_call()).unwrap().unwrap();
    let verdict = |status, body: &'static [u8]| {
        let verdict = dialect.judge_reply(&new_call(), &step, &reply(status, body)).verdict;
        format!("{verdict:?}").split([' ', '(']).next().unwrap().to_owned()
    };
    assert_eq!(verdict(400, br#"{"error":"Call is not found"}"#), "UnknownCall");
    assert_eq!(verdict(401, br#"{"error":"x"}"#), "Refused");
    assert_eq!(verdict(401, b""), "Misconfigured");
    assert_eq!(verdict(429, b""), "Retry");
    assert_eq!(verdict(504, b""), "Unknown");
}

#[test]
fn a_reply_may_ask_something_of_the_pbx() {
    let dialect = dialect(REGISTER_AND_FINISH);
    let step = Known::default().next(&dialect, &new_call()).unwrap().unwrap();
    let verdict = |body: &[u8]| dialect.judge_reply(&new_call(), &step, &reply(200, body)).verdict;
    let rejects =
        |reason: &str| ReplyVerdict::Delivered(vec![Directive::Reject { reason: reason.to_owned() }]);
    assert_eq!(
        verdict(br#"{"result":{"CALL_ID":1},"action":"reject","reason":"rejected"}"#),
        rejects("rejected")
    );
    assert_eq!(verdict(br#"{"result":{"CALL_ID":1},"action":"reject","reason":"a\nb"}"#), rejects("busy"));
    assert_eq!(verdict(br#"{"result":{"CALL_ID":1},"action":"dial"}"#), ReplyVerdict::Delivered(Vec::new()));
}

#[test]
fn captures_come_from_headers_xml_and_text_too() {
    let dialect = dialect(
        "name = \"test\"\n[[on.newCall]]\n[on.newCall.capture]\nhead = { header = \"Location\", matches = '/(\\d+)$' }\n\
         element = { xml = \"/Response/Dial/Number\" }\nattribute = { xml = \"/Response/@onAnswer\" }\n\
         text = { matches = 'id=(\\w+)' }\nmaybe = { json = \"/x\", optional = true }\n",
    );
    let step = Known::default().next(&dialect, &new_call()).unwrap().unwrap();
    let headers = [("location".to_owned(), "https://h/calls/12".to_owned())];
    let body =
        b"<Response onAnswer='https://h/a'><Dial><Number>4930</Number></Dial><!-- id=x7 --></Response>";
    let reply = TargetReply { headers: &headers, content_type: Some("application/xml"), ..reply(201, body) };
    let judged = dialect.judge_reply(&new_call(), &step, &reply);
    let captures: Vec<_> =
        judged.captures.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(
        captures,
        [("head", "12"), ("element", "4930"), ("attribute", "https://h/a"), ("text", "x7")],
        "{judged:?}"
    );
}

#[test]
fn what_is_wanted_depends_on_the_event_alone() {
    let dialect = dialect(
        "name = \"test\"\n[[on.newCall]]\nwhen = \"direction == 'out'\"\n[[on.ringing]]\neach = \"users\"\nwhen = \"user.login\"\n\
         [[on.hangup]]\nwhen = \"captures.id is none\"\ncapture = { id = { json = \"/id\" } }\n",
    );
    assert!(!dialect.wants(&new_call()) && dialect.wants(&hangup()));
    assert!(dialect.wants(&event(json!({ "direction": "out" }))));
    let ringing = |user: Json| event(json!({ "event": "ringing", "user": user }));
    assert!(!dialect.wants(&ringing(json!({ "endpoint": "PJSIP/a" }))));
    assert!(dialect.wants(&ringing(json!({ "endpoint": "PJSIP/a", "login": "alice" }))));
    assert!(!dialect.wants(&event(json!({ "event": "hold" }))));
    let internal = event(json!({ "event": "hangup", "cause": "busy", "direction": "internal" }));
    let sipgate = crate::template::shipped_example("sipgate").unwrap();
    assert!(sipgate.wants(&hangup()) && !sipgate.wants(&internal), "it depends on the reply to newCall");
}

#[test]
fn a_file_says_what_may_be_repeated() {
    let dialect = dialect(
        "name = \"test\"\n[[on.newCall]]\nrepeatable = false\n[[on.answer]]\nrepeatable = \"quietly\"\nwhen = \"not quiet\"\n\
         [[on.hangup]]\n",
    );
    let rules = dialect.repeat_rules();
    assert_eq!(
        (rules.new_call, rules.answer, rules.hangup),
        (RepeatPolicy::Never, RepeatPolicy::Quietly, RepeatPolicy::AsIs)
    );
    let answer = event(json!({ "event": "answer", "answeredBy": { "kind": "voicemail" } }));
    let quiet = Known { is_quiet: true, ..Known::default() };
    assert!(
        Known::default().next(&dialect, &answer).unwrap().is_some()
            && quiet.next(&dialect, &answer).unwrap().is_none()
    );
}

#[test]
fn settings_are_checked_and_never_shown() {
    let text = "name = \"test\"\n[settings.token]\nrequired = true\nsecret = true\nabout = \"the token\"\n\
                [settings.limit]\ndefault = 5\n[auth]\nscheme = \"bearer\"\ntoken = \"{{ settings.token }}\"\n[[on.newCall]]\n";
    let file = Arc::new(TemplateFile::parse(text).unwrap());
    let bind = |values| TemplateDialect::new(Arc::clone(&file), &settings(values));
    let wrong = bind(json!({ "limit": "5", "tokens": 1 })).unwrap_err();
    let wrong: Vec<_> =
        wrong.iter().map(|mistake| format!("{}: {}; {}", mistake.name, mistake.what, mistake.cure)).collect();
    assert_eq!(
        wrong,
        [
            "token: missing; the token",
            "limit: a text where a number is expected; write a number",
            "tokens: unknown setting; write \"token\"",
        ]
    );
    let dialect = bind(json!({ "token": "hunter2" })).unwrap();
    assert!(dialect.auth().is_some());
    assert!(!format!("{dialect:?} {:?}", dialect.auth()).contains("hunter2"));
}

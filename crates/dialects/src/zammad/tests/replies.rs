use super::*;
use crate::{
    reply::{Directive, ReplyVerdict, TargetReply},
    zammad::{Zammad, options::ZammadOptions},
};

const ERROR_ID: &str = r#"{"error":"Error ID x7Rk-29Q: Please contact your administrator."}"#;
const EXISTS: &str = r#"{"error":"This object already exists.","error_human":"This object already exists."}"#;

fn verdict(event: &CallEvent, status: u16, body: &[u8]) -> ReplyVerdict {
    let reply = TargetReply { status, content_type: None, headers: &[], body, redirect: None };
    Zammad::new(&ZammadOptions::default()).judge(event, &reply)
}

fn posted() -> [CallEvent; 3] {
    [new_call(&[]), answer(AnsweredBy::User(alice())), hangup(Cause::Cancel, None)].map(inbound)
}

/// The name of a verdict, which asks nothing of the PBX.
fn verdict_name(verdict: &ReplyVerdict) -> &'static str {
    match verdict {
        ReplyVerdict::Delivered(directives) if directives.is_empty() => "delivered",
        ReplyVerdict::Delivered(_) => "asked for something",
        ReplyVerdict::AlreadyExists => "already exists",
        ReplyVerdict::Unknown { .. } => "unknown",
        ReplyVerdict::Retry { .. } => "retry",
        ReplyVerdict::UnknownCall { .. } => "unknown call",
        ReplyVerdict::Refused { .. } => "refused",
        ReplyVerdict::Dead { .. } => "dead",
        ReplyVerdict::Gone { .. } => "gone",
        ReplyVerdict::Misconfigured { .. } => "misconfigured",
    }
}

/// `expected` for newCall, answer and hangup.
#[track_caller]
fn check(status: u16, body: &str, expected: [&str; 3]) {
    let got = posted().map(|event| verdict_name(&verdict(&event, status, body.as_bytes())));
    assert_eq!(got, expected, "{status} {body}");
}

#[track_caller]
fn check_all(status: u16, body: &str, expected: &str) {
    check(status, body, [expected; 3]);
}

fn reason(status: u16, body: &str) -> String {
    match verdict(&inbound(new_call(&[])), status, body.as_bytes()) {
        ReplyVerdict::Retry { reason }
        | ReplyVerdict::UnknownCall { reason }
        | ReplyVerdict::Refused { reason }
        | ReplyVerdict::Dead { reason }
        | ReplyVerdict::Gone { reason }
        | ReplyVerdict::Unknown { reason }
        | ReplyVerdict::Misconfigured { reason } => reason,
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn only_a_2xx_with_a_json_object_is_delivered() {
    for status in [200, 201, 202, 204, 299] {
        check_all(status, "{}", "delivered");
        check_all(status, " {\"x\": [1]}\n", "delivered");
        for body in ["", "not json", "[1]", "null", "\"ok\"", "{\"action\":"] {
            check_all(status, body, "unknown");
        }
    }
}

#[test]
fn a_page_of_a_server_in_between_is_never_a_verdict_on_the_event() {
    let page = "\n<!doctype html><html><body>Down for maintenance</body></html>";
    for status in [200, 302, 400, 410, 413, 422, 429, 499, 500, 502, 503] {
        check_all(status, page, "retry");
    }
    for status in [401, 403, 404, 405, 407] {
        check_all(status, page, "misconfigured");
    }
    let reply = TargetReply {
        status: 200,
        content_type: Some("text/html; charset=utf-8"),
        headers: &[],
        body: b"Please wait",
        redirect: None,
    };
    let zammad = Zammad::new(&ZammadOptions::default());
    for event in posted() {
        assert_eq!(verdict_name(&zammad.judge(&event, &reply)), "retry");
    }
}

#[test]
fn a_422_error_id_is_a_database_that_cannot_be_written_and_passes() {
    check_all(422, ERROR_ID, "retry");
    check_all(422, r#"{"error":"something that no release says"}"#, "retry");
    check_all(422, "", "retry");
}

#[test]
fn a_move_is_a_wrong_setting_and_any_other_redirect_passes() {
    for status in [301, 308] {
        check_all(status, "", "misconfigured");
    }
    for status in [300, 302, 303, 304, 307, 399] {
        check_all(status, "", "retry");
    }
    let reply = TargetReply {
        status: 301,
        content_type: Some("text/html"),
        headers: &[],
        body: b"<a href=\"https://desk.example.com/api/v1/cti/t0ken\">",
        redirect: Some("https://desk.example.com"),
    };
    let verdict = Zammad::new(&ZammadOptions::default()).judge(&inbound(new_call(&[])), &reply);
    let ReplyVerdict::Misconfigured { reason } = verdict else { panic!("{verdict:?}") };
    assert!(reason.contains("moved to https://desk.example.com;") && !reason.contains("t0ken"), "{reason}");
}

#[test]
fn a_newcall_that_exists_already_shows_that_the_call_is_known() {
    check(500, EXISTS, ["already exists", "retry", "retry"]);
    check(422, EXISTS, ["already exists", "retry", "retry"]);
    check(500, r#"{"error":"Object already exists!"}"#, ["already exists", "retry", "retry"]);
}

#[test]
fn an_answer_or_hangup_without_its_newcall_is_an_unknown_call() {
    check(500, ERROR_ID, ["retry", "unknown call", "unknown call"]);
    check(500, r#"{"error":"No such call_id 1.0!"}"#, ["retry", "unknown call", "unknown call"]);
}

#[test]
fn a_wrong_setting_is_misconfigured() {
    check_all(401, r#"{"error":"Invalid token, please contact your admin!"}"#, "misconfigured");
    check_all(422, r#"{"error":"Feature is disabled, please contact your administrator!"}"#, "misconfigured");
    check_all(
        422,
        r#"{"error":"Feature is disable, please contact your admin to enable it!"}"#,
        "misconfigured",
    );
    check_all(422, r#"{"error":"Feature not configured, please contact your admin!"}"#, "misconfigured");
    for status in [403, 404, 405, 407] {
        check_all(status, "", "misconfigured");
    }
}

#[test]
fn client_errors_are_refused() {
    check_all(422, r#"{"error":"Invalid 'direction'!"}"#, "refused");
    check_all(422, r#"{"error":"Invalid direction!"}"#, "refused");
    check_all(422, r#"{"error":"Attribute 'from\" of relation \"cti_logs' required!"}"#, "refused");
    for status in [400, 402, 406, 409, 411, 413, 415, 451, 499] {
        check_all(status, "", "refused");
    }
    check_all(410, "", "gone");
}

#[test]
fn temporary_errors_are_retried() {
    for status in [408, 425, 429, 500, 501, 502, 503, 521, 600, 0, 100, 199] {
        check_all(status, "", "retry");
    }
    for status in [504, 520, 524, 599] {
        check_all(status, "<html>Gateway Time-out</html>", "unknown");
    }
    check_all(500, "<h1>We're sorry, but something went wrong (500)</h1>", "retry");
}

#[test]
fn a_reason_has_the_status_and_advice_but_no_url() {
    assert_eq!(reason(503, ""), "HTTP 503");
    assert_eq!(reason(502, "<html>\r\n<h1>502 Bad Gateway</h1>"), "HTTP 502 (HTML)");
    assert_eq!(
        reason(401, r#"{"error":"Invalid token, please contact your admin!"}"#),
        r#"HTTP 401 (JSON); the token in the target's URL is not valid: copy the URL again from Zammad's administration, System, Integrations, CTI (generic)"#
    );
    assert_eq!(
        reason(404, r#"{"error":"No route matches [POST] /api/v1/ctx/3NYJQtKRKDmkbFcfZlTn8Q"}"#),
        r#"HTTP 404 (JSON); the target's URL is wrong: copy it again from Zammad's administration, System, Integrations, CTI (generic)"#
    );
    assert!(reason(301, "").contains("redirects are not followed"));
    assert!(reason(422, "Feature is disabled").contains("switch it on"));
    assert!(reason(422, "Feature not configured").contains("save them once"));
    assert!(reason(500, &"x ".repeat(4000)).len() < 200);
}

#[test]
fn a_reason_has_nothing_of_the_reply_in_it() {
    for status in 300..600 {
        for body in
            ["+49 176 1234567 Erika", "{\"error\":\"+49 176 1234567 Erika\"}", "<p>+49 176 1234567 Erika</p>"]
        {
            let reason = reason(status, body);
            assert!(!reason.contains("1234567") && !reason.contains("Erika"), "{reason}");
            assert!(reason.starts_with(&format!("HTTP {status}")), "{reason}");
        }
    }
}

#[test]
fn a_blocked_caller_is_rejected() {
    let check = |event: &CallEvent, body: &str, expected: &[&str]| {
        let expected = expected.iter().map(|&word| Directive::Reject { reason: word.into() }).collect();
        assert_eq!(verdict(event, 200, body.as_bytes()), ReplyVerdict::Delivered(expected), "{body}");
    };
    let event = inbound(new_call(&[]));
    check(&event, r#"{"action":"reject","reason":"busy"}"#, &["busy"]);
    check(&event, r#"{"action":"reject"}"#, &["busy"]);
    check(&event, r#"{"action":"reject","reason":5}"#, &["busy"]);
    check(&event, r#"{"action":"reject","reason":"busy\r\nAction: Command"}"#, &["busy"]);
    check(&event, &format!(r#"{{"action":"reject","reason":"{}"}}"#, "x".repeat(9999)), &["busy"]);
    check(&event, r#"{"action":"Reject"}"#, &[]);
    check(&outbound(new_call(&[])), r#"{"action":"reject","reason":"busy"}"#, &[]);
    check(&inbound(answer(AnsweredBy::Voicemail)), r#"{"action":"reject","reason":"busy"}"#, &[]);
}

#[test]
fn the_number_to_show_is_read_by_either_name() {
    let check = |event: &CallEvent, body: &str, expected: &[&str]| {
        let expected =
            expected.iter().map(|&number| Directive::ShowNumber { number: number.into() }).collect();
        assert_eq!(verdict(event, 200, body.as_bytes()), ReplyVerdict::Delivered(expected), "{body}");
    };
    let event = outbound(new_call(&[]));
    check(
        &event,
        r#"{"action":"dial","caller_id":"41715880339000","number":"4147110000000"}"#,
        &["41715880339000"],
    );
    check(
        &event,
        r#"{"action":"dial","callerId":"493055571642","number":"491711234567890"}"#,
        &["493055571642"],
    );
    check(&event, r#"{"action":"dial","caller_id":"","callerId":"493055571642"}"#, &["493055571642"]);
    check(&event, r#"{"action":"dial","caller_id":493055571642}"#, &["493055571642"]);
    check(&event, r#"{"action":"dial","caller_id":" +49 30 / 555-71642 "}"#, &["493055571642"]);
    for nothing in [r#"{"action":"dial"}"#, r#"{"caller_id":"1"}"#, r#"{"action":"dial","caller_id":["1"]}"#]
    {
        check(&event, nothing, &[]);
    }
    for hostile in [r"1\r\nAction: Originate", "1,EXEC", "١٢٣", "-", "1e5", &"1".repeat(33)] {
        check(&event, &format!(r#"{{"action":"dial","caller_id":"{hostile}"}}"#), &[]);
    }
    check(&inbound(new_call(&[])), r#"{"action":"dial","caller_id":"493055571642"}"#, &[]);
    check(&outbound(answer(far("1"))), r#"{"action":"dial","caller_id":"493055571642"}"#, &[]);
}

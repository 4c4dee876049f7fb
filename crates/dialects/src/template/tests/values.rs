//! Expressions: what they see, and what filters and functions give.

use serde_json::json;

use super::*;
use crate::request::RequestBody;

/// The JSON value that `expression` gives for a newCall.
#[track_caller]
fn value_for(expression: &str, event: &CallEvent) -> Option<Json> {
    let quoted = Json::from(format!("{{{{ {expression} }}}}")).to_string();
    let dialect = with_body(&format!("json = {{ value = {quoted} }}"));
    match first(&dialect, event).body {
        RequestBody::Json(json) => json.get("value").cloned(),
        body => panic!("{body:?}"),
    }
}

#[track_caller]
fn check(expression: &str, expected: Json) {
    assert_eq!(value_for(expression, &new_call()), Some(expected), "{expression}");
}

#[track_caller]
fn check_absent(expression: &str) {
    assert_eq!(value_for(expression, &new_call()), None, "{expression}");
}

#[test]
fn fields_keep_their_types_and_what_is_absent_is_left_out() {
    check("from", json!("491761234567"));
    check("seq", json!(1));
    check("recovered", json!(false));
    check("direction == 'in'", json!(true));
    check("users[0].extension", json!("101"));
    check(
        "users",
        json!([
            { "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice Adams" },
            { "endpoint": "PJSIP/bob", "extension": "102" }
        ]),
    );
    check_absent("queue");
    check_absent("answeredBy");
    check_absent("answeredBy.extension");
    check_absent("users[1].name");
    check("null", Json::Null);
    check("'yes' if answeredBy else 'no'", json!("no"));
    check("answeredBy is none", json!(true));
    check_absent("'yes' if answeredBy");
}

#[test]
fn numbers_are_written_as_systems_want_them() {
    check("from | e164", json!("+491761234567"));
    check("'101' | e164", json!("101"));
    check("from | national('49')", json!("01761234567"));
    check("from | national('+49', '(0)')", json!("(0)1761234567"));
    check("from | last_digits(4)", json!("4567"));
    check("'+49 (30) 1' | digits", json!("49301"));
    check_absent("fromName | e164");
}

#[test]
fn times_are_written_in_any_zone_and_format() {
    check("time | unix", json!(1_772_439_300));
    check("time | unix_ms", json!(1_772_439_300_500_i64));
    check("time | format_time('%Y-%m-%d %H:%M:%S')", json!("2026-03-02 08:15:00"));
    check("time | format_time('%H:%M', 'Europe/Berlin')", json!("09:15"));
    check("time | iso_time('Europe/Berlin')", json!("2026-03-02T09:15:00+01:00"));
    check("time | iso_time", json!("2026-03-02T08:15:00+00:00"));
    check("3725 | duration", json!("01:02:05"));
}

#[test]
fn texts_and_lists() {
    check("fromName | default('unknown')", json!("unknown"));
    check("coalesce(fromName, queue, from)", json!("491761234567"));
    check("users | pluck('name') | join(', ')", json!("Alice Adams"));
    check("users | pluck('extension') | join('|')", json!("101|102"));
    check("users | length", json!(2));
    check("(users | first).name | upper", json!("ALICE ADAMS"));
    check("'a&b<\"c\">' | xml", json!("a&amp;b&lt;&quot;c&quot;&gt;"));
    check("'a b/c' | url", json!("a%20b%2Fc"));
    check("users[0] | json", json!(r#"{"endpoint":"PJSIP/alice","extension":"101","name":"Alice Adams"}"#));
    check("direction | map({'in': 2, 'out': 1})", json!(2));
    check("pbx | map({'in': 2}, 'other')", json!("other"));
    check("'12.7' | int", json!(12));
    check("('60' | int) * 1000", json!(60_000));
}

#[test]
fn hashes_are_those_of_the_standards() {
    check("'abc' | md5", json!("900150983cd24fb0d6963f7d28e17f72"));
    check("'abc' | sha256", json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    // RFC 9562, appendix A.4.
    check(
        "'www.example.com' | uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8')",
        json!("2ed6657d-e927-568b-95e1-2665a8aea6a2"),
    );
    // RFC 4231, test case 2.
    let tag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    check("'what do ya want for nothing?' | hmac_sha256('Jefe')", json!(tag));
    check("'abc' | base64", json!("YWJj"));
}

#[test]
fn ids_of_users_come_from_the_map() {
    let dialect = dialect(
        "name = \"test\"\n[[on.newCall]]\neach = \"users\"\nwhen = \"user_id(user)\"\n\
         json = { id = \"{{ user_id(user) }}\", all = \"{{ user_ids(users) }}\" }\n",
    );
    let users = [("102".to_owned(), json!(7))].into_iter().collect();
    let known = Known { users, ..Known::default() };
    let step = known.next(&dialect, &new_call()).unwrap().unwrap();
    assert_eq!(
        (step.id.as_str(), step.request.body),
        ("newCall@PJSIP/bob", RequestBody::Json(json!({ "id": 7, "all": [7] })))
    );
    assert_eq!(Known::default().next(&dialect, &new_call()), Ok(None));
}

#[test]
fn an_expression_without_a_value_fails_its_step_and_shows_no_value() {
    let dialect = with_body("json = { value = \"{{ from | map({'1': 2}) }}\" }");
    let error = Known::default().next(&dialect, &new_call()).unwrap_err();
    assert_eq!(error.to_string(), "newCall: the filter map has no entry for this value, and no default");
    let dialect = with_body("json = { value = \"{{ from + 1 }}\" }");
    let error = Known::default().next(&dialect, &new_call()).unwrap_err();
    assert!(!error.to_string().contains("4917"), "{error}");
}

//! The cases that Zammad's own specs state (Zammad contract, section 4), by their numbers there.

use super::*;

fn refused(config: ZammadConfig, token: &str, status: u16, error: &str) {
    let mut state = ZammadState::new(config);
    let Value::Object(params) = new_call("in", "4912347114711", "4930600000000") else { panic!() };
    let answer = state.apply(token, &Params(params), Timestamp::UNIX_EPOCH);
    assert_eq!((answer.status, answer.body, answer.raised), (status, json!({ "error": error }), false));
    assert!(state.rows().is_empty());
}

#[test]
fn request_1_a_wrong_token_is_refused() {
    refused(fixture(), "not_existing_token", 401, "Invalid token, please contact your admin!");
}

#[test]
fn request_2_a_new_call_is_taken() {
    Desk::new(fixture()).ok(&new_call("in", "4912347114711", "4930600000000"));
}

#[test]
fn request_3_a_blocked_caller_is_rejected() {
    let reject = json!({ "action": "reject", "reason": "busy" });
    Desk::new(fixture()).check(&new_call("in", "491715000000", "4930600000000"), 200, &reject);
}

#[test]
fn requests_4_to_6_the_caller_id_shown_goes_by_the_number_called() {
    for (to, caller_id) in [
        ("4912347114711", "4930777000000"),
        ("491714000000", "41715880339000"),
        ("4147110000000", "41715880339000"),
    ] {
        let dial = json!({ "action": "dial", "caller_id": caller_id, "number": to });
        Desk::new(fixture()).check(&new_call("out", "4930600000000", to), 200, &dial);
    }
}

#[test]
fn request_7_without_settings_nothing_is_taken() {
    let config = ZammadConfig { configured: false, ..fixture() };
    refused(config, "token", 422, "Feature not configured, please contact your admin!");
}

fn outbound(user: Value) -> Desk {
    let mut desk = Desk::new(fixture());
    let call = with(new_call("out", "4930600000000", "4912347114711"), "user", user);
    assert_eq!(desk.post(&call).status, 200);
    desk
}

#[test]
fn requests_8_to_10_an_outbound_call_and_its_hangup() {
    let mut desk = outbound("user 1".into());
    let row = desk.row();
    assert_eq!(row.from, "4930777000000");
    assert_eq!(row.to, "4912347114711");
    assert_eq!(row.direction, "out");
    assert_eq!(row.from_comment.as_deref(), Some("user 1"));
    assert_eq!(row.to_comment.as_deref(), Some("CallerId Customer1"));
    assert_eq!(row.to_people, [0]);
    assert_eq!(row.queue, "4930777000000");
    assert_eq!((row.start_at, row.end_at), (None, None));
    desk.row_is(State::NewCall, true, (None, None), None);

    desk.pass(2);
    desk.ok(&hangup("out", "cancel"));
    desk.row_is(State::Hangup, true, (Some(2), None), Some("cancel"));
    assert_eq!(desk.row().start_at, None);
    assert_eq!(desk.row().end_at, Some(desk.now));

    assert_eq!(outbound(json!(["user 1"])).row().from_comment.as_deref(), Some("user 1"));
}

#[test]
fn requests_11_and_12_an_outbound_call_answered_keeps_its_names() {
    let mut desk = outbound(json!(["user 1"]));
    desk.pass(2);
    desk.ok(&answer("out"));
    desk.row_is(State::Answer, true, (Some(2), None), None);
    assert_eq!(desk.row().from_comment.as_deref(), Some("user 1"));
    assert_eq!(desk.row().to_comment.as_deref(), Some("CallerId Customer1"));
    desk.pass(2);
    desk.ok(&hangup("out", "normalClearing"));
    desk.row_is(State::Hangup, true, (Some(2), Some(2)), Some("normalClearing"));
}

#[test]
fn requests_13_to_16_an_inbound_call_answered() {
    let mut desk = Desk::new(fixture());
    desk.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", "user 1"));
    let row = desk.row();
    assert_eq!((row.from.as_str(), row.to.as_str()), ("4912347114711", "4930600000000"));
    assert_eq!(row.to_comment.as_deref(), Some("user 1"));
    assert_eq!(row.from_comment.as_deref(), Some("CallerId Customer1"));
    assert_eq!(row.from_people, [0]);
    assert_eq!(row.queue, "4930600000000");
    desk.row_is(State::NewCall, false, (None, None), None);

    desk.pass(2);
    desk.ok(&answer("in"));
    desk.row_is(State::Answer, true, (Some(2), None), None);
    assert_eq!(desk.row().to_comment.as_deref(), Some("user 1"));

    desk.pass(2);
    desk.ok(&hangup("in", "normalClearing"));
    desk.row_is(State::Hangup, true, (Some(2), Some(2)), Some("normalClearing"));

    let before = desk.row().clone();
    desk.pass(2);
    desk.ok(&with(answer("in"), "user", "user 2"));
    assert_eq!(desk.row(), &before);
}

#[test]
fn request_17_a_call_taken_by_the_voicemail_stays_missed() {
    let mut desk = Desk::new(fixture());
    desk.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", json!(["user 1", "user 2"])));
    assert_eq!(desk.row().to_comment.as_deref(), Some("user 1, user 2"));
    desk.pass(2);
    desk.ok(&with(answer("in"), "user", "voicemail"));
    desk.row_is(State::Answer, true, (Some(2), None), None);
    assert_eq!(desk.row().to_comment.as_deref(), Some("voicemail"));
    desk.ok(&hangup("in", "normalClearing"));
    desk.row_is(State::Hangup, false, (Some(2), Some(0)), Some("normalClearing"));
    assert!(desk.row().missed());
}

#[test]
fn request_18_a_call_nobody_answered_is_missed_whatever_its_cause() {
    let mut desk = Desk::new(fixture());
    desk.ok(&new_call("in", "4912347114711", "4930600000000"));
    desk.pass(3);
    desk.ok(&hangup("in", "normalClearing"));
    desk.row_is(State::Hangup, false, (Some(3), None), Some("normalClearing"));
    assert_eq!(desk.row().start_at, None);
}

#[test]
fn request_19_two_customers_with_one_number_are_both_named_the_newest_first() {
    let mut desk = Desk::new(fixture());
    desk.ok(&new_call("in", "49999992222222", "4930600000000"));
    assert_eq!(desk.row().from_comment.as_deref(), Some("CallerId Customer3,CallerId Customer2"));
    assert!(desk.row().to_people.is_empty());
}

#[test]
fn requests_20_and_21_a_queue_stands_in_where_there_is_no_user() {
    for (user, expected) in [("user 1", "user 1"), ("", "some_queue_name")] {
        let mut desk = Desk::new(fixture());
        let call = with(new_call("in", "anonymous", "4930600000000"), "queue", "some_queue_name");
        desk.ok(&with(call, "user", user));
        let row = desk.row();
        assert_eq!(row.from, "anonymous");
        assert_eq!(row.from_comment, None);
        assert_eq!(row.queue, "some_queue_name");
        assert_eq!(row.to_comment.as_deref(), Some(expected));
    }
}

#[test]
fn log_an_id_that_exists_is_refused_whatever_has_become_of_the_call() {
    let text = "This object already exists.";
    let exists = json!({ "error": text, "error_human": text });
    let mut desk = Desk::new(fixture());
    let call = new_call("in", "4912347114711", "4930600000000");
    desk.ok(&call);
    desk.check(&call, 500, &exists);
    desk.ok(&answer("in"));
    desk.check(&call, 500, &exists);
    desk.ok(&hangup("in", "busy"));
    desk.check(&call, 500, &exists);
    assert_eq!(desk.state.rows().len(), 1);
}

#[test]
fn log_an_answer_or_hangup_of_an_unknown_call_is_an_error_that_says_nothing() {
    let mut desk = Desk::new(fixture());
    desk.fault(&answer("in"), 500);
    desk.fault(&hangup("in", "busy"), 500);
}

#[test]
fn log_what_a_hangup_makes_of_done() {
    for (answered, user, cause, done) in [
        (false, None, "normalClearing", false),
        (false, None, "busy", false),
        (false, None, "forwarded", true),
        (false, Some("voicemail"), "forwarded", false),
        (true, None, "normalClearing", true),
        (true, None, "busy", true),
        (true, Some("voicemail"), "normalClearing", false),
    ] {
        let mut desk = Desk::new(fixture());
        let call = new_call("in", "4912347114711", "4930600000000");
        desk.ok(&match user {
            Some(user) => with(call, "user", user),
            None => call,
        });
        if answered {
            desk.ok(&answer("in"));
        }
        desk.ok(&hangup("in", cause));
        assert_eq!(desk.row().done, done, "{answered} {user:?} {cause}");
    }
}

#[test]
fn log_who_has_a_number_goes_before_who_wrote_it() {
    let mut config = fixture();
    let wrote =
        Person { tickets: vec!["call me: 01234 7114711".into()], ..Person::customer("Maybe Bee", "") };
    config.people.push(wrote);
    let mut desk = Desk::new(config.clone());
    desk.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(desk.row().from_comment.as_deref(), Some("CallerId Customer1"));

    config.people.remove(0);
    let mut desk = Desk::new(config);
    desk.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(desk.row().from_comment.as_deref(), Some("maybe Maybe Bee"));
}

#[test]
fn driver_another_direction_is_invalid() {
    for direction in [json!("internal"), json!("IN"), json!(""), json!(null), json!(["in"]), json!(1)] {
        let call = with(new_call("in", "1", "2"), "direction", direction);
        Desk::new(fixture()).check(&call, 422, &json!({ "error": "Invalid 'direction'!" }));
    }
    Desk::new(fixture()).check(&json!({}), 422, &json!({ "error": "Invalid 'direction'!" }));
}

#[test]
fn driver_only_an_inbound_caller_with_exactly_the_blocked_number_is_rejected() {
    for from in ["+491715000000", "0491715000000", "4917150000001", "491715000000 "] {
        Desk::new(fixture()).ok(&new_call("in", from, "4930600000000"));
    }
    let answer = Desk::new(fixture()).post(&new_call("out", "491715000000", "4930600000000"));
    assert_eq!(answer.body["action"], "dial");
}

/// Whose screen comes up for an inbound answer with `params`.
#[track_caller]
fn screen(params: &[(&str, Value)], expected: Option<&str>) {
    let mut config = fixture();
    config.people.extend([
        Person::agent("Agent Short", "short", "1234567"),
        Person {
            other: vec!["mobile 0171 1000002".into()],
            ..Person::agent("Agent Long", "agent@example.com", "0171 1000001")
        },
        Person::agent("Agent Ext", "ext", "1234"),
        Person::customer("Customer Ext", "4321"),
    ]);
    let mut desk = Desk::new(config);
    desk.ok(&new_call("in", "4912347114711", "4930600000000"));
    let params = params.iter().fold(answer("in"), |all, (name, value)| with(all, name, value.clone()));
    let reply = desk.post(&params);
    assert_eq!((reply.status, reply.screen.as_deref()), (200, expected), "{params}");
}

#[test]
fn driver_who_answered_is_found_by_number_phone_login_or_id() {
    screen(&[("answeringNumber", "1234567".into())], Some("Agent Short"));
    screen(&[("answeringNumber", "491711000001".into())], Some("Agent Long"));
    screen(&[("answeringNumber", "+49 171 1000002".into())], Some("Agent Long"));
    screen(&[("answeringNumber", "1234".into())], Some("Agent Ext"));
    screen(&[("answeringNumber", 1234.into())], Some("Agent Ext"));
    screen(&[("answeringNumber", "12-34".into())], None);
    screen(&[("answeringNumber", "491711009999".into())], None);
    screen(&[("user", "AGENT@example.com".into())], Some("Agent Long"));
    screen(&[("user", "Agent Long".into())], None);
    screen(&[("answeringNumber", "agent@example.com".into())], None);
    screen(&[("user_id", 3.into())], Some("Agent Short"));
    screen(&[("user_id", "0".into())], None);
    // A customer who has the number ends the search.
    screen(&[("answeringNumber", "4321".into()), ("user", "ext".into())], None);
    screen(&[], None);
}

#[test]
fn driver_no_screen_comes_up_for_an_outbound_call() {
    let mut config = fixture();
    config.people.push(Person::agent("Agent Ext", "ext", "1234"));
    let mut desk = Desk::new(config);
    desk.post(&new_call("out", "4930600000000", "4912347114711"));
    let reply = desk.post(&with(answer("out"), "answeringNumber", "1234"));
    assert_eq!((reply.status, reply.screen), (200, None));
}

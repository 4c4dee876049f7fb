//! The cases that Zammad's own specs state (Zammad notes 4), by their numbers there.

use super::*;

fn refused(config: ZammadConfig, token: &str, status: u16, error: &str) {
    let mut state = ZammadState::new(config);
    let Value::Object(params) = new_call("in", "4912347114711", "4930600000000") else { panic!() };
    let answer = state.apply(token, &RequestParams(params), Timestamp::UNIX_EPOCH);
    assert_eq!((answer.status, answer.body, answer.is_exception), (status, json!({ "error": error }), false));
    assert!(state.call_log().is_empty());
}

#[test]
fn request_1_a_wrong_token_is_refused() {
    refused(fixture(), "not_existing_token", 401, "Invalid token, please contact your admin!");
}

#[test]
fn request_2_a_new_call_is_accepted() {
    TestZammad::new(fixture()).ok(&new_call("in", "4912347114711", "4930600000000"));
}

#[test]
fn request_3_a_blocked_caller_is_rejected() {
    let reject = json!({ "action": "reject", "reason": "busy" });
    TestZammad::new(fixture()).check(&new_call("in", "491715000000", "4930600000000"), 200, &reject);
}

#[test]
fn requests_4_to_6_the_caller_id_depends_on_the_called_number() {
    for (to, caller_id) in [
        ("4912347114711", "4930777000000"),
        ("491714000000", "41715880339000"),
        ("4147110000000", "41715880339000"),
    ] {
        let dial = json!({ "action": "dial", "caller_id": caller_id, "number": to });
        TestZammad::new(fixture()).check(&new_call("out", "4930600000000", to), 200, &dial);
    }
}

#[test]
fn request_7_without_settings_everything_is_refused() {
    let config = ZammadConfig { configured: false, ..fixture() };
    refused(config, "token", 422, "Feature not configured, please contact your admin!");
}

fn outbound(user: Value) -> TestZammad {
    let mut zammad = TestZammad::new(fixture());
    let call = with(new_call("out", "4930600000000", "4912347114711"), "user", user);
    assert_eq!(zammad.post(&call).status, 200);
    zammad
}

#[test]
fn requests_8_to_10_an_outbound_call_and_its_hangup() {
    let mut zammad = outbound("user 1".into());
    let row = zammad.entry();
    assert_eq!(row.from, "4930777000000");
    assert_eq!(row.to, "4912347114711");
    assert_eq!(row.direction, "out");
    assert_eq!(row.from_comment.as_deref(), Some("user 1"));
    assert_eq!(row.to_comment.as_deref(), Some("CallerId Customer1"));
    assert_eq!(row.to_people, [0]);
    assert_eq!(row.queue, "4930777000000");
    assert_eq!((row.start_at, row.end_at), (None, None));
    zammad.check_entry(CallLogState::NewCall, true, (None, None), None);

    zammad.advance(2);
    zammad.ok(&hangup("out", "cancel"));
    zammad.check_entry(CallLogState::Hangup, true, (Some(2), None), Some("cancel"));
    assert_eq!(zammad.entry().start_at, None);
    assert_eq!(zammad.entry().end_at, Some(zammad.now));

    assert_eq!(outbound(json!(["user 1"])).entry().from_comment.as_deref(), Some("user 1"));
}

#[test]
fn requests_11_and_12_an_outbound_call_answered_keeps_its_names() {
    let mut zammad = outbound(json!(["user 1"]));
    zammad.advance(2);
    zammad.ok(&answer("out"));
    zammad.check_entry(CallLogState::Answer, true, (Some(2), None), None);
    assert_eq!(zammad.entry().from_comment.as_deref(), Some("user 1"));
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("CallerId Customer1"));
    zammad.advance(2);
    zammad.ok(&hangup("out", "normalClearing"));
    zammad.check_entry(CallLogState::Hangup, true, (Some(2), Some(2)), Some("normalClearing"));
}

#[test]
fn requests_13_to_16_an_inbound_call_answered() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", "user 1"));
    let row = zammad.entry();
    assert_eq!((row.from.as_str(), row.to.as_str()), ("4912347114711", "4930600000000"));
    assert_eq!(row.to_comment.as_deref(), Some("user 1"));
    assert_eq!(row.from_comment.as_deref(), Some("CallerId Customer1"));
    assert_eq!(row.from_people, [0]);
    assert_eq!(row.queue, "4930600000000");
    zammad.check_entry(CallLogState::NewCall, false, (None, None), None);

    zammad.advance(2);
    zammad.ok(&answer("in"));
    zammad.check_entry(CallLogState::Answer, true, (Some(2), None), None);
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("user 1"));

    zammad.advance(2);
    zammad.ok(&hangup("in", "normalClearing"));
    zammad.check_entry(CallLogState::Hangup, true, (Some(2), Some(2)), Some("normalClearing"));

    let before = zammad.entry().clone();
    zammad.advance(2);
    zammad.ok(&with(answer("in"), "user", "user 2"));
    assert_eq!(zammad.entry(), &before);
}

#[test]
fn request_17_a_call_answered_by_the_voicemail_stays_missed() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", json!(["user 1", "user 2"])));
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("user 1, user 2"));
    zammad.advance(2);
    zammad.ok(&with(answer("in"), "user", "voicemail"));
    zammad.check_entry(CallLogState::Answer, true, (Some(2), None), None);
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("voicemail"));
    zammad.ok(&hangup("in", "normalClearing"));
    zammad.check_entry(CallLogState::Hangup, false, (Some(2), Some(0)), Some("normalClearing"));
    assert!(zammad.entry().is_missed());
}

#[test]
fn request_18_an_unanswered_call_is_missed_for_any_cause() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&new_call("in", "4912347114711", "4930600000000"));
    zammad.advance(3);
    zammad.ok(&hangup("in", "normalClearing"));
    zammad.check_entry(CallLogState::Hangup, false, (Some(3), None), Some("normalClearing"));
    assert_eq!(zammad.entry().start_at, None);
}

#[test]
fn request_19_two_customers_with_one_number_are_named_newest_first() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&new_call("in", "49999992222222", "4930600000000"));
    assert_eq!(zammad.entry().from_comment.as_deref(), Some("CallerId Customer3,CallerId Customer2"));
    assert!(zammad.entry().to_people.is_empty());
}

#[test]
fn requests_20_and_21_the_queue_replaces_a_missing_user() {
    for (user, expected) in [("user 1", "user 1"), ("", "some_queue_name")] {
        let mut zammad = TestZammad::new(fixture());
        let call = with(new_call("in", "anonymous", "4930600000000"), "queue", "some_queue_name");
        zammad.ok(&with(call, "user", user));
        let row = zammad.entry();
        assert_eq!(row.from, "anonymous");
        assert_eq!(row.from_comment, None);
        assert_eq!(row.queue, "some_queue_name");
        assert_eq!(row.to_comment.as_deref(), Some(expected));
    }
}

#[test]
fn log_an_existing_id_is_refused_in_any_state_of_the_call() {
    let text = "This object already exists.";
    let exists = json!({ "error": text, "error_human": text });
    let mut zammad = TestZammad::new(fixture());
    let call = new_call("in", "4912347114711", "4930600000000");
    zammad.ok(&call);
    zammad.check(&call, 500, &exists);
    zammad.ok(&answer("in"));
    zammad.check(&call, 500, &exists);
    zammad.ok(&hangup("in", "busy"));
    zammad.check(&call, 500, &exists);
    assert_eq!(zammad.state.call_log().len(), 1);
}

#[test]
fn log_an_answer_or_hangup_of_an_unknown_call_is_an_exception() {
    let mut zammad = TestZammad::new(fixture());
    zammad.internal_error(&answer("in"), 500);
    zammad.internal_error(&hangup("in", "busy"), 500);
}

#[test]
fn log_a_hangup_sets_done_unless_the_call_was_missed() {
    for (answered, user, cause, done) in [
        (false, None, "normalClearing", false),
        (false, None, "busy", false),
        (false, None, "forwarded", true),
        (false, Some("voicemail"), "forwarded", false),
        (true, None, "normalClearing", true),
        (true, None, "busy", true),
        (true, Some("voicemail"), "normalClearing", false),
    ] {
        let mut zammad = TestZammad::new(fixture());
        let call = new_call("in", "4912347114711", "4930600000000");
        zammad.ok(&match user {
            Some(user) => with(call, "user", user),
            None => call,
        });
        if answered {
            zammad.ok(&answer("in"));
        }
        zammad.ok(&hangup("in", cause));
        assert_eq!(zammad.entry().done, done, "{answered} {user:?} {cause}");
    }
}

#[test]
fn log_customers_with_the_number_take_precedence_over_those_who_wrote_it() {
    let mut config = fixture();
    let wrote = ZammadPerson {
        tickets: vec!["call me: 01234 7114711".into()],
        ..ZammadPerson::customer("Maybe Bee", "")
    };
    config.people.push(wrote);
    let mut zammad = TestZammad::new(config.clone());
    zammad.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(zammad.entry().from_comment.as_deref(), Some("CallerId Customer1"));

    config.people.remove(0);
    let mut zammad = TestZammad::new(config);
    zammad.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(zammad.entry().from_comment.as_deref(), Some("maybe Maybe Bee"));
}

#[test]
fn driver_another_direction_is_invalid() {
    for direction in [json!("internal"), json!("IN"), json!(""), json!(null), json!(["in"]), json!(1)] {
        let call = with(new_call("in", "1", "2"), "direction", direction);
        TestZammad::new(fixture()).check(&call, 422, &json!({ "error": "Invalid 'direction'!" }));
    }
    TestZammad::new(fixture()).check(&json!({}), 422, &json!({ "error": "Invalid 'direction'!" }));
}

#[test]
fn driver_only_an_inbound_caller_with_exactly_the_blocked_number_is_rejected() {
    for from in ["+491715000000", "0491715000000", "4917150000001", "491715000000 "] {
        TestZammad::new(fixture()).ok(&new_call("in", from, "4930600000000"));
    }
    let answer = TestZammad::new(fixture()).post(&new_call("out", "491715000000", "4930600000000"));
    assert_eq!(answer.body["action"], "dial");
}

/// Checks who gets the screen pop for an inbound answer with `params`.
#[track_caller]
fn screen_pop(params: &[(&str, Value)], expected: Option<&str>) {
    let mut config = fixture();
    config.people.extend([
        ZammadPerson::agent("Agent Short", "short", "1234567"),
        ZammadPerson {
            other: vec!["mobile 0171 1000002".into()],
            ..ZammadPerson::agent("Agent Long", "agent@example.com", "0171 1000001")
        },
        ZammadPerson::agent("Agent Ext", "ext", "1234"),
        ZammadPerson::customer("Customer Ext", "4321"),
    ]);
    let mut zammad = TestZammad::new(config);
    zammad.ok(&new_call("in", "4912347114711", "4930600000000"));
    let params = params.iter().fold(answer("in"), |all, (name, value)| with(all, name, value.clone()));
    let reply = zammad.post(&params);
    assert_eq!((reply.status, reply.screen_pop.as_deref()), (200, expected), "{params}");
}

#[test]
fn driver_the_answering_agent_is_found_by_number_phone_login_or_id() {
    screen_pop(&[("answeringNumber", "1234567".into())], Some("Agent Short"));
    screen_pop(&[("answeringNumber", "491711000001".into())], Some("Agent Long"));
    screen_pop(&[("answeringNumber", "+49 171 1000002".into())], Some("Agent Long"));
    screen_pop(&[("answeringNumber", "1234".into())], Some("Agent Ext"));
    screen_pop(&[("answeringNumber", 1234.into())], Some("Agent Ext"));
    screen_pop(&[("answeringNumber", "12-34".into())], None);
    screen_pop(&[("answeringNumber", "491711009999".into())], None);
    screen_pop(&[("user", "AGENT@example.com".into())], Some("Agent Long"));
    screen_pop(&[("user", "Agent Long".into())], None);
    screen_pop(&[("answeringNumber", "agent@example.com".into())], None);
    screen_pop(&[("user_id", 3.into())], Some("Agent Short"));
    screen_pop(&[("user_id", "0".into())], None);
    // A customer who has the number ends the search.
    screen_pop(&[("answeringNumber", "4321".into()), ("user", "ext".into())], None);
    screen_pop(&[], None);
}

#[test]
fn driver_an_outbound_call_has_no_screen_pop() {
    let mut config = fixture();
    config.people.push(ZammadPerson::agent("Agent Ext", "ext", "1234"));
    let mut zammad = TestZammad::new(config);
    zammad.post(&new_call("out", "4930600000000", "4912347114711"));
    let reply = zammad.post(&with(answer("out"), "answeringNumber", "1234"));
    assert_eq!((reply.status, reply.screen_pop), (200, None));
}

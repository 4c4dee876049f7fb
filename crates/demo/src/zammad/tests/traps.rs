//! What was measured of Zammad beyond its specs (Zammad notes, sections 1 and 2).

use super::*;

fn called() -> TestZammad {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", "user 1"));
    zammad
}

#[test]
fn a_disabled_integration_replies_so_even_to_a_wrong_token() {
    let config = ZammadConfig { enabled: false, configured: false, ..fixture() };
    let reply = ZammadState::new(config).apply("wrong", &RequestParams::default(), Timestamp::UNIX_EPOCH);
    assert_eq!(reply.status, 422);
    assert_eq!(reply.body, json!({ "error": "Feature is disabled, please contact your administrator!" }));
}

#[test]
fn an_absent_or_unknown_event_is_refused_without_a_reason() {
    for event in [json!(null), json!("newcall"), json!("ringing"), json!("")] {
        called().internal_error(&with(new_call("in", "1", "2"), "event", event), 422);
    }
}

#[test]
fn callid_takes_precedence_over_call_id_and_may_be_an_integer() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&with(new_call("in", "1", "2"), "callId", "a"));
    assert_eq!(zammad.entry().call_id, "a");
    zammad.ok(&with(new_call("in", "1", "2"), "callId", ""));
    assert_eq!(zammad.entry().call_id, "");
    assert_eq!(zammad.post(&with(new_call("in", "1", "2"), "callId", "")).status, 500);
    zammad.ok(&with(new_call("in", "1", "2"), "callId", 7));
    assert_eq!(zammad.entry().call_id, "7");
    zammad.ok(&with(answer("in"), "callId", "7"));
    zammad.internal_error(&with(json!({ "event": "answer", "direction": "in" }), "callid", "7"), 500);
}

#[test]
fn a_long_id_is_truncated_when_stored_but_not_when_looked_up() {
    let mut zammad = TestZammad::new(fixture());
    let long = "x".repeat(251);
    zammad.ok(&with(new_call("in", "1", "2"), "callId", long.as_str()));
    assert_eq!(zammad.entry().call_id.len(), 250);
    zammad.internal_error(&with(answer("in"), "callId", long.as_str()), 500);
    zammad.ok(&with(answer("in"), "callId", "x".repeat(250)));
    let again = zammad.post(&with(new_call("in", "1", "2"), "callId", long));
    assert_eq!((again.status, again.body["error"].as_str().unwrap()), (422, "This object already exists."));
}

#[test]
fn a_new_call_needs_an_id_and_both_numbers_which_may_be_empty() {
    for name in ["call_id", "from", "to"] {
        let reply = called().post(&with(new_call("in", "1", "2"), name, json!(null)));
        assert_eq!(reply.status, 422);
        assert_eq!(reply.body["error"], format!("Attribute '{name}\" of relation \"cti_logs' required!"));
    }
    TestZammad::new(fixture()).ok(&new_call("in", "", ""));
}

#[test]
fn a_number_sent_as_an_integer_is_stored_but_not_looked_up_or_blocked() {
    let mut zammad = TestZammad::new(fixture());
    zammad.ok(&with(new_call("in", "", "4930600000000"), "from", 4_912_347_114_711_u64));
    assert_eq!(zammad.entry().from, "4912347114711");
    assert_eq!(zammad.entry().from_comment, None);
    TestZammad::new(fixture()).ok(&with(new_call("in", "", "4930600000000"), "from", 491_715_000_000_u64));
}

#[test]
fn an_outbound_number_sent_as_an_integer_crashes_where_there_is_a_routing_table() {
    let call = with(new_call("out", "4930600000000", ""), "to", 4_912_347_114_711_u64);
    let mut zammad = TestZammad::new(fixture());
    zammad.internal_error(&call, 500);
    assert!(zammad.state.call_log().is_empty());
    TestZammad::new(ZammadConfig::new("token")).ok(&call);
}

#[test]
fn an_outbound_call_is_unchanged_without_routes_and_default() {
    let mut zammad = TestZammad::new(ZammadConfig::new("token"));
    zammad.ok(&new_call("out", "4930600000000", "4912347114711"));
    assert_eq!(zammad.entry().from, "4930600000000");
    assert_eq!(zammad.entry().queue, "4930600000000");
}

#[test]
fn a_second_answer_overwrites_the_first_and_restarts_the_talking_time() {
    let mut zammad = called();
    zammad.advance(2);
    zammad.ok(&with(answer("in"), "user", "user 1"));
    zammad.advance(5);
    zammad.ok(&with(answer("in"), "user", "user 2"));
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("user 2"));
    zammad.check_entry(CallLogState::Answer, true, (Some(7), None), None);
    zammad.advance(3);
    zammad.ok(&hangup("in", "normalClearing"));
    zammad.check_entry(CallLogState::Hangup, true, (Some(7), Some(3)), Some("normalClearing"));
}

#[test]
fn a_user_on_an_outbound_answer_overwrites_the_customer() {
    let mut zammad = TestZammad::new(fixture());
    zammad.post(&new_call("out", "4930600000000", "4912347114711"));
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("CallerId Customer1"));
    zammad.ok(&with(answer("out"), "user", "user 1"));
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("user 1"));
}

#[test]
fn an_empty_user_on_an_answer_blanks_the_name() {
    for user in [json!(""), json!([])] {
        let mut zammad = called();
        zammad.ok(&with(answer("in"), "user", user));
        assert_eq!(zammad.entry().to_comment.as_deref(), Some(""));
    }
}

#[test]
fn a_list_of_users_on_an_answer_fails_after_the_answer_is_stored() {
    let list = with(answer("in"), "user", json!(["user 2"]));
    let mut zammad = called();
    zammad.internal_error(&list, 500);
    zammad.check_entry(CallLogState::Answer, true, (Some(0), None), None);
    assert_eq!(zammad.entry().to_comment.as_deref(), Some("user 2"));

    let mut config = fixture();
    config.people.push(ZammadPerson::agent("Agent Ext", "ext", "1234"));
    let mut zammad = TestZammad::new(config);
    zammad.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(zammad.post(&with(list, "answeringNumber", "1234")).screen_pop.as_deref(), Some("Agent Ext"));
}

#[test]
fn a_second_hangup_hides_a_missed_call() {
    let mut zammad = called();
    zammad.ok(&hangup("in", "cancel"));
    assert!(zammad.entry().is_missed());
    zammad.advance(1);
    zammad.ok(&hangup("in", "busy"));
    zammad.check_entry(CallLogState::Hangup, true, (Some(0), None), Some("busy"));
    assert_eq!(zammad.entry().end_at, Some(zammad.now));
}

#[test]
fn an_outbound_hangup_hides_a_missed_inbound_call() {
    let mut zammad = called();
    zammad.ok(&hangup("out", "cancel"));
    assert!(!zammad.entry().is_missed());
}

#[test]
fn a_rejected_call_rings_until_its_hangup() {
    let mut zammad = TestZammad::new(fixture());
    zammad.post(&new_call("in", "491715000000", "4930600000000"));
    zammad.check_entry(CallLogState::NewCall, false, (None, None), None);
}

#[test]
fn values_too_long_for_their_column_are_truncated() {
    let mut zammad = TestZammad::new(fixture());
    let long = "ä".repeat(600);
    let call = ["from", "to", "user", "queue", "cause"]
        .into_iter()
        .fold(new_call("in", "", ""), |call, name| with(call, name, long.as_str()));
    zammad.ok(&call);
    let row = zammad.entry();
    let lengths =
        [&row.from, &row.to, row.to_comment.as_ref().unwrap(), &row.queue, row.comment.as_ref().unwrap()];
    assert_eq!(lengths.map(|text| text.chars().count()), [100, 100, 250, 250, 500]);
}

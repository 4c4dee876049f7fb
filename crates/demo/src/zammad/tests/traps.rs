//! What was measured of Zammad beyond its specs (Zammad contract, sections 1 and 2).

use super::*;

fn called() -> Desk {
    let mut desk = Desk::new(fixture());
    desk.ok(&with(new_call("in", "4912347114711", "4930600000000"), "user", "user 1"));
    desk
}

#[test]
fn a_switched_off_integration_says_so_even_to_a_wrong_token() {
    let config = ZammadConfig { enabled: false, configured: false, ..fixture() };
    let reply = ZammadState::new(config).apply("wrong", &Params::default(), Timestamp::UNIX_EPOCH);
    assert_eq!(reply.status, 422);
    assert_eq!(reply.body, json!({ "error": "Feature is disabled, please contact your administrator!" }));
}

#[test]
fn an_event_that_is_absent_or_unknown_is_refused_without_a_word_why() {
    for event in [json!(null), json!("newcall"), json!("ringing"), json!("")] {
        called().fault(&with(new_call("in", "1", "2"), "event", event), 422);
    }
}

#[test]
fn callid_goes_before_call_id_even_when_empty_and_an_integer_is_taken() {
    let mut desk = Desk::new(fixture());
    desk.ok(&with(new_call("in", "1", "2"), "callId", "a"));
    assert_eq!(desk.row().call_id, "a");
    desk.ok(&with(new_call("in", "1", "2"), "callId", ""));
    assert_eq!(desk.row().call_id, "");
    assert_eq!(desk.post(&with(new_call("in", "1", "2"), "callId", "")).status, 500);
    desk.ok(&with(new_call("in", "1", "2"), "callId", 7));
    assert_eq!(desk.row().call_id, "7");
    desk.ok(&with(answer("in"), "callId", "7"));
    desk.fault(&with(json!({ "event": "answer", "direction": "in" }), "callid", "7"), 500);
}

#[test]
fn a_long_id_is_cut_when_stored_but_looked_up_uncut() {
    let mut desk = Desk::new(fixture());
    let long = "x".repeat(251);
    desk.ok(&with(new_call("in", "1", "2"), "callId", long.as_str()));
    assert_eq!(desk.row().call_id.len(), 250);
    desk.fault(&with(answer("in"), "callId", long.as_str()), 500);
    desk.ok(&with(answer("in"), "callId", "x".repeat(250)));
    let again = desk.post(&with(new_call("in", "1", "2"), "callId", long));
    assert_eq!((again.status, again.body["error"].as_str().unwrap()), (422, "This object already exists."));
}

#[test]
fn a_new_call_needs_an_id_and_both_numbers_which_may_be_empty() {
    for name in ["call_id", "from", "to"] {
        let reply = called().post(&with(new_call("in", "1", "2"), name, json!(null)));
        assert_eq!(reply.status, 422);
        assert_eq!(reply.body["error"], format!("Attribute '{name}\" of relation \"cti_logs' required!"));
    }
    Desk::new(fixture()).ok(&new_call("in", "", ""));
}

#[test]
fn a_number_sent_as_an_integer_is_stored_but_not_looked_up_or_blocked() {
    let mut desk = Desk::new(fixture());
    desk.ok(&with(new_call("in", "", "4930600000000"), "from", 4_912_347_114_711_u64));
    assert_eq!(desk.row().from, "4912347114711");
    assert_eq!(desk.row().from_comment, None);
    Desk::new(fixture()).ok(&with(new_call("in", "", "4930600000000"), "from", 491_715_000_000_u64));
}

#[test]
fn an_outbound_number_sent_as_an_integer_crashes_where_there_is_a_routing_table() {
    let call = with(new_call("out", "4930600000000", ""), "to", 4_912_347_114_711_u64);
    let mut desk = Desk::new(fixture());
    desk.fault(&call, 500);
    assert!(desk.state.rows().is_empty());
    Desk::new(ZammadConfig::new("token")).ok(&call);
}

#[test]
fn an_outbound_call_is_left_as_it_is_without_routes_and_default() {
    let mut desk = Desk::new(ZammadConfig::new("token"));
    desk.ok(&new_call("out", "4930600000000", "4912347114711"));
    assert_eq!(desk.row().from, "4930600000000");
    assert_eq!(desk.row().queue, "4930600000000");
}

#[test]
fn a_second_answer_overwrites_the_first_and_talking_counts_from_it() {
    let mut desk = called();
    desk.pass(2);
    desk.ok(&with(answer("in"), "user", "user 1"));
    desk.pass(5);
    desk.ok(&with(answer("in"), "user", "user 2"));
    assert_eq!(desk.row().to_comment.as_deref(), Some("user 2"));
    desk.row_is(State::Answer, true, (Some(7), None), None);
    desk.pass(3);
    desk.ok(&hangup("in", "normalClearing"));
    desk.row_is(State::Hangup, true, (Some(7), Some(3)), Some("normalClearing"));
}

#[test]
fn a_user_on_an_outbound_answer_overwrites_the_customer() {
    let mut desk = Desk::new(fixture());
    desk.post(&new_call("out", "4930600000000", "4912347114711"));
    assert_eq!(desk.row().to_comment.as_deref(), Some("CallerId Customer1"));
    desk.ok(&with(answer("out"), "user", "user 1"));
    assert_eq!(desk.row().to_comment.as_deref(), Some("user 1"));
}

#[test]
fn an_empty_user_on_an_answer_blanks_the_name() {
    for user in [json!(""), json!([])] {
        let mut desk = called();
        desk.ok(&with(answer("in"), "user", user));
        assert_eq!(desk.row().to_comment.as_deref(), Some(""));
    }
}

#[test]
fn a_list_of_users_on_an_answer_loses_the_reply_but_not_the_answer() {
    let list = with(answer("in"), "user", json!(["user 2"]));
    let mut desk = called();
    desk.fault(&list, 500);
    desk.row_is(State::Answer, true, (Some(0), None), None);
    assert_eq!(desk.row().to_comment.as_deref(), Some("user 2"));

    let mut config = fixture();
    config.people.push(Person::agent("Agent Ext", "ext", "1234"));
    let mut desk = Desk::new(config);
    desk.ok(&new_call("in", "4912347114711", "4930600000000"));
    assert_eq!(desk.post(&with(list, "answeringNumber", "1234")).screen.as_deref(), Some("Agent Ext"));
}

#[test]
fn a_second_hangup_hides_a_missed_call() {
    let mut desk = called();
    desk.ok(&hangup("in", "cancel"));
    assert!(desk.row().missed());
    desk.pass(1);
    desk.ok(&hangup("in", "busy"));
    desk.row_is(State::Hangup, true, (Some(0), None), Some("busy"));
    assert_eq!(desk.row().end_at, Some(desk.now));
}

#[test]
fn an_outbound_hangup_hides_a_missed_inbound_call() {
    let mut desk = called();
    desk.ok(&hangup("out", "cancel"));
    assert!(!desk.row().missed());
}

#[test]
fn a_rejected_call_rings_until_its_hangup() {
    let mut desk = Desk::new(fixture());
    desk.post(&new_call("in", "491715000000", "4930600000000"));
    desk.row_is(State::NewCall, false, (None, None), None);
}

#[test]
fn what_is_too_long_for_its_column_is_cut() {
    let mut desk = Desk::new(fixture());
    let long = "ä".repeat(600);
    let call = ["from", "to", "user", "queue", "cause"]
        .into_iter()
        .fold(new_call("in", "", ""), |call, name| with(call, name, long.as_str()));
    desk.ok(&call);
    let row = desk.row();
    let lengths =
        [&row.from, &row.to, row.to_comment.as_ref().unwrap(), &row.queue, row.comment.as_ref().unwrap()];
    assert_eq!(lengths.map(|text| text.chars().count()), [100, 100, 250, 250, 500]);
}

//! One delivery, as a client with a role may see it.

use ringwire_outbox::{AttemptRecord, DeliveryRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Role;

/// A delivery with each of its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[serde(flatten)]
    pub(crate) delivery: DeliveryRecord,
    /// Each attempt, in order. Only an admin sees the replies.
    pub(crate) attempts: Vec<AttemptRecord>,
}

impl Delivery {
    /// A delivery, as a client with this role may see it.
    pub(crate) fn shown_to(
        role: Role,
        (mut delivery, mut attempts): (DeliveryRecord, Vec<AttemptRecord>),
    ) -> Self {
        hide_replies(role, &mut delivery);
        if role < Role::Admin {
            for attempt in &mut attempts {
                attempt.reply = None;
                cut_reply(&mut attempt.outcome);
            }
        }
        Self { delivery, attempts }
    }
}

/// Leaves to clients that are no admins the status of a reply, and not what it says.
pub(crate) fn hide_replies(role: Role, delivery: &mut DeliveryRecord) {
    if role < Role::Admin
        && let Some(reason) = &mut delivery.reason
    {
        cut_reply(reason);
    }
}

/// Cuts what earlier releases wrote of a reply after its status: `HTTP 422: …`.
fn cut_reply(reason: &mut String) {
    const STATUS: &str = "HTTP 422";
    let end = reason.match_indices("HTTP ").map(|(at, _)| at + STATUS.len()).find(|end| {
        let (status, reply) = (reason.get(end - 3..*end), reason.get(*end..));
        status.is_some_and(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
            && reply.is_some_and(|reply| reply.starts_with(": "))
    });
    if let Some(end) = end {
        reason.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_reply_are_cut_and_its_status_stays() {
        for (reason, expected) in [
            ("HTTP 422: 491761234567 is blocked", "HTTP 422"),
            (
                "all 9 attempts failed, the last one with: HTTP 500: Erika",
                "all 9 attempts failed, the last one with: HTTP 500",
            ),
            (
                "HTTP 401 (JSON); the token is not valid: copy it",
                "HTTP 401 (JSON); the token is not valid: copy it",
            ),
            ("the connection broke: HTTP x: y", "the connection broke: HTTP x: y"),
            ("HTTP ", "HTTP "),
            ("HTTP 4\u{e4}2: x", "HTTP 4\u{e4}2: x"),
        ] {
            let mut text = reason.to_owned();
            cut_reply(&mut text);
            assert_eq!(text, expected);
        }
    }
}

//! Zammad's generic CTI integration.
//!
//! Three events are posted: newCall, answer and hangup. What they contain, and what the replies mean, follows Zammad's
//! code, not its documentation (docs/zammad.md).

mod fields;
pub(crate) mod options;
mod replies;

use ringwire_delivery::{RepeatPolicy, RepeatRules};
use ringwire_event::{CallEvent, Direction};

use self::{
    fields::{CallLogSide, FieldChoices, ScreenPop},
    options::{BodyFormat, ZammadOptions},
};
use crate::{
    dialect::Dialect,
    pattern::PatternSet,
    reply::{ReplyVerdict, TargetReply},
    request::{RequestBody, TargetRequest},
    step::{DeliveryStep, JudgedReply, StepContext, StepError},
};

/// Zammad's generic CTI integration.
#[derive(Clone, Debug)]
pub struct Zammad {
    format: BodyFormat,
    choices: FieldChoices,
    internal: bool,
    trunks: PatternSet,
    dids: PatternSet,
}

impl Zammad {
    /// The name of this dialect.
    pub const NAME: &'static str = "zammad";

    /// Creates the dialect with `options`.
    #[must_use]
    pub fn new(options: &ZammadOptions) -> Self {
        Self {
            format: options.format,
            choices: FieldChoices {
                to: options.to,
                send_queue: options.send_queue,
                find_agent_by: options.find_agent_by,
            },
            internal: options.internal,
            trunks: PatternSet::for_names(&options.trunks),
            dids: PatternSet::for_numbers(&options.dids),
        }
    }

    /// Returns the side of Zammad's call log on which the call of `event` is entered; `None` if it is filtered out.
    ///
    /// It depends on the direction, the trunk and the dialled number only, which are the same in every event of a call:
    /// a call whose newCall was posted and whose hangup was not would ring for ever.
    fn call_log_side(&self, event: &CallEvent) -> Option<CallLogSide> {
        match event.direction {
            Direction::In => (self.trunks.matches(event.trunk.as_deref())
                && self.dids.matches(Some(&event.to)))
            .then_some(CallLogSide::In),
            Direction::Out => self.trunks.matches(event.trunk.as_deref()).then_some(CallLogSide::Out),
            // Zammad has two directions. An `out` call counts as done whatever becomes of it, its callee is looked up
            // among the customers, and the reply offers another caller ID. An `in` call shows who calls whom and
            // whether it was missed, and opens the screen of the colleague who answers.
            Direction::Internal => self.internal.then_some(CallLogSide::In),
        }
    }

    fn request(&self, event: &CallEvent, screen_pop: ScreenPop) -> Option<TargetRequest> {
        let fields = fields::build_fields(event, self.call_log_side(event)?, self.choices, screen_pop)?;
        let body = match self.format {
            BodyFormat::Json => RequestBody::Json(fields.into()),
            BodyFormat::Form => RequestBody::form(&fields),
        };
        // Without it Zammad reports an exception as an HTML page (docs/zammad.md, section 1).
        let headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        Some(TargetRequest { headers, body, ..TargetRequest::default() })
    }

    /// Builds the request that reports `event`; `None` if it is not posted.
    ///
    /// A call that is filtered out is filtered out with all its events.
    #[must_use]
    pub fn build_request(&self, event: &CallEvent) -> Option<TargetRequest> {
        self.request(event, ScreenPop::Opens)
    }

    /// Builds the same request without what opens an agent's screen.
    #[must_use]
    pub fn build_quiet_request(&self, event: &CallEvent) -> Option<TargetRequest> {
        self.request(event, ScreenPop::None)
    }

    /// What Zammad's `reply` to the request for `event` means.
    #[must_use]
    pub fn judge(&self, event: &CallEvent, reply: &TargetReply<'_>) -> ReplyVerdict {
        replies::judge_reply(event, reply)
    }
}

impl Dialect for Zammad {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn wants(&self, event: &CallEvent) -> bool {
        fields::is_posted(&event.kind) && self.call_log_side(event).is_some()
    }

    fn next_step(
        &self,
        event: &CallEvent,
        context: &StepContext<'_>,
    ) -> Result<Option<DeliveryStep>, StepError> {
        let id = event.kind.name();
        if context.progress.is_done(id) {
            return Ok(None);
        }
        let repeat = self.repeat_rules().policy(event);
        let request = match context.is_quiet {
            true => self.build_quiet_request(event),
            false => self.build_request(event),
        };
        Ok(request.map(|request| DeliveryStep { id: id.to_owned(), request, repeat }))
    }

    /// A second newCall changes nothing. A second answer opens the agent's screen again unless it is quiet, and moves the
    /// start of the call, which is a lesser harm than an answered call that is listed as missed. A second hangup marks a
    /// missed call as done; of a call that voicemail answered it does not (docs/zammad.md, section 6).
    fn repeat_rules(&self) -> RepeatRules {
        RepeatRules {
            new_call: RepeatPolicy::AsIs,
            answer: RepeatPolicy::Quietly,
            missed_hangup: RepeatPolicy::Never,
            hangup: RepeatPolicy::AsIs,
            other: RepeatPolicy::AsIs,
        }
    }

    fn judge_reply(&self, event: &CallEvent, _step: &DeliveryStep, reply: &TargetReply<'_>) -> JudgedReply {
        self.judge(event, reply).into()
    }
}

#[cfg(test)]
mod tests;

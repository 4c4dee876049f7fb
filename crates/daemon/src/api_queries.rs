//! The queries of the API to the task that owns the trackers.

use futures_util::future::BoxFuture;
use ringwire_api::{ApiQueries, Channel, ChannelKind};
use ringwire_calls::{ChannelSummary, Tracker};
use ringwire_event::ExplanationStep;
use tokio::sync::{mpsc, oneshot};

use super::messages::{TrackerMessage, TrackerQuery};

/// Queries the task that owns the trackers. It does not keep that task alive.
#[derive(Clone, Debug)]
pub(crate) struct TrackerQueries(mpsc::WeakSender<TrackerMessage>);

impl TrackerQueries {
    /// Queries the task that receives from `packets`.
    pub(crate) fn new(packets: &mpsc::Sender<TrackerMessage>) -> Self {
        Self(packets.downgrade())
    }

    /// The answer to a query; the default when the task is gone.
    fn query<T: Default + Send + 'static>(
        &self,
        query: impl FnOnce(oneshot::Sender<T>) -> TrackerQuery + Send + 'static,
    ) -> BoxFuture<'static, T> {
        let tracker_task = self.0.upgrade();
        Box::pin(async move {
            let Some(tracker_task) = tracker_task else { return T::default() };
            let (answer, answered) = oneshot::channel();
            if tracker_task.send(TrackerMessage::Query(query(answer))).await.is_err() {
                return T::default();
            }
            answered.await.unwrap_or_default()
        })
    }
}

impl ApiQueries for TrackerQueries {
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>> {
        self.query(TrackerQuery::Channels)
    }

    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value> {
        self.query(TrackerQuery::Diagnosis)
    }

    fn explanation(&self, call: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>> {
        let call = call.to_owned();
        let explanation = self.query(|answer| TrackerQuery::Explanation(call, answer));
        Box::pin(async move { explanation.await.map(|explanation| explanation.steps()) })
    }
}

/// The channels that `tracker` follows at `pbx`.
pub(crate) fn channels(pbx: &str, tracker: &Tracker) -> Vec<Channel> {
    tracker.channel_summaries().iter().map(|summary| channel(pbx, summary)).collect()
}

fn channel(pbx: &str, summary: &ChannelSummary<'_>) -> Channel {
    Channel {
        pbx: pbx.to_owned(),
        uniqueid: summary.uniqueid.to_owned(),
        name: summary.name.to_owned(),
        endpoint: summary.endpoint.to_owned(),
        kind: match summary.kind {
            "external" => ChannelKind::External,
            "device" => ChannelKind::Device,
            _ => ChannelKind::Auxiliary,
        },
        state: summary.state.to_owned(),
        call: summary.id.map(str::to_owned),
        number: summary.number.map(str::to_owned),
        context: summary.context.to_owned(),
        exten: summary.exten.to_owned(),
        bridge: summary.bridge.map(str::to_owned),
        hold: summary.hold,
        sequence: summary.sequence,
    }
}

//! The names under which metrics are exposed.

use std::fmt::Write as _;

use prometheus_client::{
    encoding::text,
    metrics::info::Info,
    registry::{Registry, Unit},
};

use super::Metrics;

impl Metrics {
    /// All metrics, as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if text::encode(&mut text, &self.registry()).is_err() {
            // Writing to a String cannot fail; a text that is cut short would be taken for whole.
            text.clear();
            let _ = text.write_str("# EOF\n");
        }
        text
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("ringwire");
        let all = &mut registry;

        // ringwire_build_info{version}
        all.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        // ringwire_process_start_time_seconds
        let help = "When the daemon started, in Unix time";
        all.register_with_unit("process_start_time", help, Unit::Seconds, self.started.clone());

        // ringwire_ami_connected{pbx}
        all.register("ami_connected", "Whether the PBX is connected", self.ami_connected.clone());
        // ringwire_ami_in_sync{pbx}
        let help = "Whether every channel of the PBX is known";
        all.register("ami_in_sync", help, self.ami_in_sync.clone());
        // ringwire_ami_last_event_timestamp_seconds{pbx}
        let help = "When the last packet came from the PBX, in Unix time";
        all.register_with_unit("ami_last_event_timestamp", help, Unit::Seconds, self.ami_last_event.clone());
        // ringwire_ami_reconnects_total{pbx}
        all.register("ami_reconnects", "Connections after the first one", self.ami_reconnects.clone());
        // ringwire_ami_packets_total{pbx}
        all.register("ami_packets", "Packets from the PBX", self.ami_packets.clone());
        // ringwire_ami_stream_errors_total{pbx, kind}
        let help = "Errors in the stream from the PBX: stray data, cut or forged packets";
        all.register("ami_stream_errors", help, self.ami_stream_errors.clone());

        // ringwire_channels_active{pbx}
        all.register("channels_active", "Channels that are tracked", self.channels_active.clone());
        // ringwire_calls_active{pbx}
        all.register(
            "calls_active",
            "Calls that were announced and have not ended",
            self.calls_active.clone(),
        );
        // ringwire_events_total{type}
        all.register("events", "Call events, by type", self.events.clone());

        // ringwire_outbox_pending{target}
        all.register("outbox_pending", "Pending deliveries to the target", self.outbox_pending.clone());
        // ringwire_outbox_oldest_age_seconds{target}
        let help = "The age of the oldest pending delivery";
        all.register_with_unit("outbox_oldest_age", help, Unit::Seconds, self.outbox_oldest_age.clone());
        // ringwire_delivery_attempts_total{target, outcome}
        let help = "Attempts to deliver, by outcome";
        all.register("delivery_attempts", help, self.delivery_attempts.clone());
        // ringwire_delivery_latency_seconds{target}
        let help = "From the commit of an event to the reply of the target that has it";
        all.register_with_unit("delivery_latency", help, Unit::Seconds, self.delivery_latency.0.clone());
        // ringwire_delivery_dead_total{target, reason}
        all.register("delivery_dead", "Deliveries that failed permanently", self.delivery_dead.clone());
        // ringwire_delivery_expired_total{target}
        all.register("delivery_expired", "Deliveries that expired", self.delivery_expired.clone());
        // ringwire_delivery_unknown_total{target}
        let help = "Deliveries that may have arrived and are not sent again";
        all.register("delivery_unknown", help, self.delivery_unknown.clone());
        // ringwire_breaker_state{target}
        let help = "The circuit breaker of the target: 0 closed, 1 probing, 2 open";
        all.register("breaker_state", help, self.breaker_state.clone());
        // ringwire_target_up{target}
        all.register("target_up", "Whether the target takes events", self.target_up.clone());

        // ringwire_journal_bytes
        let help = "The size of the journal on disk";
        all.register_with_unit("journal", help, Unit::Bytes, self.journal_bytes.clone());
        // ringwire_journal_writable
        all.register("journal_writable", "Whether the journal can be written", self.journal_writable.clone());
        // ringwire_journal_lost_events_total
        let help = "Events that the journal does not have: there were too many while it could not be written";
        all.register("journal_lost_events", help, self.journal_lost_events.clone());
        // ringwire_commit_seconds
        all.register_with_unit("commit", "From an event to the disk", Unit::Seconds, self.commit.0.clone());

        // ringwire_api_streams
        all.register("api_streams", "Open event streams", self.api_streams.clone());
        // ringwire_api_requests_total{role, status}
        all.register("api_requests", "Requests to the API", self.api_requests.clone());
        registry
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::super::{AttemptOutcome, DeadReason, Metrics};

    #[test]
    fn every_metric_has_the_name_that_dashboards_and_alerts_use() {
        let metrics = Metrics::default();
        let now = Timestamp::UNIX_EPOCH;
        metrics.set_started(now);
        metrics.set_pbx("main", true, false);
        metrics.count_reconnect("main");
        metrics.count_packets("main", 3, 2, now);
        metrics.count_stream_errors("main", "headerTooLong", 1);
        metrics.set_calls("main", 1);
        metrics.count_event("newCall", Some(Duration::from_millis(1)));
        metrics.count_attempt("crm", AttemptOutcome::UnknownCall);
        metrics.count_delivery("crm", Duration::from_millis(3));
        metrics.count_dead("crm", DeadReason::Exhausted);
        metrics.count_expired("crm");
        metrics.set_target("crm", true, 2);
        metrics.set_pending([("crm".to_owned(), 4, Duration::from_secs(5))].into_iter());
        metrics.count_lost_events(1);
        metrics.set_streams(6);
        metrics.count_request("viewer", 200);
        let text = metrics.encode();
        // The buckets of histograms are many; their counts are enough here.
        let shown = text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket{"));
        insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));

        let shipped = [
            include_str!("../../../../packaging/grafana/ringwire.json"),
            include_str!("../../../../packaging/prometheus/ringwire.rules.yml"),
        ];
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let mut used = 0;
        for queries in shipped {
            for (index, _) in queries.match_indices("ringwire_") {
                let name: String = queries[index..].chars().take_while(|c| is_name(*c)).collect();
                assert!(text.contains(&format!("\n{name}")), "there is no {name}");
                used += 1;
            }
        }
        assert!(used > 30, "{used}");
    }
}

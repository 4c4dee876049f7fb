//! Under which names it is told.

use std::fmt::Write as _;

use prometheus_client::{
    encoding::text,
    metrics::info::Info,
    registry::{Registry, Unit},
};

use super::Metrics;

impl Metrics {
    /// All of it, as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if text::encode(&mut text, &self.registry()).is_err() {
            // Writing to a String cannot fail; what is cut short would be taken for whole.
            text.clear();
            let _ = text.write_str("# EOF\n");
        }
        text
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("ringwire");
        let all = &mut registry;

        // ringwire_build_info{version}
        all.register("build", "What runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        // ringwire_process_start_time_seconds
        let help = "When the daemon began, in Unix time";
        all.register_with_unit("process_start_time", help, Unit::Seconds, self.started.clone());

        // ringwire_ami_connected{pbx}
        all.register("ami_connected", "Whether there is a connection to the PBX", self.ami_connected.clone());
        // ringwire_ami_reconciled{pbx}
        all.register(
            "ami_reconciled",
            "Whether every channel of the PBX is known",
            self.ami_reconciled.clone(),
        );
        // ringwire_ami_last_event_timestamp_seconds{pbx}
        let help = "When the PBX said something last, in Unix time";
        all.register_with_unit("ami_last_event_timestamp", help, Unit::Seconds, self.ami_last_event.clone());
        // ringwire_ami_reconnects_total{pbx}
        all.register("ami_reconnects", "Connections made anew", self.ami_reconnects.clone());
        // ringwire_ami_packets_total{pbx}
        all.register("ami_packets", "Packets that the PBX sent", self.ami_packets.clone());
        // ringwire_ami_parse_oddities_total{pbx, kind}
        let help = "Things in what the PBX sent that should not be there";
        all.register("ami_parse_oddities", help, self.ami_oddities.clone());

        // ringwire_channels_active{pbx}
        all.register("channels_active", "Channels that are being followed", self.channels_active.clone());
        // ringwire_calls_active{pbx}
        all.register("calls_active", "Calls that were announced and are not over", self.calls_active.clone());
        // ringwire_events_total{type}
        all.register("events", "Events of calls, by what happened", self.events.clone());

        // ringwire_outbox_pending{endpoint}
        let help = "Deliveries that are owed to the endpoint";
        all.register("outbox_pending", help, self.outbox_pending.clone());
        // ringwire_outbox_oldest_age_seconds{endpoint}
        let help = "How long the oldest of them has been";
        all.register_with_unit("outbox_oldest_age", help, Unit::Seconds, self.outbox_oldest_age.clone());
        // ringwire_delivery_attempts_total{endpoint, outcome}
        let help = "Requests to the endpoint, by what came of them";
        all.register("delivery_attempts", help, self.attempts.clone());
        // ringwire_delivery_latency_seconds{endpoint}
        let help = "From the commit of an event to the endpoint's yes";
        all.register_with_unit("delivery_latency", help, Unit::Seconds, self.latency.0.clone());
        // ringwire_delivery_dead_total{endpoint, reason}
        all.register("delivery_dead", "Deliveries that were given up", self.dead.clone());
        // ringwire_delivery_expired_total{endpoint}
        all.register("delivery_expired", "Deliveries that became too late", self.expired.clone());
        // ringwire_breaker_state{endpoint}
        let help = "Whether the endpoint is spared because it fails: 0 no, 1 it is being tried, 2 yes";
        all.register("breaker_state", help, self.breaker.clone());
        // ringwire_endpoint_up{endpoint}
        let help = "Whether the endpoint is sent to and takes events";
        all.register("endpoint_up", help, self.endpoint_up.clone());

        // ringwire_journal_bytes
        let help = "The size of the journal on disk";
        all.register_with_unit("journal", help, Unit::Bytes, self.journal_bytes.clone());
        // ringwire_journal_writable
        all.register("journal_writable", "Whether the journal can be written", self.journal_writable.clone());
        // ringwire_journal_lost_events_total
        let help = "Events that the journal does not have: there were too many while it could not be written";
        all.register("journal_lost_events", help, self.journal_lost.clone());
        // ringwire_commit_seconds
        all.register_with_unit("commit", "From an event to the disk", Unit::Seconds, self.commit.0.clone());

        // ringwire_api_streams
        all.register("api_streams", "Streams of events that are open", self.api_streams.clone());
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
    fn everything_has_the_name_that_dashboards_ask_for() {
        let metrics = Metrics::default();
        let now = Timestamp::UNIX_EPOCH;
        metrics.began(now);
        metrics.pbx("main", true, false);
        metrics.reconnected("main");
        metrics.packets("main", 3, 2, now);
        metrics.oddities("main", "headerTooLong", 1);
        metrics.calls("main", 1);
        metrics.event("newCall", Some(Duration::from_millis(1)));
        metrics.attempt("crm", AttemptOutcome::UnknownCall);
        metrics.delivered("crm", Duration::from_millis(3));
        metrics.dead("crm", DeadReason::Exhausted);
        metrics.expired("crm");
        metrics.endpoint("crm", true, 2);
        metrics.outbox([("crm".to_owned(), 4, Duration::from_secs(5))].into_iter());
        metrics.lost(1);
        metrics.streams(6);
        metrics.request("viewer", 200);
        let text = metrics.encode();
        // A histogram is told by its buckets; of them, how many there were is enough here.
        let told = text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket{"));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));

        // What the dashboard and the alert rules ask for is there.
        let shipped = [
            include_str!("../../../../packaging/grafana/ringwire.json"),
            include_str!("../../../../packaging/prometheus/ringwire.rules.yml"),
        ];
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let mut asked = 0;
        for asks in shipped {
            for (place, _) in asks.match_indices("ringwire_") {
                let name: String = asks[place..].chars().take_while(|c| is_name(*c)).collect();
                assert!(text.contains(&format!("\n{name}")), "there is no {name}");
                asked += 1;
            }
        }
        assert!(asked > 30, "{asked}");
    }
}

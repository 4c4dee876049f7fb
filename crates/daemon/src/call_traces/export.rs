//! Sending traces to a collector, over OTLP.

use std::{borrow::Cow, time::SystemTime};

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks},
};
use ring::digest::{SHA256, digest};
use ringwire_live::{DaemonEvent, EventEmitter, FeedFrame, LiveState};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Duration, MissedTickBehavior, interval},
};

use super::{
    CallTraces,
    span::{CallSpan, CallTrace},
};

/// How often what is finished is sent.
const EVERY: Duration = Duration::from_secs(1);

/// How many spans are sent in one request; those of the last call may be over it.
const BATCH: usize = 512;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The variables that say where the collector is (OpenTelemetry's specification of the OTLP exporter).
const PLACES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Sends the traces of calls.
#[derive(Debug)]
pub(crate) struct TraceExporter {
    exporter: SpanExporter,
    /// Whether the last batch failed: that is reported once.
    failing: bool,
}

impl TraceExporter {
    /// One that sends to where the environment says; `None` where it says nothing.
    ///
    /// # Errors
    /// The environment has an invalid value.
    pub(crate) fn from_environment() -> anyhow::Result<Option<Self>> {
        if PLACES.iter().all(|place| std::env::var_os(place).is_none_or(|value| value.is_empty())) {
            return Ok(None);
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .context("no HTTP client can be made")?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client).build();
        let mut exporter = exporter.map_err(|error| anyhow!("{}: {error}", PLACES.join(" or ")))?;
        exporter.set_resource(
            &Resource::builder()
                .with_service_name("ringwire")
                .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                .build(),
        );
        Ok(Some(Self { exporter, failing: false }))
    }

    /// Sends the trace of each call of `live`. A collector that is away loses
    /// traces, and nothing else.
    pub(crate) async fn run(mut self, live: LiveState, emitter: EventEmitter) {
        let mut frames = live.feed().subscribe();
        let mut traces = CallTraces::default();
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                frame = frames.recv() => match frame {
                    Ok(FeedFrame::Call(published)) => traces.take(&published),
                    Ok(FeedFrame::Delivery(progress, _)) => traces.settle(&progress, Timestamp::now()),
                    Ok(FeedFrame::Health(_) | FeedFrame::Agent(_) | FeedFrame::Reset) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                _ = every.tick() => {
                    traces.tick(Timestamp::now());
                    self.send(&mut traces, &emitter).await;
                }
            }
        }
    }

    async fn send(&mut self, traces: &mut CallTraces, emitter: &EventEmitter) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH
                && let Some(trace) = traces.poll()
            {
                batch.extend(spans(&trace));
            }
            if batch.is_empty() {
                return;
            }
            let sent = self.exporter.export(batch).await;
            if let Err(error) = &sent
                && !self.failing
            {
                emitter.emit(DaemonEvent::TracesFailing { error: &error.to_string() });
            } else if sent.is_ok() && self.failing {
                emitter.emit(DaemonEvent::TracesRecovered);
            }
            self.failing = sent.is_err();
        }
    }
}

/// The spans of a trace as they are sent. The same call has the same ids, so what is sent twice is known again.
fn spans(trace: &CallTrace) -> Vec<SpanData> {
    let trace_id = TraceId::from_bytes(id(&trace.call, 0));
    let scope = InstrumentationScope::builder("ringwire").with_version(env!("CARGO_PKG_VERSION")).build();
    let span_id = |index: usize| {
        let [a, b, c, d, e, f, g, h, ..] = id(&trace.call, index + 1);
        SpanId::from_bytes([a, b, c, d, e, f, g, h])
    };
    let span = |(index, span): (usize, &CallSpan)| SpanData {
        span_context: SpanContext::new(
            trace_id,
            span_id(index),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: if index == 0 { SpanId::INVALID } else { span_id(0) },
        parent_span_is_remote: false,
        span_kind: if span.name.starts_with("deliver ") { SpanKind::Client } else { SpanKind::Internal },
        name: Cow::Owned(span.name.clone()),
        start_time: SystemTime::from(span.began),
        end_time: SystemTime::from(span.ended.max(span.began)),
        attributes: span.attributes.iter().map(|(key, value)| KeyValue::new(*key, value.clone())).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.error.clone().map_or(Status::Unset, Status::error),
        instrumentation_scope: scope.clone(),
    };
    trace.spans.iter().enumerate().map(span).collect()
}

/// Sixteen bytes that a call and a number have for their own.
fn id(call: &str, number: usize) -> [u8; 16] {
    let mut id = [0; 16];
    let digest = digest(&SHA256, format!("{number}/{call}").as_bytes());
    id.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    id
}

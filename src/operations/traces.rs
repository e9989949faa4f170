//! The life of each escalation as a trace of OpenTelemetry, for who watches many systems in one place.
//!
//! Invariant: when an escalation has ended, its trace goes to the collector as soon as that can be reached; the trace has
//! the escalation's id, and each of its spans the same id however often it is sent. Nothing in it names a person or says
//! what anybody wrote. Nobody waits for it: a collector that is away costs a line in the log. One of the instances that
//! deliver sends; while they come and go a trace may go twice. What ended before traces were first switched on, or more
//! than a day ago, is left out. Where next: `traces/spans.rs` (what a life becomes; pure), `escalation/ended.rs`.

mod spans;

use std::time::Duration;

use chrono::TimeDelta;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::watch;

use super::{Operations, instance, store};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::escalation::ended::{Life, lives};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);
/// With several writers an end can become visible after a later one, and its last messages need a moment to leave.
const LAG: TimeDelta = TimeDelta::seconds(30);
/// What ended before is left out.
const OLDEST: TimeDelta = TimeDelta::days(1);
/// So many lives are read at a time.
const SOME: i64 = 50;
/// How long the collector has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What sends traces.
pub struct Traces {
    operations: Operations,
    exporter: SpanExporter,
}

impl Traces {
    /// To a collector that speaks OTLP over HTTP at this address; `key` is the setting that names it.
    pub fn new(operations: Operations, key: &str, endpoint: &str) -> Result<Self, AppError> {
        let wrong = |fault: String| AppError::field(key, fault);
        let client = reqwest::Client::builder()
            .user_agent(concat!("Lotse/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(ANSWER_WITHIN)
            .build()
            .map_err(|e| wrong(format!("no usable certificates: {e}")))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            // The next round tries again.
            .with_retry_policy(RetryPolicy::disabled())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build();
        let mut exporter = exporter.map_err(|e| wrong(e.to_string()))?;
        let instance = KeyValue::new("service.instance.id", operations.0.instance.to_string());
        let resource = Resource::builder()
            .with_service_name("lotse")
            .with_attributes([KeyValue::new("service.version", env!("CARGO_PKG_VERSION")), instance])
            .build();
        exporter.set_resource(&resource);
        Ok(Self { operations, exporter })
    }

    /// Sends until `shutdown` turns true.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut is_failing = false;
        loop {
            let round = tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                round = self.round() => round,
            };
            match &round {
                Err(fault) if !is_failing => tracing::warn!(%fault, "traces wait"),
                Ok(_) if is_failing => tracing::info!("traces go out again"),
                _ => {}
            }
            is_failing = round.is_err();
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Sends what has ended since the last time; answers how many traces went.
    pub async fn round(&self) -> Result<usize, AppError> {
        let desk = self.operations.desk();
        let now = desk.clock.now();
        if !instance::is_first(&self.operations, now).await? {
            return Ok(0);
        }
        let (until, mut count) = (now.minus(LAG), 0);
        loop {
            let known = desk.db.read(store::traced_until).await?;
            let began = self.operations.0.started_at.minus(LAG);
            let after = known.unwrap_or(began).max(now.minus(OLDEST));
            let (some, told) = desk.db.read(move |conn| lives(conn, after, until, SOME)).await?;
            let Some(last) = told else { return Ok(count) };
            self.send(&some, now).await?;
            desk.db.write(move |tx| store::trace_until(tx, last)).await?;
            count += some.len();
        }
    }

    async fn send(&self, some: &[Life], now: Timestamp) -> Result<(), AppError> {
        let all = some.iter().flat_map(|life| spans::of(life, now)).collect();
        self.exporter.export(all).await.map_err(|e| AppError::Unavailable(format!("the collector of traces: {e}")))
    }
}

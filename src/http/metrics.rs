//! Figures of operation in the format of Prometheus: requests, the queue of deliveries, this process.
//!
//! Invariant: labels hold the pattern of a route, never a path, so that no figure names a person, a ticket or a
//! secret. How the installation fares (`installation.rs`) is asked for when the figures are read, at most once in
//! `FRESH`, however many read them; a database that is away shows as `lotse_up 0`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntGauge, Registry, TextEncoder};

use super::State;
use super::auth::{Guard, right};
use super::error::ApiError;
use super::installation::Installation;
use crate::error::AppError;
use crate::operations::overview;

/// From a page out of memory to a wait for the database.
const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// How long what was read of the installation is shown again; supervisors ask every 15 seconds or less often.
const FRESH: Duration = Duration::from_secs(2);

/// The methods that have figures of their own.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The figures of one process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Figures>);

struct Figures {
    registry: Registry,
    requests: HistogramVec,
    help: Option<prometheus::Histogram>,
    up: IntGauge,
    installation: Installation,
    memory: IntGauge,
    files: IntGauge,
    /// When the installation was last read; held while it is, so that others wait for the same reading.
    read_at: tokio::sync::Mutex<Option<Instant>>,
}

impl Metrics {
    /// A fresh set of figures. Fails only when two of them have one name.
    pub fn new() -> Result<Self, AppError> {
        Self::register().map(|figures| Self(Arc::new(figures))).map_err(AppError::internal)
    }

    fn register() -> prometheus::Result<Figures> {
        let registry = Registry::new();
        let about = "Requests by method, route and status, with the time until their answer.";
        let opts = HistogramOpts::new("lotse_http_request_duration_seconds", about).buckets(BUCKETS.to_vec());
        let requests = HistogramVec::new(opts, &["method", "route", "status"])?;
        registry.register(Box::new(requests.clone()))?;
        let gauge = |name: &str, about: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, about)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let build = prometheus::IntGaugeVec::new(
            prometheus::Opts::new("lotse_build_info", "Always 1; the label says which version runs."),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        Ok(Figures {
            help: requests.get_metric_with_label_values(&["GET", super::routes::HELP, "200"]).ok(),
            requests,
            up: gauge("lotse_up", "1 while the database answers.")?,
            installation: Installation::register(&registry)?,
            memory: gauge("process_resident_memory_bytes", "Memory of this process in bytes.")?,
            files: gauge("process_open_fds", "Open files of this process.")?,
            registry,
            read_at: tokio::sync::Mutex::new(None),
        })
    }

    /// Counts one request.
    pub(super) fn request(&self, method: &str, route: &str, status: StatusCode, took: Duration) {
        let took = took.as_secs_f64();
        // A method can be any word a caller likes; only those there are get a figure of their own.
        let method = if METHODS.contains(&method) { method } else { "other" };
        // The busiest route by far finds its figure without a look-up.
        if let (Some(help), true) = (&self.0.help, route == super::routes::HELP && method == "GET" && status == 200) {
            return help.observe(took);
        }
        self.0.requests.with_label_values(&[method, route, status.as_str()]).observe(took);
    }

    async fn look(&self, state: &State) {
        let figures = &self.0;
        let mut read_at = figures.read_at.lock().await;
        if !read_at.is_some_and(|at| at.elapsed() < FRESH) {
            figures.read_installation(state).await;
            *read_at = Some(Instant::now());
        }
        drop(read_at);
        figures.memory.set(resident_bytes().unwrap_or(0));
        figures.files.set(std::fs::read_dir("/proc/self/fd").map_or(0, |all| i64::try_from(all.count()).unwrap_or(0)));
    }

    fn text(&self) -> Result<String, AppError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text).map_err(AppError::internal)?;
        String::from_utf8(text).map_err(AppError::internal)
    }
}

impl Figures {
    async fn read_installation(&self, state: &State) {
        let figures = self;
        match overview::read(&state.operations).await {
            Ok(overview) => {
                figures.up.set(1);
                figures.installation.set(&overview);
            }
            Err(fault) => {
                tracing::warn!(%fault, "how the installation fares could not be read for the figures");
                figures.up.set(0);
            }
        }
    }
}

/// Resident memory as the kernel tells it; nothing where there is no `/proc`.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<i64>().ok().map(|kilobytes| kilobytes * 1024)
}

async fn answer(state: &State) -> Result<HttpResponse, ApiError> {
    state.metrics.look(state).await;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.metrics.text()?))
}

/// The figures of operation, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(state: Data<State>, _guard: Guard<right::ReadMetrics>) -> Result<HttpResponse, ApiError> {
    answer(&state).await
}

/// The same on a listener of its own, without a token.
pub(super) async fn unguarded(state: Data<State>) -> Result<HttpResponse, ApiError> {
    answer(&state).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_name_routes_not_paths() {
        let metrics = Metrics::new().unwrap();
        metrics.request("GET", "/api/v1/tickets/{ticket}", StatusCode::OK, Duration::from_millis(3));
        let text = metrics.text().unwrap();
        let line = r#"lotse_http_request_duration_seconds_count{method="GET",route="/api/v1/tickets/{ticket}",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains("lotse_build_info{version="), "{text}");
    }
}

//! Numbers for Prometheus, in the OpenMetrics text format.

use std::fmt;

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use sheetlift::Report;

use crate::app::App;

pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const BUCKETS: [f64; 10] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
    problems: Family<Labels, Counter>,
    rows: Family<Labels, Counter>,
    pub(crate) received_bytes: Counter,
    working: Gauge,
    waiting: Gauge,
    spooled_bytes: Gauge,
}

type Labels = Vec<(&'static str, String)>;

impl Metrics {
    pub(crate) fn answered(&self, route: &str, status: u16, seconds: f64) {
        let mut labels = vec![("route", route.to_owned())];
        self.seconds.get_or_create(&labels).observe(seconds);
        labels.push(("status", status.to_string()));
        self.requests.get_or_create(&labels).inc();
    }

    pub(crate) fn failed(&self, code: &str) {
        self.problems
            .get_or_create(&vec![("code", code.to_owned())])
            .inc();
    }

    pub(crate) fn reported(&self, report: &Report) {
        for (verdict, rows) in [
            ("accepted", report.rows.accepted),
            ("rejected", report.rows.rejected),
        ] {
            self.rows
                .get_or_create(&vec![("verdict", verdict.to_owned())])
                .inc_by(rows);
        }
    }

    pub(crate) fn text(&self, app: &App) -> Result<String, fmt::Error> {
        let (working, waiting) = app.load();
        self.working.set(working as i64);
        self.waiting.set(waiting as i64);
        self.spooled_bytes
            .set(app.spooled.load(std::sync::atomic::Ordering::Relaxed) as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::default(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            problems: Family::default(),
            rows: Family::default(),
            received_bytes: Counter::default(),
            working: Gauge::default(),
            waiting: Gauge::default(),
            spooled_bytes: Gauge::default(),
        };
        let registry = metrics.registry.sub_registry_with_prefix("sheetlift");
        registry.register(
            "http_requests",
            "Requests answered",
            metrics.requests.clone(),
        );
        let help = "Seconds until the answer began";
        registry.register(
            "http_request_duration_seconds",
            help,
            metrics.seconds.clone(),
        );
        registry.register(
            "problems",
            "Problem documents sent, by code",
            metrics.problems.clone(),
        );
        registry.register("rows", "Rows held to a contract", metrics.rows.clone());
        registry.register(
            "received_bytes",
            "Bytes of files received",
            metrics.received_bytes.clone(),
        );
        registry.register("files_working", "Files worked on", metrics.working.clone());
        registry.register(
            "files_waiting",
            "Files being received or waiting",
            metrics.waiting.clone(),
        );
        registry.register(
            "spooled_bytes",
            "Bytes of files on disk",
            metrics.spooled_bytes.clone(),
        );
        metrics
    }
}

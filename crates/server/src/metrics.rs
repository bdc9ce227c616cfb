//! Numbers for Prometheus, in the OpenMetrics text format.

use std::{fmt, sync::atomic::Ordering};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use sheetlift::Report;

use crate::app::App;

pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const BUCKETS: [f64; 10] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

type Labels = Vec<(&'static str, String)>;

/// What is counted.
pub(crate) struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
    problems: Family<Labels, Counter>,
    rows: Family<Labels, Counter>,
    pub(crate) received: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        Metrics {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            problems: Family::default(),
            rows: Family::default(),
            received: Counter::default(),
        }
    }

    pub(crate) fn answered(&self, route: &str, status: u16, seconds: f64) {
        let mut labels = vec![("route", route.to_owned())];
        self.seconds.get_or_create(&labels).observe(seconds);
        labels.push(("status", status.to_string()));
        self.requests.get_or_create(&labels).inc();
    }

    pub(crate) fn failed(&self, code: &str) {
        let labels = vec![("code", code.to_owned())];
        self.problems.get_or_create(&labels).inc();
    }

    pub(crate) fn reported(&self, report: &Report) {
        let rows = &report.rows;
        for (verdict, rows) in [("accepted", rows.accepted), ("rejected", rows.rejected)] {
            let labels = vec![("verdict", verdict.to_owned())];
            self.rows.get_or_create(&labels).inc_by(rows);
        }
    }

    /// All of it, with what can be seen from `app` at this moment.
    pub(crate) fn text(&self, app: &App) -> Result<String, fmt::Error> {
        let gauge = |value: usize| {
            let gauge = Gauge::<i64>::default();
            gauge.set(value as i64);
            gauge
        };
        let (working, waiting) = app.load();
        let spooled = app.spooled.load(Ordering::Relaxed) as usize;
        let mut all = Registry::with_prefix("sheetlift");
        all.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Seconds until the answer began";
        all.register("http_request_duration_seconds", help, self.seconds.clone());
        all.register("problems", "Problems sent, by code", self.problems.clone());
        all.register("rows", "Rows held to a contract", self.rows.clone());
        all.register("received_bytes", "Bytes of uploads", self.received.clone());
        all.register("files_working", "Files worked on", gauge(working));
        all.register("files_waiting", "Files that arrive or wait", gauge(waiting));
        all.register("spooled_bytes", "Bytes of files on disk", gauge(spooled));
        let mut text = String::new();
        encode(&mut text, &all)?;
        Ok(text)
    }
}

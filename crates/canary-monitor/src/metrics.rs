//! What is counted, as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use canary_format::time::Timestamp;

use crate::axes;
use crate::fleet::Fleet;
use crate::sinks::label_names;
use crate::status::Reached;
use crate::store::{Order, Store, Stored, Tally};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Sets it.
    pub fn set(&self, n: i64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// The number.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

const BOUNDS: [f64; 8] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// How long checks take.
#[derive(Debug, Default)]
pub struct Seconds {
    buckets: [Counter; BOUNDS.len()],
    count: Counter,
    micros: Counter,
}

impl Seconds {
    /// One check.
    pub fn observe(&self, took: Duration) {
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            if took.as_secs_f64() <= *bound {
                bucket.add(1);
            }
        }
        self.count.add(1);
        self.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}

/// The monitor's counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Checks that did not reach their target.
    pub unreachable: Counter,
    /// Checks that found nothing new.
    pub unchanged: Counter,
    /// Checks that were judged.
    pub judged: Counter,
    /// How long they took.
    pub seconds: Seconds,
    /// Checks under way.
    pub running: Gauge,
    /// How long the turn that waits longest has waited, in seconds.
    pub lag: Gauge,
    /// When the last check ended.
    pub last_check: Gauge,
    /// Times the store refused, or this machine had no descriptor for a check.
    pub store_errors: Counter,
    /// Whether it could not be written to when that was last tried.
    pub store_refuses: Gauge,
    /// Dead-man pings that failed.
    pub ping_errors: Counter,
    /// Rounds of open alerts that a sink refused.
    pub alert_errors: Counter,
    /// Textfiles that could not be written.
    pub textfile_errors: Counter,
    /// Bodies that were not kept, over a target's limit for the day.
    pub evidence_left_out: Counter,
    /// Configurations taken over.
    pub reloads: Counter,
}

const PAGE: usize = 500;

/// The metrics as text; a line a target below `aggregate_from` targets, sums from there on.
pub async fn exposition<S: Store>(
    metrics: &Metrics,
    store: &S,
    fleet: &Fleet,
    aggregate_from: usize,
    now: i64,
) -> String {
    let mut out = Writer::default();
    own(&mut out, metrics);
    let mut totals = Totals::default();
    let per_target = fleet.len() < aggregate_from;
    match store.counts().await {
        Ok(counts) => {
            if !per_target {
                totals.take(&counts.targets);
            }
            out.one("canary_watch_targets", "gauge", "Targets.", counts.watched());
            out.one(
                "canary_watch_notices_pending",
                "gauge",
                "Notices not sent yet.",
                counts.pending,
            );
            let oldest = counts.oldest_pending.map_or(0, |at| now - at);
            out.one(
                "canary_watch_notices_oldest_seconds",
                "gauge",
                "Age of the oldest notice not sent yet.",
                oldest,
            );
            out.one("canary_watch_notices_given_up", "gauge", "Notices given up.", counts.given_up);
            out.one(
                "canary_watch_evidence_bytes",
                "gauge",
                "Bytes of evidence.",
                counts.evidence_bytes,
            );
            let up = i64::from(metrics.store_refuses.value() == 0);
            out.one("canary_watch_store_up", "gauge", "Whether the store answers.", up);
        }
        Err(_) => out.one("canary_watch_store_up", "gauge", "Whether the store answers.", 0),
    }
    let mut lines = Lines::default();
    let mut after = None;
    while per_target && let Ok(page) = store.list(Order::Identity, after, PAGE).await {
        for stored in &page {
            totals.add(stored, now);
            lines.add(stored, fleet, now);
        }
        after = page.last().map(Stored::mark);
        if page.len() < PAGE {
            break;
        }
    }
    totals.write(&mut out);
    lines.write(&mut out);
    out.text
}

fn own(out: &mut Writer, metrics: &Metrics) {
    out.head("canary_watch_checks_total", "counter", "Checks by what came of them.");
    for (outcome, counter) in [
        ("unreachable", &metrics.unreachable),
        ("unchanged", &metrics.unchanged),
        ("judged", &metrics.judged),
    ] {
        out.line("canary_watch_checks_total", &[("outcome", outcome)], counter.value());
    }
    out.head("canary_watch_check_seconds", "histogram", "How long checks take.");
    for (bound, bucket) in BOUNDS.iter().zip(&metrics.seconds.buckets) {
        out.line(
            "canary_watch_check_seconds_bucket",
            &[("le", &bound.to_string())],
            bucket.value(),
        );
    }
    let count = metrics.seconds.count.value();
    out.line("canary_watch_check_seconds_bucket", &[("le", "+Inf")], count);
    #[expect(clippy::cast_precision_loss, reason = "a sum of seconds for people")]
    let sum = metrics.seconds.micros.value() as f64 / 1e6;
    out.line("canary_watch_check_seconds_sum", &[], sum);
    out.line("canary_watch_check_seconds_count", &[], count);
    out.one("canary_watch_checks_running", "gauge", "Checks under way.", metrics.running.value());
    out.one(
        "canary_watch_lag_seconds",
        "gauge",
        "How long the turn that waits longest has waited.",
        metrics.lag.value(),
    );
    out.one(
        "canary_watch_last_check_timestamp_seconds",
        "gauge",
        "When the last check ended.",
        metrics.last_check.value(),
    );
    for (name, help, counter) in [
        (
            "canary_watch_store_errors_total",
            "Times the store refused, or no connection could be opened.",
            &metrics.store_errors,
        ),
        ("canary_watch_ping_errors_total", "Dead-man pings that failed.", &metrics.ping_errors),
        (
            "canary_watch_alert_errors_total",
            "Times an Alertmanager did not take open alerts again.",
            &metrics.alert_errors,
        ),
        (
            "canary_watch_evidence_left_out_total",
            "Bodies not kept, over a target's limit for the day.",
            &metrics.evidence_left_out,
        ),
        ("canary_watch_textfile_errors_total", "Textfiles not written.", &metrics.textfile_errors),
        ("canary_watch_reloads_total", "Configurations taken over.", &metrics.reloads),
    ] {
        out.one(name, "counter", help, counter.value());
    }
}

#[derive(Default)]
struct Totals {
    states: BTreeMap<String, i64>,
    severities: BTreeMap<String, i64>,
}

impl Totals {
    fn add(&mut self, stored: &Stored, now: i64) {
        *self.states.entry(axes::state(&stored.memory, now).to_string()).or_default() += 1;
        *self.severities.entry(axes::severity(&stored.memory, now).to_string()).or_default() += 1;
    }

    /// What the store has counted, where there are too many to look at each.
    fn take(&mut self, tallies: &[Tally]) {
        for tally in tallies {
            if let Some(state) = tally.state {
                *self.states.entry(state.to_string()).or_default() += tally.targets;
            }
            *self.severities.entry(tally.severity.to_string()).or_default() += tally.targets;
        }
    }

    fn write(&self, out: &mut Writer) {
        for (name, label, help, counts) in [
            ("canary_watch_targets_by_state", "state", "Targets by state.", &self.states),
            (
                "canary_watch_targets_by_severity",
                "severity",
                "Targets by severity.",
                &self.severities,
            ),
        ] {
            out.head(name, "gauge", help);
            for (value, count) in counts {
                out.line(name, &[(label, value)], count);
            }
        }
    }
}

/// A metric's name, its help, and the value that it has of a target.
type PerTarget = (&'static str, &'static str, fn(&Stored, i64) -> Option<i64>);

const PER_TARGET: [PerTarget; 7] = [
    ("canary_up", "Whether the canary could be reached when last asked.", |stored, _| {
        match Reached::of(&stored.memory) {
            Reached::Never => None,
            reached => Some(i64::from(reached == Reached::Yes)),
        }
    }),
    ("canary_severity", "0 alive, 1 attention, 2 alarm, 3 unknown.", |stored, now| {
        Some(i64::from(axes::severity(&stored.memory, now).exit_status()))
    }),
    ("canary_issue_number", "Number of the newest authentic issue.", |stored, _| {
        issue(stored).map(|issue| i64::try_from(issue.number).unwrap_or(i64::MAX))
    }),
    ("canary_as_of_timestamp_seconds", "When people last affirmed.", |stored, _| {
        issue(stored).map(|issue| issue.as_of)
    }),
    ("canary_next_due_timestamp_seconds", "When the next issue is due.", |stored, _| {
        issue(stored).map(|issue| issue.next_due).filter(|at| *at < Timestamp::MAX.unix())
    }),
    ("canary_expires_timestamp_seconds", "When the newest issue lapses.", |stored, _| {
        issue(stored).map(|issue| issue.expires).filter(|at| *at < Timestamp::MAX.unix())
    }),
    ("canary_reached_timestamp_seconds", "When it was last reached.", |stored, _| {
        stored.memory.reached_at
    }),
];

fn issue(stored: &Stored) -> Option<&crate::observe::Dates> {
    stored.memory.said.as_ref().and_then(|said| said.issue.as_ref())
}

#[derive(Default)]
struct Lines([String; PER_TARGET.len()]);

impl Lines {
    fn add(&mut self, stored: &Stored, fleet: &Fleet, now: i64) {
        let mut labels = vec![
            ("canary".to_owned(), stored.name.clone()),
            ("url".to_owned(), stored.url.clone()),
        ];
        if let Some(target) = fleet.find(stored.id) {
            let own = label_names(&target.labels).into_iter();
            labels.extend(own.filter(|(name, _)| name != "canary" && name != "url"));
        }
        for (text, (name, _, value)) in self.0.iter_mut().zip(PER_TARGET) {
            if let Some(value) = value(stored, now) {
                let mut line = Writer::default();
                let labels: Vec<(&str, &str)> =
                    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                line.line(name, &labels, value);
                text.push_str(&line.text);
            }
        }
    }

    fn write(&self, out: &mut Writer) {
        for (text, (name, help, _)) in self.0.iter().zip(PER_TARGET) {
            if !text.is_empty() {
                out.head(name, "gauge", help);
                out.text.push_str(text);
            }
        }
    }
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
                .collect();
            let _ = write!(self.text, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.text, " {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }
}

/// A label's value, as the text format escapes it.
fn escape(value: &str) -> String {
    crate::notice::inert(value).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

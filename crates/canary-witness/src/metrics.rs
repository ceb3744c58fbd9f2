//! What a witness counts, in Prometheus's text form.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// The statuses that are answered.
const STATUSES: [u16; 12] = [200, 400, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503];

/// A number that is counted up or set.
#[derive(Debug, Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    statuses: [Number; STATUSES.len()],
    pub(crate) batches: Number,
    pub(crate) batch_nanos: Number,
    pub(crate) waiting: Number,
    pub(crate) connections: Number,
    pub(crate) origin_keys: Number,
    pub(crate) origins_refused: Number,
    pub(crate) conflicts: Number,
    pub(crate) storage_failures: Number,
}

impl Metrics {
    /// Counts an answer to add-checkpoint.
    pub(crate) fn answered(&self, status: u16) {
        if let Some(index) = STATUSES.iter().position(|known| *known == status) {
            self.statuses[index].add(1);
        }
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let mut say = |name: &str, kind: &str, help: &str, lines: &[(String, f64)]| {
            let _ = writeln!(text, "# HELP canary_witness_{name} {help}");
            let _ = writeln!(text, "# TYPE canary_witness_{name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "canary_witness_{name}{labels} {value}");
            }
        };
        let one = |number: &Number| vec![(String::new(), number.value() as f64)];
        let statuses: Vec<_> = STATUSES
            .iter()
            .zip(&self.statuses)
            .map(|(status, number)| (format!("{{status=\"{status}\"}}"), number.value() as f64))
            .collect();
        say("add_checkpoint_total", "counter", "Answers to add-checkpoint.", &statuses);
        say("batches_total", "counter", "Durable commits.", &one(&self.batches));
        let seconds = self.batch_nanos.value() as f64 / 1e9;
        let seconds = vec![(String::new(), seconds)];
        say("batch_seconds_total", "counter", "Time spent in durable commits.", &seconds);
        say("waiting", "gauge", "Submissions that wait for a commit.", &one(&self.waiting));
        say("connections_total", "counter", "Connections accepted.", &one(&self.connections));
        say("origin_keys", "gauge", "Log keys served.", &one(&self.origin_keys));
        let refused = one(&self.origins_refused);
        say("origins_refused_total", "counter", "Times the origins file was refused.", &refused);
        let conflicts = one(&self.conflicts);
        say("conflicts_total", "counter", "Signed checkpoints of another root.", &conflicts);
        let failures = one(&self.storage_failures);
        say("storage_failures_total", "counter", "Commits that failed.", &failures);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_rendered_with_their_help_and_type() {
        let metrics = Metrics::default();
        metrics.answered(409);
        metrics.batch_nanos.add(1_500_000_000);
        let text = metrics.render();
        assert!(text.contains("canary_witness_add_checkpoint_total{status=\"409\"} 1\n"));
        assert!(text.contains("canary_witness_batch_seconds_total 1.5\n"));
        assert!(text.contains("# TYPE canary_witness_waiting gauge\n"));
    }
}

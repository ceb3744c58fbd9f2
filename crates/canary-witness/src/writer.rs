//! One thread that cosigns: every decision and its record are one transaction, and many share the
//! cost of making one durable.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use canary_format::checkpoint::Checkpoint;
use canary_format::note::NoteSignature;
use canary_format::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::decision::{self, Refused};
use crate::key::WitnessKey;
use crate::metrics::Metrics;
use crate::request::Submission;
use crate::store::{self, OriginHash};

/// The most submissions in one transaction.
const MAX_BATCH: usize = 512;

/// The most submissions that wait for one.
const MAX_WAITING: usize = 2_048;

/// A clock that goes back by no more than so many seconds is only slow: the last time stands.
const CLOCK_STEP: i64 = 60;

/// A submission whose signature was verified.
pub(crate) struct Job {
    pub(crate) origin: OriginHash,
    pub(crate) submission: Submission,
    /// The lines that were verified: what is kept beside the cosignature.
    pub(crate) lines: Vec<NoteSignature>,
    pub(crate) answer: oneshot::Sender<Result<NoteSignature, NotCosigned>>,
}

/// Why a job got no cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCosigned {
    Refused(Refused),
    /// The clock lies before the last cosignature of this origin.
    Clock,
    /// The record could not be made durable.
    Storage,
}

/// What the writer works with.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) key: Arc<WitnessKey>,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) metrics: Arc<Metrics>,
}

impl Writer {
    /// Starts the thread. It ends when every sender is gone and the last job is answered.
    pub(crate) fn start(mut self) -> std::io::Result<(mpsc::Sender<Job>, JoinHandle<()>)> {
        let (sender, mut jobs) = mpsc::channel(MAX_WAITING);
        let thread = std::thread::Builder::new().name("cosign".into()).spawn(move || {
            let mut batch = Vec::with_capacity(MAX_BATCH);
            while jobs.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
                self.metrics.waiting.set(jobs.len() as u64);
                self.cosign(&mut batch);
            }
            // What is in the journal goes to the database, so that the next start finds it quickly.
            let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        })?;
        Ok((sender, thread))
    }

    /// Decides and records every job in one transaction, then answers.
    fn cosign(&mut self, batch: &mut Vec<Job>) {
        let started = Instant::now();
        let results = self.record(batch);
        if results.is_err() {
            self.metrics.storage_failures.add(1);
        }
        self.metrics.batches.add(1);
        self.metrics.batch_nanos.add(started.elapsed().as_nanos() as u64);
        let results = results.unwrap_or_else(|_| vec![Err(NotCosigned::Storage); batch.len()]);
        for (job, result) in batch.drain(..).zip(results) {
            // Who asked may have gone away.
            let _ = job.answer.send(result);
        }
    }

    fn record(
        &mut self,
        batch: &[Job],
    ) -> rusqlite::Result<Vec<Result<NoteSignature, NotCosigned>>> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behaviour)?;
        let now = (self.clock)();
        let mut results = Vec::with_capacity(batch.len());
        for job in batch {
            let before = store::record(&transaction, &job.origin)?;
            let tree = before.as_ref().map(|record| record.tree);
            if let Some(record) = &before
                && decision::is_two_faced(&job.submission, tree)
            {
                let signed = with_lines(&job.submission.checkpoint, &job.lines);
                store::put_conflict(&transaction, &job.origin, &record.checkpoint, &signed, now)?;
                self.metrics.conflicts.add(1);
            }
            if let Err(refused) = decision::extends(&job.submission, tree) {
                results.push(Err(NotCosigned::Refused(refused)));
                continue;
            }
            let last = before.map_or(now, |record| record.at);
            if last.since(now) > CLOCK_STEP {
                results.push(Err(NotCosigned::Clock));
                continue;
            }
            let at = now.max(last);
            let mut checkpoint = with_lines(&job.submission.checkpoint, &job.lines);
            let line = self.key.cosign(&checkpoint, at);
            checkpoint.note_mut().push(line.clone());
            store::put(&transaction, &job.origin, &checkpoint, at)?;
            results.push(Ok(line));
        }
        transaction.commit()?;
        Ok(results)
    }
}

/// The checkpoint with these lines and no others: nothing unverified is kept or served.
fn with_lines(checkpoint: &Checkpoint, lines: &[NoteSignature]) -> Checkpoint {
    let mut bare = checkpoint.clone();
    bare.note_mut().clear();
    for line in lines {
        bare.note_mut().push(line.clone());
    }
    bare
}

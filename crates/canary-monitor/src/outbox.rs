//! Sends what the store holds: at least once, in order for each sink and target, patiently.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::schedule;
use crate::sinks::{SendError, Sinks};
use crate::store::{Outgoing, Settled, Store, StoreError};
use crate::target::TargetId;

/// After this many seconds a notice is given up, and says so in the metrics.
const PATIENCE: i64 = 7 * 86_400;
/// The longest wait between two tries.
const LONGEST: i64 = 3_600;
/// How long a notice is leased for sending; more than any sink may take.
pub(crate) const LEASE: i64 = 180;

/// What becomes of a notice after an attempt.
pub fn settle(notice: &Outgoing, result: &Result<(), SendError>, now: i64) -> Settled {
    let error = match result {
        Ok(()) => return Settled::Sent,
        Err(error) => error,
    };
    let words = crate::notice::inert(&chain(error));
    if now - notice.created > PATIENCE {
        return Settled::GivenUp { error: words };
    }
    let wait = schedule::backoff(TargetId(notice.row), notice.tries + 1, LONGEST);
    let asked = error.retry_after().unwrap_or(0).clamp(0, 86_400);
    Settled::Again { at: now + wait.max(asked), error: words }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

/// Sends what is due once; returns how many notices were tried.
///
/// # Errors
///
/// The store's.
pub async fn send_due<S: Store>(
    store: &S,
    sinks: &Sinks,
    clock: impl Fn() -> i64 + Copy,
    most: usize,
) -> Result<usize, StoreError> {
    let batch = store.outgoing(clock(), LEASE, most).await?;
    let tried = batch.len();
    let mut sending = JoinSet::new();
    for notice in batch {
        let sinks = sinks.clone();
        sending.spawn(async move {
            let limit = Duration::from_secs(LEASE.unsigned_abs() - 30);
            let sent = match tokio::time::timeout(limit, sinks.send(&notice)).await {
                Ok(sent) => sent,
                Err(_) => Err(SendError::Timeout),
            };
            (notice, sent)
        });
    }
    while let Some(done) = sending.join_next().await {
        let Ok((notice, sent)) = done else { continue };
        let now = clock();
        match store.settle(&notice, now, settle(&notice, &sent, now)).await {
            // Another worker took it over: it is told twice, under the same key.
            Ok(()) | Err(StoreError::Fenced) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(tries: u32) -> Outgoing {
        Outgoing {
            row: 1,
            fence: 1,
            key: String::new(),
            sink: String::new(),
            body: String::new(),
            created: 0,
            tries,
        }
    }

    #[test]
    fn a_notice_is_tried_again_later_and_later_and_given_up_after_a_week() {
        let busy = || SendError::Refused { status: 429, retry_after: Some(500) };
        assert_eq!(settle(&notice(0), &Ok(()), 10), Settled::Sent);
        let at = |tries, error: SendError| match settle(&notice(tries), &Err(error), 1_000) {
            Settled::Again { at, .. } => at - 1_000,
            other => panic!("{other:?}"),
        };
        assert_eq!(at(0, busy()), 500);
        assert!(at(0, SendError::Timeout) <= 30 && at(3, SendError::Timeout) > 200);
        assert!(at(30, SendError::Timeout) <= 3_600);
        assert!(matches!(settle(&notice(9), &Err(busy()), 700_000), Settled::GivenUp { .. }));
    }
}

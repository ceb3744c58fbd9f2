//! Sends what the store holds: at least once, in order for each sink and target, patiently.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::{Id, JoinError, JoinSet};

use crate::schedule;
use crate::sinks::{SendError, Sinks};
use crate::store::{Outgoing, Room, Settled, Store, StoreError};
use crate::target::TargetId;

/// After this many seconds a notice is given up, and says so in the metrics.
const PATIENCE: i64 = 7 * 86_400;
/// But not before so many tries: they take most of a day, whatever a clock that jumps makes of its age.
const TRIES: u32 = 24;
/// The longest wait between two tries, but where the other side asks for more.
pub(crate) const LONGEST: i64 = 3_600;
/// How long a notice is leased for sending; more than any sink may take.
pub(crate) const LEASE: i64 = 180;
/// How many notices one sink is sent at once.
const EACH: usize = 16;

/// What becomes of a notice after an attempt.
pub fn settle(notice: &Outgoing, result: &Result<(), SendError>, now: i64) -> Settled {
    let error = match result {
        Ok(()) => return Settled::Sent,
        Err(error) => error,
    };
    let words = crate::notice::inert(&chain(error));
    if now - notice.created > PATIENCE && notice.tries >= TRIES {
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

/// What is being sent. A sink that takes long holds up its own notices and no other's.
#[derive(Debug, Default)]
pub struct Sending {
    running: JoinSet<Sent>,
    sinks: HashMap<Id, String>,
}

impl Sending {
    /// Claims what is due and begins to send it.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn begin<S: Store>(
        &mut self,
        store: &S,
        sinks: &Sinks,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut room = Room::of(EACH);
        for sink in self.sinks.values() {
            *room.taken.entry(sink.clone()).or_default() += 1;
        }
        for notice in store.outgoing(now, LEASE, room).await? {
            let (sinks, sink) = (sinks.clone(), notice.sink.clone());
            let begun = self.running.spawn(async move {
                let limit = Duration::from_secs(LEASE.unsigned_abs() - 30);
                let sent = match tokio::time::timeout(limit, sinks.send(&notice)).await {
                    Ok(sent) => sent,
                    Err(_) => Err(SendError::Timeout),
                };
                (notice, sent)
            });
            self.sinks.insert(begun.id(), sink);
        }
        Ok(())
    }

    /// Waits for one to end; `None` where nothing is being sent. May be dropped while it waits.
    pub async fn ended(&mut self) -> Option<Ended> {
        let done = self.running.join_next_with_id().await?;
        Some(self.leave(done))
    }

    /// Writes down what came of one, and of all others that have ended by now: together, so that they share
    /// a flush to disk.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn settle<S: Store>(
        &mut self,
        store: &S,
        first: Ended,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut all = vec![first];
        while let Some(done) = self.running.try_join_next_with_id() {
            all.push(self.leave(done));
        }
        let settled = all.into_iter().flatten().map(async |(notice, sent)| {
            match store.settle(&notice, now, settle(&notice, &sent, now)).await {
                // Another worker took it over: it is told twice, under the same key.
                Err(StoreError::Fenced) => Ok(()),
                result => result,
            }
        });
        join_all(settled).await.into_iter().collect()
    }

    fn leave(&mut self, done: Result<(Id, Sent), JoinError>) -> Ended {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        self.sinks.remove(&id);
        done.ok().map(|(_, ended)| ended)
    }
}

/// A notice and what came of sending it; nothing where that panicked: its lease runs out.
pub type Ended = Option<Sent>;

type Sent = (Outgoing, Result<(), SendError>);

/// Sends what is due, and what becomes due by that, until nothing is.
///
/// # Errors
///
/// The store's.
pub async fn send_all<S: Store>(
    store: &S,
    sinks: &Sinks,
    clock: impl Fn() -> i64,
) -> Result<(), StoreError> {
    let mut sending = Sending::default();
    sending.begin(store, sinks, clock()).await?;
    while let Some(ended) = sending.ended().await {
        sending.settle(store, ended, clock()).await?;
        sending.begin(store, sinks, clock()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use canary_verifier::report::{Severity, State};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::fleet::FleetBuilder;
    use crate::memory::Memory;
    use crate::sinks::{Secret, SinkConfig, SinkKind};
    use crate::store::sqlite::{Access, SqliteStore};
    use crate::store::{Commit, NewNotice};
    use crate::target::Target;

    fn webhook(name: &str, listener: &TcpListener) -> SinkConfig {
        let address = listener.local_addr().expect("it listens");
        let url = Secret::Plain(format!("http://{address}/"));
        SinkConfig { name: name.to_owned(), kind: SinkKind::Webhook { url, secret: None } }
    }

    /// A store with a notice for each of two sinks from each of so many targets.
    async fn filled(folder: &std::path::Path, targets: usize) -> SqliteStore {
        let store = SqliteStore::open(&folder.join("watch.db"), Access::Monitor).expect("opens");
        let mut fleet = FleetBuilder::default();
        for n in 0..targets {
            let target = Target::new(&format!("https://c{n}.example/"), Arc::default());
            fleet.add(&target).expect("they differ");
        }
        store.enroll(&fleet.build(), 1_000).await.expect("it enrolls");
        for claim in store.claim(1_000, i64::MAX, 60, targets).await.expect("it claims") {
            let body = crate::notice::test("x", 1_000).body;
            let notices = ["hangs", "well"].map(|sink| NewNotice {
                key: format!("{sink} {}", claim.id),
                sink: sink.to_owned(),
                body: body.clone(),
            });
            let commit = Commit {
                id: claim.id,
                fence: Some(claim.fence),
                at: 1_000,
                wake: 2_000,
                memory: Memory::default(),
                severity: Severity::Alive,
                state: State::Live,
                events: Vec::new(),
                notices: notices.into(),
                bodies: Vec::new(),
            };
            store.commit(commit).await.expect("written");
        }
        store
    }

    #[tokio::test]
    async fn a_sink_that_never_answers_holds_up_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = filled(folder.path(), 50).await;
        // Connections wait in its queue and are never answered.
        let hangs = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let well = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let sinks = [webhook("hangs", &hangs), webhook("well", &well)];
        let sinks = Sinks::new(&sinks).expect("a client");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = well.accept().await {
                tokio::spawn(async move {
                    let mut request = vec![0; 65_536];
                    while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                        let answer =
                            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                        if stream.write_all(answer).await.is_err()
                            || stream.shutdown().await.is_err()
                        {
                            break;
                        }
                    }
                });
            }
        });
        let mut sending = Sending::default();
        while store.counts().await.expect("it counts").pending > 50 {
            sending.begin(&store, &sinks, 1_000).await.expect("it claims");
            let ended = sending.ended().await.expect("some are being sent");
            let (notice, sent) = ended.as_ref().expect("no panic");
            assert_eq!(notice.sink, "well", "{sent:?}");
            sending.settle(&store, ended, 1_000).await.expect("it is written");
        }
        assert_eq!(sending.running.len(), EACH, "as many as one sink is sent at once");
    }

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
        assert!(matches!(settle(&notice(30), &Err(busy()), 700_000), Settled::GivenUp { .. }));
        let jumped = settle(&notice(2), &Err(busy()), 40 * 86_400);
        assert!(matches!(jumped, Settled::Again { .. }), "nobody has tried for a week");
    }
}

//! SQLite: nothing to install. One thread owns the file; what arrives while it writes is written in one
//! transaction, so that a flush to disk is shared by many steps.

mod evidence;
mod list;
mod outbox;
mod schema;
mod targets;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    Claim, Commit, Counts, Mark, Order, Outgoing, Room, Settled, Sighting, Store, StoreError,
    Stored, StoredEvent,
};
use crate::config::Retention;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::schedule::queue::Queue;
use crate::target::TargetId;

/// How much is written in one transaction at most.
const BATCH: usize = 512;
/// While steps come one upon the other, so long is waited for more to share a flush to disk.
const GATHER: Duration = Duration::from_millis(5);
/// When a step is taken again that could not be written, in seconds.
const AGAIN: i64 = 30;

/// A SQLite store. Copies share one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    work: SyncSender<Work>,
    _lock: Arc<Option<schema::Lock>>,
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>, &mut Desk) + Send>;
type Work = Box<dyn FnOnce(&Connection, &mut Desk) -> Answer + Send>;

/// How much a work changes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changes {
    /// At most one statement, which is undone by itself where it fails.
    OneStatement,
    /// All of it is undone where a part fails: SQLite copies every page that it touches.
    Several,
}

/// What the owning thread keeps in memory.
#[derive(Debug, Default)]
struct Desk {
    queue: Queue,
    leases: HashMap<i64, Lease>,
    fence: i64,
    fleet: Fleet,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    fence: i64,
    until: i64,
}

/// Who may open the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// One monitor at a time.
    Monitor,
    /// Besides a monitor: for export.
    Reader,
}

impl SqliteStore {
    /// Opens or makes the file.
    ///
    /// # Errors
    ///
    /// The file cannot be used, is used by another monitor, or is of a newer version.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let lock = match access {
            Access::Monitor => Some(schema::Lock::take(path)?),
            Access::Reader => None,
        };
        let connection = schema::open(path)?;
        let hold = match access {
            Access::Monitor => {
                Some(Hold { path: path.to_owned(), run: schema::take_over(&connection)? })
            }
            Access::Reader => None,
        };
        let (work, inbox) = mpsc::sync_channel(4 * BATCH);
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(connection, hold.as_ref(), &inbox))
            .map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        Ok(Self { work, _lock: Arc::new(lock) })
    }

    /// Reads on the owning thread; answers once what was written before it is on disk.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_then(Changes::OneStatement, work, |_, done, written| both(done, written)).await
    }

    /// Writes on the owning thread; answers once it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_then(Changes::Several, work, |_, done, written| both(done, written)).await
    }

    /// The same; what came of the work, and of writing it, is put together as its caller says.
    async fn run_then<T: Send + 'static>(
        &self,
        changes: Changes,
        work: impl FnOnce(&Connection, &mut Desk) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(
            &mut Desk,
            Result<T, StoreError>,
            Result<(), StoreError>,
        ) -> Result<T, StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let mut job: Work = Box::new(move |connection, desk| {
            let done = match changes {
                Changes::OneStatement => work(connection, desk),
                Changes::Several => {
                    within_savepoint(connection, |connection| work(connection, desk))
                }
            };
            Box::new(move |written, desk| {
                drop(tell.send(then(desk, done, written)));
            })
        });
        loop {
            match self.work.try_send(job) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::task::yield_now().await;
                }
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(StoreError::Shut),
            }
        }
        told.await.map_err(|_| StoreError::Shut)?
    }
}

fn within_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let done = work(connection);
    // A full disk may end the whole transaction by itself: then there is nothing to go back to.
    if !connection.is_autocommit() {
        if done.is_err() {
            connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        connection.prepare_cached("RELEASE job")?.execute([])?;
    }
    done
}

/// The lock beside the file keeps a second monitor out. Should it fail to (a copied folder, a network
/// file system), the number of the run does: what began later writes, what began earlier is refused.
#[derive(Debug)]
struct Hold {
    path: PathBuf,
    run: i64,
}

fn serve(mut connection: Connection, hold: Option<&Hold>, inbox: &Receiver<Work>) {
    let mut desk = Desk::default();
    let mut busy = false;
    while let Ok(first) = inbox.recv() {
        if busy {
            thread::sleep(GATHER);
        }
        let mut answers = Vec::new();
        let written = write(&mut connection, hold, &mut desk, (first, inbox), &mut answers);
        let failed = written.as_ref().err().map(told_again);
        let mut written = Some(written);
        busy = answers.len() > 1;
        for answer in answers {
            let result = match (written.take(), &failed) {
                (Some(result), _) => result,
                (None, None) => Ok(()),
                (None, Some(again)) => Err(again()),
            };
            answer(result, &mut desk);
        }
    }
}

fn both<T>(done: Result<T, StoreError>, written: Result<(), StoreError>) -> Result<T, StoreError> {
    done.and_then(|done| written.map(|()| done))
}

/// One failure told to everyone whose work it took along.
fn told_again(error: &StoreError) -> impl Fn() -> StoreError + use<> {
    let code = match error {
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => Some(*error),
        _ => None,
    };
    move || match code {
        Some(code) => StoreError::Sqlite(rusqlite::Error::SqliteFailure(code, None)),
        None => StoreError::Shut,
    }
}

fn write(
    connection: &mut Connection,
    hold: Option<&Hold>,
    desk: &mut Desk,
    (first, inbox): (Work, &Receiver<Work>),
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    answers.push(first(&transaction, desk));
    while answers.len() < BATCH && !transaction.is_autocommit() {
        let Ok(next) = inbox.try_recv() else { break };
        answers.push(next(&transaction, desk));
    }
    if transaction.is_autocommit() {
        // What was done before it went with it.
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        return Err(StoreError::Sqlite(rusqlite::Error::SqliteFailure(full, None)));
    }
    match hold {
        Some(hold) if schema::run(&transaction)? != hold.run => {
            Err(StoreError::InUse(hold.path.clone()))
        }
        _ => Ok(transaction.commit()?),
    }
}

impl Store for SqliteStore {
    async fn enroll(&self, fleet: &Fleet, now: i64) -> Result<(), StoreError> {
        let fleet = fleet.clone();
        self.write(move |connection, desk| targets::enroll(connection, desk, fleet, now)).await
    }

    async fn clock(&self) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }

    async fn claim(
        &self,
        now: i64,
        due_by: i64,
        lease: i64,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let term = targets::Term { now, due_by, lease };
        self.run_then(
            Changes::OneStatement,
            move |connection, desk| targets::claim(connection, desk, term, most),
            // It writes nothing, and reads nothing of what was to be written with it.
            |_, claims, written| match written {
                Err(error @ StoreError::InUse(_)) => Err(error),
                _ => claims,
            },
        )
        .await
    }

    async fn release(&self, claim: &Claim, wake: i64) -> Result<(), StoreError> {
        let (id, fence) = (claim.id, claim.fence);
        self.read(move |_, desk| targets::release(desk, id, fence, wake)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (turn, at) = (commit.fence.map(|_| (commit.id, commit.wake)), commit.at);
        let nothing_new =
            commit.events.is_empty() && commit.notices.is_empty() && commit.bodies.is_empty();
        self.run_then(
            if nothing_new { Changes::OneStatement } else { Changes::Several },
            move |connection, desk| targets::commit(connection, desk, &commit),
            move |desk, done, written| {
                let done = both(done, written);
                match (turn, &done) {
                    (None, _) | (_, Err(StoreError::Fenced)) => {}
                    (Some((id, wake)), Ok(())) => desk.queue.push(id, wake),
                    // What the disk had no room for is looked at again soon.
                    (Some((id, _)), Err(_)) => desk.queue.push(id, at + AGAIN),
                }
                done
            },
        )
        .await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.read(|_, desk| Ok(desk.queue.next_due())).await
    }

    async fn load(&self, id: TargetId) -> Result<Memory, StoreError> {
        self.read(move |connection, _| targets::load(connection, id)).await
    }

    async fn outgoing(
        &self,
        now: i64,
        lease: i64,
        room: Room,
    ) -> Result<Vec<Outgoing>, StoreError> {
        self.write(move |connection, _| outbox::claim(connection, now, lease, &room)).await
    }

    async fn settle(
        &self,
        notice: &Outgoing,
        now: i64,
        settled: Settled,
    ) -> Result<(), StoreError> {
        let (row, fence) = (notice.row, notice.fence);
        self.write(move |connection, _| outbox::settle(connection, row, fence, now, &settled)).await
    }

    async fn bodies(&self, digests: Vec<[u8; 32]>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(move |connection, _| evidence::bodies(connection, &digests)).await
    }

    async fn sightings(&self, id: TargetId) -> Result<Vec<Sighting>, StoreError> {
        self.read(move |connection, _| evidence::sightings(connection, id)).await
    }

    async fn events(&self, id: TargetId, most: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |connection, _| targets::events(connection, id, most)).await
    }

    async fn list(
        &self,
        order: Order,
        after: Option<Mark>,
        most: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.read(move |connection, _| list::list(connection, order, after, most)).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|connection, _| evidence::counts(connection)).await
    }

    async fn beat(&self, worker: &str, now: i64) -> Result<Option<i64>, StoreError> {
        let worker = worker.to_owned();
        self.write(move |connection, _| targets::beat(connection, &worker, now)).await
    }

    async fn prune(&self, keep: &Retention, now: i64) -> Result<(), StoreError> {
        let keep = keep.clone();
        self.write(move |connection, _| evidence::prune(connection, &keep, now)).await
    }
}

#[cfg(test)]
mod tests {
    use canary_verifier::report::{Severity, State};

    use super::*;
    use crate::fleet::FleetBuilder;
    use crate::observe::Body;
    use crate::target::Target;

    fn fleet() -> Fleet {
        let mut builder = FleetBuilder::default();
        for n in 0..3 {
            let target = Target::new(&format!("https://c{n}.example/"), Arc::default());
            builder.add(&target).expect("they differ");
        }
        builder.build()
    }

    fn step(claim: &Claim, at: i64) -> Commit {
        let body = Body { url: "https://c.example/checkpoint".to_owned(), bytes: vec![7; 300_000] };
        Commit {
            id: claim.id,
            fence: Some(claim.fence),
            at,
            wake: at + 3_600,
            memory: Memory { notices: 1, ..claim.memory.clone() },
            severity: Severity::Alive,
            state: State::Live,
            events: Vec::new(),
            notices: Vec::new(),
            bodies: vec![body],
        }
    }

    #[test]
    fn a_full_disk_passes_and_no_turn_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let store = SqliteStore::open(&folder.path().join("watch.db"), Access::Monitor);
            let store = store.expect("it opens");
            store.enroll(&fleet(), 1_000).await.expect("it enrolls");
            let room = async |pages: i64| {
                let set = move |connection: &Connection, _: &mut Desk| {
                    let sql = format!("PRAGMA max_page_count = {pages}");
                    Ok(connection.query_row(&sql, [], |_| Ok(()))?)
                };
                store.read(set).await.expect("it is set");
            };
            room(40).await;
            let claims = store.claim(1_010, i64::MAX, 240, 9).await.expect("it claims");
            assert_eq!(claims.len(), 3);
            for claim in &claims {
                let refused = store.commit(step(claim, 1_010)).await;
                assert!(refused.is_err_and(|error| error.is_passing()));
                assert_eq!(store.load(claim.id).await.expect("it reads"), Memory::default());
            }
            assert!(store.claim(1_039, 1_039, 240, 9).await.expect("it claims").is_empty());
            room(1_000).await;
            let again = store.claim(1_040, 1_040, 240, 9).await.expect("it claims");
            assert_eq!(again.len(), 3, "soon, not when its lease or its interval ends");
            for claim in &again {
                store.commit(step(claim, 1_041)).await.expect("there is room");
                assert_eq!(store.load(claim.id).await.expect("it reads").notices, 1);
            }
        });
    }
}

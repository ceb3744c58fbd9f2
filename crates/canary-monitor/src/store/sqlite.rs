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

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    Claim, Commit, Counts, Mark, Order, Outgoing, Settled, Sighting, Store, StoreError, Stored,
    StoredEvent,
};
use crate::config::Retention;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::schedule::queue::Queue;
use crate::target::TargetId;

/// How much is written in one transaction at most.
const BATCH: usize = 512;

/// A SQLite store. Copies share one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    work: SyncSender<Work>,
    _lock: Arc<Option<schema::Lock>>,
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Work = Box<dyn FnOnce(&Connection, &mut Desk) -> Answer + Send>;

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

    /// Runs on the owning thread; answers once it is on disk.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let mut job: Work = Box::new(move |connection, desk| {
            let done = within_savepoint(connection, |connection| work(connection, desk));
            Box::new(move |written| drop(tell.send(written.and(done))))
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
    if done.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
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
    while let Ok(first) = inbox.recv() {
        let mut answers = Vec::new();
        let written = write(&mut connection, hold, &mut desk, (first, inbox), &mut answers);
        let failed = written.as_ref().err().map(ToString::to_string);
        let mut written = Some(written);
        for answer in answers {
            answer(match (written.take(), &failed) {
                (Some(result), _) => result,
                (None, None) => Ok(()),
                (None, Some(_)) => Err(StoreError::Shut),
            });
        }
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
    while answers.len() < BATCH {
        let Ok(next) = inbox.try_recv() else { break };
        answers.push(next(&transaction, desk));
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
        self.run(move |connection, desk| targets::enroll(connection, desk, fleet, now)).await
    }

    async fn claim(
        &self,
        now: i64,
        due_by: i64,
        lease: i64,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let term = targets::Term { now, due_by, lease };
        self.run(move |connection, desk| targets::claim(connection, desk, term, most)).await
    }

    async fn release(&self, claim: &Claim, wake: i64) -> Result<(), StoreError> {
        let (id, fence) = (claim.id, claim.fence);
        self.run(move |_, desk| targets::release(desk, id, fence, wake)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.run(move |connection, desk| targets::commit(connection, desk, &commit)).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.run(|_, desk| Ok(desk.queue.next_due())).await
    }

    async fn load(&self, id: TargetId) -> Result<Memory, StoreError> {
        self.run(move |connection, _| targets::load(connection, id)).await
    }

    async fn outgoing(
        &self,
        now: i64,
        lease: i64,
        most: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        self.run(move |connection, _| outbox::claim(connection, now, lease, most)).await
    }

    async fn settle(
        &self,
        notice: &Outgoing,
        now: i64,
        settled: Settled,
    ) -> Result<(), StoreError> {
        let (row, fence) = (notice.row, notice.fence);
        self.run(move |connection, _| outbox::settle(connection, row, fence, now, &settled)).await
    }

    async fn bodies(&self, digests: Vec<[u8; 32]>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.run(move |connection, _| evidence::bodies(connection, &digests)).await
    }

    async fn sightings(&self, id: TargetId) -> Result<Vec<Sighting>, StoreError> {
        self.run(move |connection, _| evidence::sightings(connection, id)).await
    }

    async fn events(&self, id: TargetId, most: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.run(move |connection, _| targets::events(connection, id, most)).await
    }

    async fn list(
        &self,
        order: Order,
        after: Option<Mark>,
        most: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.run(move |connection, _| list::list(connection, order, after, most)).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.run(|connection, _| evidence::counts(connection)).await
    }

    async fn beat(&self, worker: &str, now: i64) -> Result<Option<i64>, StoreError> {
        let worker = worker.to_owned();
        self.run(move |connection, _| targets::beat(connection, &worker, now)).await
    }

    async fn prune(&self, keep: &Retention, now: i64) -> Result<(), StoreError> {
        let keep = keep.clone();
        self.run(move |connection, _| evidence::prune(connection, &keep, now)).await
    }
}

//! PostgreSQL: any number of workers on any number of machines share a fleet. Targets and notices are
//! claimed with `FOR UPDATE SKIP LOCKED` under leases; a write under a lease that has passed on is
//! refused, so a worker that stalls and wakes changes nothing.

mod address;
mod again;
mod enroll;
mod evidence;
mod list;
mod outbox;
mod schema;
mod targets;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

pub use self::address::{Address, AddressError, TlsError};
use super::{
    Claim, Commit, Counts, Mark, Order, Outgoing, Room, Settled, Sighting, Store, StoreError,
    Stored, StoredEvent,
};
use crate::config::Retention;
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::target::TargetId;

/// Connections of one worker at most: one writes steps, the others claim and read.
const CONNECTIONS: usize = 6;
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// A server must not wait for a worker that has stalled with a lock in its hand.
const SESSION: &str = "SET statement_timeout = '120s'; SET lock_timeout = '60s'; \
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";

/// A PostgreSQL store. Copies share its connections.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: Pool,
    worker: Arc<Me>,
    writes: mpsc::Sender<writer::Write>,
}

/// Who this worker is: a name of its own, and the number of its run.
#[derive(Debug)]
struct Me {
    name: String,
    run: i64,
}

impl Me {
    fn replaced(&self) -> StoreError {
        StoreError::Replaced(self.name.clone())
    }
}

impl PostgresStore {
    /// Connects, brings the tables up to date, and takes over as the worker of this name. What an
    /// earlier process of the name had claimed is free again at once, and it can write no more.
    ///
    /// # Errors
    ///
    /// The database cannot be reached or used, or is of a newer version.
    pub async fn open(address: &Address, worker: &str) -> Result<Self, StoreError> {
        let pool = connect(address)?;
        let mut client = pool.get().await?;
        schema::migrate(&mut client).await?;
        let run = schema::take_over(&mut client, worker).await?;
        drop(client);
        Ok(Self::with(pool, Me { name: worker.to_owned(), run }))
    }

    /// Connects to read, beside the workers.
    ///
    /// # Errors
    ///
    /// The database cannot be reached or used, or is of a newer version.
    pub async fn open_to_read(address: &Address) -> Result<Self, StoreError> {
        let pool = connect(address)?;
        schema::migrate(&mut pool.get().await?).await?;
        Ok(Self::with(pool, Me { name: String::new(), run: 0 }))
    }

    fn with(pool: Pool, me: Me) -> Self {
        let (writes, inbox) = mpsc::channel(4 * writer::BATCH);
        let worker = Arc::new(me);
        tokio::spawn(writer::serve(pool.clone(), Arc::clone(&worker), inbox));
        Self { pool, worker, writes }
    }
}

fn connect(address: &Address) -> Result<Pool, StoreError> {
    let config = address.config()?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match address.tls()? {
        None => Manager::from_config(config, NoTls, recycling),
        Some(tls) => Manager::from_config(config, MakeRustlsConnect::new(tls), recycling),
    };
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
    });
    Ok(Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(2 * PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .post_create(prepare)
        .build()?)
}

impl Store for PostgresStore {
    async fn enroll(&self, fleet: &Fleet, now: i64) -> Result<(), StoreError> {
        enroll::enroll(&self.pool, fleet, now).await
    }

    async fn clock(&self) -> Result<Option<i64>, StoreError> {
        Ok(Some(schema::clock(&self.pool.get().await?).await?))
    }

    async fn claim(
        &self,
        now: i64,
        due_by: i64,
        lease: i64,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let term = targets::Term { now, due_by, lease };
        targets::claim(&self.pool.get().await?, &self.worker, term, most).await
    }

    async fn release(&self, claim: &Claim, wake: i64) -> Result<(), StoreError> {
        targets::release(&self.pool.get().await?, &self.worker, claim, wake).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        if commit.fence.is_none() {
            return writer::own(&self.pool, &self.worker, &commit).await;
        }
        let (tell, told) = oneshot::channel();
        let write = writer::Write { commit, tell };
        self.writes.send(write).await.map_err(|_| StoreError::Shut)?;
        told.await.map_err(|_| StoreError::Shut)?
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        targets::next_due(&self.pool.get().await?).await
    }

    async fn load(&self, id: TargetId) -> Result<Memory, StoreError> {
        targets::load(&self.pool.get().await?, id).await
    }

    async fn outgoing(
        &self,
        now: i64,
        lease: i64,
        room: Room,
    ) -> Result<Vec<Outgoing>, StoreError> {
        outbox::claim(&self.pool.get().await?, &self.worker, (now, lease), &room).await
    }

    async fn settle(
        &self,
        notice: &Outgoing,
        now: i64,
        settled: Settled,
    ) -> Result<(), StoreError> {
        outbox::settle(&self.pool.get().await?, notice, now, &settled).await
    }

    async fn bodies(&self, digests: Vec<[u8; 32]>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        evidence::bodies(&self.pool.get().await?, &digests).await
    }

    async fn sightings(&self, id: TargetId) -> Result<Vec<Sighting>, StoreError> {
        evidence::sightings(&self.pool.get().await?, id).await
    }

    async fn events(&self, id: TargetId, most: usize) -> Result<Vec<StoredEvent>, StoreError> {
        targets::events(&self.pool.get().await?, id, most).await
    }

    async fn list(
        &self,
        order: Order,
        after: Option<Mark>,
        most: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        list::list(&self.pool.get().await?, order, after, most).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        evidence::counts(&self.pool.get().await?).await
    }

    async fn beat(&self, worker: &str, now: i64) -> Result<Option<i64>, StoreError> {
        schema::beat(&mut self.pool.get().await?, &self.worker, worker, now).await
    }

    async fn prune(&self, keep: &Retention, now: i64) -> Result<(), StoreError> {
        evidence::prune(&mut self.pool.get().await?, &self.worker, keep, now).await
    }
}

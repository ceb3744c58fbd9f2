//! The store that the configuration names. Which one it is shows at run time, so that the program has one
//! monitor in it and not one for each store.

use super::postgres::PostgresStore;
use super::sqlite::{Access, SqliteStore};
use super::{
    Claim, Commit, Counts, Mark, Order, Outgoing, Room, Settled, Sighting, Store, StoreError,
    Stored, StoredEvent,
};
use crate::config::{Retention, StoreUrl};
use crate::fleet::Fleet;
use crate::memory::Memory;
use crate::sinks::Secret;
use crate::target::TargetId;

/// A store of either kind.
#[derive(Clone)]
pub enum ConfiguredStore {
    /// A file of this machine.
    Sqlite(SqliteStore),
    /// A database that several workers share.
    Postgres(PostgresStore),
}

impl ConfiguredStore {
    /// Opens or makes the store, for a worker of this name.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`] and [`PostgresStore::open`].
    pub async fn open(
        url: &StoreUrl,
        password: Option<Secret>,
        worker: &str,
    ) -> Result<Self, StoreError> {
        Ok(match url {
            StoreUrl::Sqlite(path) => Self::Sqlite(SqliteStore::open(path, Access::Monitor)?),
            StoreUrl::Postgres(address) => {
                let address = address.clone().with_password(password);
                Self::Postgres(PostgresStore::open(&address, worker).await?)
            }
        })
    }

    /// Opens the store beside its workers, for export.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`] and [`PostgresStore::open_to_read`].
    pub async fn open_to_read(
        url: &StoreUrl,
        password: Option<Secret>,
    ) -> Result<Self, StoreError> {
        Ok(match url {
            StoreUrl::Sqlite(path) => Self::Sqlite(SqliteStore::open(path, Access::Reader)?),
            StoreUrl::Postgres(address) => {
                let address = address.clone().with_password(password);
                Self::Postgres(PostgresStore::open_to_read(&address).await?)
            }
        })
    }
}

macro_rules! ask {
    ($which:expr, $store:ident => $answer:expr) => {
        match $which {
            ConfiguredStore::Sqlite($store) => $answer.await,
            ConfiguredStore::Postgres($store) => $answer.await,
        }
    };
}

impl Store for ConfiguredStore {
    async fn enroll(&self, fleet: &Fleet, now: i64) -> Result<(), StoreError> {
        ask!(self, store => store.enroll(fleet, now))
    }

    async fn clock(&self) -> Result<Option<i64>, StoreError> {
        ask!(self, store => store.clock())
    }

    async fn claim(
        &self,
        now: i64,
        due_by: i64,
        lease: i64,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        ask!(self, store => store.claim(now, due_by, lease, most))
    }

    async fn release(&self, claim: &Claim, wake: i64) -> Result<(), StoreError> {
        ask!(self, store => store.release(claim, wake))
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        ask!(self, store => store.commit(commit))
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        ask!(self, store => store.next_due())
    }

    async fn load(&self, id: TargetId) -> Result<Memory, StoreError> {
        ask!(self, store => store.load(id))
    }

    async fn outgoing(
        &self,
        now: i64,
        lease: i64,
        room: Room,
    ) -> Result<Vec<Outgoing>, StoreError> {
        ask!(self, store => store.outgoing(now, lease, room))
    }

    async fn settle(
        &self,
        notice: &Outgoing,
        now: i64,
        settled: Settled,
    ) -> Result<(), StoreError> {
        ask!(self, store => store.settle(notice, now, settled))
    }

    async fn bodies(&self, digests: Vec<[u8; 32]>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        ask!(self, store => store.bodies(digests))
    }

    async fn sightings(&self, id: TargetId) -> Result<Vec<Sighting>, StoreError> {
        ask!(self, store => store.sightings(id))
    }

    async fn events(&self, id: TargetId, most: usize) -> Result<Vec<StoredEvent>, StoreError> {
        ask!(self, store => store.events(id, most))
    }

    async fn list(
        &self,
        order: Order,
        after: Option<Mark>,
        most: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        ask!(self, store => store.list(order, after, most))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        ask!(self, store => store.counts())
    }

    async fn beat(&self, worker: &str, now: i64) -> Result<Option<i64>, StoreError> {
        ask!(self, store => store.beat(worker, now))
    }

    async fn prune(&self, keep: &Retention, now: i64) -> Result<(), StoreError> {
        ask!(self, store => store.prune(keep, now))
    }
}

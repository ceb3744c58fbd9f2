//! What a witness keeps: the logs it serves, and for each the checkpoint it cosigned last.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use canary_format::checkpoint::Checkpoint;
use canary_format::key::PublicKey;
use canary_format::merkle::TreeHash;
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::time::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};
use sha2::{Digest as _, Sha256};

use crate::decision::Recorded;
use crate::origins::{self, OriginsError};

/// Every connection keeps at most this many KiB of the database in memory.
const CACHE_KIB: i64 = 4_096;

/// So many idle connections are kept for readers.
const IDLE: usize = 8;

/// Two-faced checkpoints are kept for so many origins, one for each.
const MAX_CONFLICTS: i64 = 10_000;

/// The form of the tables below.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE log_key (
  origin BLOB NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (origin, name, key)
) WITHOUT ROWID;
CREATE TABLE cosigned (
  origin BLOB NOT NULL PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, at INTEGER NOT NULL,
  checkpoint TEXT NOT NULL
);
CREATE TABLE conflict (
  origin BLOB NOT NULL PRIMARY KEY, at INTEGER NOT NULL, ours TEXT NOT NULL, theirs TEXT NOT NULL
);
";

/// The SHA-256 of an origin: what the monitoring path names it by.
pub(crate) type OriginHash = [u8; 32];

/// A witness's database. Its size on disk grows with the origins; what is held in memory does not.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// The database could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused.
    #[error("the database could not be used")]
    Sqlite(#[from] rusqlite::Error),
    /// It was made by another version.
    #[error("the database has version {found}, this program reads version {VERSION}")]
    Version {
        /// What is there.
        found: i64,
    },
    /// The folder of the database could not be written durably.
    #[error("could not write the folder of the database {}", path.display())]
    Folder {
        /// Which database.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The origins file was refused.
    #[error(transparent)]
    Origins(#[from] OriginsError),
}

/// What is on record of an origin.
pub(crate) struct Record {
    pub(crate) tree: Recorded,
    pub(crate) at: Timestamp,
    pub(crate) checkpoint: String,
}

pub(crate) fn origin_hash(origin: &str) -> OriginHash {
    Sha256::digest(origin).into()
}

impl Store {
    /// Opens the database, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, or another version made it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match transaction.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            0 => {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            VERSION => {}
            found => return Err(StoreError::Version { found }),
        }
        transaction.commit()?;
        canary_durable::sync_folder(canary_durable::folder_of(path))
            .map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), idle: Mutex::new(vec![connection]) })
    }

    /// Makes the origins served those of the file, all or, where a line is refused, none of them.
    /// Gives how many lines there are. What was cosigned for an origin stays on record for ever.
    ///
    /// # Errors
    ///
    /// Where the file or the database cannot be used.
    pub fn load_origins(&self, file: &Path) -> Result<u64, StoreError> {
        let mut connection = connect(&self.path)?;
        connection.execute_batch(
            "CREATE TEMP TABLE incoming (
               origin BLOB NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL,
               PRIMARY KEY (origin, name, key)
             ) WITHOUT ROWID",
        )?;
        let gathering = connection.transaction()?;
        {
            let mut insert =
                gathering.prepare("INSERT OR IGNORE INTO incoming VALUES (?1, ?2, ?3)")?;
            origins::read(file, |origin| {
                let key = &origin.key;
                insert.execute((origin_hash(&origin.origin), key.name(), key.key().0))?;
                Ok::<(), StoreError>(())
            })?;
        }
        gathering.commit()?;
        // The lock that holds up cosigning is taken only now.
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        change.execute_batch(
            "DELETE FROM log_key WHERE NOT EXISTS (SELECT 1 FROM incoming
               WHERE (origin, name, key) = (log_key.origin, log_key.name, log_key.key));
             INSERT OR IGNORE INTO log_key SELECT origin, name, key FROM incoming;",
        )?;
        let count: i64 = change.query_row("SELECT count(*) FROM log_key", [], |row| row.get(0))?;
        change.commit()?;
        Ok(count.unsigned_abs())
    }

    /// The keys trusted for an origin: none where it is not known.
    pub(crate) fn keys(&self, origin: &OriginHash) -> Result<Vec<VerifierKey>, StoreError> {
        self.read(|connection| {
            let mut select =
                connection.prepare_cached("SELECT name, key FROM log_key WHERE origin = ?1")?;
            let rows =
                select.query_map([origin], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let keys: Result<Vec<(String, [u8; 32])>, _> = rows.collect();
            let keys = keys?.into_iter();
            Ok(keys
                .filter_map(|(name, key)| VerifierKey::new(&name, KeyKind::Note, PublicKey(key)))
                .collect())
        })
    }

    /// The checkpoint cosigned last for an origin.
    pub(crate) fn checkpoint(&self, origin: &OriginHash) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let mut select =
                connection.prepare_cached("SELECT checkpoint FROM cosigned WHERE origin = ?1")?;
            Ok(select.query_row([origin], |row| row.get(0)).optional()?)
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
        result
    }

    /// A connection of its own, for the writer.
    pub(crate) fn connection(&self) -> Result<Connection, StoreError> {
        connect(&self.path)
    }
}

/// Durable: a commit is on the disk when it returns.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "FILE")?;
    Ok(connection)
}

/// What is on record of an origin, within a transaction that will change it.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    origin: &OriginHash,
) -> rusqlite::Result<Option<Record>> {
    let mut select = transaction
        .prepare_cached("SELECT size, root, at, checkpoint FROM cosigned WHERE origin = ?1")?;
    let row = select.query_row([origin], |row| {
        Ok(Record {
            tree: Recorded {
                size: row.get::<_, i64>(0)?.unsigned_abs(),
                root: TreeHash(row.get(1)?),
            },
            at: Timestamp::from_unix(row.get(2)?),
            checkpoint: row.get(3)?,
        })
    });
    row.optional()
}

/// Puts a cosigned checkpoint on record.
pub(crate) fn put(
    transaction: &Transaction<'_>,
    origin: &OriginHash,
    checkpoint: &Checkpoint,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO cosigned (origin, size, root, at, checkpoint) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
           at = excluded.at, checkpoint = excluded.checkpoint",
    )?;
    // Sizes are read within 2^63 − 1.
    let size = i64::try_from(checkpoint.size()).unwrap_or(i64::MAX);
    let text = checkpoint.to_string();
    upsert.execute((origin, size, checkpoint.root().0, at.unix(), text))?;
    Ok(())
}

/// Keeps two checkpoints of one size that a log signed over two roots: the first such pair.
pub(crate) fn put_conflict(
    transaction: &Transaction<'_>,
    origin: &OriginHash,
    ours: &str,
    theirs: &Checkpoint,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO conflict (origin, at, ours, theirs)
         SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM conflict) < ?5",
    )?;
    insert.execute((origin, at.unix(), ours, theirs.to_string(), MAX_CONFLICTS))?;
    Ok(())
}

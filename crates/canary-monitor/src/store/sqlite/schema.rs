//! The tables, and how the file is opened.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::super::StoreError;

/// In which order targets are shown.
pub(super) const TARGET_SHOWN: &str =
    "CREATE INDEX target_shown ON target (severity, name, id) WHERE active = 1";

/// Each entry takes the file from one version to the next.
const MIGRATIONS: &[&str] = &["
CREATE TABLE target (
  id INTEGER PRIMARY KEY, url TEXT NOT NULL, name TEXT NOT NULL, active INTEGER NOT NULL,
  wake INTEGER NOT NULL, severity INTEGER NOT NULL, memory TEXT NOT NULL) STRICT;
CREATE INDEX target_by_severity ON target (severity DESC) WHERE severity > 0;
CREATE TABLE event (
  target INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE INDEX event_by_target ON event (target, at);
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, target INTEGER NOT NULL,
  sink TEXT NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL,
  lease INTEGER NOT NULL, fence INTEGER NOT NULL, tries INTEGER NOT NULL, state INTEGER NOT NULL,
  settled INTEGER, error TEXT) STRICT;
CREATE INDEX outbox_pending ON outbox (due) WHERE state = 0;
CREATE INDEX outbox_order ON outbox (target, sink, id) WHERE state = 0;
CREATE TABLE body (digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
CREATE TABLE sighting (
  target INTEGER NOT NULL, digest BLOB NOT NULL, url TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (target, digest, url)) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_by_digest ON sighting (digest);
CREATE TABLE worker (name TEXT PRIMARY KEY, alive INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE watch_gap (worker TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
", "
CREATE TABLE owner (run INTEGER NOT NULL) STRICT;
INSERT INTO owner VALUES (0);
", "
ALTER TABLE target ADD COLUMN state INTEGER;
DROP INDEX target_by_severity;
CREATE INDEX target_tally ON target (severity, state) WHERE active = 1;
CREATE INDEX target_shown ON target (severity, name, id) WHERE active = 1;
CREATE INDEX outbox_given_up ON outbox (id) WHERE state = 2;
CREATE TABLE kept (bytes INTEGER NOT NULL) STRICT;
INSERT INTO kept SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM body;
", "
CREATE INDEX outbox_by_sink ON outbox (sink, due) WHERE state = 0;
DROP INDEX outbox_pending;
"];

/// Marks the file as this program's: `CNRY`.
const APPLICATION: i64 = 0x434e_5259;

pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    has_folder(path)?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // Before anything is written: the file may be another program's.
    let owner = owner(&connection).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign(path.to_owned()),
        _ => error.into(),
    })?;
    if owner == Owner::Another {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_096)?;
    connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&connection)?;
    if owner == Owner::Unmarked {
        connection.pragma_update(None, "application_id", APPLICATION)?;
    }
    Ok(connection)
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// This program's.
    Marked,
    /// It is empty, or has the tables of an early version of this program, which did not mark it.
    Unmarked,
    /// Another program's.
    Another,
}

fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let count = |condition: &str| -> rusqlite::Result<i64> {
        let count = format!("SELECT COUNT(*) FROM sqlite_schema {condition}");
        connection.query_row(&count, [], |row| row.get(0))
    };
    let first = "WHERE type = 'table' AND name IN
        ('target', 'event', 'outbox', 'body', 'sighting', 'worker', 'watch_gap')";
    Ok(match id {
        APPLICATION => Owner::Marked,
        0 if count("")? == 0 || count(first)? == 7 => Owner::Unmarked,
        _ => Owner::Another,
    })
}

fn migrate(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, step) in (1_i64..).zip(MIGRATIONS) {
        if version > found {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; COMMIT;"
            ))?;
        }
    }
    Ok(())
}

/// Gives this monitor's run a number, and frees the notices that the run before it was sending.
pub(super) fn take_over(connection: &Connection) -> Result<i64, StoreError> {
    connection.execute_batch(
        "BEGIN IMMEDIATE; UPDATE owner SET run = run + 1;
         UPDATE outbox SET lease = 0, fence = fence + 1 WHERE state = 0 AND lease <> 0; COMMIT;",
    )?;
    run(connection)
}

/// The number of the run that the file belongs to.
pub(super) fn run(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("SELECT run FROM owner")?.query_row([], |row| row.get(0))?)
}

/// A path may be mistyped: with a folder made for it, the monitor would begin with an empty memory.
fn has_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => Err(StoreError::NoFolder(folder.to_owned())),
        None => Ok(()),
    }
}

/// Held as long as a monitor uses the file; the system lets go of it when the process ends in any way.
#[derive(Debug)]
pub(super) struct Lock {
    // The open transaction is the point; the mutex is there only so that threads may share it.
    _held: Mutex<Connection>,
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        has_folder(path)?;
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let held = Connection::open(PathBuf::from(name))?;
        match held.execute_batch("BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Self { _held: Mutex::new(held) }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Err(StoreError::InUse(path.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

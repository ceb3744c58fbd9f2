//! The tables, and who the workers are.

use deadpool_postgres::Object;

use super::super::{GAP, StoreError};
use super::Me;

/// Each entry takes the database from one version to the next.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE target (
  id bigint PRIMARY KEY, url text NOT NULL, name text NOT NULL, active boolean NOT NULL,
  wake bigint NOT NULL, severity smallint NOT NULL, memory text NOT NULL,
  fence bigint NOT NULL DEFAULT 0, lease bigint NOT NULL DEFAULT 0, owner bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX target_due ON target (wake) WHERE active;
CREATE INDEX target_leased ON target (owner) WHERE lease <> 0;
CREATE TABLE event (
  id bigserial PRIMARY KEY, target bigint NOT NULL, at bigint NOT NULL, kind text NOT NULL,
  detail text NOT NULL);
CREATE INDEX event_by_target ON event (target, at);
CREATE TABLE outbox (
  id bigserial PRIMARY KEY, key text NOT NULL UNIQUE, target bigint NOT NULL, sink text NOT NULL,
  body text NOT NULL, created bigint NOT NULL, due bigint NOT NULL, lease bigint NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0, owner bigint NOT NULL DEFAULT 0, tries bigint NOT NULL DEFAULT 0,
  state smallint NOT NULL DEFAULT 0, settled bigint, error text);
CREATE INDEX outbox_pending ON outbox (due) WHERE state = 0;
CREATE INDEX outbox_order ON outbox (target, sink, id) WHERE state = 0;
CREATE TABLE body (digest bytea PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE sighting (
  target bigint NOT NULL, digest bytea NOT NULL, url text NOT NULL, first bigint NOT NULL,
  last bigint NOT NULL, times bigint NOT NULL);
CREATE UNIQUE INDEX sighting_key ON sighting (target, digest, hashtextextended(url, 0));
CREATE INDEX sighting_by_digest ON sighting (digest);
CREATE TABLE worker (name text PRIMARY KEY, run bigint NOT NULL, alive bigint);
CREATE SEQUENCE worker_run;
CREATE TABLE watch_gap (worker text NOT NULL, since bigint NOT NULL, until bigint NOT NULL);
",
    "
ALTER TABLE target ADD COLUMN state smallint;
CREATE INDEX target_tally ON target (severity, state) WHERE active;
CREATE INDEX target_shown ON target (severity, name COLLATE \"C\", id) WHERE active;
CREATE INDEX outbox_given_up ON outbox (id) WHERE state = 2;
CREATE TABLE kept (owner bigint PRIMARY KEY, bytes bigint NOT NULL);
INSERT INTO kept SELECT 0, COALESCE(SUM(LENGTH(bytes)), 0) FROM body;
",
    // Without it a claim changes no indexed column, so that none of the other indexes is written either;
    // only a worker that takes over asks by owner, once.
    "
DROP INDEX target_leased;
",
    "
CREATE INDEX outbox_by_sink ON outbox (sink, due) WHERE state = 0;
DROP INDEX outbox_pending;
",
];

/// Taken while tables change, so that workers that start together do not do it twice.
const MIGRATION_LOCK: i64 = 0x6361_6e61_7279_0001;

pub(super) async fn migrate(client: &mut Object) -> Result<(), StoreError> {
    let encoding: String = client.query_one("SHOW server_encoding", &[]).await?.get(0);
    if encoding != "UTF8" {
        return Err(StoreError::Encoding(encoding));
    }
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
    let made = "CREATE TABLE IF NOT EXISTS store_version (version bigint NOT NULL)";
    transaction.batch_execute(made).await?;
    let found: Option<i64> =
        transaction.query_one("SELECT MAX(version) FROM store_version", &[]).await?.get(0);
    let found = found.unwrap_or(0);
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, step) in (1_i64..).zip(MIGRATIONS) {
        if version > found {
            transaction.batch_execute(step).await?;
            transaction.execute("INSERT INTO store_version VALUES ($1)", &[&version]).await?;
        }
    }
    Ok(transaction.commit().await?)
}

/// Gives the worker's run a number, and frees what earlier runs under its name had claimed.
pub(super) async fn take_over(client: &mut Object, name: &str) -> Result<i64, StoreError> {
    let transaction = client.transaction().await?;
    transaction
        .execute("INSERT INTO worker (name, run) VALUES ($1, 0) ON CONFLICT DO NOTHING", &[&name])
        .await?;
    let old: i64 = transaction
        .query_one("SELECT run FROM worker WHERE name = $1 FOR UPDATE", &[&name])
        .await?
        .get(0);
    let run: i64 = transaction
        .query_one(
            "UPDATE worker SET run = nextval('worker_run') WHERE name = $1 RETURNING run",
            &[&name],
        )
        .await?
        .get(0);
    for table in ["target", "outbox"] {
        let free = format!(
            "UPDATE {table} SET lease = 0, fence = fence + 1 WHERE owner = $1 AND lease <> 0"
        );
        transaction.execute(&free, &[&old]).await?;
    }
    // What the run before it counted goes on under its own number: there is a row a name.
    transaction
        .execute("UPDATE kept SET owner = $2 WHERE owner = $1 AND owner <> 0", &[&old, &run])
        .await?;
    transaction.commit().await?;
    Ok(run)
}

pub(super) async fn clock(client: &Object) -> Result<i64, StoreError> {
    let now = "SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()))::bigint";
    Ok(client.query_one(&client.prepare_cached(now).await?, &[]).await?.get(0))
}

pub(super) async fn beat(
    client: &mut Object,
    me: &Me,
    name: &str,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    let transaction = client.transaction().await?;
    let known = transaction
        .query_opt(
            "SELECT alive FROM worker WHERE name = $1 AND run = $2 FOR UPDATE",
            &[&name, &me.run],
        )
        .await?;
    let Some(known) = known else { return Err(me.replaced()) };
    let last: Option<i64> = known.get(0);
    transaction.execute("UPDATE worker SET alive = $2 WHERE name = $1", &[&name, &now]).await?;
    if let Some(last) = last.filter(|last| now - last > GAP) {
        let gap = "INSERT INTO watch_gap (worker, since, until) VALUES ($1, $2, $3)";
        transaction.execute(gap, &[&name, &last, &now]).await?;
    }
    transaction.commit().await?;
    Ok(last)
}

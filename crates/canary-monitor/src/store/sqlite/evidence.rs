//! Bodies, each kept once, and what is deleted when.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Counts, Sighting, StoreError, Tally, memory_of, severity_of, state_of};
use crate::config::Retention;
use crate::evidence::{LEAF_LIST, held_until};
use crate::observe::Body;
use crate::target::TargetId;

pub(super) fn keep(
    connection: &Connection,
    id: TargetId,
    bodies: &[Body],
    now: i64,
) -> Result<(), StoreError> {
    let mut add =
        connection.prepare_cached("INSERT OR IGNORE INTO body (digest, bytes) VALUES (?1, ?2)")?;
    let mut see = connection.prepare_cached(
        "INSERT INTO sighting (target, digest, url, first, last, times)
         VALUES (?1, ?2, ?3, ?4, ?4, 1)
         ON CONFLICT DO UPDATE SET first = MIN(first, ?4), last = ?4, times = times + 1",
    )?;
    let mut added = 0;
    for body in bodies {
        let digest = body.digest();
        added += add.execute(params![digest.0, body.bytes])? * body.bytes.len();
        see.execute(params![id.0, digest.0, body.url, now])?;
    }
    if added > 0 {
        let mut count = connection.prepare_cached("UPDATE kept SET bytes = bytes + ?1")?;
        count.execute([i64::try_from(added).unwrap_or(i64::MAX)])?;
    }
    Ok(())
}

pub(super) fn bodies(
    connection: &Connection,
    digests: &[[u8; 32]],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let mut read = connection.prepare_cached("SELECT bytes FROM body WHERE digest = ?1")?;
    let each = digests.iter().map(|digest| read.query_row([digest], |row| row.get(0)).optional());
    Ok(each.collect::<Result<_, _>>()?)
}

pub(super) fn sightings(
    connection: &Connection,
    id: TargetId,
) -> Result<Vec<Sighting>, StoreError> {
    let mut rows = connection.prepare_cached(
        "SELECT digest, url, first, last, times FROM sighting WHERE target = ?1
         ORDER BY first, digest",
    )?;
    let rows = rows.query_map([id.0], |row| {
        Ok(Sighting {
            digest: row.get(0)?,
            url: row.get(1)?,
            first: row.get(2)?,
            last: row.get(3)?,
            times: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    let one = |sql: &str| {
        connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, Option<i64>>(0))
    };
    let mut tally = connection.prepare_cached(
        "SELECT severity, state, COUNT(*) FROM target WHERE active = 1 GROUP BY severity, state",
    )?;
    let tally = tally.query_map([], |row| {
        let state: Option<i64> = row.get(1)?;
        Ok(Tally {
            severity: severity_of(row.get(0)?),
            state: state.and_then(state_of),
            targets: row.get(2)?,
        })
    })?;
    Ok(Counts {
        targets: tally.collect::<Result<_, _>>()?,
        pending: one("SELECT COUNT(*) FROM outbox WHERE state = 0")?.unwrap_or(0),
        oldest_pending: one("SELECT MIN(created) FROM outbox WHERE state = 0")?,
        given_up: one("SELECT COUNT(*) FROM outbox WHERE state = 2")?.unwrap_or(0),
        evidence_bytes: one("SELECT bytes FROM kept")?.unwrap_or(0),
    })
}

pub(super) fn prune(connection: &Connection, keep: &Retention, now: i64) -> Result<(), StoreError> {
    if let Some(age) = keep.events {
        // What a watch record says of the watcher's own looking stays.
        connection
            .execute("DELETE FROM event WHERE at < ?1 AND kind <> 'watch-gap'", [now - age])?;
    }
    if let Some(age) = keep.notices {
        connection.execute("DELETE FROM outbox WHERE state <> 0 AND settled < ?1", [now - age])?;
    }
    if let Some(age) = keep.evidence {
        hold_open(connection)?;
        // What a present state rests on is named in it, by its digest in hex; leaves are named in the list
        // that it names. What was there when an alarm was opened that is still open stays too.
        connection.execute(
            "WITH RECURSIVE
               list (target, bytes) AS MATERIALIZED (
                 SELECT s.target, b.bytes FROM target AS t
                 JOIN sighting AS s ON s.target = t.id AND s.url = t.url || ?2
                 JOIN body AS b ON b.digest = s.digest
                 WHERE instr(t.memory, lower(hex(s.digest))) > 0),
               place (at) AS (
                 SELECT 1 UNION ALL
                 SELECT at + 32 FROM place WHERE at < (SELECT MAX(LENGTH(bytes)) FROM list)),
               leaf (target, digest) AS MATERIALIZED (
                 SELECT target, substr(bytes, at, 32) FROM list
                 JOIN place ON at < LENGTH(bytes))
             DELETE FROM sighting WHERE last < ?1
             AND NOT EXISTS (
               SELECT 1 FROM target WHERE target.id = sighting.target
               AND instr(target.memory, lower(hex(sighting.digest))) > 0)
             AND NOT EXISTS (
               SELECT 1 FROM leaf
               WHERE leaf.target = sighting.target AND leaf.digest = sighting.digest)
             AND NOT EXISTS (
               SELECT 1 FROM temp.held
               WHERE held.target = sighting.target AND sighting.first <= held.until)",
            params![now - age, LEAF_LIST],
        )?;
        let mut delete = connection.prepare(
            "DELETE FROM body WHERE NOT EXISTS (
               SELECT 1 FROM sighting WHERE sighting.digest = body.digest)
             RETURNING LENGTH(bytes)",
        )?;
        let gone = delete.query_map([], |row| row.get::<_, i64>(0))?;
        let gone: i64 = gone.sum::<Result<_, _>>()?;
        connection.execute("UPDATE kept SET bytes = bytes - ?1", [gone])?;
    }
    Ok(())
}

/// Lists the targets with an open alarm about what was served, and up to when what was first seen there is
/// kept.
fn hold_open(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS held (target INTEGER PRIMARY KEY, until INTEGER NOT NULL);
         DELETE FROM temp.held",
    )?;
    let mut read = connection
        .prepare("SELECT id, memory FROM target WHERE instr(memory, '\"opened_at\"') > 0")?;
    let mut add = connection.prepare("INSERT INTO temp.held (target, until) VALUES (?1, ?2)")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(until) = held_until(&memory_of(&row.get::<_, String>(1)?)?) {
            add.execute(params![row.get::<_, i64>(0)?, until])?;
        }
    }
    Ok(())
}

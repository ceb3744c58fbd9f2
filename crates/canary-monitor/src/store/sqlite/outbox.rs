//! Notices on their way.

use rusqlite::{Connection, params};

use super::super::{AHEAD, LONGEST_LEASE, NewNotice, Outgoing, Room, SINKS, Settled, StoreError};
use crate::outbox::LONGEST;
use crate::target::TargetId;

pub(super) fn add(
    connection: &Connection,
    target: TargetId,
    notices: &[NewNotice],
    now: i64,
) -> Result<(), StoreError> {
    let mut add = connection.prepare_cached(
        "INSERT OR IGNORE INTO outbox
           (key, target, sink, body, created, due, lease, fence, tries, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 0, 0)",
    )?;
    for notice in notices {
        add.execute(params![notice.key, target.0, notice.sink, notice.body, now])?;
    }
    Ok(())
}

/// Notices that a clock ahead made or put off are due.
pub(super) fn bring_back(connection: &Connection, now: i64) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET created = MIN(created, ?1), due = MIN(due, ?1)
         WHERE state = 0 AND (created > ?1 + ?2 OR due > ?1 + ?3)",
        [now, AHEAD, LONGEST],
    )?;
    Ok(())
}

pub(super) fn claim(
    connection: &Connection,
    now: i64,
    lease: i64,
    room: &Room,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut sinks = connection.prepare_cached(SINKS)?;
    let mut claimed = Vec::new();
    for sink in
        sinks.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?
    {
        match room.left(&sink) {
            0 => {}
            most => claimed.extend(claim_of(connection, now, lease, (&sink, most))?),
        }
    }
    Ok(claimed)
}

fn claim_of(
    connection: &Connection,
    now: i64,
    lease: i64,
    (sink, most): (&str, usize),
) -> Result<Vec<Outgoing>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = connection.prepare_cached(
        "UPDATE outbox SET lease = ?1 + ?2, fence = fence + 1 WHERE id IN (
           SELECT id FROM outbox AS o
           WHERE state = 0 AND sink = ?4 AND due <= ?1 AND (lease <= ?1 OR lease > ?1 + ?5)
           AND NOT EXISTS (
             SELECT 1 FROM outbox AS p
             WHERE p.state = 0 AND p.target = o.target AND p.sink = o.sink AND p.id < o.id)
           ORDER BY due LIMIT ?3)
         RETURNING id, fence, key, sink, body, created, tries",
    )?;
    let rows = rows.query_map(params![now, lease, most, sink, LONGEST_LEASE], |row| {
        Ok(Outgoing {
            row: row.get(0)?,
            fence: row.get(1)?,
            key: row.get(2)?,
            sink: row.get(3)?,
            body: row.get(4)?,
            created: row.get(5)?,
            tries: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn settle(
    connection: &Connection,
    row: i64,
    fence: i64,
    now: i64,
    settled: &Settled,
) -> Result<(), StoreError> {
    let changed = match settled {
        Settled::Sent => connection
            .prepare_cached(
                "UPDATE outbox SET state = 1, settled = ?3, error = NULL
                 WHERE id = ?1 AND fence = ?2 AND state = 0",
            )?
            .execute(params![row, fence, now])?,
        Settled::Again { at, error } => connection
            .prepare_cached(
                "UPDATE outbox SET due = ?3, lease = 0, tries = tries + 1, error = ?4
                 WHERE id = ?1 AND fence = ?2 AND state = 0",
            )?
            .execute(params![row, fence, at, error])?,
        Settled::GivenUp { error } => connection
            .prepare_cached(
                "UPDATE outbox SET state = 2, settled = ?3, error = ?4
                 WHERE id = ?1 AND fence = ?2 AND state = 0",
            )?
            .execute(params![row, fence, now, error])?,
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}

//! Targets: claims, and what is read of them.

use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::super::{Claim, LONGEST_LEASE, StoreError, StoredEvent, memory_of};
use super::Me;
use crate::memory::Memory;
use crate::target::TargetId;

/// When and for how long.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub(super) now: i64,
    pub(super) due_by: i64,
    pub(super) lease: i64,
}

/// The worker's row is locked first: a claim is either seen and freed by the worker that takes over the
/// name, or not made at all.
pub(super) async fn claim(
    client: &Object,
    me: &Me,
    term: Term,
    most: usize,
) -> Result<Vec<Claim>, StoreError> {
    let Term { now, due_by, lease } = term;
    let claim = client
        .prepare_cached(
            "WITH me AS (SELECT 1 FROM worker WHERE name = $5 AND run = $6 FOR SHARE),
             due AS (
               SELECT id FROM target
               WHERE active AND wake <= $2 AND (lease <= $1 OR lease > $7)
                 AND EXISTS (SELECT 1 FROM me)
               ORDER BY wake LIMIT $4 FOR UPDATE SKIP LOCKED)
             UPDATE target AS t SET lease = $3, fence = t.fence + 1, owner = $6
             FROM due WHERE t.id = due.id
             RETURNING t.id, t.fence, t.wake, t.memory",
        )
        .await?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let until = now.saturating_add(lease);
    let ahead = now.saturating_add(LONGEST_LEASE);
    let rows =
        client.query(&claim, &[&now, &due_by, &until, &most, &me.name, &me.run, &ahead]).await?;
    if rows.is_empty() {
        let mine =
            client.prepare_cached("SELECT 1 FROM worker WHERE name = $1 AND run = $2").await?;
        if client.query_opt(&mine, &[&me.name, &me.run]).await?.is_none() {
            return Err(me.replaced());
        }
    }
    let mut claims = rows.iter().map(claim_of).collect::<Result<Vec<_>, _>>()?;
    claims.sort_by_key(|claim| claim.due);
    Ok(claims)
}

fn claim_of(row: &Row) -> Result<Claim, StoreError> {
    Ok(Claim {
        id: TargetId(row.get(0)),
        fence: row.get(1),
        due: row.get(2),
        memory: memory_of(row.get(3))?,
    })
}

pub(super) async fn release(
    client: &Object,
    me: &Me,
    claim: &Claim,
    wake: i64,
) -> Result<(), StoreError> {
    let release = client
        .prepare_cached(
            "UPDATE target SET wake = $4, lease = 0
             WHERE id = $1 AND fence = $2 AND owner = $3 AND lease <> 0",
        )
        .await?;
    match client.execute(&release, &[&claim.id.0, &claim.fence, &me.run, &wake]).await? {
        0 => Err(StoreError::Fenced),
        _ => Ok(()),
    }
}

pub(super) async fn next_due(client: &Object) -> Result<Option<i64>, StoreError> {
    let next = "SELECT MIN(wake) FROM target WHERE active AND lease = 0";
    Ok(client.query_one(&client.prepare_cached(next).await?, &[]).await?.get(0))
}

pub(super) async fn load(client: &Object, id: TargetId) -> Result<Memory, StoreError> {
    let read = client.prepare_cached("SELECT memory FROM target WHERE id = $1").await?;
    match client.query_opt(&read, &[&id.0]).await? {
        Some(row) => memory_of(row.get(0)),
        None => Ok(Memory::default()),
    }
}

pub(super) async fn events(
    client: &Object,
    id: TargetId,
    most: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let read = client
        .prepare_cached(
            "SELECT at, kind, detail FROM event WHERE target = $1 ORDER BY at DESC, id DESC LIMIT $2",
        )
        .await?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = client.query(&read, &[&id.0, &most]).await?;
    let event = |row: &Row| StoredEvent { at: row.get(0), kind: row.get(1), detail: row.get(2) };
    Ok(rows.iter().map(event).collect())
}

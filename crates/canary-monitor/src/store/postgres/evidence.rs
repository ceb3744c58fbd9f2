//! Bodies, each kept once, and what is deleted when.

use std::collections::HashMap;

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row;

use super::super::{Counts, Sighting, StoreError, Tally, memory_of, severity_of, state_of};
use super::Me;
use crate::config::Retention;
use crate::evidence::{LEAF_LIST, held_until};
use crate::target::TargetId;

/// Shared by those that keep bodies, taken alone by who deletes them: a body is not deleted between its
/// being found there and its being seen again.
pub(super) const EVIDENCE_LOCK: i64 = 0x6361_6e61_7279_0002;

/// Adds to the bytes that this worker has kept: each has a row of its own, so that none waits.
pub(super) const COUNT_KEPT: &str = "INSERT INTO kept (owner, bytes) VALUES ($1, $2)
    ON CONFLICT (owner) DO UPDATE SET bytes = kept.bytes + EXCLUDED.bytes";

pub(super) async fn bodies(
    client: &Object,
    digests: &[[u8; 32]],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let read =
        client.prepare_cached("SELECT digest, bytes FROM body WHERE digest = ANY ($1)").await?;
    let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    let rows = client.query(&read, &[&wanted]).await?;
    let mut found: HashMap<Vec<u8>, Vec<u8>> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let each = digests.iter().enumerate().map(|(index, digest)| {
        // The last that asks for it takes it; those before get a copy.
        match digests[index + 1..].contains(digest) {
            true => found.get(&digest[..]).cloned(),
            false => found.remove(&digest[..]),
        }
    });
    Ok(each.collect())
}

pub(super) async fn sightings(client: &Object, id: TargetId) -> Result<Vec<Sighting>, StoreError> {
    let read = client
        .prepare_cached(
            "SELECT digest, url, first, last, times FROM sighting WHERE target = $1
             ORDER BY first, digest",
        )
        .await?;
    let rows = client.query(&read, &[&id.0]).await?;
    Ok(rows.iter().filter_map(sighting_of).collect())
}

fn sighting_of(row: &Row) -> Option<Sighting> {
    Some(Sighting {
        digest: row.get::<_, &[u8]>(0).try_into().ok()?,
        url: row.get(1),
        first: row.get(2),
        last: row.get(3),
        times: row.get(4),
    })
}

pub(super) async fn counts(client: &Object) -> Result<Counts, StoreError> {
    let count = client
        .prepare_cached(
            "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 0),
               (SELECT MIN(created) FROM outbox WHERE state = 0),
               (SELECT COUNT(*) FROM outbox WHERE state = 2),
               (SELECT COALESCE(SUM(bytes), 0)::bigint FROM kept)",
        )
        .await?;
    let row = client.query_one(&count, &[]).await?;
    let tally = "SELECT severity, state, COUNT(*) FROM target WHERE active GROUP BY 1, 2";
    let tally = client.query(&client.prepare_cached(tally).await?, &[]).await?;
    let tally = tally.iter().map(|row| Tally {
        severity: severity_of(row.get::<_, i16>(0).into()),
        state: row.get::<_, Option<i16>>(1).and_then(|state| state_of(state.into())),
        targets: row.get(2),
    });
    Ok(Counts {
        targets: tally.collect(),
        pending: row.get(0),
        oldest_pending: row.get(1),
        given_up: row.get(2),
        evidence_bytes: row.get(3),
    })
}

pub(super) async fn prune(
    client: &mut Object,
    me: &Me,
    keep: &Retention,
    now: i64,
) -> Result<(), StoreError> {
    if let Some(age) = keep.events {
        // What a watch record says of the watcher's own looking stays.
        let delete = "DELETE FROM event WHERE at < $1 AND kind <> 'watch-gap'";
        client.execute(delete, &[&(now - age)]).await?;
    }
    if let Some(age) = keep.notices {
        let delete = "DELETE FROM outbox WHERE state <> 0 AND settled < $1";
        client.execute(delete, &[&(now - age)]).await?;
    }
    let Some(age) = keep.evidence else { return Ok(()) };
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&EVIDENCE_LOCK]).await?;
    let (held, until) = held(&transaction).await?;
    // What a present state rests on is named in it, by its digest in hex; leaves are named in the list that
    // it names. What was there when an alarm was opened that is still open stays too.
    transaction
        .execute(
            "WITH leaf AS MATERIALIZED (
               SELECT s.target, substr(b.bytes, at, 32) AS digest FROM target AS t
               JOIN sighting AS s ON s.target = t.id AND s.url = t.url || $2
               JOIN body AS b ON b.digest = s.digest
               CROSS JOIN LATERAL generate_series(1, LENGTH(b.bytes), 32) AS at
               WHERE POSITION(encode(s.digest, 'hex') IN t.memory) > 0)
             DELETE FROM sighting AS s WHERE last < $1
             AND NOT EXISTS (
               SELECT 1 FROM target AS t WHERE t.id = s.target
               AND POSITION(encode(s.digest, 'hex') IN t.memory) > 0)
             AND NOT EXISTS (
               SELECT 1 FROM leaf WHERE leaf.target = s.target AND leaf.digest = s.digest)
             AND NOT EXISTS (
               SELECT 1 FROM unnest($3::bigint[], $4::bigint[]) AS held (target, until)
               WHERE held.target = s.target AND s.first <= held.until)",
            &[&(now - age), &LEAF_LIST, &held, &until],
        )
        .await?;
    let gone: i64 = transaction
        .query_one(
            "WITH gone AS (
               DELETE FROM body AS b WHERE NOT EXISTS (
                 SELECT 1 FROM sighting AS s WHERE s.digest = b.digest)
               RETURNING LENGTH(bytes) AS size)
             SELECT COALESCE(SUM(size), 0)::bigint FROM gone",
            &[],
        )
        .await?
        .get(0);
    transaction.execute(COUNT_KEPT, &[&me.run, &-gone]).await?;
    Ok(transaction.commit().await?)
}

/// The targets with an open alarm about what was served, and up to when what was first seen there is kept.
async fn held(transaction: &Transaction<'_>) -> Result<(Vec<i64>, Vec<i64>), StoreError> {
    let read = "SELECT id, memory FROM target WHERE POSITION('\"opened_at\"' IN memory) > 0";
    let mut held = (Vec::new(), Vec::new());
    for row in transaction.query(read, &[]).await? {
        if let Some(until) = held_until(&memory_of(row.get(1))?) {
            held.0.push(row.get(0));
            held.1.push(until);
        }
    }
    Ok(held)
}

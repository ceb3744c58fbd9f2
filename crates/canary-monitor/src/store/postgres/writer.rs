//! Writes steps. What arrives while one transaction is written goes into the next together, so that a
//! flush to disk and its round trips are shared by many steps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use deadpool_postgres::{Object, Pool, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::ToSql;

use super::super::{Commit, NewNotice, StoreError};
use super::Me;
use super::again::Tries;
use super::evidence::{COUNT_KEPT, EVIDENCE_LOCK};
use crate::step::Event;

/// How much is written in one transaction at most.
pub(super) const BATCH: usize = 256;

/// A step to be written, and who waits for it.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) commit: Commit,
    pub(super) tell: oneshot::Sender<Result<(), StoreError>>,
}

pub(super) async fn serve(pool: Pool, me: Arc<Me>, mut inbox: mpsc::Receiver<Write>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut waiting, BATCH).await > 0 {
        let (commits, tell): (Vec<Commit>, Vec<_>) =
            waiting.drain(..).map(|write| (write.commit, write.tell)).unzip();
        let results = write_all(&pool, &me, &commits).await;
        for (tell, result) in tell.into_iter().zip(results) {
            drop(tell.send(result));
        }
    }
}

/// Together where that works; one by one where it does not, so that each gets its own answer.
async fn write_all(pool: &Pool, me: &Me, commits: &[Commit]) -> Vec<Result<(), StoreError>> {
    match persist(pool, me, commits).await {
        Ok(written) => commits
            .iter()
            .map(|commit| match written.contains(&key(commit)) {
                true => Ok(()),
                false => Err(StoreError::Fenced),
            })
            .collect(),
        Err(error) if commits.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut results = Vec::with_capacity(commits.len());
            for commit in commits {
                let commit = std::slice::from_ref(commit);
                let alone = persist(pool, me, commit).await;
                results.push(match alone {
                    Ok(written) if written.is_empty() => Err(StoreError::Fenced),
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                });
            }
            results
        }
    }
}

/// Tries again after what passes. A transaction that was committed although its answer was lost is not
/// written twice: a step ends its lease.
async fn persist(
    pool: &Pool,
    me: &Me,
    commits: &[Commit],
) -> Result<HashSet<(i64, i64)>, StoreError> {
    let mut tries = Tries::default();
    loop {
        match write(pool, me, commits).await {
            Err(error) if tries.again(&error).await => {}
            done => return done,
        }
    }
}

fn key(commit: &Commit) -> (i64, i64) {
    (commit.id.0, commit.fence.unwrap_or(0))
}

async fn write(
    pool: &Pool,
    me: &Me,
    commits: &[Commit],
) -> Result<HashSet<(i64, i64)>, StoreError> {
    let mut client: Object = pool.get().await?;
    let transaction = client.transaction().await?;
    let step = transaction
        .prepare_cached(
            "UPDATE target AS t SET wake = s.wake, severity = s.severity, state = s.state,
               memory = s.memory, lease = 0
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[],
               $6::text[]) AS s (id, fence, wake, severity, state, memory)
             WHERE t.id = s.id AND t.fence = s.fence AND t.owner = $7 AND t.lease <> 0
             RETURNING t.id, t.fence",
        )
        .await?;
    let ids: Vec<i64> = commits.iter().map(|commit| commit.id.0).collect();
    let fences: Vec<i64> = commits.iter().map(|commit| key(commit).1).collect();
    let wakes: Vec<i64> = commits.iter().map(|commit| commit.wake).collect();
    let severities: Vec<i16> = commits.iter().map(|commit| commit.severity as i16).collect();
    let states: Vec<i16> = commits.iter().map(|commit| commit.state as i16).collect();
    let memories = commits
        .iter()
        .map(|commit| serde_json::to_string(&commit.memory))
        .collect::<Result<Vec<_>, _>>()?;
    let columns: [&(dyn ToSql + Sync); 7] =
        [&ids, &fences, &wakes, &severities, &states, &memories, &me.run];
    let rows = transaction.query(&step, &columns).await?;
    let written: HashSet<(i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let commits: Vec<&Commit> =
        commits.iter().filter(|commit| written.contains(&key(commit))).collect();
    add(&transaction, me, &commits).await?;
    transaction.commit().await?;
    Ok(written)
}

/// The monitor's own state: never claimed, and written by this run of the worker alone.
pub(super) async fn own(pool: &Pool, me: &Me, commit: &Commit) -> Result<(), StoreError> {
    let memory = serde_json::to_string(&commit.memory)?;
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    let mine = "SELECT 1 FROM worker WHERE name = $1 AND run = $2 FOR SHARE";
    if transaction.query_opt(mine, &[&me.name, &me.run]).await?.is_none() {
        return Err(me.replaced());
    }
    let (severity, state) = (commit.severity as i16, commit.state as i16);
    transaction
        .execute(
            "INSERT INTO target (id, url, name, active, wake, severity, state, memory)
             VALUES ($1, '', '', false, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET wake = $2, severity = $3, state = $4, memory = $5",
            &[&commit.id.0, &commit.wake, &severity, &state, &memory],
        )
        .await?;
    add(&transaction, me, &[commit]).await?;
    Ok(transaction.commit().await?)
}

async fn add(
    transaction: &Transaction<'_>,
    me: &Me,
    commits: &[&Commit],
) -> Result<(), StoreError> {
    let events = commits.iter().flat_map(|c| c.events.iter().map(|event| (c.id.0, event)));
    add_events(transaction, events.collect()).await?;
    let notices = commits.iter().flat_map(|c| c.notices.iter().map(|notice| (*c, notice)));
    add_notices(transaction, notices.collect()).await?;
    keep_bodies(transaction, me, commits).await
}

async fn add_events(
    transaction: &Transaction<'_>,
    events: Vec<(i64, &Event)>,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let add = transaction
        .prepare_cached(
            "INSERT INTO event (target, at, kind, detail)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])",
        )
        .await?;
    let ids: Vec<i64> = events.iter().map(|(id, _)| *id).collect();
    let at: Vec<i64> = events.iter().map(|(_, event)| event.at).collect();
    let kinds: Vec<&str> = events.iter().map(|(_, event)| event.kind.word()).collect();
    let details: Vec<String> = events.iter().map(|(_, event)| text(&event.detail)).collect();
    transaction.execute(&add, &[&ids, &at, &kinds, &details]).await?;
    Ok(())
}

async fn add_notices(
    transaction: &Transaction<'_>,
    notices: Vec<(&Commit, &NewNotice)>,
) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let add = transaction
        .prepare_cached(
            "INSERT INTO outbox (target, created, due, key, sink, body)
             SELECT target, at, at, key, sink, body
             FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
               AS n (target, at, key, sink, body)
             ON CONFLICT (key) DO NOTHING",
        )
        .await?;
    let ids: Vec<i64> = notices.iter().map(|(commit, _)| commit.id.0).collect();
    let at: Vec<i64> = notices.iter().map(|(commit, _)| commit.at).collect();
    let keys: Vec<&str> = notices.iter().map(|(_, notice)| notice.key.as_str()).collect();
    let sinks: Vec<&str> = notices.iter().map(|(_, notice)| notice.sink.as_str()).collect();
    let bodies: Vec<&str> = notices.iter().map(|(_, notice)| notice.body.as_str()).collect();
    transaction.execute(&add, &[&ids, &at, &keys, &sinks, &bodies]).await?;
    Ok(())
}

async fn keep_bodies(
    transaction: &Transaction<'_>,
    me: &Me,
    commits: &[&Commit],
) -> Result<(), StoreError> {
    // In the order of their digests: two workers that keep the same bodies do not wait for each other
    // in a circle.
    let mut bodies: BTreeMap<[u8; 32], &[u8]> = BTreeMap::new();
    let mut seen: HashMap<(i64, [u8; 32], String), (i64, i64)> = HashMap::new();
    for commit in commits {
        for body in &commit.bodies {
            let digest = body.digest().0;
            bodies.insert(digest, &body.bytes);
            let seen = seen.entry((commit.id.0, digest, text(&body.url))).or_default();
            *seen = (seen.0.max(commit.at), seen.1 + 1);
        }
    }
    if bodies.is_empty() {
        return Ok(());
    }
    let lock = transaction.prepare_cached("SELECT pg_advisory_xact_lock_shared($1)").await?;
    transaction.execute(&lock, &[&EVIDENCE_LOCK]).await?;
    let keep = transaction
        .prepare_cached(
            "INSERT INTO body (digest, bytes) SELECT * FROM unnest($1::bytea[], $2::bytea[])
             ON CONFLICT DO NOTHING RETURNING LENGTH(bytes)",
        )
        .await?;
    let digests: Vec<&[u8]> = bodies.keys().map(|digest| &digest[..]).collect();
    let bytes: Vec<&[u8]> = bodies.values().copied().collect();
    let kept = transaction.query(&keep, &[&digests, &bytes]).await?;
    let kept: i64 = kept.iter().map(|row| i64::from(row.get::<_, i32>(0))).sum();
    if kept > 0 {
        let count = transaction.prepare_cached(COUNT_KEPT).await?;
        transaction.execute(&count, &[&me.run, &kept]).await?;
    }
    let see = transaction
        .prepare_cached(
            "INSERT INTO sighting (target, digest, url, first, last, times)
             SELECT target, digest, url, at, at, times
             FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[])
               AS s (target, digest, url, at, times)
             ON CONFLICT (target, digest, hashtextextended(url, 0))
             DO UPDATE SET first = LEAST(sighting.first, EXCLUDED.first), last = EXCLUDED.last,
               times = sighting.times + EXCLUDED.times",
        )
        .await?;
    let targets: Vec<i64> = seen.keys().map(|(target, ..)| *target).collect();
    let digests: Vec<&[u8]> = seen.keys().map(|(_, digest, _)| &digest[..]).collect();
    let urls: Vec<&str> = seen.keys().map(|(.., url)| url.as_str()).collect();
    let at: Vec<i64> = seen.values().map(|(at, _)| *at).collect();
    let times: Vec<i64> = seen.values().map(|(_, times)| *times).collect();
    transaction.execute(&see, &[&targets, &digests, &urls, &at, &times]).await?;
    Ok(())
}

/// PostgreSQL's texts cannot hold U+0000.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

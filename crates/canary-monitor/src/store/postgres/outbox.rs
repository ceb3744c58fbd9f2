//! Notices on their way.

use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::super::{AHEAD, LONGEST_LEASE, Outgoing, Room, SINKS, Settled, StoreError};
use super::Me;
use crate::outbox::LONGEST;

/// Notices that a clock ahead made or put off are due.
pub(super) async fn bring_back(client: &Object, now: i64) -> Result<(), StoreError> {
    let back = "UPDATE outbox SET created = LEAST(created, $1), due = LEAST(due, $1)
                WHERE state = 0 AND (created > $2 OR due > $3)";
    client.execute(back, &[&now, &now.saturating_add(AHEAD), &now.saturating_add(LONGEST)]).await?;
    Ok(())
}

pub(super) async fn claim(
    client: &Object,
    me: &Me,
    (now, lease): (i64, i64),
    room: &Room,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut claimed = Vec::new();
    for row in client.query(&client.prepare_cached(SINKS).await?, &[]).await? {
        let sink: String = row.get(0);
        match room.left(&sink) {
            0 => {}
            most => claimed.extend(claim_of(client, me, (now, lease), (&sink, most)).await?),
        }
    }
    Ok(claimed)
}

async fn claim_of(
    client: &Object,
    me: &Me,
    (now, lease): (i64, i64),
    (sink, most): (&str, usize),
) -> Result<Vec<Outgoing>, StoreError> {
    let claim = client
        .prepare_cached(
            "WITH me AS (SELECT 1 FROM worker WHERE name = $4 AND run = $5 FOR SHARE),
             ready AS (
               SELECT id FROM outbox AS o
               WHERE state = 0 AND sink = $6 AND due <= $1 AND (lease <= $1 OR lease > $7)
                 AND EXISTS (SELECT 1 FROM me)
                 AND NOT EXISTS (
                   SELECT 1 FROM outbox AS p
                   WHERE p.state = 0 AND p.target = o.target AND p.sink = o.sink AND p.id < o.id)
               ORDER BY due, id LIMIT $3 FOR UPDATE OF o SKIP LOCKED)
             UPDATE outbox AS o SET lease = $2, fence = o.fence + 1, owner = $5
             FROM ready WHERE o.id = ready.id
             RETURNING o.id, o.fence, o.key, o.sink, o.body, o.created, o.tries",
        )
        .await?;
    let (most, until) = (i64::try_from(most).unwrap_or(i64::MAX), now.saturating_add(lease));
    let ahead = now.saturating_add(LONGEST_LEASE);
    let rows =
        client.query(&claim, &[&now, &until, &most, &me.name, &me.run, &sink, &ahead]).await?;
    let mut claimed: Vec<Outgoing> = rows.iter().map(outgoing_of).collect();
    claimed.sort_unstable_by_key(|notice| notice.row);
    Ok(claimed)
}

fn outgoing_of(row: &Row) -> Outgoing {
    Outgoing {
        row: row.get(0),
        fence: row.get(1),
        key: row.get(2),
        sink: row.get(3),
        body: row.get(4),
        created: row.get(5),
        tries: u32::try_from(row.get::<_, i64>(6)).unwrap_or(u32::MAX),
    }
}

pub(super) async fn settle(
    client: &Object,
    notice: &Outgoing,
    now: i64,
    settled: &Settled,
) -> Result<(), StoreError> {
    let (row, fence) = (&notice.row, &notice.fence);
    let changed = match settled {
        Settled::Sent => {
            let write = "UPDATE outbox SET state = 1, lease = 0, settled = $3, error = NULL
                         WHERE id = $1 AND fence = $2 AND state = 0";
            client.execute(&client.prepare_cached(write).await?, &[row, fence, &now]).await?
        }
        Settled::Again { at, error } => {
            let write = "UPDATE outbox SET due = $3, lease = 0, tries = tries + 1, error = $4
                         WHERE id = $1 AND fence = $2 AND state = 0";
            client.execute(&client.prepare_cached(write).await?, &[row, fence, at, error]).await?
        }
        Settled::GivenUp { error } => {
            let write = "UPDATE outbox SET state = 2, lease = 0, settled = $3, error = $4
                         WHERE id = $1 AND fence = $2 AND state = 0";
            client.execute(&client.prepare_cached(write).await?, &[row, fence, &now, error]).await?
        }
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}

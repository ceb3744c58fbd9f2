//! Takes a fleet over: compares it with the table a page at a time, in the order of identities, and
//! writes only what differs. Workers that start together with the same configuration write the same.

use std::iter::Peekable;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::types::ToSql;

use super::super::{StoreError, UNASKED};
use super::again::Tries;
use super::outbox;
use crate::fleet::{Entry, Fleet};
use crate::schedule::respread;

/// Rows read, or written, at once.
const PAGE: usize = 5_000;

struct Known {
    id: i64,
    active: bool,
    leased: bool,
    wake: i64,
    name: String,
}

pub(super) async fn enroll(pool: &Pool, fleet: &Fleet, now: i64) -> Result<(), StoreError> {
    let client = pool.get().await?;
    let mut targets = fleet.entries().peekable();
    let mut changes = Changes::default();
    let mut written = 0;
    let mut after = i64::MIN;
    loop {
        let page = page(&client, after).await?;
        let last = page.len() < PAGE;
        after = page.last().map_or(i64::MAX, |known| known.id);
        for known in page {
            for target in take_before(&mut targets, known.id) {
                changes.put(target, first(fleet, target, None, now));
                written += changes.flush(&client, PAGE).await?;
            }
            match targets.next_if(|target| target.id.0 == known.id) {
                Some(target) => {
                    let wake = first(fleet, target, Some(known.wake), now);
                    let moved = wake != known.wake && !known.leased;
                    if moved || !known.active || known.name != target.name {
                        changes.put(target, wake);
                    }
                }
                None if known.active => changes.gone.push(known.id),
                None => {}
            }
            written += changes.flush(&client, PAGE).await?;
        }
        if last {
            break;
        }
    }
    for target in targets {
        changes.put(target, first(fleet, target, None, now));
        written += changes.flush(&client, PAGE).await?;
    }
    written += changes.flush(&client, 0).await?;
    if written >= PAGE {
        // The planner's picture of a table that has just been filled is of an empty one.
        client.batch_execute("ANALYZE target").await?;
    }
    outbox::bring_back(&client, now).await
}

fn take_before<'a, I: Iterator<Item = Entry<'a>>>(
    targets: &mut Peekable<I>,
    id: i64,
) -> Vec<Entry<'a>> {
    std::iter::from_fn(|| targets.next_if(|target| target.id.0 < id)).collect()
}

fn first(fleet: &Fleet, target: Entry<'_>, planned: Option<i64>, now: i64) -> i64 {
    respread(target.id, target.interval, fleet.len(), planned, now)
}

async fn page(client: &Object, after: i64) -> Result<Vec<Known>, StoreError> {
    let read = client
        .prepare_cached(
            "SELECT id, active, lease <> 0, wake, name FROM target WHERE id > $1
             ORDER BY id LIMIT $2",
        )
        .await?;
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = client.query(&read, &[&after, &most]).await?;
    let known = rows.iter().map(|row| Known {
        id: row.get(0),
        active: row.get(1),
        leased: row.get(2),
        wake: row.get(3),
        name: row.get(4),
    });
    Ok(known.collect())
}

#[derive(Default)]
struct Changes {
    ids: Vec<i64>,
    urls: Vec<String>,
    names: Vec<String>,
    wakes: Vec<i64>,
    gone: Vec<i64>,
}

impl Changes {
    fn put(&mut self, target: Entry<'_>, wake: i64) {
        self.ids.push(target.id.0);
        self.urls.push(target.url.to_owned());
        self.names.push(target.name.to_owned());
        self.wakes.push(wake);
    }

    /// Writes where there is more than so much; returns how many rows.
    async fn flush(&mut self, client: &Object, more_than: usize) -> Result<usize, StoreError> {
        let count = self.ids.len() + self.gone.len();
        if count <= more_than {
            return Ok(0);
        }
        let mut tries = Tries::default();
        while let Err(error) = self.write(client).await {
            // Two workers that start together may wait for each other in a circle.
            if !tries.again(&error).await {
                return Err(error);
            }
        }
        *self = Self::default();
        Ok(count)
    }

    async fn write(&self, client: &Object) -> Result<(), StoreError> {
        let put = client
            .prepare_cached(
                "INSERT INTO target (id, url, name, active, wake, severity, state, memory)
                 SELECT id, url, name, true, wake, $5, $6, ''
                 FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
                   AS n (id, url, name, wake)
                 ON CONFLICT (id) DO UPDATE SET active = true, url = EXCLUDED.url,
                   name = EXCLUDED.name,
                   wake = CASE WHEN target.lease = 0 THEN EXCLUDED.wake ELSE target.wake END",
            )
            .await?;
        if !self.ids.is_empty() {
            let (severity, state) = (UNASKED.0 as i16, UNASKED.1 as i16);
            let columns: [&(dyn ToSql + Sync); 6] =
                [&self.ids, &self.urls, &self.names, &self.wakes, &severity, &state];
            client.execute(&put, &columns).await?;
        }
        if !self.gone.is_empty() {
            let retire = "UPDATE target SET active = false WHERE id = ANY ($1)";
            client.execute(retire, &[&self.gone]).await?;
        }
        Ok(())
    }
}

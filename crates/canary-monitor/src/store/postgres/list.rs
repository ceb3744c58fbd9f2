//! Targets a page at a time: each page begins after a place, so the last costs what the first does.

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{Mark, Order, StoreError, Stored, WORST_FIRST, memory_of, merged, severity_of};
use crate::target::TargetId;

const BY_IDENTITY: &str = "SELECT id, url, name, memory, severity FROM target
    WHERE active AND id > $1 ORDER BY id LIMIT $2";
// As SQLite sorts: by bytes, whatever the database's language.
const OF_SEVERITY: &str = "SELECT id, url, name, memory, severity FROM target
    WHERE active AND severity = $1 AND (name COLLATE \"C\", id) > ($2, $3)
    ORDER BY name COLLATE \"C\", id LIMIT $4";

pub(super) async fn list(
    client: &Object,
    order: Order,
    after: Option<Mark>,
    most: usize,
) -> Result<Vec<Stored>, StoreError> {
    let limit = |most: usize| i64::try_from(most).unwrap_or(i64::MAX);
    let worst = after.as_ref().map_or(WORST_FIRST[0], |mark| mark.severity);
    let (name, id) = after.map_or((String::new(), i64::MIN), |mark| (mark.name, mark.id.0));
    if order == Order::Identity {
        return read(client, BY_IDENTITY, &[&id, &limit(most)]).await;
    }
    let mut lists = Vec::new();
    let mut found = 0;
    for severity in WORST_FIRST {
        let begins = order == Order::Name || severity == worst;
        if order == Order::Urgency && (severity > worst || found >= most) {
            continue;
        }
        let (name, id) = if begins { (name.as_str(), id) } else { ("", i64::MIN) };
        let left = limit(if order == Order::Name { most } else { most - found });
        let stored = i16::from(severity as u8);
        let list = read(client, OF_SEVERITY, &[&stored, &name, &id, &left]).await?;
        found += list.len();
        lists.push(list);
    }
    match order {
        Order::Name => Ok(merged(lists, most)),
        _ => Ok(lists.into_iter().flatten().collect()),
    }
}

async fn read(
    client: &Object,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Stored>, StoreError> {
    let rows = client.query(&client.prepare_cached(sql).await?, values).await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    Ok(Stored {
        id: TargetId(row.get(0)),
        url: row.get(1),
        name: row.get(2),
        severity: severity_of(row.get::<_, i16>(4).into()),
        memory: memory_of(row.get(3))?,
    })
}

//! Targets a page at a time: each page begins after a place, so the last costs what the first does.

use rusqlite::{Connection, Row, params};

use super::super::{Mark, Order, StoreError, Stored, WORST_FIRST, memory_of, merged, severity_of};
use crate::target::TargetId;

const BY_IDENTITY: &str = "SELECT id, url, name, memory, severity FROM target
    WHERE active = 1 AND id > ?1 ORDER BY id LIMIT ?2";
const OF_SEVERITY: &str = "SELECT id, url, name, memory, severity FROM target
    WHERE active = 1 AND severity = ?1 AND (name, id) > (?2, ?3) ORDER BY name, id LIMIT ?4";

pub(super) fn list(
    connection: &Connection,
    order: Order,
    after: Option<Mark>,
    most: usize,
) -> Result<Vec<Stored>, StoreError> {
    let limit = |most: usize| i64::try_from(most).unwrap_or(i64::MAX);
    let worst = after.as_ref().map_or(WORST_FIRST[0], |mark| mark.severity);
    let (name, id) = after.map_or((String::new(), i64::MIN), |mark| (mark.name, mark.id.0));
    if order == Order::Identity {
        return read(connection, BY_IDENTITY, params![id, limit(most)]);
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
        let list = read(connection, OF_SEVERITY, params![severity as i64, name, id, left])?;
        found += list.len();
        lists.push(list);
    }
    match order {
        Order::Name => Ok(merged(lists, most)),
        _ => Ok(lists.into_iter().flatten().collect()),
    }
}

fn read(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Stored>, StoreError> {
    let mut rows = connection.prepare_cached(sql)?;
    let mut rows = rows.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored(row)?);
    }
    Ok(found)
}

fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    let memory: String = row.get(3)?;
    Ok(Stored {
        id: TargetId(row.get(0)?),
        url: row.get(1)?,
        name: row.get(2)?,
        severity: severity_of(row.get(4)?),
        memory: memory_of(&memory)?,
    })
}

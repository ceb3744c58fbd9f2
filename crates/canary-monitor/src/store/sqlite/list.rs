//! The list of targets, from SQLite.

use rusqlite::{Connection, Row, params};

use super::super::listing::{Listing, Question};
use super::super::{Mark, Order, StoreError, Stored, memory_of, severity_of};
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
    let mut listing = Listing::new(order, after, most);
    while let Some(question) = listing.question() {
        let answer = match question {
            Question::ByIdentity { id, left } => read(connection, BY_IDENTITY, params![id, left])?,
            Question::OfSeverity { severity, name, id, left } => {
                read(connection, OF_SEVERITY, params![severity as i64, name, id, left])?
            }
        };
        listing.take(answer);
    }
    Ok(listing.page())
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

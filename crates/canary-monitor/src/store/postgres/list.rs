//! The list of targets, from PostgreSQL.

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::listing::{Listing, Question};
use super::super::{Mark, Order, StoreError, Stored, memory_of, severity_of};
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
    let mut listing = Listing::new(order, after, most);
    while let Some(question) = listing.question() {
        let answer = match question {
            Question::ByIdentity { id, left } => read(client, BY_IDENTITY, &[&id, &left]).await?,
            Question::OfSeverity { severity, name, id, left } => {
                let stored = i16::from(severity as u8);
                read(client, OF_SEVERITY, &[&stored, &name, &id, &left]).await?
            }
        };
        listing.take(answer);
    }
    Ok(listing.page())
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

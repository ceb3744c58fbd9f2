//! Targets: turns, leases, steps and timelines.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::{
    Claim, Commit, GAP, LONGEST_LEASE, StoreError, StoredEvent, UNASKED, memory_of,
};
use super::schema::TARGET_SHOWN;
use super::{Desk, Lease, evidence, outbox};
use crate::fleet::{Entry, Fleet};
use crate::memory::Memory;
use crate::schedule::queue::Queue;
use crate::schedule::respread;
use crate::target::TargetId;

/// From so many new targets on an index is made anew rather than added to.
const MANY: usize = 10_000;
/// What is known of a target is stored with a length that is a multiple of this, in bytes.
const PADDED: usize = 256;

pub(super) fn enroll(
    connection: &Connection,
    desk: &mut Desk,
    fleet: Fleet,
    now: i64,
) -> Result<(), StoreError> {
    let mut due = Vec::with_capacity(fleet.len());
    let Changes { new, renamed, gone } = compare(connection, &fleet, |entry, planned| {
        let wake = respread(entry.id, entry.interval, fleet.len(), planned, now);
        if !desk.leases.contains_key(&entry.id.0) {
            due.push((entry.id, wake));
        }
        wake
    })?;
    let many = new.len() >= MANY;
    if many {
        connection.execute_batch("DROP INDEX target_shown")?;
    }
    let mut add = connection.prepare(
        "INSERT INTO target (id, url, name, active, wake, severity, state, memory)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, '')
         ON CONFLICT (id) DO UPDATE SET active = 1, name = ?3, url = ?2",
    )?;
    let (severity, state) = (UNASKED.0 as i64, UNASKED.1 as i64);
    for (entry, wake) in new.iter().filter_map(|(id, wake)| Some((fleet.entry(*id)?, wake))) {
        add.execute(params![entry.id.0, entry.url, entry.name, wake, severity, state])?;
    }
    let mut rename = connection.prepare("UPDATE target SET name = ?2 WHERE id = ?1")?;
    for entry in renamed.iter().filter_map(|id| fleet.entry(*id)) {
        rename.execute(params![entry.id.0, entry.name])?;
    }
    let mut retire = connection.prepare("UPDATE target SET active = 0 WHERE id = ?1")?;
    for id in gone {
        retire.execute([id.0])?;
    }
    if many {
        connection.execute_batch(TARGET_SHOWN)?;
    }
    desk.queue = Queue::fill(due.into_iter());
    desk.fleet = fleet;
    outbox::bring_back(connection, now)
}

#[derive(Default)]
struct Changes {
    new: Vec<(TargetId, i64)>,
    renamed: Vec<TargetId>,
    gone: Vec<TargetId>,
}

/// What differs between a fleet and the table, both in the order of identities. `plan` gives each target
/// its turn, by the one that was planned.
fn compare(
    connection: &Connection,
    fleet: &Fleet,
    mut plan: impl FnMut(Entry<'_>, Option<i64>) -> i64,
) -> Result<Changes, StoreError> {
    let mut changes = Changes::default();
    let mut entries = fleet.entries().peekable();
    let mut rows = connection.prepare("SELECT id, wake, active, name FROM target ORDER BY id")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (id, wake, active) = (TargetId(row.get(0)?), row.get(1)?, row.get(2)?);
        while let Some(new) = entries.next_if(|entry| entry.id < id) {
            changes.new.push((new.id, plan(new, None)));
        }
        match (entries.next_if(|entry| entry.id == id), active) {
            (Some(entry), active) => {
                let wake = plan(entry, Some(wake));
                if !active {
                    changes.new.push((id, wake));
                } else if row.get_ref(3)?.as_bytes().ok() != Some(entry.name.as_bytes()) {
                    changes.renamed.push(id);
                }
            }
            (None, true) => changes.gone.push(id),
            (None, false) => {}
        }
    }
    changes.new.extend(entries.map(|new| (new.id, plan(new, None))));
    Ok(changes)
}

/// When and for how long.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub(super) now: i64,
    pub(super) due_by: i64,
    pub(super) lease: i64,
}

pub(super) fn claim(
    connection: &Connection,
    desk: &mut Desk,
    term: Term,
    most: usize,
) -> Result<Vec<Claim>, StoreError> {
    let Term { now, due_by, lease } = term;
    let ahead = now.saturating_add(LONGEST_LEASE);
    let over = |lease: &Lease| lease.until <= now || lease.until > ahead;
    let stalled: Vec<i64> =
        desk.leases.iter().filter(|(_, lease)| over(lease)).map(|(id, _)| *id).collect();
    for id in stalled {
        desk.leases.remove(&id);
        desk.queue.push(TargetId(id), now);
    }
    let mut claims = Vec::new();
    let mut read = connection.prepare_cached("SELECT memory FROM target WHERE id = ?1")?;
    while claims.len() < most {
        let Some((id, due)) = desk.queue.pop_due(due_by) else { break };
        // A step that is being written while the fleet is taken over may be queued twice.
        if !desk.fleet.contains(id) || desk.leases.contains_key(&id.0) {
            continue;
        }
        let memory: Option<String> = read.query_row([id.0], |row| row.get(0)).optional()?;
        desk.fence += 1;
        let fence = desk.fence;
        desk.leases.insert(id.0, Lease { fence, until: now.saturating_add(lease) });
        claims.push(Claim {
            id,
            fence,
            due,
            memory: memory_of(memory.as_deref().unwrap_or_default())?,
        });
    }
    Ok(claims)
}

fn end_lease(desk: &mut Desk, id: TargetId, fence: i64) -> Result<(), StoreError> {
    match desk.leases.get(&id.0) {
        Some(lease) if lease.fence == fence => {
            desk.leases.remove(&id.0);
            Ok(())
        }
        _ => Err(StoreError::Fenced),
    }
}

pub(super) fn release(
    desk: &mut Desk,
    id: TargetId,
    fence: i64,
    wake: i64,
) -> Result<(), StoreError> {
    end_lease(desk, id, fence)?;
    desk.queue.push(id, wake);
    Ok(())
}

pub(super) fn commit(
    connection: &Connection,
    desk: &mut Desk,
    commit: &Commit,
) -> Result<(), StoreError> {
    let id = commit.id;
    if let Some(fence) = commit.fence {
        end_lease(desk, id, fence)?;
    }
    let values = params![
        id.0,
        commit.wake,
        commit.severity as i64,
        commit.state as i64,
        padded(&commit.memory)?
    ];
    // Naming the columns by which targets are shown would write their indexes anew.
    let same = connection
        .prepare_cached(
            "UPDATE target SET wake = ?2, memory = ?5 WHERE id = ?1 AND severity = ?3 AND state = ?4",
        )?
        .execute(values)?;
    if same == 0 {
        connection
            .prepare_cached(
                "INSERT INTO target (id, url, name, active, wake, severity, state, memory)
                 VALUES (?1, '', '', 0, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET wake = ?2, severity = ?3, state = ?4, memory = ?5",
            )?
            .execute(values)?;
    }
    for event in &commit.events {
        connection
            .prepare_cached("INSERT INTO event (target, at, kind, detail) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id.0, event.at, event.kind.word(), event.detail])?;
    }
    outbox::add(connection, id, &commit.notices, commit.at)?;
    evidence::keep(connection, id, &commit.bodies, commit.at)
}

/// Spaces after it keep its length the same from one step to the next: then SQLite writes over it in
/// place, and does not move its neighbours.
fn padded(memory: &Memory) -> Result<String, StoreError> {
    let mut text = serde_json::to_string(memory)?;
    let spaces = text.len().next_multiple_of(PADDED) - text.len();
    text.extend(std::iter::repeat_n(' ', spaces));
    Ok(text)
}

pub(super) fn load(connection: &Connection, id: TargetId) -> Result<Memory, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT memory FROM target WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    memory_of(text.as_deref().unwrap_or_default())
}

pub(super) fn events(
    connection: &Connection,
    id: TargetId,
    most: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = connection.prepare_cached(
        "SELECT at, kind, detail FROM event WHERE target = ?1 ORDER BY at DESC, rowid DESC LIMIT ?2",
    )?;
    let rows = rows.query_map(params![id.0, most], |row| {
        Ok(StoredEvent { at: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn beat(
    connection: &Connection,
    worker: &str,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT alive FROM worker WHERE name = ?1")?
        .query_row([worker], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "INSERT INTO worker (name, alive) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET alive = ?2",
        )?
        .execute(params![worker, now])?;
    if let Some(last) = last.filter(|last| now - last > GAP) {
        connection.execute(
            "INSERT INTO watch_gap (worker, since, until) VALUES (?1, ?2, ?3)",
            params![worker, last, now],
        )?;
    }
    Ok(last)
}

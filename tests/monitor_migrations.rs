//! A store that an earlier version wrote is brought up to date with all that it holds. Its earlier form is
//! made from the present one by taking away what later versions added.

mod postgres;

use std::path::Path;
use std::sync::Arc;

use canary_monitor::fleet::{Fleet, FleetBuilder};
use canary_monitor::memory::Memory;
use canary_monitor::observe::Body;
use canary_monitor::policy::Policy;
use canary_monitor::step::{Event, EventKind};
use canary_monitor::store::postgres::{Address, PostgresStore};
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::store::{
    Commit, Counts, NewNotice, Order, Room, Sighting, Store, StoreError, Stored, StoredEvent, Tally,
};
use canary_monitor::target::Target;
use canary_verifier::report::{Severity, State};
use postgres::Postgres;

const NOW: i64 = 1_700_000_000;

fn fleet() -> Fleet {
    let mut builder = FleetBuilder::default();
    for n in 0..3 {
        let target = Target::new(&format!("https://c{n}.example/"), Arc::new(Policy::default()));
        builder.add(&target).expect("they differ");
    }
    builder.build()
}

/// A turn of each target, one of them with all that a turn can bring.
async fn fill<S: Store>(store: &S) {
    store.enroll(&fleet(), NOW).await.expect("it enrolls");
    let claims = store.claim(NOW, i64::MAX, 60, 9).await.expect("it claims");
    assert_eq!(claims.len(), 3);
    for (n, claim) in claims.into_iter().enumerate() {
        let first = n == 0;
        let notice = NewNotice {
            key: "key".to_owned(),
            sink: "hook".to_owned(),
            body: "a notice".to_owned(),
        };
        let event = Event { at: NOW, kind: EventKind::Opened, detail: "LAPSED".to_owned() };
        let body =
            Body { url: "https://c.example/checkpoint".to_owned(), bytes: b"a body".to_vec() };
        let commit = Commit {
            id: claim.id,
            fence: Some(claim.fence),
            at: NOW,
            wake: NOW + 600,
            memory: Memory { notices: 7, ..claim.memory },
            severity: if first { Severity::Alarm } else { Severity::Alive },
            state: if first { State::Lapsed } else { State::Live },
            events: first.then_some(event).into_iter().collect(),
            notices: first.then_some(notice).into_iter().collect(),
            bodies: first.then_some(body).into_iter().collect(),
        };
        store.commit(commit).await.expect("it is written");
    }
}

type Held = (Vec<Stored>, Vec<StoredEvent>, Vec<Sighting>, Counts);

async fn held<S: Store>(store: &S) -> Held {
    let stored = store.list(Order::Urgency, None, 9).await.expect("it lists");
    let worst = stored[0].id;
    let events = store.events(worst, 9).await.expect("they are read");
    let sightings = store.sightings(worst).await.expect("they are read");
    let counts = store.counts().await.expect("it counts");
    (stored, events, sightings, counts)
}

async fn nothing_is_lost<S: Store>(before: Held, store: &S) {
    let (stored, events, sightings, counts) = held(store).await;
    assert_eq!((&stored, &events, &sightings), (&before.0, &before.1, &before.2));
    assert_eq!((stored.len(), events.len(), sightings.len()), (3, 1, 1));
    let tally = |severity, targets| Tally { severity, state: None, targets };
    let unknown = vec![tally(Severity::Alarm, 1), tally(Severity::Alive, 2)];
    let mut targets = counts.targets.clone();
    targets.sort_by_key(|tally| tally.targets);
    assert_eq!(targets, unknown, "the earlier version did not write states");
    assert_eq!(Counts { targets: before.3.targets.clone(), ..counts }, before.3);

    store.enroll(&fleet(), NOW).await.expect("it enrolls");
    let claims = store.claim(NOW + 600, NOW + 600, 60, 9).await.expect("it claims");
    assert_eq!(claims.len(), 3, "each is due when it was");
    assert!(claims.iter().all(|claim| claim.memory.notices == 7));
    let notices = store.outgoing(NOW, 60, Room::of(9)).await.expect("they are read");
    assert_eq!(notices.len(), 1);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn sqlite(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Access::Monitor).expect("it opens")
}

#[test]
fn sqlite_brings_the_first_version_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("watch.db");
    let before = runtime().block_on(async {
        let store = sqlite(&path);
        fill(&store).await;
        held(&store).await
    });
    let file = rusqlite::Connection::open(&path).expect("it opens");
    file.execute_batch(
        "DROP INDEX target_tally; DROP INDEX target_shown; DROP INDEX outbox_given_up;
         ALTER TABLE target DROP COLUMN state;
         CREATE INDEX target_by_severity ON target (severity DESC) WHERE severity > 0;
         DROP TABLE kept; DROP TABLE owner; DROP INDEX outbox_by_sink;
         CREATE INDEX outbox_pending ON outbox (due) WHERE state = 0; PRAGMA application_id = 0; PRAGMA user_version = 1;",
    )
    .expect("it is the first version's");
    drop(file);
    runtime().block_on(async { nothing_is_lost(before, &sqlite(&path)).await });
    let file = rusqlite::Connection::open(&path).expect("it opens");
    let mark: i64 =
        file.pragma_query_value(None, "application_id", |row| row.get(0)).expect("it is read");
    assert_eq!(mark, 0x434e_5259, "it is marked as ours from now on");
}

#[test]
fn no_file_of_another_program_is_touched_and_no_folder_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let make = |name: &str, statements: &str| {
        let file = rusqlite::Connection::open(at(name)).expect("it opens");
        file.execute_batch(statements).expect("it is made");
    };
    make("tables.db", "CREATE TABLE target (x); CREATE TABLE mail (y);");
    make("marked.db", "PRAGMA application_id = 7;");
    std::fs::write(at("text.db"), "no SQLite file ".repeat(400)).expect("written");
    for name in ["tables.db", "marked.db", "text.db"] {
        let before = std::fs::read(at(name)).expect("it is read");
        for access in [Access::Monitor, Access::Reader] {
            let error = SqliteStore::open(&at(name), access).expect_err("it is another's");
            assert!(matches!(error, StoreError::Foreign(_)), "{name}: {error:?}");
        }
        assert_eq!(std::fs::read(at(name)).expect("it is read"), before, "{name}");
    }
    for access in [Access::Monitor, Access::Reader] {
        let error = SqliteStore::open(&at("absent").join("x.db"), access).expect_err("no folder");
        assert!(matches!(error, StoreError::NoFolder(_)), "{error:?}");
    }
    assert!(!at("absent").exists());
}

#[test]
fn postgresql_brings_the_first_version_up_to_date() {
    let Some(server) = Postgres::start() else {
        println!("left out: PostgreSQL is not installed");
        return;
    };
    let address = Address::parse(&server.database("earlier")).expect("a URL");
    runtime().block_on(async {
        let store = PostgresStore::open(&address, "w").await.expect("it opens");
        fill(&store).await;
        let before = held(&store).await;
        drop(store);
        server.sql(
            "earlier",
            "DROP INDEX target_tally; DROP INDEX target_shown; DROP INDEX outbox_given_up;
             ALTER TABLE target DROP COLUMN state; DROP TABLE kept;
             CREATE INDEX target_leased ON target (owner) WHERE lease <> 0;
             DROP INDEX outbox_by_sink;
             CREATE INDEX outbox_pending ON outbox (due) WHERE state = 0;
             DELETE FROM store_version WHERE version > 1;",
        );
        let store = PostgresStore::open(&address, "w").await.expect("it opens");
        nothing_is_lost(before, &store).await;
    });
}

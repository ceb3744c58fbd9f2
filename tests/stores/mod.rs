//! A fleet, its steps and its stores, for tests of the stores.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(missing_docs, unreachable_pub, unused_macros, reason = "test code")]

use std::path::Path;
use std::sync::Arc;

use canary_monitor::fleet::{Fleet, FleetBuilder};
use canary_monitor::memory::Memory;
use canary_monitor::observe::Body;
use canary_monitor::policy::Policy;
use canary_monitor::step::{Event, EventKind};
use canary_monitor::store::postgres::Address;
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::store::{Claim, Commit, NewNotice, Store, StoreError};
use canary_monitor::target::Target;
use canary_verifier::report::{Severity, State};

pub const NOW: i64 = 1_700_000_000;
pub const LEASE: i64 = 100;

pub fn target(n: usize) -> Target {
    let policy = Arc::new(Policy { interval: 600, ..Policy::default() });
    Target { name: format!("c{n:03}"), ..Target::new(&format!("https://c{n}.example/"), policy) }
}

pub fn fleet(range: std::ops::Range<usize>) -> Fleet {
    let mut builder = FleetBuilder::default();
    for n in range {
        builder.add(&target(n)).expect("they differ");
    }
    builder.build()
}

/// A step that changes nothing but the count of notices.
pub fn plain(claim: &Claim, at: i64) -> Commit {
    let memory = Memory { notices: claim.memory.notices + 1, ..claim.memory.clone() };
    Commit {
        id: claim.id,
        fence: Some(claim.fence),
        at,
        wake: at + 600,
        memory,
        severity: Severity::Alive,
        state: State::Live,
        events: Vec::new(),
        notices: Vec::new(),
        bodies: Vec::new(),
    }
}

pub fn rich(claim: &Claim, at: i64, word: &str) -> Commit {
    let event = |kind| Event { at, kind, detail: format!("{word} \0 \u{1f426} ' \" \\") };
    let notice = |n| NewNotice {
        key: format!("{word}-{n}"),
        sink: "hook".to_owned(),
        body: format!("{word} {n}"),
    };
    let body = |tail: &str| Body {
        url: format!("https://c.example/{tail}{}", "x".repeat(5_000)),
        bytes: format!("body of {word}").into_bytes(),
    };
    Commit {
        severity: Severity::Alarm,
        state: State::Lapsed,
        events: vec![event(EventKind::Opened), event(EventKind::Issue)],
        notices: vec![notice(1), notice(2)],
        bodies: vec![body("a"), body("a"), body("b")],
        ..plain(claim, at)
    }
}

pub fn is_fenced(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced))
}

/// One target, enrolled and claimed.
pub async fn claimed<S: Store>(store: &S) -> Claim {
    store.enroll(&fleet(0..1), NOW).await.expect("it enrolls");
    let mut claims = store.claim(NOW, i64::MAX, LEASE, 5).await.expect("it claims");
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

pub fn sqlite(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Access::Monitor)
}

pub fn address(url: &str) -> Address {
    Address::parse(url).expect("a URL")
}

/// Asks each promise of both stores: SQLite, and a PostgreSQL server that the test starts.
macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        #[test]
        fn sqlite_keeps_every_promise() {
            $({
                println!("{}", stringify!($case));
                let folder = tempfile::tempdir().expect("a folder");
                crate::stores::runtime().block_on(async {
                    let store = crate::stores::sqlite(&folder.path().join("watch.db")).expect("it opens");
                    $case(store.clone(), store).await;
                });
            })*
        }

        #[test]
        fn postgres_keeps_every_promise() {
            let Some(server) = crate::postgres::Postgres::start() else {
                println!("left out: PostgreSQL is not installed, its store is not tested");
                return;
            };
            $({
                println!("{}", stringify!($case));
                let address = crate::stores::address(&server.database(stringify!($case)));
                crate::stores::runtime().block_on(async {
                    let a = canary_monitor::store::postgres::PostgresStore::open(&address, "a").await.expect("it opens");
                    let b = canary_monitor::store::postgres::PostgresStore::open(&address, "b").await.expect("it opens");
                    $case(a, b).await;
                });
            })*
        }
    };
}

//! The store alone: a claim and an unchanged step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use canary_monitor::fleet::{Fleet, FleetBuilder};
use canary_monitor::policy::Policy;
use canary_monitor::store::postgres::{Address, PostgresStore};
use canary_monitor::store::sqlite::{Access, SqliteStore};
use canary_monitor::store::{Claim, Commit, Store};
use canary_monitor::target::Target;
use canary_monitor::worker::wall_clock;
use tokio::task::JoinSet;

use crate::measured::{median, processor, runtime};
use crate::{AT_ONCE, PAIRS, postgres};

const STEPS: usize = 20_000;

fn fleet(count: usize) -> Fleet {
    let policy = Arc::new(Policy::default());
    let mut builder = FleetBuilder::default();
    for n in 0..count {
        let url = format!("https://c{n}.example/");
        let target = Target::new(&url, Arc::clone(&policy));
        builder.add(&target).unwrap();
    }
    builder.build()
}

fn unchanged(claim: Claim, now: i64) -> Commit {
    Commit {
        id: claim.id,
        fence: Some(claim.fence),
        at: now,
        wake: now + 3_600,
        memory: canary_monitor::memory::Memory {
            asked_at: Some(now),
            checker: "x".repeat(1_000),
            ..claim.memory
        },
        severity: canary_verifier::report::Severity::Alive,
        state: canary_verifier::report::State::Live,
        events: Vec::new(),
        notices: Vec::new(),
        bodies: Vec::new(),
    }
}

/// Claims and writes unchanged steps, as many at once as a worker has checks under way.
async fn steps<S: Store>(store: S, count: usize) {
    let mut done = 0;
    let mut running: JoinSet<()> = JoinSet::new();
    while done < count {
        let now = wall_clock();
        for claim in store.claim(now, i64::MAX, 600, AT_ONCE).await.unwrap() {
            let store = store.clone();
            done += 1;
            running.spawn(async move { store.commit(unchanged(claim, now)).await.unwrap() });
        }
        while running.len() > AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

pub(crate) fn stores() {
    let folder = tempfile::tempdir().unwrap();
    let targets = fleet(STEPS);
    runtime(2).block_on(async {
        let store = SqliteStore::open(&folder.path().join("watch.db"), Access::Monitor).unwrap();
        store.enroll(&targets, wall_clock()).await.unwrap();
        steps(store.clone(), STEPS).await;
        let (begun, used) = (Instant::now(), processor());
        steps(store, STEPS).await;
        let each = 1e6 / STEPS as f64;
        println!(
            "SQLite: {:.0} unchanged steps/s, {:.0} us of processor each",
            STEPS as f64 / begun.elapsed().as_secs_f64(),
            (processor() - used) * each
        );
    });
}

pub(crate) fn workers() {
    // A server that flushes, as in operation.
    let Some(server) = postgres::Postgres::start_flushing() else {
        println!("left out: PostgreSQL is not installed");
        return;
    };
    let targets = fleet(STEPS);
    runtime(2).block_on(async {
        let address = Address::parse(&server.database("bench")).unwrap();
        let mut stores = Vec::new();
        for n in 0..4 {
            stores.push(PostgresStore::open(&address, &format!("w{n}")).await.unwrap());
        }
        stores[0].enroll(&targets, wall_clock()).await.unwrap();
        steps(stores[0].clone(), STEPS).await;
        let mut rates: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for _ in 0..PAIRS {
            for count in [1, 2, 4] {
                let begun = Instant::now();
                let mut all = JoinSet::new();
                for store in &stores[..count] {
                    all.spawn(steps(store.clone(), STEPS / 4 / count));
                }
                while all.join_next().await.is_some() {}
                let rate = (STEPS / 4) as f64 / begun.elapsed().as_secs_f64();
                rates.entry(count).or_default().push(rate);
            }
        }
        for (count, rates) in rates {
            println!("PostgreSQL, {count} workers: {:.0} unchanged steps/s", median(rates));
        }
    });
}

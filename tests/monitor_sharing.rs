//! Who may use a store: one monitor a file, one worker a name, over TLS that is verified, with passwords from
//! files.

mod postgres;
mod stores;

use std::path::Path;

use canary_monitor::memory::Memory;
use canary_monitor::sinks::Secret;
use canary_monitor::store::postgres::PostgresStore;
use canary_monitor::store::{Commit, Room, Store, StoreError};
use postgres::Postgres;
use stores::{LEASE, NOW, address, claimed, is_fenced, plain, rich, runtime, sqlite};

#[test]
fn a_second_monitor_on_one_file_is_refused_and_one_that_gets_in_fences_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("watch.db");
    runtime().block_on(async {
        let first = sqlite(&path).expect("it opens");
        let claim = claimed(&first).await;
        assert!(matches!(sqlite(&path), Err(StoreError::InUse(_))));
        std::fs::remove_file(folder.path().join("watch.db.lock")).expect("it is there");
        let second = sqlite(&path).expect("nothing keeps it out now");
        let late = first.commit(plain(&claim, NOW + 1)).await;
        assert!(matches!(late, Err(StoreError::InUse(_))), "{late:?}");
        assert_eq!(second.load(claim.id).await.expect("it reads"), Memory::default());
    });
}

#[test]
fn who_starts_under_a_name_takes_over_from_who_had_it() {
    let Some(server) = Postgres::start() else {
        println!("left out: PostgreSQL is not installed, taking over is not tested");
        return;
    };
    let address = address(&server.database("names"));
    runtime().block_on(async {
        // Several at once on an empty database: its tables are made once.
        let opening = (0..6).map(|n| {
            let address = address.clone();
            tokio::spawn(async move { PostgresStore::open(&address, &format!("w{n}")).await })
        });
        for opened in opening.collect::<Vec<_>>() {
            opened.await.expect("no panic").expect("it opens");
        }
        let old = PostgresStore::open(&address, "a").await.expect("it opens");
        let claim = claimed(&old).await;
        let new = PostgresStore::open(&address, "a").await.expect("it opens");
        let taken = new.claim(NOW, i64::MAX, LEASE, 5).await.expect("it claims");
        assert_eq!(taken.len(), 1, "at once, not when the lease runs out");
        assert!(is_fenced(&old.commit(plain(&claim, NOW)).await));
        assert!(matches!(old.claim(NOW, i64::MAX, LEASE, 5).await, Err(StoreError::Replaced(_))));
        assert!(matches!(old.beat("a", NOW).await, Err(StoreError::Replaced(_))));
        let own = Commit { fence: None, ..plain(&claim, NOW) };
        assert!(matches!(old.commit(own).await, Err(StoreError::Replaced(_))));
        new.commit(rich(&taken[0], NOW, "n")).await.expect("written");

        // Whoever shares the database goes by its clock, and not by that of its own machine.
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let here = i64::try_from(since.expect("after 1970").as_secs()).expect("it fits");
        let there = new.clock().await.expect("it tells").expect("it has a clock");
        assert!((here..here + 60).contains(&(there + 1)), "{here} {there}");

        // The server starts again under it: what fails passes.
        server.restart();
        let mut tries = 0;
        loop {
            match new.outgoing(NOW, 60, Room::of(5)).await {
                Ok(notices) => break assert_eq!(notices.len(), 1),
                Err(error) => assert!(error.is_passing(), "{error:?}"),
            }
            tries += 1;
            assert!(tries < 50, "it comes back");
        }
        server.sql("names", "UPDATE store_version SET version = 99");
        let newer = PostgresStore::open(&address, "b").await;
        assert!(matches!(newer, Err(StoreError::Newer { found: 99, .. })), "{newer:?}");
    });
}

#[test]
fn tls_is_verified_and_passwords_come_from_files() {
    let Some(server) = Postgres::start() else {
        println!("left out: PostgreSQL is not installed, TLS to it is not tested");
        return;
    };
    server.database("tls");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    server.with_tls(&made.cert.pem(), &made.signing_key.serialize_pem(), "s3cret");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let root = file("root.pem", &made.cert.pem());
    let another = file("other.pem", &other.cert.pem());
    let password = |text| Some(Secret::File(file("password", text)));
    let with = |host: &str, mode: &str, root: &Path| {
        let port = server.port;
        let root = root.display();
        address(&format!("postgres://canary@{host}:{port}/tls?sslmode={mode}&sslrootcert={root}"))
    };
    runtime().block_on(async {
        for mode in ["require", "verify-full"] {
            let right = with("localhost", mode, &root).with_password(password("s3cret\n"));
            PostgresStore::open(&right, "a").await.expect("it opens");
            let forged = with("localhost", mode, &another).with_password(password("s3cret"));
            assert!(PostgresStore::open(&forged, "a").await.is_err(), "another certificate");
            let elsewhere = with("127.0.0.1", mode, &root).with_password(password("s3cret"));
            assert!(PostgresStore::open(&elsewhere, "a").await.is_err(), "another name");
        }
        let wrong = with("localhost", "require", &root).with_password(password("guess"));
        assert!(PostgresStore::open(&wrong, "a").await.is_err(), "another password");
        let plain = with("localhost", "disable", &root).with_password(password("s3cret"));
        assert!(PostgresStore::open(&plain, "a").await.is_err(), "the server asks for TLS");
    });
}

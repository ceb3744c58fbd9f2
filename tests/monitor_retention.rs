//! What retention deletes and what it keeps, asked of both stores.

#[macro_use]
mod stores;
mod postgres;

use canary_monitor::config::Retention;
use canary_monitor::memory::{Episode, Key, Memory};
use canary_monitor::observe::Body;
use canary_monitor::store::{Commit, Room, Settled, Store};
use canary_verifier::report::{Code, Severity};
use stores::{LEASE, NOW, claimed, plain, rich};

async fn what_is_old_goes_and_what_counts_stays<S: Store>(a: S, b: S) {
    let claim = claimed(&a).await;
    let mut first = rich(&claim, NOW, "old");
    let kept = Body { url: "https://c.example/k".to_owned(), bytes: b"kept".to_vec() };
    // The issues are named in a list, and that in the state.
    let leaves = ["one", "two", "three"].map(|leaf| {
        let url = format!("https://c0.example/issues/{leaf}");
        Body { url, bytes: leaf.as_bytes().to_vec() }
    });
    let digests = leaves.each_ref().map(|leaf| leaf.digest().0);
    let url = "https://c0.example/#leaves".to_owned();
    let list = Body { url, bytes: digests.concat() };
    first.memory.checker =
        format!("{{\"leaves\":\"{}\",\"checkpoint\":\"{}\"}}", list.digest(), kept.digest());
    first.bodies.extend([list.clone(), kept.clone()].into_iter().chain(leaves.clone()));
    let gone = first.bodies[0].digest().0;
    a.commit(first).await.expect("written");
    let notice = a.outgoing(NOW, 60, Room::of(1)).await.expect("it claims").remove(0);
    a.settle(&notice, NOW, Settled::Sent).await.expect("settled");
    let keep = Retention {
        evidence: Some(100),
        events: Some(100),
        notices: Some(100),
        ..Retention::default()
    };
    b.prune(&keep, NOW + 50).await.expect("it prunes");
    assert!(a.bodies(vec![gone]).await.expect("it reads")[0].is_some());
    b.prune(&keep, NOW + 101).await.expect("it prunes");
    let left = a.bodies(vec![gone, kept.digest().0]).await.expect("it reads");
    assert_eq!(left, [None, Some(kept.bytes)]);
    let found = a.bodies(digests.to_vec()).await.expect("it reads");
    assert_eq!(found, leaves.map(|leaf| Some(leaf.bytes)));
    assert_eq!(a.bodies(vec![list.digest().0]).await.expect("it reads"), [Some(list.bytes)]);
    assert_eq!(a.events(claim.id, 9).await.expect("it reads"), []);
    let counts = a.counts().await.expect("it counts");
    assert_eq!(counts.pending, 1, "what is not sent stays");
    assert_eq!(counts.evidence_bytes, 4 + 96 + 11, "as much as is left");
    // Another issue takes its place in the list: what is in neither goes.
    let claim = a.claim(NOW + 700, NOW + 700, LEASE, 5).await.expect("it claims").remove(0);
    let list = Body { bytes: digests[..2].concat(), ..list };
    let memory =
        Memory { checker: format!("{{\"leaves\":\"{}\"}}", list.digest()), ..claim.memory.clone() };
    let bodies = vec![list];
    a.commit(Commit { memory, bodies, ..plain(&claim, NOW + 700) }).await.expect("written");
    b.prune(&keep, NOW + 801).await.expect("it prunes");
    let found = a.bodies(digests.to_vec()).await.expect("it reads");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
}

/// An alarm of this code that was opened at an instant.
fn open(code: Code, at: i64) -> Episode {
    Episode {
        id: String::new(),
        key: Key { code, about: String::new() },
        severity: Severity::Alarm,
        message: String::new(),
        opened_at: at,
        told_at: Some(at),
        told_severity: Some(Severity::Alarm),
        worst_told: None,
        told_to: Default::default(),
        clean: 0,
        clean_since: None,
        reminders: 0,
        reopened: 0,
    }
}

async fn both_sides_of_a_fork_stay_while_its_alarm_is_open<S: Store>(a: S, b: S) {
    const DAY: i64 = 86_400;
    let body = |word: &str| Body {
        url: "https://c0.example/issues/2".to_owned(),
        bytes: word.as_bytes().to_vec(),
    };
    let [ours, theirs, later] = ["ours", "theirs", "later"].map(body);
    let digests = [&ours, &theirs, &later].map(|body| body.digest().0);
    let claim = claimed(&a).await;
    a.commit(Commit { bodies: vec![ours], ..plain(&claim, NOW) }).await.expect("written");
    let fork = NOW + DAY;
    let step = async |at: i64, episodes: Vec<Episode>, bodies: Vec<Body>| {
        let claim = a.claim(at, at, LEASE, 5).await.expect("it claims").remove(0);
        let memory = Memory { episodes, ..claim.memory.clone() };
        a.commit(Commit { memory, bodies, ..plain(&claim, at) }).await.expect("written");
    };
    step(fork, vec![open(Code::Fork, fork)], vec![theirs]).await;
    step(fork + 3 * DAY, vec![open(Code::Fork, fork)], vec![later]).await;
    let keep = Retention { evidence: Some(10 * DAY), ..Retention::default() };
    let left = async |now: i64| {
        b.prune(&keep, now).await.expect("it prunes");
        a.bodies(digests.to_vec()).await.expect("it reads").iter().map(Option::is_some).collect()
    };
    let found: Vec<bool> = left(fork + 100 * DAY).await;
    assert_eq!(found, [true, true, false], "what came days after it was opened is no side of it");
    // Resolved, or a silence by the dates, which is about nothing that was served.
    step(fork + 101 * DAY, vec![open(Code::Lapsed, fork)], vec![]).await;
    let found: Vec<bool> = left(fork + 102 * DAY).await;
    assert_eq!(found, [false, false, false]);
}

suite![what_is_old_goes_and_what_counts_stays, both_sides_of_a_fork_stay_while_its_alarm_is_open,];

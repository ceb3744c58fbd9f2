//! What every store promises, asked of both: SQLite, and a PostgreSQL server that the test starts.

mod postgres;
#[macro_use]
mod stores;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use canary_monitor::fleet::FleetBuilder;
use canary_monitor::memory::Memory;
use canary_monitor::store::{
    Claim, Commit, NewNotice, Order, Outgoing, Room, Settled, Store, StoreError, Stored, Tally,
};
use canary_monitor::target::{Target, TargetId};
use canary_verifier::report::{Severity, State};
use stores::{LEASE, NOW, claimed, fleet, is_fenced, plain, rich, target};

async fn due_targets_are_claimed_once_each<S: Store>(a: S, b: S) {
    a.enroll(&fleet(0..100), NOW).await.expect("it enrolls");
    b.enroll(&fleet(0..100), NOW).await.expect("enrolling again changes nothing");
    let later = NOW + 600;
    let mut claiming = tokio::task::JoinSet::new();
    for n in 0..20 {
        let store = if n % 2 == 0 { a.clone() } else { b.clone() };
        claiming
            .spawn(async move { store.claim(later, later, LEASE, 7).await.expect("it claims") });
    }
    let mut ids = Vec::new();
    while let Some(claims) = claiming.join_next().await {
        ids.extend(claims.expect("no panic").into_iter().map(|claim| claim.id));
    }
    let distinct: HashSet<TargetId> = ids.iter().copied().collect();
    assert_eq!((ids.len(), distinct.len()), (100, 100));
}

async fn those_that_wait_longest_come_first_and_none_before_its_time<S: Store>(a: S, _: S) {
    a.enroll(&fleet(0..50), NOW).await.expect("it enrolls");
    let early = a.claim(NOW - 1, NOW - 1, LEASE, 50).await.expect("it claims");
    assert_eq!(early, []);
    for claim in a.claim(NOW, i64::MAX, LEASE, 50).await.expect("it claims") {
        a.commit(Commit { wake: NOW + claim.id.0 % 500, ..plain(&claim, NOW) })
            .await
            .expect("written");
    }
    assert!(a.next_due().await.expect("it reads").is_some_and(|at| at >= NOW));
    let mut last = 0;
    for _ in 0..5 {
        for claim in a.claim(NOW + 500, NOW + 500, LEASE, 10).await.expect("it claims") {
            assert_eq!(claim.due, NOW + claim.id.0 % 500);
            assert!(claim.due >= last);
            last = claim.due;
        }
    }
    assert_eq!(a.claim(NOW + 500, NOW + 500, LEASE, 10).await.expect("it claims"), []);
}

async fn a_step_is_written_whole<S: Store>(a: S, b: S) {
    let claim = claimed(&a).await;
    let commit = rich(&claim, NOW + 5, "one");
    a.commit(commit.clone()).await.expect("written");
    assert_eq!(b.load(claim.id).await.expect("it reads"), commit.memory);
    let events = b.events(claim.id, 10).await.expect("it reads");
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["issue", "opened"]);
    assert!(events[0].detail.contains('\u{1f426}'), "{}", events[0].detail);
    let digest = commit.bodies[0].digest().0;
    let found = b.bodies(vec![digest, [7; 32], digest]).await.expect("it reads");
    let bytes = Some(commit.bodies[0].bytes.clone());
    assert_eq!(found, [bytes.clone(), None, bytes]);
    let mut seen = b.sightings(claim.id).await.expect("it reads");
    seen.sort_by_key(|sighting| sighting.times);
    let times: Vec<_> = seen.iter().map(|s| (s.times, s.first, s.last, s.url.len())).collect();
    assert_eq!(times, [(1, NOW + 5, NOW + 5, 5_019), (2, NOW + 5, NOW + 5, 5_019)]);
    let counts = b.counts().await.expect("it counts");
    assert_eq!((counts.watched(), counts.pending, counts.oldest_pending), (1, 2, Some(NOW + 5)));
    assert_eq!(counts.evidence_bytes, i64::try_from(commit.bodies[0].bytes.len()).expect("small"));
    let listed = b.list(Order::Urgency, None, 10).await.expect("it lists");
    assert_eq!(listed.iter().map(|it| it.memory.clone()).collect::<Vec<_>>(), [commit.memory]);
}

async fn who_stalls_and_wakes_writes_nothing<S: Store>(a: S, b: S) {
    let stalled = claimed(&a).await;
    assert_eq!(b.claim(NOW + LEASE - 1, i64::MAX, LEASE, 5).await.expect("it claims"), []);
    let taken = b.claim(NOW + LEASE + 1, i64::MAX, LEASE, 5).await.expect("it claims");
    assert_eq!(taken.iter().map(|claim| claim.id).collect::<Vec<_>>(), [stalled.id]);
    assert!(is_fenced(&a.commit(rich(&stalled, NOW + 200, "late")).await));
    assert!(is_fenced(&a.release(&stalled, NOW).await));
    assert_eq!(a.load(stalled.id).await.expect("it reads"), Memory::default());
    assert_eq!(a.events(stalled.id, 9).await.expect("it reads"), []);
    assert_eq!(a.sightings(stalled.id).await.expect("it reads"), []);
    assert_eq!(a.counts().await.expect("it counts").pending, 0);
    b.commit(rich(&taken[0], NOW + 210, "in time")).await.expect("the lease is its own");
    assert!(is_fenced(&a.commit(rich(&stalled, NOW + 220, "later still")).await));
    assert_eq!(b.counts().await.expect("it counts").pending, 2);
}

async fn a_step_ends_its_lease<S: Store>(a: S, b: S) {
    let claim = claimed(&a).await;
    a.commit(plain(&claim, NOW + 1)).await.expect("written");
    assert!(is_fenced(&a.commit(plain(&claim, NOW + 1)).await), "not twice");
    assert_eq!(b.claim(NOW + 2, NOW + 600, LEASE, 5).await.expect("it claims"), []);
    let again = b.claim(NOW + 601, NOW + 601, LEASE, 5).await.expect("it claims");
    assert_eq!(again[0].memory.notices, 1);
    b.release(&again[0], NOW + 700).await.expect("it is given back");
    assert!(is_fenced(&b.commit(plain(&again[0], NOW + 650)).await));
    let later = a.claim(NOW + 700, NOW + 700, LEASE, 5).await.expect("it claims");
    assert_eq!(later.len(), 1);
}

async fn a_fleet_changes_and_nothing_is_lost<S: Store>(a: S, b: S) {
    a.enroll(&fleet(0..10), NOW).await.expect("it enrolls");
    for claim in a.claim(NOW + 600, i64::MAX, LEASE, 10).await.expect("it claims") {
        a.commit(rich(&claim, NOW + 600, &claim.id.to_string())).await.expect("written");
    }
    let mut renamed = FleetBuilder::default();
    for n in 5..12 {
        let name = format!("new {n}");
        renamed.add(&Target { name, ..target(n) }).expect("they differ");
    }
    b.enroll(&renamed.build(), NOW + 610).await.expect("it enrolls");
    let listed = b.list(Order::Name, None, 100).await.expect("it lists");
    let names: Vec<&str> = listed.iter().map(|stored| stored.name.as_str()).collect();
    let expected: Vec<String> =
        [10, 11, 5, 6, 7, 8, 9].iter().map(|n| format!("new {n}")).collect();
    assert_eq!(names, expected);
    let page = b.list(Order::Name, Some(listed[4].mark()), 1).await.expect("it lists");
    assert_eq!(page[0].name, "new 8");
    let claims = b.claim(NOW + 9_000, NOW + 9_000, LEASE, 100).await.expect("it claims");
    let ids: HashSet<TargetId> = claims.iter().map(|claim| claim.id).collect();
    assert_eq!(ids, (5..12).map(|n| target(n).id).collect());
    let gone = target(1).id;
    assert_eq!(b.load(gone).await.expect("it reads").notices, 1, "history stays");
    assert_eq!(b.events(gone, 9).await.expect("it reads").len(), 2);
    a.enroll(&fleet(0..3), NOW + 9_010).await.expect("it comes back");
    let back = a.claim(NOW + 9_700, NOW + 9_700, LEASE, 100).await.expect("it claims");
    assert_eq!(back.len(), 3);
    assert!(back.iter().all(|claim| claim.memory.notices == 1));
}

/// Every target of an order, three at a time.
async fn listed<S: Store>(store: &S, order: Order) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let page = store.list(order, all.last().map(Stored::mark), 3).await.expect("it lists");
        assert!(page.len() <= 3);
        let last = page.len() < 3;
        all.extend(page);
        if last {
            return all;
        }
    }
}

async fn targets_are_listed_a_page_at_a_time_and_counted<S: Store>(a: S, b: S) {
    a.enroll(&fleet(0..23), NOW).await.expect("it enrolls");
    let unasked =
        Tally { severity: Severity::Unknown, state: Some(State::Unreachable), targets: 23 };
    assert_eq!(b.counts().await.expect("it counts").targets, [unasked]);
    let severities = [Severity::Alive, Severity::Alarm, Severity::Attention, Severity::Unknown];
    let severity = |id: TargetId| severities[usize::try_from(id.0 % 4).expect("small")];
    for claim in a.claim(NOW + 600, i64::MAX, LEASE, 100).await.expect("it claims") {
        let severity = severity(claim.id);
        let state = if severity == Severity::Alive { State::Live } else { State::Lapsed };
        let commit = Commit { severity, state, ..plain(&claim, NOW + 600) };
        a.commit(commit).await.expect("written");
    }
    for order in [Order::Name, Order::Urgency, Order::Identity] {
        let all = listed(&b, order).await;
        let mut expected: Vec<_> = (0..23).map(target).collect();
        expected.sort_by_key(|target| match order {
            Order::Identity => (None, String::new(), target.id),
            Order::Name => (None, target.name.clone(), target.id),
            _ => (Some(std::cmp::Reverse(severity(target.id))), target.name.clone(), target.id),
        });
        let ids = |all: &[Stored]| all.iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(ids(&all), expected.iter().map(|one| one.id).collect::<Vec<_>>(), "{order:?}");
        assert!(all.iter().all(|one| one.severity == severity(one.id)));
    }
    let counted = b.counts().await.expect("it counts");
    assert_eq!(counted.watched(), 23);
    for tally in counted.targets {
        let of = (0..23).filter(|n| severity(target(*n).id) == tally.severity).count();
        assert_eq!(tally.targets, i64::try_from(of).expect("small"), "{tally:?}");
        assert_eq!(tally.state == Some(State::Live), tally.severity == Severity::Alive);
    }
    // One that is gone from where a page ended takes nothing with it.
    let first = a.list(Order::Name, None, 10).await.expect("it lists");
    a.enroll(&fleet(10..23), NOW + 700).await.expect("it enrolls");
    let rest = a.list(Order::Name, first.last().map(Stored::mark), 100).await.expect("it lists");
    assert_eq!(rest.len(), 13);
}

async fn turns_that_passed_are_spread_again_and_planned_ones_stay<S: Store>(a: S, _: S) {
    a.enroll(&fleet(0..200), NOW).await.expect("it enrolls");
    for (n, claim) in
        a.claim(NOW + 5, i64::MAX, LEASE, 200).await.expect("it claims").iter().enumerate()
    {
        let wake = if n < 100 { NOW + 10 } else { NOW + 100_300 };
        a.commit(Commit { wake, ..plain(claim, NOW + 6) }).await.expect("written");
    }
    let day = NOW + 100_000;
    a.enroll(&fleet(0..200), day).await.expect("it enrolls");
    let spread = a.claim(day + 200, day + 200, 9 * LEASE, 500).await.expect("it claims");
    assert_eq!(spread.len(), 100);
    assert!(spread.iter().all(|claim| claim.due >= day), "no turn lies in the past");
    let seconds: HashSet<i64> = spread.iter().map(|claim| claim.due).collect();
    assert!(seconds.len() > 1, "{seconds:?}");
    let planned = a.claim(day + 300, day + 300, LEASE, 500).await.expect("it claims");
    assert!(planned.len() == 100 && planned.iter().all(|claim| claim.due == NOW + 100_300));
}

async fn notices_go_in_order_and_one_at_a_time<S: Store>(a: S, b: S) {
    let claim = claimed(&a).await;
    a.commit(rich(&claim, NOW, "n")).await.expect("written");
    let first = a.outgoing(NOW, 60, Room::of(9)).await.expect("it claims");
    assert_eq!(first.iter().map(|n| n.key.as_str()).collect::<Vec<_>>(), ["n-1"]);
    assert_eq!(b.outgoing(NOW + 59, 60, Room::of(9)).await.expect("it claims"), []);
    let taken = b.outgoing(NOW + 60, 60, Room::of(9)).await.expect("it claims");
    assert_eq!((taken[0].row, taken[0].key.as_str()), (first[0].row, "n-1"));
    assert!(is_fenced(&a.settle(&first[0], NOW + 61, Settled::Sent).await));
    let again = Settled::Again { at: NOW + 500, error: "busy".to_owned() };
    b.settle(&taken[0], NOW + 61, again).await.expect("settled");
    assert_eq!(
        a.outgoing(NOW + 499, 60, Room::of(9)).await.expect("it claims"),
        [],
        "the second waits for the first"
    );
    let last = a.outgoing(NOW + 500, 60, Room::of(9)).await.expect("it claims");
    assert_eq!((last[0].tries, last[0].created, last[0].body.as_str()), (1, NOW, "n 1"));
    a.settle(&last[0], NOW + 501, Settled::Sent).await.expect("settled");
    assert!(is_fenced(&a.settle(&last[0], NOW + 501, Settled::Sent).await));
    let second = b.outgoing(NOW + 502, 60, Room::of(9)).await.expect("it claims");
    assert_eq!(second[0].key, "n-2");
    b.settle(&second[0], NOW + 503, Settled::GivenUp { error: "never".to_owned() })
        .await
        .expect("settled");
    let counts = a.counts().await.expect("it counts");
    assert_eq!((counts.pending, counts.given_up), (0, 1));
    let claim = a.claim(NOW + 1_000, i64::MAX, LEASE, 1).await.expect("it claims").remove(0);
    a.commit(rich(&claim, NOW + 1_000, "n")).await.expect("written");
    assert_eq!(a.counts().await.expect("it counts").pending, 0, "one key, one notice");
}

async fn a_clock_that_was_ahead_holds_nothing_up<S: Store>(a: S, b: S) {
    let ahead = NOW + 40 * 86_400;
    a.enroll(&fleet(0..1), NOW).await.expect("it enrolls");
    let stalled = a.claim(ahead, i64::MAX, LEASE, 5).await.expect("it claims").remove(0);
    let taken = b.claim(NOW + 1, i64::MAX, LEASE, 5).await.expect("it claims").remove(0);
    assert!(is_fenced(&a.commit(plain(&stalled, ahead)).await));
    b.commit(rich(&taken, ahead, "n")).await.expect("written");
    let first = a.outgoing(ahead, 60, Room::of(9)).await.expect("it claims").remove(0);
    let again = |at| Settled::Again { at, error: "busy".to_owned() };
    a.settle(&first, ahead, again(ahead + 30)).await.expect("settled");
    assert_eq!(b.outgoing(NOW + 10, 60, Room::of(9)).await.expect("it claims"), []);

    // The clock is right again, or a monitor whose clock is right starts.
    b.enroll(&fleet(0..1), NOW + 10).await.expect("it enrolls");
    assert_eq!(b.counts().await.expect("it counts").oldest_pending, Some(NOW + 10));
    let first = b.outgoing(NOW + 10, 60, Room::of(9)).await.expect("it claims").remove(0);
    assert_eq!((first.key.as_str(), first.created), ("n-1", NOW + 10));
    b.settle(&first, NOW + 11, again(NOW + 500)).await.expect("settled");
    b.enroll(&fleet(0..1), NOW + 20).await.expect("it enrolls");
    let early = b.outgoing(NOW + 20, 60, Room::of(9)).await.expect("it claims");
    assert_eq!(early, [], "what waits for its next try waits on");
    a.outgoing(ahead, 60, Room::of(9)).await.expect("it claims").remove(0);
    let first = b.outgoing(NOW + 500, 60, Room::of(9)).await.expect("it claims").remove(0);
    b.settle(&first, NOW + 501, Settled::Sent).await.expect("settled");
    let second = b.outgoing(NOW + 502, 60, Room::of(9)).await.expect("it claims").remove(0);
    assert_eq!((second.key.as_str(), second.created), ("n-2", NOW + 10));
}

async fn what_a_clock_that_was_ahead_saw_first_was_seen_by_now<S: Store>(a: S, b: S) {
    let claim = claimed(&a).await;
    a.commit(rich(&claim, NOW + 5_000, "one")).await.expect("written");
    // The clock has been set right: the target is claimed anew, and the same is served.
    a.enroll(&fleet(0..1), NOW + 10).await.expect("it enrolls");
    let claim = a.claim(NOW + 10, i64::MAX, LEASE, 5).await.expect("it claims").remove(0);
    a.commit(rich(&claim, NOW + 10, "one")).await.expect("written");
    for seen in b.sightings(claim.id).await.expect("it reads") {
        assert_eq!((seen.first, seen.last), (NOW + 10, NOW + 10));
    }
}

async fn no_sink_waits_for_another<S: Store>(a: S, b: S) {
    a.enroll(&fleet(0..20), NOW).await.expect("it enrolls");
    for claim in a.claim(NOW + 600, i64::MAX, LEASE, 20).await.expect("it claims") {
        let notice = |sink: &str, after: i64| NewNotice {
            key: format!("{sink} {} {after}", claim.id),
            sink: sink.to_owned(),
            body: String::new(),
        };
        let notices = ["a slow one", "\u{1f426}", "z"].map(|sink| notice(sink, 0));
        let notices = notices.into_iter().chain([notice("z", 1)]).collect();
        // Those of the slow one have waited longest.
        a.commit(Commit { notices, ..plain(&claim, NOW + 600) }).await.expect("written");
    }
    let count = |notices: &[Outgoing]| {
        let of = |sink: &str| notices.iter().filter(|notice| notice.sink == sink).count();
        (of("a slow one"), of("\u{1f426}"), of("z"))
    };
    let first = a.outgoing(NOW + 600, 60, Room::of(8)).await.expect("it claims");
    assert_eq!(count(&first), (8, 8, 8));
    let full = Room { each: 8, taken: HashMap::from([("a slow one".to_owned(), 8)]) };
    for notice in first.iter().filter(|notice| notice.sink != "a slow one") {
        a.settle(notice, NOW + 600, Settled::Sent).await.expect("settled");
    }
    let second = b.outgoing(NOW + 600, 60, full).await.expect("it claims");
    assert_eq!(count(&second), (0, 8, 8), "a sink that is slow has no more room");
    let most = Room { each: 100, taken: HashMap::from([("z".to_owned(), 95)]) };
    let third = a.outgoing(NOW + 600, 60, most).await.expect("it claims");
    assert_eq!(count(&third), (12, 4, 5));
    let all = first.iter().chain(&second).chain(&third);
    let rows: HashSet<i64> = all.map(|notice| notice.row).collect();
    assert_eq!(rows.len(), first.len() + second.len() + third.len(), "none twice");
}

async fn a_worker_says_that_it_is_alive<S: Store>(a: S, _: S) {
    assert_eq!(a.beat("a", NOW).await.expect("it beats"), None);
    assert_eq!(a.beat("a", NOW + 10).await.expect("it beats"), Some(NOW));
    assert_eq!(a.beat("a", NOW + 5_000).await.expect("it beats"), Some(NOW + 10));
}

async fn the_monitors_own_state_is_no_target<S: Store>(a: S, b: S) {
    a.enroll(&fleet(0..1), NOW).await.expect("it enrolls");
    let id = TargetId::of("monitor:a");
    let claim = Claim { id, fence: 0, due: 0, memory: Memory::default() };
    for word in ["one", "two"] {
        let commit = Commit { fence: None, wake: i64::MAX, ..rich(&claim, NOW, word) };
        a.commit(commit).await.expect("written");
    }
    assert_eq!(a.load(id).await.expect("it reads").notices, 1);
    assert_eq!(b.counts().await.expect("it counts").pending, 4);
    assert_eq!(b.counts().await.expect("it counts").watched(), 1);
    let claims = b.claim(i64::MAX - LEASE, i64::MAX, LEASE, 9).await.expect("it claims");
    assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), [target(0).id]);
}

/// Forty tasks on two handles take, write, give back, stall and come back, while the clock runs.
async fn no_step_is_lost_or_written_twice<S: Store>(a: S, b: S) {
    const TARGETS: usize = 60;
    a.enroll(&fleet(0..TARGETS), NOW).await.expect("it enrolls");
    let clock = Arc::new(AtomicI64::new(NOW));
    let (written, fenced) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0_i64..40 {
        let store = if n % 2 == 0 { a.clone() } else { b.clone() };
        let (clock, written, fenced) = (clock.clone(), written.clone(), fenced.clone());
        tasks.spawn(async move {
            for round in 0_i64..30 {
                let now = clock.fetch_add(1, Ordering::SeqCst);
                for claim in store.claim(now, i64::MAX, 20, 3).await.expect("it claims") {
                    let kind = (n * 7 + round * 13 + claim.id.0 % 11) % 5;
                    if kind == 0 {
                        // It stalls for longer than its lease, and others go on.
                        let until = clock.load(Ordering::SeqCst) + 25;
                        for _ in 0..200 {
                            tokio::task::yield_now().await;
                            if clock.load(Ordering::SeqCst) > until {
                                break;
                            }
                        }
                    }
                    let done = match kind {
                        1 => store.release(&claim, now).await.map(|()| 0),
                        _ => store.commit(plain(&claim, now)).await.map(|()| 1),
                    };
                    match done {
                        Ok(n) => written.fetch_add(n, Ordering::SeqCst),
                        Err(StoreError::Fenced) => fenced.fetch_add(1, Ordering::SeqCst),
                        Err(error) => panic!("{error:?}"),
                    };
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let mut steps = 0;
    for n in 0..TARGETS {
        steps += a.load(target(n).id).await.expect("it reads").notices;
    }
    let (written, fenced) = (written.load(Ordering::SeqCst), fenced.load(Ordering::SeqCst));
    assert_eq!(steps, written);
    assert!(written > 200 && fenced > 0, "{written} steps written, {fenced} refused");
    let claims = a.claim(NOW + 100_000, i64::MAX, LEASE, 1_000).await.expect("it claims");
    assert_eq!(claims.len(), TARGETS, "every target is still there to be claimed");
}

suite![
    due_targets_are_claimed_once_each,
    those_that_wait_longest_come_first_and_none_before_its_time,
    a_step_is_written_whole,
    who_stalls_and_wakes_writes_nothing,
    a_step_ends_its_lease,
    a_fleet_changes_and_nothing_is_lost,
    targets_are_listed_a_page_at_a_time_and_counted,
    turns_that_passed_are_spread_again_and_planned_ones_stay,
    notices_go_in_order_and_one_at_a_time,
    no_sink_waits_for_another,
    a_clock_that_was_ahead_holds_nothing_up,
    what_a_clock_that_was_ahead_saw_first_was_seen_by_now,
    a_worker_says_that_it_is_alive,
    the_monitors_own_state_is_no_target,
    no_step_is_lost_or_written_twice,
];

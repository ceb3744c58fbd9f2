//! What the judge makes of less than a whole site: a checkpoint alone, a file's few leaves, a copy that is
//! behind; each beside what was seen before. And of what only the history shows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod judging;

use build::{Series, at};
use canary_format::envelope::Envelope;
use canary_format::issue::{Counter, CounterValue, Retiring};
use canary_format::time::{Date, Timestamp};
use canary_format::tlog_proof::TlogProof;
use canary_verifier::evidence::{Evidence, Mirror, Obtained, Seen, Site, Source, Trust};
use canary_verifier::judge::judge;
use canary_verifier::report::{Code, Severity, State};
use judging::{codes, of_site, of_source, pinned, seen, site, three, until};

/// The same payloads; the first of them in an envelope with other signatures.
fn with_another_first_envelope(series: &Series) -> Series {
    let mut other = series.clone();
    let payload = Envelope::parse(&series.leaves[0]).unwrap().payload().to_vec();
    let mut first = Series::new();
    first.push_payload(&payload, &["Ada", "Chen"]);
    other.leaves[0] = first.leaves.pop().unwrap();
    other
}

fn file(proofs: &[TlogProof]) -> Source {
    let text: String = proofs.iter().map(ToString::to_string).collect();
    Source::Proof(Obtained::Got(text.into_bytes()))
}

#[test]
fn a_file_without_the_newest_issue_is_an_older_copy() {
    let series = three().and(|content| drop(content.facts.pop()));
    let now = at("2026-03-30");
    let old = file(&[series.proof(3), series.proof(2), series.proof(1)]);
    let judged = judge(&of_source(old, now), &pinned(&series, 1), None, now);
    assert_eq!(codes(&judged)[0], Code::Rollback);
    assert_eq!(judged.report.severity, Severity::Alarm);
}

#[test]
fn a_file_tells_where_an_earlier_leaf_was_replaced() {
    let series = Series::new().and(|_| {});
    let before = seen(&until(&series, 1).heartbeat_at(at("2026-01-02")));
    let replaced = with_another_first_envelope(&series);
    let now = at("2026-02-02");
    let judged =
        judge(&of_source(file(&[replaced.proof(2)]), now), &pinned(&series, 1), Some(&before), now);
    assert!(codes(&judged).contains(&Code::LogInconsistent), "{:?}", judged.report.findings);
    assert_eq!(judged.seen.unwrap().leaves, before.leaves);
    let honest =
        judge(&of_source(file(&[series.proof(2)]), now), &pinned(&series, 1), Some(&before), now);
    assert_eq!(honest.report.severity, Severity::Alive, "{:?}", honest.report.findings);
    assert_eq!(honest.seen.unwrap().leaves, series.leaves);
}

#[test]
fn a_checkpoint_alone_contradicts_what_was_seen() {
    let series = three();
    let before = seen(&series);
    let trust = pinned(&series, 1);
    let now = at("2026-03-03");
    let alone = |checkpoint: String| {
        let checkpoint = Obtained::Got(checkpoint.into_bytes());
        let leaves = Obtained::Unreachable("the connection timed out".into());
        let judged = judge(
            &of_source(Source::Site(Site { checkpoint, leaves }), now),
            &trust,
            Some(&before),
            now,
        );
        assert_eq!(judged.report.state, State::Unreachable);
        judged
    };
    let codes_of = |series: &Series| codes(&alone(series.checkpoint().to_string()));
    // What was seen, and a tree that grew: nothing is known against them.
    for honest in [series.clone(), series.clone().and(|_| {})] {
        assert_eq!(
            codes_of(&honest.heartbeat_at(now)),
            [Code::Unreachable, Code::FreshnessMissing]
        );
    }
    let other = with_another_first_envelope(&series).heartbeat_at(now);
    let judged = alone(other.checkpoint().to_string());
    assert!(codes(&judged).contains(&Code::LogInconsistent), "{:?}", judged.report.findings);
    assert_eq!(judged.contradictions.len(), 1);
    let older = codes_of(&until(&series, 1).heartbeat_at(now));
    assert!(
        older.contains(&Code::Rollback) && !older.contains(&Code::LogInconsistent),
        "{older:?}"
    );
    let stranger = codes_of(&Series { log: "stranger".into(), ..series.clone() });
    assert!(stranger.contains(&Code::CheckpointUnsigned), "{stranger:?}");
    let mut elsewhere = series.clone();
    elsewhere.newest.origin = "another.example/main".into();
    let elsewhere = codes_of(&elsewhere);
    assert!(elsewhere.contains(&Code::ChainBroken), "{elsewhere:?}");
    // Within an hour a cache may still give the smaller tree.
    let soon = before.grown_at.unwrap().plus(60);
    let lagging = until(&series, 2).heartbeat_at(at("2026-02-20"));
    let checkpoint = Obtained::Got(lagging.checkpoint().to_string().into_bytes());
    let source = Source::Site(Site { checkpoint, leaves: Obtained::Missing });
    let judged = judge(&of_source(source, soon), &trust, Some(&before), soon);
    assert_eq!(codes(&judged), [Code::Unreachable, Code::FreshnessMissing]);
}

#[test]
fn a_cache_may_be_behind_the_pinned_issue_and_so_may_a_mirror() {
    let series = three();
    let before = seen(&series);
    let lagging = until(&series, 2).heartbeat_at(at("2026-02-20"));
    let soon = before.grown_at.unwrap().plus(60);
    let trust = pinned(&series, 3);
    let judged = judge(&of_site(&lagging, soon), &trust, Some(&before), soon);
    assert_eq!(judged.report.severity, Severity::Alive, "{:?}", judged.report.findings);
    let mirrors = vec![Mirror { url: "https://mirror.example/".into(), site: site(&lagging) }];
    let judged = judge(&Evidence { mirrors, ..of_site(&series, soon) }, &trust, None, soon);
    assert_eq!(judged.report.severity, Severity::Alive, "{:?}", judged.report.findings);
    // Without anything seen, a tree that ends before the pinned issue is an older copy.
    let judged = judge(&of_site(&lagging, soon), &trust, None, soon);
    assert!(codes(&judged).contains(&Code::Rollback));
}

#[test]
fn a_fork_at_a_mirror_shows_whatever_else_is_wrong_there() {
    let series = three();
    let mut forked = until(&series, 2);
    let mut content = series.newest.clone();
    content.facts.pop();
    forked.push(content, &["Ada", "Bo"]);
    let wrong_root = Site {
        checkpoint: Obtained::Got(series.checkpoint().to_string().into_bytes()),
        ..site(&forked)
    };
    let unsigned = Series { log: "stranger".into(), ..forked.clone() };
    let mut garbage = forked.clone();
    garbage.leaves.push(b"{}".to_vec());
    let now = at("2026-03-02");
    let with = |site: Site| {
        let mirrors = vec![Mirror { url: "https://mirror.example/".into(), site }];
        judge(&Evidence { mirrors, ..of_site(&series, now) }, &pinned(&series, 1), None, now)
    };
    for faulty in [wrong_root, site(&unsigned), site(&garbage)] {
        let judged = with(faulty);
        assert!(codes(&judged).contains(&Code::Fork), "{:?}", judged.report.findings);
        assert!(codes(&judged).contains(&Code::MirrorFailed));
        assert_eq!(judged.forks.len(), 1);
    }
    // Anyone can leave a signature out of an envelope: that alone says nothing of the publisher.
    let other = with_another_first_envelope(&series);
    let judged = with(site(&Series { log: "stranger".into(), ..other }));
    assert_eq!(judged.report.severity, Severity::Attention, "{:?}", judged.report.findings);
}

#[test]
fn bytes_that_anyone_can_make_are_no_evidence() {
    let series = three();
    let mut forged = Series { log: "stranger".into(), ..series.clone() };
    forged.leaves = vec![b"{\"garbage\":1}".to_vec()];
    let now = at("2026-03-02");
    let judged = judge(&of_site(&forged, now), &pinned(&series, 1), Some(&seen(&series)), now);
    assert!(codes(&judged).contains(&Code::LogInconsistent));
    assert!(judged.contradictions.is_empty() && judged.forks.is_empty());
}

#[test]
fn a_date_a_second_after_the_lapse_does_not_shorten_a_gap_that_was_watched() {
    let series = Series::new();
    let trust = pinned(&series, 1);
    let lapsed = at("2026-02-10");
    let kept = judge(&of_site(&series, lapsed), &trust, Some(&seen(&series)), lapsed).seen.unwrap();
    let gaps = |as_of: Timestamp| {
        let now = at("2026-02-12");
        let resumed = series.clone().and(|content| content.as_of = as_of).heartbeat_at(now);
        judge(&of_site(&resumed, now), &trust, Some(&kept), now).report.gaps
    };
    assert_eq!(gaps(at("2026-02-08T09:00:01Z"))[0].to, at("2026-02-12"));
    assert_eq!(gaps(at("2026-02-11"))[0].to, at("2026-02-11"), "after the fetch: when it says");
    // A fetch whose clock ran ahead makes no gap that ends before it begins.
    let ahead = at("2027-01-01");
    let kept = judge(&of_site(&series, ahead), &trust, Some(&seen(&series)), ahead).seen.unwrap();
    let now = at("2026-02-01");
    let in_time = series.clone().and(|_| {}).heartbeat_at(now);
    assert!(judge(&of_site(&in_time, now), &trust, Some(&kept), now).report.gaps.is_empty());
}

#[test]
fn a_gap_ends_after_the_last_fetch_that_found_nothing() {
    let series = Series::new();
    let trust = pinned(&series, 1);
    let mut kept = seen(&series);
    for day in ["2026-02-09", "2026-02-20", "2026-03-01"] {
        let now = at(day);
        kept = judge(&of_site(&series, now), &trust, Some(&kept), now).seen.unwrap();
    }
    let now = at("2026-03-02");
    let resumed = series.clone().and(|content| content.as_of = at("2026-02-10")).heartbeat_at(now);
    let gaps = judge(&of_site(&resumed, now), &trust, Some(&kept), now).report.gaps;
    assert_eq!(gaps[0].to, now);
}

#[test]
fn what_cannot_show_a_newer_issue_puts_no_silence_on_record() {
    let series = three();
    let trust = pinned(&series, 1);
    let before = seen(&series.clone().heartbeat_at(at("2026-03-02")));
    let lapsed = at("2026-05-01");
    let of = |source: Source| judge(&of_source(source, lapsed), &trust, Some(&before), lapsed);
    let with = |checkpoint: Obtained<Vec<u8>>, leaves| Source::Site(Site { checkpoint, leaves });
    let older = Source::Site(site(&until(&series, 2)));
    let page = with(Obtained::Got(b"<html>502</html>".to_vec()), Obtained::Missing);
    let down = with(Obtained::Unreachable("timed out".into()), Obtained::Missing);
    for source in [older, page, down] {
        let judged = of(source.clone());
        assert_eq!(judged.report.state, State::Lapsed, "{source:?}");
        assert!(judged.seen.unwrap().silences.is_empty(), "{source:?}");
    }
    for gone in [with(Obtained::Missing, Obtained::Missing), Source::Envelope(Obtained::Missing)] {
        assert_eq!(of(gone).seen.unwrap().silences.len(), 1);
    }
}

#[test]
fn a_mirror_may_not_know_more_than_the_site() {
    let series = Series::new().and(|content| drop(content.facts.pop()));
    let old = until(&series, 1);
    let judged = |now: Timestamp, heartbeat: Timestamp| {
        let mirror = site(&series.clone().heartbeat_at(heartbeat));
        let mirrors = vec![Mirror { url: "https://mirror.example/".into(), site: mirror }];
        let old = old.clone().heartbeat_at(now);
        judge(&Evidence { mirrors, ..of_site(&old, now) }, &pinned(&series, 1), None, now)
    };
    let dated = series.newest.as_of;
    let just_now = judged(dated.plus(600), dated.plus(300));
    assert_eq!(codes(&just_now)[0], Code::MirrorFailed, "{:?}", just_now.report.findings);
    let an_hour = judged(dated.plus(7_200), dated.plus(300));
    assert_eq!(codes(&an_hour)[0], Code::Rollback, "{:?}", an_hour.report.findings);
    let a_day = dated.plus(2 * 86_400);
    assert!(codes(&judged(a_day, a_day)).contains(&Code::Rollback));
}

#[test]
fn a_pin_beyond_what_was_seen_leaves_nothing_authentic() {
    let series = three();
    let before = seen(&series.clone().heartbeat_at(at("2026-03-02")));
    let mut trust = pinned(&series, 3);
    trust.pin.as_mut().unwrap().number = 9;
    let now = at("2026-03-03");
    let judged = judge(&of_site(&series, now), &trust, Some(&before), now);
    assert_eq!((judged.report.state, judged.series.len()), (State::Unverified, 0));
}

#[test]
fn a_counter_restated_for_an_earlier_period_is_noticed() {
    let counter = |from: &str, to: &str, value: u64| Counter {
        id: "orders".into(),
        text: build::text("Orders", "命令"),
        from: Date::parse(from).unwrap(),
        to: Date::parse(to).unwrap(),
        value: CounterValue::Exact(value),
    };
    let series = |last: u64| {
        let year = ("2025-01-01", "2025-12-31");
        let month = counter("2026-01-01", "2026-01-31", 1);
        Series::new()
            .and(|content| content.counters = Some(vec![counter(year.0, year.1, 5)]))
            .and(|content| content.counters = Some(vec![month.clone()]))
            .and(|content| {
                content.counters = Some(vec![counter(year.0, year.1, last), month.clone()])
            })
    };
    let judged = |series: &Series| {
        let now = at("2026-04-02");
        codes(&judge(&of_site(series, now), &pinned(series, 1), None, now))
    };
    assert!(judged(&series(9)).contains(&Code::CounterRepresentationChanged));
    assert!(!judged(&series(5)).contains(&Code::CounterRepresentationChanged));
}

#[test]
fn of_two_announcements_of_one_fact_the_earlier_instant_counts() {
    let retiring = |day: &str| Retiring { id: "data.no-bulk".into(), after: at(day) };
    let announced = |first: &str, second: &str| {
        Series::new()
            .and(|content| content.retiring = Some(vec![retiring(first), retiring(second)]))
            .and(|content| {
                content.retiring = None;
                content.facts.pop();
            })
    };
    for (first, second) in [("2026-03-01", "2027-01-01"), ("2027-01-01", "2026-03-01")] {
        let series = announced(first, second);
        let now = at("2026-03-02");
        let judged = judge(&of_site(&series, now), &pinned(&series, 1), None, now);
        assert!(codes(&judged).contains(&Code::FactRetired), "{:?}", judged.report.findings);
    }
}

#[test]
fn an_older_tree_is_a_cache_only_where_what_was_seen_reaches_the_pin() {
    let series = three();
    let before = seen(&series.clone().heartbeat_at(at("2026-03-02")));
    let soon = at("2026-03-02T09:10:00Z");
    let judged = |pin: u64| {
        let mut trust = pinned(&series, 3);
        trust.pin.as_mut().unwrap().number = pin;
        let old = until(&series, 1).heartbeat_at(at("2026-01-01T09:00:00Z"));
        judge(&of_site(&old, soon), &trust, Some(&before), soon)
    };
    let cache = judged(3);
    assert_eq!((cache.report.state, cache.report.severity), (State::Live, Severity::Alive));
    let short = judged(4);
    assert_eq!(short.report.state, State::Unverified);
    assert_eq!(codes(&short)[0], Code::Rollback, "{:?}", short.report.findings);
}

#[test]
fn a_tree_first_seen_under_a_clock_that_was_ahead_is_not_new_for_ever() {
    let series = three();
    let mut before = seen(&series.clone().heartbeat_at(at("2026-03-02")));
    before.grown_at = Some(at("2026-09-01"));
    let now = at("2026-03-03");
    let old = until(&series, 2).heartbeat_at(at("2026-03-01"));
    let judged = judge(&of_site(&old, now), &pinned(&series, 1), Some(&before), now);
    assert!(codes(&judged).contains(&Code::Rollback), "{:?}", judged.report.findings);
}

#[test]
fn an_acknowledged_issue_is_not_taken_back() {
    let series = Series::new().and(|_| {});
    let now = series.newest.as_of.plus(600);
    let series = series.heartbeat_at(now);
    let judged = |acknowledged: u64| {
        let trust = Trust { acknowledged: Some(acknowledged), ..pinned(&series, 1) };
        codes(&judge(&of_site(&series, now), &trust, None, now))[0]
    };
    assert_eq!(judged(2), Code::FreshnessMissing);
    assert_eq!(judged(3), Code::Rollback);
}

#[test]
fn a_clock_that_was_behind_once_takes_no_silence_off_the_record() {
    let series = Series::new();
    let trust = pinned(&series, 1);
    let lapsed = at("2026-02-20");
    let kept = judge(&of_site(&series, lapsed), &trust, Some(&seen(&series)), lapsed).seen.unwrap();
    let behind = at("2026-01-21");
    let kept = judge(&of_site(&series, behind), &trust, Some(&kept), behind).seen.unwrap();
    let now = at("2026-03-01");
    let resumed = series.clone().and(|content| content.as_of = at("2026-02-05")).heartbeat_at(now);
    let judged = judge(&of_site(&resumed, now), &trust, Some(&kept), now);
    assert!(codes(&judged).contains(&Code::Resumed), "{:?}", judged.report.findings);
    let words = &judged.report.findings.iter().find(|f| f.code == Code::Resumed).unwrap().message;
    assert!(words.starts_with("nothing newer was found from 2026-02-08"), "{words}");
    // Seen again by a clock that is behind, the gap is not told; afterwards it is there as before.
    let (gaps, kept) = (judged.report.gaps, judged.seen.unwrap());
    let of = |now: Timestamp, kept: &Seen| judge(&of_site(&resumed, now), &trust, Some(kept), now);
    let again = of(behind, &kept);
    assert!(again.report.gaps.is_empty());
    assert_eq!(of(now.plus(60), &again.seen.unwrap()).report.gaps, gaps);
}

#[test]
fn what_a_mirror_has_was_found() {
    let series = Series::new();
    let before = seen(&series);
    let now = at("2026-02-10");
    let longer = series.clone().and(|content| {
        (content.as_of, content.next_due, content.expires) =
            (at("2026-02-01"), at("2026-03-01"), at("2026-03-08"));
    });
    let mirror = Mirror {
        url: "https://mirror.example/".into(),
        site: site(&longer.heartbeat_at(at("2026-02-09T23:00:00Z"))),
    };
    let down = Site { checkpoint: Obtained::Unreachable("503".into()), leaves: Obtained::Missing };
    let gone = Site { checkpoint: Obtained::Missing, leaves: Obtained::Missing };
    for (site, state) in [(down, State::Unreachable), (gone, State::Missing)] {
        let alone = of_source(Source::Site(site), now);
        let judged = |evidence: &Evidence| judge(evidence, &pinned(&series, 1), Some(&before), now);
        assert_eq!(judged(&alone).report.state, State::Lapsed);
        let report = judged(&Evidence { mirrors: vec![mirror.clone()], ..alone }).report;
        assert_eq!(report.state, state, "{:?}", report.findings);
        let words = "; the mirror https://mirror.example/ has issue 2 as of 2026-02-01T09:00:00Z";
        assert!(report.findings[0].message.ends_with(words), "{:?}", report.findings);
    }
}

#[test]
fn a_mirror_of_another_series_is_no_fork() {
    let series = three();
    let now = at("2026-03-02");
    let series = series.heartbeat_at(now);
    let mut content = build::first();
    content.origin = "other.example/canary".into();
    content.log.key = build::log_key(&content.origin, "log");
    content.log.heartbeat.as_mut().unwrap().key =
        build::heartbeat_key(&content.origin, "heartbeat");
    let other = Series::of(content, &["Ada", "Bo"]).heartbeat_at(now);
    let mirrors = vec![Mirror { url: "https://other.example/".into(), site: site(&other) }];
    let evidence = Evidence { mirrors, ..of_site(&series, now) };
    let judged = judge(&evidence, &Trust::default(), Some(&seen(&series)), now);
    assert_eq!(codes(&judged)[0], Code::MirrorFailed, "{:?}", judged.report.findings);
    assert!(judged.forks.is_empty() && judged.contradictions.is_empty());
}

//! What the judge makes of evidence beside what was seen before, of mirrors, and of single files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
mod judging;

use build::{Series, at, cosign, first, heartbeat_key, public};
use canary_format::note::{KeyKind, VerifierKey};
use canary_verifier::evidence::{Evidence, Mirror, Obtained, Seen, Site, Source, Trust};
use canary_verifier::judge::{judge, judge_again};
use canary_verifier::report::{Code, FactState, Severity, State};
use canary_verifier::witness::WitnessPolicy;
use judging::{codes, of_site, of_source, pinned, seen, site, three, until};
use proptest::prelude::*;

fn unreachable() -> Source {
    let checkpoint = Obtained::Unreachable("the connection timed out".into());
    Source::Site(Site { checkpoint, leaves: Obtained::Missing })
}

#[test]
fn state_advances_to_what_is_authentic_and_consistent() {
    let series = three();
    let now = at("2026-03-02");
    let first = judge(&of_site(&series, now), &pinned(&series, 1), None, now);
    assert_eq!(first.report.severity, Severity::Alive);
    let kept = first.seen.unwrap();
    assert_eq!(kept.leaves, series.leaves);
    assert_eq!(kept.grown_at, Some(now));
    let again =
        judge(&of_site(&series, now.plus(60)), &pinned(&series, 1), Some(&kept), now.plus(60));
    assert_eq!(again.seen.unwrap().grown_at, Some(now));

    let forged = {
        let mut forged = series.clone();
        forged.push(forged.next(), &["Ada", "Stranger"]);
        forged
    };
    let refused = judge(&of_site(&forged, now), &pinned(&series, 1), Some(&kept), now);
    assert!(codes(&refused).contains(&Code::QuorumShort));
    assert_eq!(refused.report.state, State::Live);
    assert_eq!(refused.seen.unwrap().leaves, series.leaves);
}

#[test]
fn an_older_copy_is_a_rollback_and_the_newer_one_is_judged() {
    let series = three();
    let older = until(&series, 2).heartbeat_at(at("2026-03-02"));
    let now = at("2026-03-03");
    let judged = judge(&of_site(&older, now), &pinned(&series, 1), Some(&seen(&series)), now);
    assert_eq!(judged.report.severity, Severity::Alarm);
    assert!(codes(&judged).contains(&Code::Rollback));
    assert!(!codes(&judged).contains(&Code::LogInconsistent));
    assert_eq!(judged.report.issue.unwrap().number, 3);
    assert_eq!(judged.seen.unwrap().leaves, series.leaves);
}

#[test]
fn a_cache_that_catches_up_within_an_hour_is_ignored() {
    let series = three();
    let kept = seen(&series);
    let older = until(&series, 2).heartbeat_at(at("2026-02-20"));
    let grown = kept.grown_at.unwrap();
    let soon = judge(
        &of_site(&older, grown.plus(3_600)),
        &pinned(&series, 1),
        Some(&kept),
        grown.plus(3_600),
    );
    assert_eq!(soon.report.severity, Severity::Alive, "{:?}", soon.report.findings);
    assert_eq!(soon.report.issue.unwrap().number, 3);
    let late = judge(
        &of_site(&older, grown.plus(3_601)),
        &pinned(&series, 1),
        Some(&kept),
        grown.plus(3_601),
    );
    assert!(codes(&late).contains(&Code::Rollback));
    // A later heartbeat over the smaller tree says that the publisher's machine means it.
    let renewed = until(&series, 2).heartbeat_at(grown.plus(60));
    let meant =
        judge(&of_site(&renewed, grown.plus(60)), &pinned(&series, 1), Some(&kept), grown.plus(60));
    assert!(codes(&meant).contains(&Code::Rollback));
}

#[test]
fn two_payloads_under_one_number_are_a_fork_and_both_are_kept() {
    let series = Series::new().and(|_| {});
    let other = Series::new().and(|content| drop(content.facts.pop()));
    let now = at("2026-02-02");
    let judged = judge(&of_site(&other, now), &pinned(&series, 1), Some(&seen(&series)), now);
    assert!(codes(&judged).contains(&Code::Fork));
    assert!(codes(&judged).contains(&Code::LogInconsistent));
    assert_eq!(judged.forks.len(), 1);
    assert_eq!(judged.forks[0].number, 2);
    assert_ne!(judged.forks[0].ours, judged.forks[0].theirs);
    assert_eq!(judged.seen.unwrap().leaves, series.leaves);
}

#[test]
fn another_envelope_over_the_same_payload_is_an_inconsistent_log() {
    let series = Series::new();
    let mut other = Series::of(first(), &["Bo", "Chen"]);
    other.heartbeat = series.heartbeat.clone();
    let now = at("2026-01-02");
    let judged = judge(&of_site(&other, now), &pinned(&series, 1), Some(&seen(&series)), now);
    assert!(codes(&judged).contains(&Code::LogInconsistent));
    assert!(!codes(&judged).contains(&Code::Fork));
}

#[test]
fn not_reachable_is_not_silence_until_the_signed_deadline() {
    let series = Series::new();
    let kept = seen(&series);
    let trust = pinned(&series, 1);
    let mut now = at("2026-01-01");
    while now <= series.newest.expires {
        let judged = judge(&of_source(unreachable(), now), &trust, Some(&kept), now);
        assert_eq!(judged.report.state, State::Unreachable);
        assert_eq!(judged.report.severity, Severity::Unknown, "{now}");
        now = now.plus(6 * 3_600);
    }
    let now = series.newest.expires.plus(1);
    let judged = judge(&of_source(unreachable(), now), &trust, Some(&kept), now);
    assert_eq!(judged.report.state, State::Lapsed);
    assert!(codes(&judged).contains(&Code::Unreachable));
    assert!(codes(&judged).contains(&Code::Lapsed));
    let never_seen = judge(&of_source(unreachable(), now), &trust, None, now);
    assert_eq!(
        (never_seen.report.state, never_seen.report.severity),
        (State::Unreachable, Severity::Unknown)
    );
}

#[test]
fn a_page_that_is_gone_is_missing() {
    let series = Series::new();
    let gone = Source::Site(Site { checkpoint: Obtained::Missing, leaves: Obtained::Missing });
    let now = at("2026-01-03");
    let judged = judge(&of_source(gone, now), &pinned(&series, 1), Some(&seen(&series)), now);
    assert_eq!((judged.report.state, judged.report.severity), (State::Missing, Severity::Alarm));
    assert_eq!(judged.report.issue.unwrap().number, 1);
}

#[test]
fn leaves_that_are_not_there_are_unreachable_not_missing() {
    let series = Series::new();
    let checkpoint = Obtained::Got(series.checkpoint().to_string().into_bytes());
    let source = Source::Site(Site { checkpoint, leaves: Obtained::Missing });
    let now = at("2026-01-02");
    let judged = judge(&of_source(source, now), &pinned(&series, 1), None, now);
    assert_eq!(
        (judged.report.state, judged.report.severity),
        (State::Unreachable, Severity::Unknown)
    );
}

#[test]
fn back_dated_signing_does_not_close_a_gap_that_was_watched() {
    let series = Series::new();
    let trust = pinned(&series, 1);
    let lapsed = at("2026-02-10");
    let found_nothing = judge(&of_site(&series, lapsed), &trust, Some(&seen(&series)), lapsed);
    let kept = found_nothing.seen.unwrap();
    assert_eq!(kept.silences.len(), 1);

    let back_dated = series.and(|content| content.as_of = at("2026-02-01"));
    let now = at("2026-02-12");
    let back_dated = back_dated.heartbeat_at(now);
    let judged = judge(&of_site(&back_dated, now), &trust, Some(&kept), now);
    assert!(codes(&judged).contains(&Code::Resumed), "{:?}", judged.report.findings);
    assert_eq!(judged.report.gaps[0].from, at("2026-02-08"));
    assert_eq!(judged.report.gaps[0].to, now);
    let kept = judged.seen.unwrap();
    let later = at("2026-02-20");
    let later_site = back_dated.heartbeat_at(later);
    let later = judge(&of_site(&later_site, later), &trust, Some(&kept), later);
    assert_eq!(later.report.gaps[0].to, now, "a gap does not change afterwards");
    // Who never fetched in between cannot know.
    assert!(!codes(&judge(&of_site(&later_site, now), &trust, None, now)).contains(&Code::Resumed));
}

#[test]
fn acknowledging_moves_the_baseline_and_erases_no_history() {
    let series = Series::new().and(|content| drop(content.facts.pop())).and(|_| {});
    let now = at("2026-03-02");
    let trust = pinned(&series, 1);
    assert!(codes(&judge(&of_site(&series, now), &trust, None, now)).contains(&Code::FactAbsent));
    let acknowledged = Trust { acknowledged: Some(2), ..trust };
    let judged = judge(&of_site(&series, now), &acknowledged, None, now);
    assert_eq!(judged.report.severity, Severity::Alive);
    let fact = judged.report.facts.iter().find(|fact| fact.id == "data.no-bulk").unwrap();
    assert_eq!(fact.state, FactState::Absent);
    assert_eq!(fact.last_affirmed, at("2026-01-01"));
}

#[test]
fn where_the_pinned_issue_is_another_nothing_is_authentic() {
    let series = three();
    let other = Series::new().and(|content| drop(content.facts.pop()));
    let now = at("2026-03-02");
    let judged = judge(&of_site(&series, now), &pinned(&other, 2), None, now);
    assert_eq!(codes(&judged), [Code::PinMismatch]);
    assert_eq!(judged.report.state, State::Unverified);
    assert_eq!(judged.report.issue, None);
    assert!(judged.series.is_empty() && judged.seen.is_none());
}

#[test]
fn mirrors_are_compared() {
    let series = three();
    let now = at("2026-03-02");
    let with = |mirror: Site| {
        let mirrors = vec![Mirror { url: "https://mirror.example/".into(), site: mirror }];
        judge(&Evidence { mirrors, ..of_site(&series, now) }, &pinned(&series, 1), None, now)
    };
    assert_eq!(with(site(&series)).report.severity, Severity::Alive);
    assert_eq!(with(site(&until(&series, 2))).report.severity, Severity::Alive, "a mirror may lag");

    let mut forked = Series::new().and(|_| {});
    let mut content = forked.next();
    content.facts.clear();
    forked.push(content, &["Ada", "Chen"]);
    let judged = with(site(&forked));
    assert!(codes(&judged).contains(&Code::Fork));
    assert_eq!(judged.forks[0].url.as_deref(), Some("https://mirror.example/"));

    let garbage = Site { checkpoint: Obtained::Got(b"<html>".to_vec()), leaves: Obtained::Missing };
    let gone = Site { checkpoint: Obtained::Missing, leaves: Obtained::Missing };
    for broken in [garbage, gone, site(&Series::of(first(), &["Ada", "Stranger"]))] {
        let judged = with(broken);
        assert_eq!(judged.report.severity, Severity::Attention);
        assert!(codes(&judged).contains(&Code::MirrorFailed));
    }
}

#[test]
fn a_single_file_stands_on_its_own_pin_or_on_its_own_word() {
    let series = three();
    let now = at("2026-03-02");
    let proof =
        |number| Source::Proof(Obtained::Got(series.proof(number).to_string().into_bytes()));
    let with = |source, trust: &Trust, seen: Option<&Seen>| {
        judge(&of_source(source, now), trust, seen, now)
    };

    let pinned_itself = with(proof(3), &pinned(&series, 3), None);
    assert_eq!(
        pinned_itself.report.severity,
        Severity::Alive,
        "{:?}",
        pinned_itself.report.findings
    );
    let out_of_reach = with(proof(3), &pinned(&series, 1), None);
    assert_eq!(codes(&out_of_reach), [Code::Unpinned, Code::FreshnessMissing]);
    let bridged = with(proof(3), &pinned(&series, 1), Some(&seen(&until(&series, 2))));
    assert_eq!(bridged.report.severity, Severity::Alive, "{:?}", bridged.report.findings);
    let envelope = Source::Envelope(Obtained::Got(series.leaves[2].clone()));
    let bare = with(envelope, &pinned(&series, 3), None);
    assert_eq!(bare.report.severity, Severity::Alive);
    assert_eq!(bare.report.log, None);

    let moved = series.proof(3).to_string().replace("index 2", "index 1");
    let judged = with(Source::Proof(Obtained::Got(moved.into_bytes())), &pinned(&series, 3), None);
    assert!(codes(&judged).contains(&Code::LogInconsistent));
    assert_eq!(judged.report.severity, Severity::Alarm);
}

#[test]
fn witnesses_of_the_policy_are_counted() {
    let series = Series::new();
    let now = at("2026-01-02");
    let key = |name: &str| VerifierKey::new(name, KeyKind::Cosignature, public(name)).unwrap();
    let mut checkpoint = series.checkpoint();
    cosign(&mut checkpoint, &key("w1.example"), "w1.example", now);
    cosign(&mut checkpoint, &key("w2.example"), "another key", now);
    let checkpoint = Obtained::Got(checkpoint.to_string().into_bytes());
    let source = Source::Site(Site { checkpoint, leaves: Obtained::Got(series.leaves.clone()) });
    let with = |threshold: usize| {
        let policy = format!(
            "witness a {}\nwitness b {}\ngroup g {threshold} a b\nquorum g\n",
            key("w1.example"),
            key("w2.example")
        );
        let policy = WitnessPolicy::parse(policy.as_bytes()).unwrap();
        let trust = Trust { witnesses: Some(policy), ..pinned(&series, 1) };
        judge(&of_source(source.clone(), now), &trust, None, now).report
    };
    assert_eq!(with(1).severity, Severity::Alive);
    assert_eq!(with(1).log.unwrap().witnesses[0].name, "w1.example");
    assert_eq!(with(2).severity, Severity::Attention);
}

#[test]
fn a_heartbeat_counts_only_until_now() {
    let series = Series::new();
    let now = at("2026-01-02");
    let mut checkpoint = series.clone().heartbeat_at(now.plus(-60)).checkpoint();
    cosign(
        &mut checkpoint,
        &heartbeat_key(build::ORIGIN, "heartbeat"),
        "heartbeat",
        now.plus(86_400),
    );
    let checkpoint = Obtained::Got(checkpoint.to_string().into_bytes());
    let source = Source::Site(Site { checkpoint, leaves: Obtained::Got(series.leaves.clone()) });
    let judged = judge(&of_source(source, now), &pinned(&series, 1), None, now);
    assert!(codes(&judged).contains(&Code::ClockSuspect));
    assert!(!codes(&judged).contains(&Code::HeartbeatMissing));
    assert_eq!(judged.report.ages.heartbeat, Some(60));
    assert_eq!(
        judged.seen.unwrap().newest_instant,
        Some(now.plus(-60)),
        "a machine's key cannot push time"
    );
}

/// Signatures stand for the very leaves that were verified: one that differs, under a good tree of the
/// publisher's, is looked at again, and so is what was appended.
#[test]
fn what_was_verified_before_vouches_for_nothing_else() {
    let (series, now) = (three(), at("2026-03-02"));
    let trust = pinned(&series, 1);
    let tree = judge(&of_site(&series, now), &trust, None, now).verified.unwrap();
    let again =
        |series: &Series| judge_again(&of_site(series, now), &trust, None, Some(&tree), now);
    assert_eq!(again(&series).series.len(), 3);
    let grown = series.clone().and(|_| {});
    assert_eq!(again(&grown).series.len(), 4);
    for which in 0..4 {
        let mut forged = grown.clone();
        let text = String::from_utf8(forged.leaves[which].clone()).unwrap();
        let sig = text.rfind("\"sig\":\"").unwrap() + 7;
        let other = if &text[sig..=sig] == "A" { "B" } else { "A" };
        forged.leaves[which].splice(sig..=sig, other.bytes());
        let judged = again(&forged);
        assert!(codes(&judged).contains(&Code::BadSignature), "{which}: {:?}", codes(&judged));
        assert_eq!(judged.verified, None);
        assert_eq!(judged.series.len(), which);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// With nothing done, a canary only ever gets worse.
    #[test]
    fn severity_never_improves_with_time(a in 0_i64..10_000_000, b in 0_i64..10_000_000) {
        let (series, trust) = (Series::new(), pinned(&Series::new(), 1));
        let start = at("2026-01-02T08:00:00Z");
        let severity = |seconds| {
            let now = start.plus(seconds);
            judge(&of_site(&series, now), &trust, None, now).report.severity
        };
        prop_assert!(severity(a.min(b)) <= severity(a.max(b)));
    }

    /// Whatever single bit changes, what the site says is no longer taken for what was published.
    #[test]
    fn no_flipped_bit_passes(index in any::<prop::sample::Index>(), bit in 0_u8..8, which in 0_usize..3) {
        let series = three();
        let now = at("2026-03-02");
        let mut flipped = series.clone();
        let leaf = &mut flipped.leaves[which];
        let position = index.index(leaf.len());
        leaf[position] ^= 1 << bit;
        let mut site = site(&series);
        site.leaves = Obtained::Got(flipped.leaves);
        let judged = judge(&of_source(Source::Site(site), now), &pinned(&series, 1), None, now);
        prop_assert_eq!(judged.report.severity, Severity::Alarm);
        prop_assert!(judged.seen.is_none());
    }
}

//! What witnesses, beacons and the verifier's clock make of a series.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;

use build::{Series, at, cosign, first, public};
use canary_format::beacon::QUICKNET_HASH;
use canary_format::checkpoint::Checkpoint;
use canary_format::issue::NotBefore;
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Seen, Site, Source, Trust};
use canary_verifier::judge::{Judgement, judge};
use canary_verifier::report::{Code, Severity, State};
use canary_verifier::witness::WitnessPolicy;

/// Round 1000 of quicknet, public: 2023-08-23T15:59:24Z.
const ROUND_1000: &str = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

fn witness(name: &str) -> VerifierKey {
    VerifierKey::new(&format!("{name}.example"), KeyKind::Cosignature, public(name)).unwrap()
}

/// Two of three witnesses.
fn policy() -> String {
    let line = |name: &str| format!("witness {name} {}\n", witness(name));
    let lines: String = ["w1", "w2", "w3"].into_iter().map(line).collect();
    lines + "group g 2 w1 w2 w3\nquorum g\n"
}

fn trusting(series: &Series, policy: &str) -> Trust {
    let witnesses = Some(WitnessPolicy::parse(policy.as_bytes()).unwrap());
    Trust { pin: Some(series.pin(1)), witnesses, ..Trust::default() }
}

fn witnessed(series: &Series, times: &[(&str, Timestamp)]) -> Checkpoint {
    let mut checkpoint = series.checkpoint();
    for (name, at) in times {
        cosign(&mut checkpoint, &witness(name), name, *at);
    }
    checkpoint
}

fn of(series: &Series, checkpoint: &Checkpoint, now: Timestamp) -> Evidence {
    let checkpoint = Obtained::Got(checkpoint.to_string().into_bytes());
    let site = Site { checkpoint, leaves: Obtained::Got(series.leaves.clone()) };
    let source = Source::Site(site);
    Evidence { url: Some(build::URL.into()), obtained_at: now, source, mirrors: vec![] }
}

fn has(judgement: &Judgement, code: Code) -> bool {
    judgement.report.findings.iter().any(|finding| finding.code == code)
}

#[test]
fn one_witness_cannot_move_the_time_and_a_quorum_can() {
    let series = Series::new();
    let (now, late) = (at("2026-01-02"), at("2027-01-01"));
    let judged = |times: &[(&str, Timestamp)]| {
        let checkpoint = witnessed(&series, times);
        judge(&of(&series, &checkpoint, now), &trusting(&series, &policy()), None, now)
    };
    let one = judged(&[("w1", late), ("w2", now), ("w3", now)]);
    assert_eq!(one.report.state, State::Live);
    assert!(has(&one, Code::ClockSuspect), "that it lies ahead is said");
    assert!(!has(&one, Code::WitnessShort));
    assert_eq!(one.seen.unwrap().newest_instant, Some(now), "and it is not kept");
    let two = judged(&[("w1", late), ("w2", late.plus(60)), ("w3", now)]);
    assert_eq!(two.report.state, State::Lapsed, "deadlines are judged by the later instant");
    assert!(has(&two, Code::ClockSuspect));
    assert_eq!(two.report.at, now, "the report is of the clock's instant");
    assert_eq!(two.seen.unwrap().newest_instant, Some(late));
}

#[test]
fn time_seen_never_goes_back() {
    let series = Series::new();
    let trust = trusting(&series, "quorum none\n");
    let now = at("2026-01-02");
    let after_expiry = series.newest.expires.plus(601);
    let kept = judge(&of(&series, &series.checkpoint(), now), &trust, None, now).seen.unwrap();
    let kept = Seen { newest_instant: Some(after_expiry), ..kept };
    let judged = judge(&of(&series, &series.checkpoint(), now), &trust, Some(&kept), now);
    assert!(has(&judged, Code::ClockSuspect));
    assert_eq!((judged.report.state, judged.report.severity), (State::Lapsed, Severity::Alarm));
    assert_eq!(judged.seen.unwrap().newest_instant, Some(after_expiry));
    // Within the tolerance clocks just differ.
    let near = Seen { newest_instant: Some(now.plus(600)), ..kept };
    let judged = judge(&of(&series, &series.checkpoint(), now), &trust, Some(&near), now);
    assert_eq!((judged.report.state, judged.report.severity), (State::Live, Severity::Alive));
}

#[test]
fn a_heartbeat_alone_cannot_move_the_time() {
    let series = Series::new();
    let late = series.newest.expires.plus(86_400);
    let ahead = series.clone().heartbeat_at(late);
    let now = at("2026-01-02");
    let trust = trusting(&series, "quorum none\n");
    let judged = judge(&of(&ahead, &ahead.checkpoint(), now), &trust, None, now);
    assert!(has(&judged, Code::ClockSuspect));
    assert!(has(&judged, Code::HeartbeatMissing));
    assert_eq!(judged.report.state, State::Live);
    assert_eq!(judged.seen.unwrap().newest_instant, None);
}

#[test]
fn the_publisher_s_own_keys_are_no_witnesses() {
    let series = Series::new();
    let now = at("2026-01-02");
    let mut checkpoint = witnessed(&series, &[("w1", now)]);
    let mut text = format!("witness w1 {}\n", witness("w1"));
    for name in ["heartbeat", "log", "Ada"] {
        let key = VerifierKey::new("own.example", KeyKind::Cosignature, public(name)).unwrap();
        cosign(&mut checkpoint, &key, name, now);
        text += &format!("witness {name} {key}\n");
    }
    let with = |rest: &str| {
        let trust = trusting(&series, &(text.clone() + rest));
        judge(&of(&series, &checkpoint, now), &trust, None, now)
    };
    let short = with("group g 2 w1 heartbeat log Ada\nquorum g\n");
    assert!(has(&short, Code::WitnessShort));
    assert_eq!(short.report.log.unwrap().witnesses.len(), 1);
    assert!(!has(&with("quorum w1\n"), Code::WitnessShort));
}

#[test]
fn a_policy_that_lists_logs_asks_for_one_of_them() {
    let series = Series::new();
    let now = at("2026-01-02");
    let with = |name: &str| {
        let log = build::log_key(build::ORIGIN, name);
        let trust = trusting(&series, &format!("log {log}\nquorum none\n"));
        has(&judge(&of(&series, &series.checkpoint(), now), &trust, None, now), Code::WitnessShort)
    };
    assert!(!with("log"));
    assert!(with("another log"));
}

#[test]
fn the_earliest_cosignature_bounds_when_an_issue_existed() {
    let series = Series::new();
    let (early, now) = (at("2026-01-02"), at("2026-01-20"));
    let checkpoint = witnessed(&series, &[("w1", now), ("w1", early), ("w3", now)]);
    let judged = judge(&of(&series, &checkpoint, now), &trusting(&series, &policy()), None, now);
    let witnesses = judged.report.log.unwrap().witnesses;
    let shown: Vec<_> = witnesses.iter().map(|w| (w.name.as_str(), w.first, w.at)).collect();
    assert_eq!(shown, [("w1.example", early, now), ("w3.example", now, now)]);
}

#[test]
fn no_cosignature_and_a_forged_one_fall_short_alike() {
    let series = Series::new();
    let now = at("2026-01-02");
    let mut forged = series.checkpoint();
    cosign(&mut forged, &witness("w1"), "another key", now);
    cosign(&mut forged, &witness("w2"), "w2", now);
    for checkpoint in [series.checkpoint(), forged] {
        let judged =
            judge(&of(&series, &checkpoint, now), &trusting(&series, &policy()), None, now);
        assert!(has(&judged, Code::WitnessShort));
        assert_eq!(judged.report.severity, Severity::Attention);
    }
}

#[test]
fn the_one_beacon_of_a_long_series_that_fails_is_named() {
    let real = || NotBefore::drand(QUICKNET_HASH.into(), 1_000, ROUND_1000.into());
    let mut content = first();
    (content.as_of, content.next_due, content.expires) =
        (at("2023-08-24"), at("2023-09-24"), at("2023-10-01"));
    content.not_before = Some(vec![real(); 10]);
    let mut series = Series::of(content, &["Ada", "Bo"]);
    for number in 2..=20 {
        series = series.and(|content| {
            let mut beacons = vec![real(); 10];
            if number == 13 {
                beacons[4].round = 1_001;
            }
            content.not_before = Some(beacons);
        });
    }
    let now = series.newest.as_of.plus(86_400);
    let trust = trusting(&series, "quorum none\n");
    let judged = judge(&of(&series, &series.checkpoint(), now), &trust, None, now);
    let invalid: Vec<_> = judged
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == Code::FreshnessInvalid)
        .map(|finding| finding.issue)
        .collect();
    assert_eq!(invalid, [Some(13)]);
}

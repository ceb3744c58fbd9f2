//! What witnesses, beacons and the verifier's clock make of a series.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;

use build::{Series, at, cosign, first, public};
use canary_format::beacon::QUICKNET_HASH;
use canary_format::checkpoint::Checkpoint;
use canary_format::cosigner::Cosigner;
use canary_format::issue::NotBefore;
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Mirror, Obtained, Seen, Site, Source, Trust};
use canary_verifier::fork;
use canary_verifier::judge::{Judgement, Side, WitnessCopy, contradiction, judge};
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

fn copy_at(name: &str, checkpoint: &Checkpoint) -> WitnessCopy {
    WitnessCopy {
        key: Cosigner::Ed25519(witness(name)),
        url: format!("https://{name}.example/"),
        checkpoint: Obtained::Got(checkpoint.to_string().into_bytes()),
    }
}

#[test]
fn witnesses_copies_show_another_tree_or_a_larger_one() {
    let series = Series::new().and(|_| {}).and(|_| {});
    let now = at("2026-03-02");
    let trust = trusting(&series, "quorum none\n");
    let judged = || judge(&of(&series, &series.checkpoint(), now), &trust, None, now);
    let beside = |copies: &[WitnessCopy]| judged().beside_witness_copies(copies, now);
    let day = now.plus(-86_400);

    let same = copy_at("w1", &witnessed(&series, &[("w1", day)]));
    let mut smaller = series.clone();
    smaller.leaves.truncate(2);
    let smaller = copy_at("w2", &witnessed(&smaller, &[("w2", day)]));
    let quiet = beside(&[same.clone(), smaller]);
    assert_eq!(quiet.report, judged().report);

    let forked = Series::new().and(|content| drop(content.facts.pop())).and(|_| {});
    let fork = beside(&[same, copy_at("w3", &witnessed(&forked, &[("w3", day)]))]);
    assert!(has(&fork, Code::Fork));
    assert_eq!(fork.report.severity, Severity::Alarm);
    assert_eq!(fork.report.findings[0].url.as_deref(), Some("https://w3.example/"));
    let [ours, theirs] = &fork.contradictions[0];
    let shown = contradiction(ours, theirs, None).unwrap().trees.unwrap();
    assert_eq!(shown.sizes, [3, 3]);
    assert_eq!(shown.log_key, Some(public("log").fingerprint()));

    let larger = series.clone().and(|_| {});
    let held_back = |at| beside(&[copy_at("w1", &witnessed(&larger, &[("w1", at)]))]);
    assert!(has(&held_back(day), Code::Rollback));
    assert!(!has(&held_back(now.plus(-60)), Code::Rollback), "it may just have grown");
}

#[test]
fn a_copy_that_witness_or_log_did_not_sign_says_nothing() {
    let series = Series::new().and(|_| {});
    let forked = Series::new().and(|content| drop(content.facts.pop()));
    let now = at("2026-02-02");
    let trust = trusting(&series, "quorum none\n");
    let uncosigned = forked.checkpoint();
    let by_another = witnessed(&forked, &[("w2", now)]);
    let mut unsigned = Checkpoint::new(build::ORIGIN, 2, forked.checkpoint().root());
    cosign(&mut unsigned, &witness("w1"), "w1", now);
    let junk =
        WitnessCopy { checkpoint: Obtained::Got(b"<html>".to_vec()), ..copy_at("w1", &uncosigned) };
    let down =
        WitnessCopy { checkpoint: Obtained::Unreachable("timed out".into()), ..junk.clone() };
    let copies = [
        copy_at("w1", &uncosigned),
        copy_at("w1", &by_another),
        copy_at("w1", &unsigned),
        junk,
        down,
    ];
    let judged = judge(&of(&series, &series.checkpoint(), now), &trust, None, now);
    let report = judged.report.clone();
    assert_eq!(judged.beside_witness_copies(&copies, now).report, report);
}

#[test]
fn both_sides_of_a_fork_are_saved_and_a_third_party_sees_who_signed_twice() {
    let series = Series::new().and(|_| {});
    let mut forked = Series::new();
    let mut content = forked.next();
    content.facts.pop();
    forked.push(content, &["Ada", "Chen"]);
    let now = at("2026-02-02");
    let mirror = Mirror {
        url: "https://mirror.example/".into(),
        site: Site {
            checkpoint: Obtained::Got(witnessed(&forked, &[("w1", now)]).to_string().into_bytes()),
            leaves: Obtained::Got(forked.leaves.clone()),
        },
    };
    let ours = of(&series, &witnessed(&series, &[("w1", now), ("w2", now)]), now);
    let evidence = Evidence { mirrors: vec![mirror], ..ours };
    let judged = judge(&evidence, &trusting(&series, &policy()), None, now);
    assert!(has(&judged, Code::Fork));

    let folder = tempfile::tempdir().unwrap();
    let saved = fork::write(folder.path(), &judged.contradictions[0]).unwrap();
    assert_eq!(fork::write(folder.path(), &judged.contradictions[0]).unwrap(), saved, "once");
    let read = fork::read(&saved).unwrap();
    assert_eq!(read, judged.contradictions[0]);
    let policy = WitnessPolicy::parse(policy().as_bytes()).unwrap();
    let shown = contradiction(&read[0], &read[1], Some(&policy)).unwrap();
    let payloads = shown.payloads.unwrap();
    assert_eq!((payloads.number, payloads.same_predecessor), (2, true));
    let both: Vec<_> = payloads.signed_both.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(both, ["Ada"]);
    assert_eq!(payloads.signed_both[0].key, public("Ada").fingerprint());
    let trees = shown.trees.unwrap();
    assert_eq!(trees.log_key, Some(public("log").fingerprint()));
    assert_eq!(trees.witnesses, ["w1.example"], "a witness that cosigned both");
}

#[test]
fn what_can_both_be_true_is_no_contradiction() {
    let series = Series::new().and(|_| {});
    let side = |series: &Series| Side {
        first: 1,
        envelopes: series.leaves.clone(),
        checkpoint: Some(series.checkpoint().to_string().into_bytes()),
    };
    let shorter = Series::new();
    assert_eq!(contradiction(&side(&series), &side(&series), None), None);
    assert_eq!(contradiction(&side(&series), &side(&shorter), None), None);
    let mut other = first();
    other.origin = "another.example".into();
    other.log.key = build::log_key("another.example", "log");
    other.log.heartbeat = None;
    let mut other = Series::of(other, &["Ada", "Bo"]);
    other.heartbeat = None;
    assert_eq!(contradiction(&side(&series), &side(&other), None), None);
    // Anyone can make a series of an origin's name; it shows who signed it, not who was to.
    let stranger = Side { envelopes: vec![], ..side(&series) };
    assert_eq!(contradiction(&side(&series), &stranger, None), None);
    assert_eq!(contradiction(&Side::default(), &Side::default(), None), None);
}

#[test]
fn a_file_of_several_proofs_reaches_back_to_the_pin() {
    let series = Series::new().and(|_| {}).and(|_| {});
    let now = at("2026-03-02");
    let trust = trusting(&series, "quorum none\n");
    let file = |numbers: &[u64]| {
        let text: String = numbers.iter().map(|n| series.proof(*n).to_string()).collect();
        let source = Source::Proof(Obtained::Got(text.into_bytes()));
        let evidence = Evidence { url: None, obtained_at: now, source, mirrors: vec![] };
        judge(&evidence, &trust, None, now)
    };
    let whole = file(&[3, 2, 1]);
    assert_eq!(whole.report.severity, Severity::Alive, "{:?}", whole.report.findings);
    assert_eq!(whole.series.len(), 3);
    assert_eq!(whole.seen.unwrap().leaves, series.leaves);
    assert!(has(&file(&[3, 2]), Code::Unpinned));
    assert!(has(&file(&[3, 1]), Code::Malformed));
    assert!(has(&file(&[1, 2, 3]), Code::Malformed));
    let altered: String = [3, 2, 1].map(|n| series.proof(n).to_string()).concat();
    let altered =
        altered.replacen("index 1\n", "index 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 1);
    let source = Source::Proof(Obtained::Got(altered.into_bytes()));
    let evidence = Evidence { url: None, obtained_at: now, source, mirrors: vec![] };
    assert!(has(&judge(&evidence, &trust, None, now), Code::LogInconsistent));
}

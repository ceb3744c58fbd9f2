//! Whether the newest issue of a history still stands where it was published.

use canary_dialects::Timestamp;
use canary_dialects::import::{Version, import};
use canary_dialects::judge::{Context, judge};
use canary_dialects::trust::Trust;
use canary_verifier::report::{Code, Severity, State};

fn instant(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T12:00:00Z")).expect("a literal")
}

const ORDER: &str = "- We have received no gag order.\n";

fn text(issued: &str, due: &str) -> Vec<u8> {
    let text = format!(
        "Warrant canary\n\nDate: {issued}\n\n- We have given no private key to anyone.\n{ORDER}\nThe next canary will be published by {due}.\n"
    );
    text.into_bytes()
}

fn january() -> Vec<u8> {
    text("2026-01-10", "2026-02-10")
}

fn february() -> Vec<u8> {
    text("2026-02-09", "2026-03-10")
}

fn march() -> Vec<u8> {
    text("2026-03-09", "2026-04-10")
}

/// What three issues of one page and then these changes come to, on March 20.
fn after(changes: &[(&str, &str, Vec<u8>)]) -> (State, Vec<Code>) {
    let published = [
        ("2026-01-10", "canary.txt", january()),
        ("2026-02-09", "canary.txt", february()),
        ("2026-03-09", "canary.txt", march()),
    ];
    let versions: Vec<Version> = published
        .iter()
        .chain(changes)
        .map(|(day, path, content)| Version {
            path: (*path).to_owned(),
            bytes: content.clone(),
            at: Some(instant(day)),
        })
        .collect();
    let trust = Trust::default();
    let read = import(&versions, None, &trust);
    let now = instant("2026-03-20");
    let remarks: Vec<_> = read.remarks.into_iter().map(|(_, remark)| remark).collect();
    let report = judge(&read.issues, &remarks, &trust, &Context::default(), now).report;
    let alarms = report.findings.iter().filter(|finding| finding.severity == Severity::Alarm);
    (report.state, alarms.map(|finding| finding.code).collect())
}

const GONE: Vec<u8> = Vec::new();

#[test]
fn a_page_that_is_taken_away_is_missing() {
    assert_eq!(after(&[]), (State::Live, vec![]));
    let missing = (State::Missing, vec![Code::Missing]);
    for gone in [GONE, b"This page has moved.\n".to_vec()] {
        assert_eq!(after(&[("2026-03-15", "canary.txt", gone)]), missing);
    }
    // An older issue that is filed away at the same time, or before, is not the newest.
    for day in ["2026-03-12", "2026-03-15"] {
        let filed = [(day, "archive/canary-2.txt", february()), ("2026-03-15", "canary.txt", GONE)];
        assert_eq!(after(&filed), missing, "{day}");
    }
}

#[test]
fn a_page_that_is_put_back_to_an_older_issue_is_a_rollback() {
    let back = [("2026-03-15", "canary.txt", february())];
    assert_eq!(after(&back), (State::Live, vec![Code::Rollback]));
    let filed = [("2026-03-12", "archive/canary-3.txt", march()), back[0].clone()];
    assert_eq!(after(&filed), (State::Live, vec![]));
}

#[test]
fn a_page_that_moves_or_comes_back_stands() {
    let stands = (State::Live, vec![]);
    for day in ["2026-03-10", "2026-03-11"] {
        let moved = [(day, "archive/canary-3.txt", march()), ("2026-03-11", "canary.txt", GONE)];
        assert_eq!(after(&moved), stands, "{day}");
    }
    let again = [("2026-03-11", "canary.txt", GONE), ("2026-03-12", "canary.txt", march())];
    assert_eq!(after(&again), stands);
    assert_eq!(after(&[("2026-03-12", "archive/canary-2.txt", february())]), stands);
}

#[test]
fn of_issues_with_one_date_the_last_published_counts() {
    let corrected = String::from_utf8(march()).expect("text").replace(ORDER, "").into_bytes();
    for path in ["a/canary.txt", "canary.txt", "z/canary.txt"] {
        let changes = [("2026-03-12", "canary.txt", GONE), ("2026-03-13", path, corrected.clone())];
        assert_eq!(after(&changes), (State::Live, vec![Code::FactAbsent]), "{path}");
    }
}

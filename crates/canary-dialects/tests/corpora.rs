//! Published histories from outside, read where they stand.

#![allow(clippy::print_stderr, reason = "what is left out is said plainly")]

use std::path::{Path, PathBuf};

use canary_dialects::Timestamp;
use canary_dialects::import::{Imported, Version, import};
use canary_dialects::judge::{Context, History, judge};
use canary_dialects::reading::{Kind, Outcome, Published};
use canary_dialects::trust::{Key, Trust};
use canary_verifier::report::{Code, FactState, Severity, State};

fn corpora(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CANARY_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        PathBuf::from,
    );
    let folder = root.join(name);
    if !folder.is_dir() {
        eprintln!("left out: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

fn qubes() -> Option<(Imported, Trust)> {
    let folder = corpora("openpgp/qubes")?;
    let mut trust = Trust { threshold: 2, ..Trust::default() };
    for path in files(&folder.join("keys")) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        for person in ["joanna", "marmarek", "simon"] {
            if name.starts_with(person) {
                trust.add(
                    person,
                    Key::read(&std::fs::read(&path).expect("a key file")).expect("a certificate"),
                );
            }
        }
    }
    let versions: Vec<Version> = files(&folder.join("canaries"))
        .into_iter()
        .map(|path| Version {
            path: path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned(),
            bytes: std::fs::read(&path).expect("a file"),
            at: None,
        })
        .collect();
    Some((import(&versions, None, &trust), trust))
}

fn history() -> Option<History> {
    let (imported, trust) = qubes()?;
    let now = Timestamp::parse("2026-07-01T00:00:00Z").expect("a literal");
    Some(judge(&imported.issues, &[], &trust, &Context::default(), now))
}

#[test]
fn of_108_signatures_107_verify() {
    let Some((imported, _)) = qubes() else { return };
    assert_eq!(imported.issues.len(), 47);
    let all: Vec<_> = imported
        .issues
        .iter()
        .flat_map(|issue| issue.signatures.iter().map(move |signed| (issue, signed)))
        .collect();
    // Two letters accompany issue 28 and carry three of the signatures.
    let letters: Vec<_> = imported
        .issues
        .iter()
        .flat_map(|issue| issue.letters.iter().map(move |letter| (issue, letter)))
        .collect();
    let of_letters: Vec<_> = letters
        .iter()
        .flat_map(|(issue, letter)| {
            assert!(issue.source.contains("canary-028-2021.txt"), "{}", issue.source);
            letter.signatures.iter().map(|signed| {
                (letter.source.as_str(), signed.person.as_deref().unwrap_or("?"), signed.outcome)
            })
        })
        .collect();
    assert_eq!(
        of_letters,
        [
            ("canary-028-2021-letter-joanna.txt", "joanna", Outcome::Good),
            ("canary-028-2021-letter-qst.txt", "marmarek", Outcome::Good),
            ("canary-028-2021-letter-qst.txt", "simon", Outcome::Good),
        ]
    );
    // The template is no issue.
    let left_out: Vec<_> = imported.left_out.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        left_out,
        [
            "canary-028-2021-letter-joanna.txt",
            "canary-028-2021-letter-qst.txt",
            "canary-template.txt"
        ]
    );
    let not_good: Vec<_> =
        all.iter().filter(|(_, signed)| signed.outcome != Outcome::Good).collect();
    assert_eq!(not_good.len(), 1, "{not_good:?}");
    assert!(
        not_good[0].0.source.contains("026")
            && not_good[0].1.person.as_deref() == Some("joanna")
            && not_good[0].1.outcome == Outcome::Bad
    );
    let verify = all.iter().filter(|(_, signed)| signed.outcome == Outcome::Good).count();
    assert_eq!(all.len() + of_letters.len(), 108);
    assert_eq!(verify + of_letters.len(), 107);
}

#[test]
fn each_issue_has_its_quorum_and_its_dates() {
    let Some(history) = history() else { return };
    assert!(history.issues.iter().all(|issue| issue.authentic && issue.persons.len() >= 2));
    let with = |code: Code| {
        history
            .issues
            .iter()
            .filter(|issue| issue.findings.iter().any(|finding| finding.code == code))
            .map(|issue| issue.number)
            .collect::<Vec<_>>()
    };
    assert_eq!(with(Code::BadSignature), [26]);
    assert_eq!(with(Code::IssuedLate), [17]);
    assert_eq!(with(Code::IssuedEarly), [28]);
    assert!(with(Code::DeadlineUndefined).is_empty());
    assert!(with(Code::DateUndefined).is_empty());
    let late = history.issues[16]
        .findings
        .iter()
        .find(|finding| finding.code == Code::IssuedLate)
        .expect("found above");
    assert!(late.message.contains(" 1 day after"), "{}", late.message);
    let announces = |number: usize, words: &str| {
        let one = &history.issues[number - 1];
        assert!(
            one.findings.iter().any(
                |finding| finding.code == Code::Announcement && finding.message.contains(words)
            ),
            "{number}: {:?}",
            one.findings
        );
    };
    announces(25, "a correction");
    announces(26, "a correction");
    announces(28, "who signs");
    assert_eq!(with(Code::RosterChanged), [18, 29]);
    // Issue 3 drops "including the QSB #16" from a statement; nothing else was ever reworded.
    assert_eq!(with(Code::FactReworded), [3]);
    assert!(
        history
            .issues
            .iter()
            .filter(|issue| ![3, 26].contains(&issue.number))
            .all(|issue| issue.severity < Severity::Alarm),
        "{:#?}",
        history
            .issues
            .iter()
            .filter(|issue| issue.severity == Severity::Alarm)
            .map(|issue| (issue.number, &issue.findings))
            .collect::<Vec<_>>()
    );
}

#[test]
fn the_warrants_statement_is_one_fact_from_the_first_issue_to_the_last() {
    let Some(history) = history() else { return };
    let warrants: Vec<_> =
        history.facts.iter().filter(|fact| fact.text.contains("No warrants")).collect();
    assert_eq!(warrants.len(), 1, "{warrants:#?}");
    assert_eq!(warrants[0].first.to_string(), "2015-01-05T00:00:00Z");
    assert_eq!(warrants[0].last.to_string(), "2026-06-03T00:00:00Z");
    assert_eq!(warrants[0].state, FactState::Affirmed);
    assert_eq!(history.report.state, State::Live);
    let issue = history.report.issue.expect("an authentic issue");
    assert_eq!((issue.number, issue.next_due.to_string().as_str()), (47, "2026-09-14T23:59:59Z"));
}

#[test]
fn canarytail_fields_verify_and_absent_codes_show() {
    let Some(folder) = corpora("canarytail") else { return };
    let mut trust = Trust::default();
    trust.add(
        "mywebsite.com",
        Key::read(b"zadBum6YQruwiuqS7oOig6m7GITdm7QNhO9sbCEmoB8=")
            .expect("the key of the examples"),
    );
    let read = |name: &str| {
        let body = std::fs::read(folder.join(name)).expect("an example");
        let published = Published { source: name, body: &body, beside: &[], seen: None };
        let kind = canary_dialects::dialect::recognise(&published).expect("one dialect");
        assert_eq!(kind, Kind::CanaryTail);
        canary_dialects::dialect::dialect(kind).read(&published, &trust).issues.remove(0)
    };
    let now = Timestamp::parse("2021-08-10T00:00:00Z").expect("a literal");
    for (name, absent) in
        [("1.json", &[][..]), ("2.json", &[]), ("3.json", &["gag"]), ("4.json", &["war"])]
    {
        let issue = read(name);
        assert_eq!(
            issue.signatures.iter().map(|signed| signed.outcome).collect::<Vec<_>>(),
            [Outcome::Good],
            "{name}"
        );
        let history = judge(&[issue], &[], &trust, &Context::default(), now);
        let codes: Vec<_> = history
            .report
            .findings
            .iter()
            .filter(|finding| finding.code == Code::FactAbsent)
            .filter_map(|finding| finding.fact.as_deref())
            .collect();
        assert_eq!(codes, absent, "{name}");
        assert!(history.report.findings.iter().any(|finding| finding.code == Code::FieldsUnbound));
        assert_eq!(
            history.report.severity,
            if absent.is_empty() { Severity::Attention } else { Severity::Alarm }
        );
        assert_eq!(
            history.report.issue.expect("authentic").expires.to_string(),
            if name < "3" {
                "2021-08-31T12:45:12Z"
            } else if name < "4" {
                "2021-08-31T12:49:56Z"
            } else {
                "2021-08-31T12:50:37Z"
            }
        );
    }
    let all = [read("1.json"), read("3.json"), read("4.json")];
    let history = judge(&all, &[], &trust, &Context::default(), now);
    assert!(
        !history
            .issues
            .iter()
            .any(|issue| issue.findings.iter().any(|finding| finding.code == Code::FieldsSpliced))
    );
    let later = Timestamp::parse("2021-09-10T00:00:00Z").expect("a literal");
    assert_eq!(judge(&all, &[], &trust, &Context::default(), later).report.state, State::Lapsed);
}

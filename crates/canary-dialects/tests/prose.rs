//! Statements in prose: what stays the same fact, and what does not.

use canary_dialects::Timestamp;
use canary_dialects::dialect::dialect;
use canary_dialects::judge::{Context, History, judge};
use canary_dialects::prose::Tone;
use canary_dialects::reading::{Issue, Kind, Published};
use canary_dialects::trust::Trust;
use canary_verifier::report::{Code, Severity, State};

fn issues(text: &str) -> Vec<Issue> {
    let published = Published { source: "page", body: text.as_bytes(), beside: &[], seen: None };
    dialect(Kind::Plain).read(&published, &Trust::default()).issues
}

fn issue(text: &str) -> Issue {
    issues(text).remove(0)
}

fn history(texts: &[&str]) -> History {
    let issues: Vec<Issue> = texts.iter().map(|text| issue(text)).collect();
    let now = Timestamp::parse("2024-03-02T00:00:00Z").expect("a literal");
    judge(&issues, &[], &Trust::default(), &Context::default(), now)
}

/// What changed in the second issue: codes of facts and counters.
fn changes(one: &str, other: &str) -> Vec<Code> {
    let one = format!("Date: 2024-01-01\nNext update: 2024-02-01\n\n{one}");
    let other = format!("Date: 2024-02-01\nNext update: 2024-03-10\n\n{other}");
    let history = history(&[&one, &other]);
    let about_facts = |code: &Code| {
        matches!(
            code,
            Code::FactAbsent
                | Code::FactAdded
                | Code::FactReworded
                | Code::FactReaffirmed
                | Code::CounterChanged
        )
    };
    history.issues[1].findings.iter().map(|finding| finding.code).filter(about_facts).collect()
}

const ONE: &str = "1. We have not received any National Security Letters as of January 1, 2024.\n2. We've never placed a backdoor in our software.\n3. There have been 13 bulletins so far.\n";

#[test]
fn what_is_not_a_change_is_silent() {
    for other in [
        ONE.to_owned(),
        ONE.replace("1. ", "2. ").replace("2. We've", "1. We've"),
        ONE.replace('\'', "’"),
        ONE.replace("not received any National", "not received\n   any  National"),
        ONE.replace("January 1, 2024", "2024-02-01"),
        ONE.replace("We have", "They have").replace("our", "their").replace("We've", "They’ve"),
        ONE.replace("1. ", "- ").replace("2. ", "* ").replace("3. ", "• "),
        ONE.replace("1. ", "1) ").replace("bulletins", "**bulletins**"),
        ONE.to_uppercase().replace("WE'VE", "We've"),
    ] {
        assert_eq!(changes(ONE, &other), [], "{other}");
    }
    assert_eq!(changes(ONE, &ONE.replace("13", "14")), [Code::CounterChanged]);
}

#[test]
fn absent_added_and_reworded_facts_are_told_apart() {
    let dropped = ONE.replace("2. We've never placed a backdoor in our software.\n", "");
    assert_eq!(changes(ONE, &dropped), [Code::FactAbsent]);
    assert_eq!(changes(&dropped, ONE), [Code::FactAdded]);
    assert_eq!(
        changes(ONE, &ONE.replace("never placed", "not knowingly placed")),
        [Code::FactReworded]
    );
    // A denial that loses its "not" is the same sentence in other words.
    assert_eq!(
        changes(ONE, &ONE.replace("have not received any", "have received some")),
        [Code::FactReworded]
    );
    // Zero is part of what is affirmed.
    assert_eq!(
        changes("We have received 0 gag orders.", "We have received 3 gag orders."),
        [Code::FactReworded]
    );
    // Words and place at once.
    let moved = "- We have not inserted a backdoor into our software.\n- We have not received any National Security Letters as of February 1, 2024.\n- There have been 13 bulletins so far.\n";
    assert_eq!(changes(ONE, moved).iter().filter(|code| **code != Code::FactAdded).count(), 1);
}

#[test]
fn a_fingerprint_is_no_counter() {
    let one = "1. Our key fingerprint is 427F 11FD 0FAA 4B08 0123 F01C DDFA 1A3E 3687 9494.\n";
    assert_eq!(changes(one, &one.replace("0123", "0124")), [Code::FactReworded]);
}

#[test]
fn a_fact_that_comes_back_is_the_same_fact() {
    let with = |date: &str, rest: &str| {
        format!(
            "Date: {date}\nNext update: 2025-01-01\n\nWe have never received a gag order.\n{rest}"
        )
    };
    let warrant = "\nNo warrants were served on us.\n";
    let history = history(&[
        &with("2024-01-01", warrant),
        &with("2024-02-01", ""),
        &with("2024-03-01", warrant),
    ]);
    let codes = |at: usize| {
        history.issues[at].findings.iter().map(|one| (one.code, one.severity)).collect::<Vec<_>>()
    };
    assert!(codes(1).contains(&(Code::FactAbsent, Severity::Alarm)));
    assert!(codes(2).contains(&(Code::FactReaffirmed, Severity::Attention)));
    assert_eq!(history.facts.len(), 2);
    // The series as a whole: what is affirmed now is not absent now, but that it was away stays.
    assert!(!history.report.findings.iter().any(|one| one.code == Code::FactAbsent));
    assert!(history.report.findings.iter().any(|one| one.code == Code::FactReaffirmed));
}

#[test]
fn lists_under_a_sentence_and_tones() {
    let one = issue(
        "As of 2024-01-01, Example Inc has NOT received any:\n\n- National Security Letters\n- FISA court orders\n- Gag orders\n\nThis canary will be updated every 90 days.\n\nWhat is a warrant canary?\n\nA canary is a statement that we have not received an order.\n",
    );
    let tone = |words: &str| {
        one.statements
            .iter()
            .find(|statement| statement.text.contains(words))
            .map(|statement| statement.tone)
    };
    assert_eq!(tone("has NOT received"), Some(Tone::Fact));
    assert_eq!(tone("FISA"), Some(Tone::Fact));
    assert_eq!(tone("every 90 days"), Some(Tone::Promise));
    assert_eq!(tone("A canary is a statement"), Some(Tone::Talk));
}

#[test]
fn ids_have_the_form_that_the_native_format_uses() {
    for text in
        ["¡No hemos recibido órdenes!", "No orders.", "1. ...", "我们没有收到任何命令。", "- x"]
    {
        for statement in issue(&format!("Date: 2024-01-01\n\n{text}")).statements {
            let id = &statement.id;
            assert!(
                (1..=64).contains(&id.len())
                    && id.split(['.', '-']).all(|part| !part.is_empty()
                        && part
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())),
                "{id}"
            );
        }
    }
}

#[test]
fn hostile_prose_is_bounded() {
    for piece in [
        "- a\n",
        "1 May 2024 ",
        "We have not received orders. ",
        "\n\n",
        "a: b\n",
        "[",
        "#",
        "Next update: 1 May. ",
        "————",
        "every ",
    ] {
        let text = piece.repeat((2 << 20) / piece.len());
        let statements = issues(&text).iter().map(|one| one.statements.len()).sum::<usize>();
        assert!(statements <= 256, "{piece}");
    }
}

#[test]
fn what_states_nothing_and_has_no_date_is_no_canary() {
    for text in [
        "",
        " \n\t\n",
        "<html><body></body></html>",
        "{}",
        "<h1>404</h1>",
        "<h1>Not Found</h1>",
        "Service unavailable.",
    ] {
        for kind in [Kind::Plain, Kind::CanaryTxt] {
            let published =
                Published { source: "page", body: text.as_bytes(), beside: &[], seen: None };
            let reading = dialect(kind).read(&published, &Trust::default());
            assert!(reading.issues.is_empty(), "{text:?}");
            let now = Timestamp::parse("2024-03-02T00:00:00Z").expect("a literal");
            let context = Context::default();
            let report = judge(&[], &reading.remarks, &Trust::default(), &context, now).report;
            assert_eq!(
                (report.state, report.severity),
                (State::Unverified, Severity::Alarm),
                "{text:?}"
            );
        }
    }
}

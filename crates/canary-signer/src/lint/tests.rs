use canary_format::digest::Digest;
use canary_format::issue::{Counter, CounterValue, IssueContent, NotBefore, Retiring};
use canary_format::time::Date;

use super::*;
use crate::fixture::{content, fact};

fn issue(content: IssueContent) -> Issue {
    Issue::compose(content).unwrap().0
}

fn wordings(en: &str, zh: &str) -> Vec<(String, WordingKind)> {
    let facts = vec![fact("own.words", en, zh)];
    let warnings = lint(&issue(IssueContent { facts, ..content() }), &Past::default());
    let wording = |warning| match warning {
        Warning::Wording { word, kind, .. } => Some((word, kind)),
        _ => None,
    };
    warnings.into_iter().filter_map(wording).collect()
}

#[test]
fn each_kind_of_wording_is_found() {
    use WordingKind::{AudienceOfOne, Broad, Compound, Future};
    for (en, zh, word, kind) in [
        ("We moved no keys or data.", "没有。", "or", Compound),
        ("We gave it to no one.", "没有交出密钥或数据。", "或", Compound),
        ("We have not done so in any way.", "没有。", "any", Broad),
        ("None.", "没有交给任何人。", "任何", Broad),
        ("We will not do so.", "没有。", "will", Future),
        ("None.", "我们不会这样做。", "不会", Future),
        ("Your data is safe.", "没有。", "your", AudienceOfOne),
        ("None.", "您的数据没有。", "您", AudienceOfOne),
    ] {
        assert_eq!(wordings(en, zh), [(word.to_owned(), kind)], "{en} {zh}");
    }
    assert_eq!(wordings("Orders from the forum were many.", "没有。"), []);
}

#[test]
fn the_templates_own_words_are_passed_over() {
    let template = templates().fact("keys.own").unwrap();
    let (en, zh) = (template.text("en").unwrap(), template.text("zh").unwrap());
    let facts = vec![fact("keys.own", en, zh)];
    let warnings = lint(&issue(IssueContent { facts, ..content() }), &Past::default());
    assert_eq!(warnings, [Warning::NoEvidence]);
}

#[test]
fn differences_from_the_previous_issue_are_told() {
    let first = issue(content());
    let mut next = content();
    next.facts[0].text.0[0].1 = "Other words.".into();
    next.facts.remove(1);
    let warnings = beside(&issue(next), &[&first]);
    assert!(warnings.contains(&Warning::Reworded { id: "keys.own".into(), issue: 1 }));
    assert!(warnings.contains(&Warning::AbsentUnannounced("net.no-feed".into())));
    assert!(warnings.iter().any(Warning::refuses));
}

/// The issue after those, oldest first.
fn following(before: &[&Issue], change: impl FnOnce(&mut IssueContent)) -> Issue {
    let last = before.last().unwrap();
    let mut content = content();
    content.number = last.number + 1;
    content.previous = Some(Digest::of(&last.encode()));
    content.as_of = last.next_due;
    content.next_due = content.as_of.plus(30 * 86_400);
    content.expires = content.as_of.plus(37 * 86_400);
    change(&mut content);
    issue(content)
}

fn beside(issue: &Issue, before: &[&Issue]) -> Vec<Warning> {
    let newest_first = before.iter().rev().map(|issue| Ok::<_, ()>((*issue).clone()));
    let mut warnings = lint(issue, &Past::of(issue, newest_first).unwrap());
    warnings.retain(|warning| *warning != Warning::NoEvidence);
    warnings
}

#[test]
fn an_id_keeps_its_words_and_scope_through_an_absence() {
    let first = issue(content());
    let second = following(&[&first], |content| drop(content.facts.remove(1)));
    let same = following(&[&first, &second], |_| {});
    assert_eq!(beside(&same, &[&first, &second]), []);
    let reworded = following(&[&first, &second], |content| {
        content.facts[1].text.0[0].1 = "Other words.".into();
    });
    let found = beside(&reworded, &[&first, &second]);
    assert_eq!(found, [Warning::Reworded { id: "net.no-feed".into(), issue: 1 }]);
    let narrower = following(&[&first, &second], |content| {
        content.facts[1].scope.layers = vec!["network".into()];
    });
    let found = beside(&narrower, &[&first, &second]);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "net.no-feed: the scope differs from that in issue 1: layers: network control, data transfer → network control: verifiers will raise an alarm, SCOPE_NARROWED"
        ]
    );
}

#[test]
fn a_retirement_gives_a_full_interval_of_notice() {
    let announcing = |after: Timestamp| {
        move |content: &mut IssueContent| {
            content.retiring = Some(vec![Retiring { id: "keys.own".into(), after }]);
        }
    };
    let without = |content: &mut IssueContent| drop(content.facts.remove(0));
    let first = issue(content());
    let due = |issue: &Issue| issue.next_due;
    let short = |notice| vec![Warning::ShortNotice { id: "keys.own".into(), notice }];
    // Announced for too early an instant, or for one that has passed.
    for after in [first.as_of, first.next_due.plus(60)] {
        let second = following(&[&first], announcing(after));
        assert_eq!(beside(&second, &[&first]), short(due(&second)), "{after}");
    }
    let second = following(&[&first], announcing(first.next_due.plus(60 * 86_400)));
    assert_eq!(beside(&second, &[&first]), []);
    // Moved to an earlier instant: what was announced before counts for nothing.
    let moved = following(&[&first, &second], announcing(second.next_due.plus(60)));
    assert_eq!(beside(&moved, &[&first, &second]), short(due(&moved)));
    // Gone before the notice has run, and after.
    let third = following(&[&first, &second], without);
    let early = [Warning::AbsentEarly("keys.own".into())];
    assert_eq!(beside(&third, &[&first, &second]), early);
    let short_notice = following(&[&first], announcing(first.next_due.plus(60)));
    let too_soon = following(&[&first, &short_notice], |content| {
        content.as_of = short_notice.as_of.plus(86_400);
        without(content);
    });
    assert_eq!(beside(&too_soon, &[&first, &short_notice]), early);
    let gone = following(&[&first, &short_notice], without);
    assert_eq!(beside(&gone, &[&first, &short_notice]), []);
    // Kept although it could go.
    let kept = following(&[&first, &short_notice], announcing(first.next_due.plus(60)));
    let passed = [Warning::RetirementPassed("keys.own".into())];
    assert_eq!(beside(&kept, &[&first, &short_notice]), passed);
    // On a machine that has the issue before alone, what cannot be known is not said.
    let lone = Past::of_previous(&too_soon, Some(&short_notice));
    assert!(!lint(&too_soon, &lone).contains(&early[0]));
}

#[test]
fn what_every_reader_will_be_told_is_told_before() {
    let first = issue(content());
    let second = following(&[&first], |content| {
        content.publisher.name = "Example 2".into();
        content.publisher.services[0].name = "CDN and DNS".into();
        content.next_due = content.as_of.plus(92 * 86_400);
        content.expires = content.as_of.plus(99 * 86_400);
    });
    let told: Vec<String> = beside(&second, &[&first]).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "publisher: name: Example → Example 2; services: CDN (paas) → CDN and DNS (paas): verifiers will raise an alarm, PUBLISHER_CHANGED",
            "valid for 99 days, more than twice the 37 of issue 1: verifiers will ask for attention, LONG_INTERVAL",
        ]
    );
}

#[test]
fn a_roster_without_a_quorum_is_refused() {
    let mut content = content();
    content.roster.signers.iter_mut().for_each(|signer| signer.jurisdiction = "DE".into());
    let found = lint(&issue(content), &Past::default());
    let expected = Warning::QuorumOutOfReach { jurisdictions: 1, needed: 2 };
    assert!(found.contains(&expected) && expected.refuses(), "{found:?}");
}

#[test]
fn a_counter_s_period_ends_after_it_begins() {
    let mut content = content();
    let date = |text| Date::parse(text).unwrap();
    let text = crate::fixture::localised("Orders.", "命令。");
    let value = CounterValue::Exact(28);
    let (from, to) = (date("2027-01-01"), date("2026-06-30"));
    content.counters = Some(vec![Counter { id: "orders".into(), text, from, to, value }]);
    let found = lint(&issue(content), &Past::default());
    assert!(found.contains(&Warning::CounterPeriod("orders".into())), "{found:?}");
}

#[test]
fn evidence_is_verified_before_anyone_signs() {
    const ROUND_1000: &str = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
    let with = |round, at: i64| {
        let chain = canary_format::beacon::QUICKNET_HASH.to_owned();
        let as_of = Timestamp::from_unix(1_692_803_367 + 999 * 3 + at);
        let beacon = NotBefore::drand(chain, round, ROUND_1000.into());
        lint(
            &issue(IssueContent {
                as_of,
                next_due: as_of.plus(86_400),
                expires: as_of.plus(86_400),
                not_before: Some(vec![beacon]),
                ..content()
            }),
            &Past::default(),
        )
    };
    assert_eq!(with(1_000, 60), []);
    assert_eq!(with(1_000, -601), [Warning::BadEvidence]);
    assert_eq!(with(1_001, 60), [Warning::BadEvidence]);
    assert_eq!(with(1_000, 73 * 3_600), [Warning::NoEvidence]);
}

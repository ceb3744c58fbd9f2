use std::fs;

use canary_format::envelope::Envelope;
use canary_format::issue::{Counter, CounterValue, IssueContent, Retiring};
use canary_format::layout::DRAFT;
use canary_format::time::Date;
use canary_verifier::report::Severity;

use super::*;
use crate::fixture::{ADA, BO, content, day, signed, write_folder};
use crate::folder::Folder;
use crate::publish::{Preparing, Publication};

/// Publishes the issues one after the other, each as the changes leave it, and gives what is said of the
/// last, from which issue on, beside what readers who know the whole series are told.
fn told(changes: &[&dyn Fn(&mut IssueContent)]) -> [(u64, Vec<(Code, Severity)>); 2] {
    let root = tempfile::tempdir().unwrap();
    write_folder(root.path(), &[]);
    let folder = Folder::open(root.path()).unwrap();
    let keys = folder.machine_keys().unwrap();
    let mut last: Option<Envelope> = None;
    let mut publication = None;
    let prepare = |draft: Option<&Envelope>, now| {
        Publication::prepare(&folder, &keys, draft, now, Preparing::Append).unwrap()
    };
    let newest = changes.len() as u64;
    for (number, change) in (1..).zip(changes) {
        let mut next = content(number, last.as_ref());
        change(&mut next);
        let envelope = signed(next, &[ADA, BO]);
        fs::write(root.path().join(DRAFT), envelope.bytes()).unwrap();
        publication = Some(prepare(Some(&envelope), day(newest)));
        last = Some(envelope);
    }
    let whole = prepare(None, day(newest));
    [publication.unwrap(), whole].map(|publication| {
        let findings = publication.report().findings.iter();
        let told = findings
            .filter(|finding| finding.code != Code::Unpinned && finding.severity > Severity::Alive);
        (publication.baseline(), told.map(|finding| (finding.code, finding.severity)).collect())
    })
}

fn with_second_fact(issue: &mut IssueContent) {
    let mut second = issue.facts[0].clone();
    second.id = "net.no-feed".to_owned();
    issue.facts.push(second);
}

fn with_counter(value: CounterValue) -> impl Fn(&mut IssueContent) {
    move |issue| {
        issue.counters = Some(vec![Counter {
            id: "orders".to_owned(),
            text: issue.facts[0].text.clone(),
            from: Date::parse("2017-01-01").unwrap(),
            to: Date::parse("2025-12-31").unwrap(),
            value,
        }]);
    }
}

fn grace(days: i64) -> impl Fn(&mut IssueContent) {
    move |issue| issue.expires = issue.next_due.plus(days * 86_400)
}

#[test]
fn a_fact_that_was_announced_is_told_as_readers_are_told_it() {
    let announced = |issue: &mut IssueContent| {
        with_second_fact(issue);
        let after = day(4).plus(-7_200);
        issue.retiring = Some(vec![Retiring { id: "net.no-feed".to_owned(), after }]);
    };
    // Issue 3 is due after the fact is gone; issue 2 was due before.
    let gone = |issue: &mut IssueContent| issue.as_of = day(4).plus(-3_600);
    let [grown, whole] = told(&[&with_second_fact, &announced, &announced, &gone]);
    assert_eq!(grown, (1, vec![(Code::FactRetired, Severity::Attention)]));
    assert_eq!(grown, whole);
}

#[test]
fn what_comes_back_is_held_against_what_it_was() {
    let narrower = |issue: &mut IssueContent| {
        with_second_fact(issue);
        issue.facts[1].scope.excludes = Some(vec!["the test network".to_owned()]);
    };
    let [grown, whole] = told(&[&with_second_fact, &|_| {}, &narrower]);
    assert!(grown.1.contains(&(Code::ScopeNarrowed, Severity::Alarm)), "{grown:?}");
    assert_eq!(grown, whole);

    let (none, band) = (CounterValue::Exact(0), CounterValue::Band(0, 249));
    let [grown, whole] = told(&[&with_counter(none), &|_| {}, &with_counter(band)]);
    let told_of = (Code::CounterRepresentationChanged, Severity::Attention);
    assert_eq!(grown, (1, vec![told_of]));
    assert_eq!(grown, whole);
}

#[test]
fn a_life_that_grows_in_steps_counts_from_the_first_issue() {
    let [grown, whole] = told(&[&grace(1), &grace(2), &grace(4)]);
    assert_eq!(grown, (1, vec![(Code::LongInterval, Severity::Attention)]));
    assert_eq!(grown, whole);
}

#[test]
fn an_issue_like_the_one_before_is_held_against_that_one_alone() {
    let [grown, whole] = told(&[&|_| {}, &|_| {}, &|_| {}]);
    assert_eq!([grown, whole], [(2, vec![]), (1, vec![])]);
}

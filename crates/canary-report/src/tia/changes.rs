//! What changed from issue to issue: for the record, whatever the baseline.

use canary_format::issue::{Fact, Issue, ScopeChange, compare_scopes};
use canary_format::time::Timestamp;
use canary_verifier::judge::VerifiedIssue;
use canary_verifier::report::Code;
use serde::Serialize;

use crate::period::Period;

/// A difference between an issue and the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The number of the later issue.
    pub issue: u64,
    /// The instant it holds for.
    pub as_of: Timestamp,
    /// What changed, in the verifier's words.
    pub code: Code,
    /// The fact, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
}

/// The changes made by issues of a period.
pub(super) fn of(series: &[VerifiedIssue], period: Period) -> Vec<Change> {
    let mut changes = Vec::new();
    for place in 1..series.len() {
        let issue = series[place].issue();
        if period.contains(issue.as_of) {
            let mut push = |code, fact: Option<&str>| {
                let fact = fact.map(str::to_owned);
                changes.push(Change { issue: issue.number, as_of: issue.as_of, code, fact });
            };
            facts(series, place, &mut push);
            particulars(series[place - 1].issue(), issue, &mut push);
        }
    }
    changes
}

fn facts(series: &[VerifiedIssue], place: usize, push: &mut impl FnMut(Code, Option<&str>)) {
    let (before, issue) = (series[place - 1].issue(), series[place].issue());
    for fact in &before.facts {
        if issue.fact(&fact.id).is_none() {
            let announced = is_announced(series, place, &fact.id);
            push(if announced { Code::FactRetired } else { Code::FactAbsent }, Some(&fact.id));
        }
    }
    for fact in &issue.facts {
        let earlier = series[..place].iter().rev().find_map(|issue| issue.issue().fact(&fact.id));
        match earlier {
            None => push(Code::FactAdded, Some(&fact.id)),
            Some(earlier) => {
                if before.fact(&fact.id).is_none() {
                    push(Code::FactReaffirmed, Some(&fact.id));
                }
                words_and_scope(earlier, fact, push);
            }
        }
        if issue.retires(&fact.id).is_some() && before.retires(&fact.id).is_none() {
            push(Code::RetirementAnnounced, Some(&fact.id));
        }
    }
}

fn words_and_scope(earlier: &Fact, fact: &Fact, push: &mut impl FnMut(Code, Option<&str>)) {
    let other = |(tag, text): (&str, &str)| earlier.text.get(tag).is_some_and(|was| was != text);
    if fact.text.iter().any(other) || (earlier.tense, earlier.since) != (fact.tense, fact.since) {
        push(Code::FactReworded, Some(&fact.id));
    }
    match compare_scopes(&earlier.scope, &fact.scope) {
        Some(ScopeChange::Narrowed) => push(Code::ScopeNarrowed, Some(&fact.id)),
        Some(ScopeChange::Widened) => push(Code::ScopeWidened, Some(&fact.id)),
        Some(ScopeChange::Changed) => push(Code::ScopeChanged, Some(&fact.id)),
        None => {}
    }
}

/// `FACT_RETIRED` of `verdicts.md` §3: an unbroken run of issues that affirm the fact and name its
/// end, back to one that was due before the first issue without it.
fn is_announced(series: &[VerifiedIssue], place: usize, id: &str) -> bool {
    let end = series[place].issue().as_of;
    let announces = |issue: &&Issue| {
        issue.fact(id).is_some() && issue.retires(id).is_some_and(|after| after <= end)
    };
    let run = series[..place].iter().rev().map(VerifiedIssue::issue).take_while(announces);
    run.into_iter().any(|issue| issue.next_due <= end)
}

fn particulars(before: &Issue, issue: &Issue, push: &mut impl FnMut(Code, Option<&str>)) {
    if before.publisher != issue.publisher {
        push(Code::PublisherChanged, None);
    }
    if before.log != issue.log {
        push(Code::LogChanged, None);
    }
    if before.roster != issue.roster {
        push(Code::RosterChanged, None);
    }
    if issue.as_of > before.expires {
        push(Code::Resumed, None);
    }
}

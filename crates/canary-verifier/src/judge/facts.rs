//! What became of each fact since the baseline (`verdicts.md` §3).

use std::collections::BTreeMap;

use canary_format::digest::Digest;
use canary_format::issue::{Fact, Issue, ScopeChange, compare_scopes};
use serde::Serialize;

use super::findings::Findings;
use super::series::VerifiedIssue;
use crate::report::{Code, FactState, FactSummary, Finding, Severity};

/// Compares each affirmation with the one before since the baseline, and judges absence in the
/// newest issue. `baseline` is an index into the series.
pub(super) fn judge(series: &[VerifiedIssue], baseline: usize, findings: &mut Findings) {
    let mut last: BTreeMap<&str, (usize, &Fact)> = BTreeMap::new();
    for (index, verified) in series.iter().enumerate().skip(baseline) {
        for fact in &verified.issue().facts {
            let number = verified.issue().number;
            match last.insert(&fact.id, (index, fact)) {
                Some((before, earlier)) => {
                    let absent_between = before + 1 < index;
                    findings.extend(
                        compare(earlier, fact, absent_between)
                            .map(|f| f.issue(number).fact(&fact.id)),
                    );
                }
                None if index > baseline => {
                    let message = format!("{} is a new fact in issue {number}", fact.id);
                    findings.push(
                        Finding::new(Code::FactAdded, Severity::Alive, message)
                            .issue(number)
                            .fact(&fact.id),
                    );
                }
                None => {}
            }
        }
    }
    let newest = series.len().saturating_sub(1);
    for (id, (index, _)) in last {
        if index < newest {
            findings.push(absence(series, index, id));
        }
    }
    for retiring in series.last().iter().flat_map(|newest| newest.issue().retiring.iter().flatten())
    {
        let message = format!(
            "{} is announced not to be affirmed any more after {}",
            retiring.id, retiring.after
        );
        let finding = Finding::new(Code::RetirementAnnounced, Severity::Attention, message);
        findings.push(finding.fact(&retiring.id).since(retiring.after));
    }
}

/// Every fact ever affirmed in the series, by id.
pub(super) fn summaries(series: &[VerifiedIssue]) -> Vec<FactSummary> {
    let mut facts: BTreeMap<&str, (usize, usize, &Fact)> = BTreeMap::new();
    for (index, verified) in series.iter().enumerate() {
        for fact in &verified.issue().facts {
            let first = facts.get(fact.id.as_str()).map_or(index, |(first, _, _)| *first);
            facts.insert(&fact.id, (first, index, fact));
        }
    }
    let summary = |(id, (first, last, fact)): (&str, (usize, usize, &Fact))| FactSummary {
        id: id.to_owned(),
        state: match last + 1 == series.len() {
            true => FactState::Affirmed,
            false if is_retired(series, last, id) => FactState::Retired,
            false => FactState::Absent,
        },
        first_affirmed: series[first].issue().as_of,
        last_affirmed: series[last].issue().as_of,
        digest: words_digest(fact),
    };
    facts.into_iter().map(summary).collect()
}

/// The SHA-256 of a fact's words: the JSON of `text`, `tense` and `since`, in that order.
fn words_digest(fact: &Fact) -> Digest {
    #[derive(Serialize)]
    struct Words<'a> {
        text: &'a canary_format::issue::Localised,
        tense: canary_format::issue::Tense,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<canary_format::time::Date>,
    }
    let words = Words { text: &fact.text, tense: fact.tense, since: fact.since };
    Digest::of(&serde_json::to_vec(&words).expect("words have string keys"))
}

fn compare(earlier: &Fact, fact: &Fact, absent_between: bool) -> impl Iterator<Item = Finding> {
    let id = &fact.id;
    let reworded = is_reworded(earlier, fact);
    let words = match (reworded, absent_between) {
        (true, _) => {
            Some((Code::FactReworded, Severity::Alarm, format!("{id} has other words than before")))
        }
        (false, true) => Some((
            Code::FactReaffirmed,
            Severity::Attention,
            format!("{id} is affirmed again, in the same words"),
        )),
        (false, false) => None,
    };
    let scope = compare_scopes(&earlier.scope, &fact.scope).map(|change| match change {
        ScopeChange::Narrowed => (
            Code::ScopeNarrowed,
            Severity::Alarm,
            format!("the scope of {id} is narrower than before"),
        ),
        ScopeChange::Widened => (
            Code::ScopeWidened,
            Severity::Attention,
            format!("the scope of {id} is wider than before"),
        ),
        ScopeChange::Changed => (
            Code::ScopeChanged,
            Severity::Alarm,
            format!("the scope of {id} is another than before"),
        ),
    });
    words
        .into_iter()
        .chain(scope)
        .map(|(code, severity, message)| Finding::new(code, severity, message))
}

/// Another text in a language that both have, or another tense or date.
fn is_reworded(earlier: &Fact, fact: &Fact) -> bool {
    let other_text =
        |(tag, text): (&str, &str)| earlier.text.get(tag).is_some_and(|before| before != text);
    fact.text.iter().any(other_text) || fact.tense != earlier.tense || fact.since != earlier.since
}

/// The finding on a fact that was last affirmed before the newest issue.
fn absence(series: &[VerifiedIssue], last: usize, id: &str) -> Finding {
    let first_without = series[last + 1].issue();
    let (number, as_of) = (first_without.number, first_without.as_of);
    let (code, severity, message) = if is_retired(series, last, id) {
        let message = format!(
            "{id} is not affirmed since issue {number}, as announced a full interval before"
        );
        (Code::FactRetired, Severity::Attention, message)
    } else {
        (
            Code::FactAbsent,
            Severity::Alarm,
            format!("{id} was affirmed before and is not since issue {number}"),
        )
    };
    Finding::new(code, severity, message).issue(number).fact(id).since(as_of)
}

/// Whether a fact's end was announced: its last issue and an unbroken run of issues before it affirm
/// the fact and name it with an `after` not later than the first issue without it, back to one whose
/// `next_due` is not later either.
fn is_retired(series: &[VerifiedIssue], last: usize, id: &str) -> bool {
    let Some(first_without) = series.get(last + 1) else {
        return false;
    };
    let end = first_without.issue().as_of;
    let announces = |issue: &&Issue| {
        issue.fact(id).is_some() && issue.retires(id).is_some_and(|after| after <= end)
    };
    let run = series[..=last].iter().rev().map(VerifiedIssue::issue).take_while(announces);
    run.into_iter().any(|issue| issue.next_due <= end)
}

//! What became of counters, publisher, roster and log since the baseline (`verdicts.md` §3).

use std::collections::BTreeMap;

use canary_format::issue::{Counter, CounterValue, Issue, Publisher};
use canary_format::time::Date;

use super::findings::Findings;
use super::series::VerifiedIssue;
use crate::report::{Code, Finding, Severity};

/// Compares issue by issue. `since_baseline` begins with the baseline issue.
pub(super) fn judge(since_baseline: &[VerifiedIssue], findings: &mut Findings) {
    for pair in since_baseline.windows(2) {
        let (before, issue) = (pair[0].issue(), pair[1].issue());
        let number = issue.number;
        if before.publisher != issue.publisher {
            findings.push(publisher(&before.publisher, &issue.publisher).issue(number));
        }
        if before.roster != issue.roster {
            let message = format!("the roster in issue {number} differs from the one before");
            findings.push(
                Finding::new(Code::RosterChanged, Severity::Attention, message).issue(number),
            );
        }
        if before.log != issue.log {
            let message =
                format!("the log's keys or terms in issue {number} differ from those before");
            findings
                .push(Finding::new(Code::LogChanged, Severity::Attention, message).issue(number));
        }
    }
    counters(since_baseline, findings);
}

fn publisher(before: &Publisher, now: &Publisher) -> Finding {
    let entity_kept = |entity| now.entities.contains(entity);
    let service_kept = |service| now.services.contains(service);
    let language_kept = |tag| now.languages.contains(tag);
    let mut parts = Vec::new();
    if !before.entities.iter().all(entity_kept) {
        parts.push("an entity is gone or has another name or jurisdiction");
    }
    if !before.services.iter().all(service_kept) {
        parts.push("a service is gone or has another name or model");
    }
    if !before.languages.iter().all(language_kept) {
        parts.push("a language is gone");
    }
    if before.languages.first() != now.languages.first() {
        parts.push("the language of record is another");
    }
    match parts.as_slice() {
        [] => Finding::new(
            Code::PublisherChanged,
            Severity::Attention,
            "the publisher's particulars differ",
        ),
        parts => Finding::new(Code::PublisherChanged, Severity::Alarm, parts.join("; ")),
    }
}

fn counters(since_baseline: &[VerifiedIssue], findings: &mut Findings) {
    let mut last: BTreeMap<&str, (u64, Vec<&Counter>)> = BTreeMap::new();
    // A period may be given again after issues that did not give it.
    let mut of_period: BTreeMap<_, &Counter> = BTreeMap::new();
    let mut changed: BTreeMap<&str, Finding> = BTreeMap::new();
    for issue in since_baseline.iter().map(VerifiedIssue::issue) {
        let number = issue.number;
        for (id, counters) in by_id(issue) {
            let before = last.get(id).map(|(_, before)| before.as_slice()).unwrap_or_default();
            for counter in &counters {
                let same_period = of_period.insert((id, period(counter)), *counter);
                match compare(before, same_period, counter) {
                    // Of changes that carry no weight the newest is enough.
                    Some((Code::CounterChanged, message)) => {
                        let finding = Finding::new(Code::CounterChanged, Severity::Alive, message);
                        changed.insert(id, finding.issue(number).fact(id));
                    }
                    Some((code, message)) => {
                        findings.push(
                            Finding::new(code, Severity::Attention, message).issue(number).fact(id),
                        );
                    }
                    None => {}
                }
            }
            last.insert(id, (number, counters));
        }
    }
    findings.extend(changed.into_values());
    let Some(newest) = since_baseline.last().map(|newest| newest.issue().number) else {
        return;
    };
    for (id, (number, _)) in last.into_iter().filter(|(_, (number, _))| *number < newest) {
        let message = format!("the counter {id} is not given since issue {}", number + 1);
        let finding =
            Finding::new(Code::CounterRepresentationChanged, Severity::Attention, message);
        findings.push(finding.issue(number + 1).fact(id));
    }
}

/// An issue may give one counter for several periods.
fn by_id(issue: &Issue) -> BTreeMap<&str, Vec<&Counter>> {
    let mut counters: BTreeMap<&str, Vec<&Counter>> = BTreeMap::new();
    for counter in issue.counters.iter().flatten() {
        counters.entry(&counter.id).or_default().push(counter);
    }
    counters
}

fn period(counter: &Counter) -> (Date, Date) {
    (counter.from, counter.to)
}

/// What became of a counter: beside the same period as it was given last, or else the latest period of the
/// issue before that gave it.
fn compare(
    before: &[&Counter],
    same_period: Option<&Counter>,
    counter: &Counter,
) -> Option<(Code, String)> {
    let id = &counter.id;
    let latest = before.iter().copied().max_by_key(|other| (other.to, other.from));
    let earlier = same_period.or(latest)?;
    let (old, new) = (earlier.value, counter.value);
    if old == new {
        return None;
    }
    let shown = format!("the counter {id} was {} and is {}", show(old), show(new));
    let same_kind = match (old, new) {
        (CounterValue::Exact(_), CounterValue::Exact(_)) => true,
        (CounterValue::Band(low, high), CounterValue::Band(l, h)) => high - low == h - l,
        _ => false,
    };
    if same_kind && same_period.is_none() {
        Some((Code::CounterChanged, format!("{shown}, for another period")))
    } else if same_kind {
        Some((Code::CounterRepresentationChanged, format!("{shown}, for the same period")))
    } else {
        Some((Code::CounterRepresentationChanged, format!("{shown}: it is expressed differently")))
    }
}

fn show(value: CounterValue) -> String {
    match value {
        CounterValue::Exact(number) => number.to_string(),
        CounterValue::Band(0, high) => format!("0–{high} (a band that includes zero)"),
        CounterValue::Band(low, high) => format!("{low}–{high}"),
    }
}

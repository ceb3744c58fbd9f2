//! Histories and reports of other formats, for people and as JSON.

use std::fmt::Write as _;

use canary_dialects::import::LeftOut;
use canary_dialects::judge::{History, Judged};
use canary_verifier::report::{FactState, Finding, Report, Severity};
use serde_json::{Value, json};

/// Why a file is no issue.
pub(crate) fn left_out(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Accompanies => "accompanies an issue",
        LeftOut::NotSigned => "not signed, or no canary, beside issues that are",
        LeftOut::Unrecognised => "of no dialect, or of several",
        _ => "not a text",
    }
}

/// The report, led by one line that a person can act on.
pub(crate) fn report(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", headline(report));
    for finding in &report.findings {
        let _ = writeln!(out, "  {}", finding_line(finding));
    }
    if !report.affirmed_by.is_empty() {
        let names: Vec<&str> =
            report.affirmed_by.iter().map(|person| person.name.as_str()).collect();
        let _ = writeln!(out, "  affirmed by {}", names.join(", "));
    }
    let _ = writeln!(out, "\n{}", report.limits);
    out
}

fn headline(report: &Report) -> String {
    let mut line = format!("{} ({})", report.state, report.severity);
    if let Some(issue) = &report.issue {
        let _ = write!(line, "; newest issue dated {}", issue.as_of.date());
        if issue.next_due < canary_format::time::Timestamp::MAX {
            let _ = write!(line, ", next due {}", issue.next_due);
        }
    }
    line
}

fn finding_line(finding: &Finding) -> String {
    let mut line = format!("{:<9} {}", finding.severity.to_string(), finding.code);
    if let Some(issue) = finding.issue {
        let _ = write!(line, " #{issue}");
    }
    if let Some(signer) = &finding.signer {
        let _ = write!(line, " [{signer}]");
    }
    let _ = write!(line, ": {}", finding.message);
    line
}

/// The whole history: issues, facts, gaps, and what it all comes to now.
pub(crate) fn history(history: &History, fact: Option<&str>, left_out: &[String]) -> String {
    let mut out = String::new();
    for issue in &history.issues {
        let _ = writeln!(
            out,
            "#{:<4} {}  {:<9} {}  {}",
            issue.number,
            issue.issued.earliest.date(),
            issue.severity.to_string(),
            issue.persons.join(", "),
            issue.issue.source
        );
        for finding in issue.findings.iter().filter(|finding| {
            finding.severity > Severity::Alive
                && fact.is_none_or(|id| finding.fact.as_deref() == Some(id))
        }) {
            let _ = writeln!(out, "        {} {}", finding.code, finding.message);
        }
    }
    let _ = writeln!(out, "\nFacts, first and last affirmed:");
    for one in history.facts.iter().filter(|one| fact.is_none_or(|id| one.id == id)) {
        let state = if one.state == FactState::Affirmed { "affirmed" } else { "ABSENT" };
        let _ = writeln!(
            out,
            "  {} to {}  {state:<8} {}\n      {}",
            one.first.date(),
            one.last.date(),
            one.id,
            one.text
        );
    }
    for gap in &history.gaps {
        let _ = writeln!(out, "Gap after issue {}: {} to {}", gap.after_issue, gap.from, gap.to);
    }
    for line in left_out {
        let _ = writeln!(out, "Left out: {line}");
    }
    let _ = writeln!(out, "\nNow: {}", headline(&history.report));
    for finding in
        history.report.findings.iter().filter(|finding| finding.severity > Severity::Alive)
    {
        let _ = writeln!(out, "  {}", finding_line(finding));
    }
    let _ = writeln!(out, "\n{}", history.report.limits);
    out
}

/// The same as one JSON document.
pub(crate) fn history_json(history: &History, left_out: &[String]) -> Value {
    let issue = |one: &Judged| {
        json!({
            "number": one.number,
            "source": one.issue.source,
            "dialect": one.issue.kind.name(),
            "digest": one.issue.digest,
            "as_of": one.issued.earliest,
            "severity": one.severity,
            "authentic": one.authentic,
            "affirmed_by": one.persons,
            "findings": one.findings,
        })
    };
    json!({
        "history": "warrant-canary/dialect-history/v1",
        "issues": history.issues.iter().map(issue).collect::<Vec<_>>(),
        "facts": history.facts.iter().map(|one| json!({
            "id": one.id, "text": one.text, "state": one.state, "first_affirmed": one.first, "last_affirmed": one.last, "last_issue": one.last_issue,
        })).collect::<Vec<_>>(),
        "gaps": history.gaps,
        "left_out": left_out,
        "report": history.report,
    })
}

/// What changed between two issues: their statements side by side.
pub(crate) fn diff(history: &History, from: u64, to: u64) -> Option<String> {
    let find = |number: u64| history.issues.iter().find(|issue| issue.number == number);
    let (one, other) = (find(from)?, find(to)?);
    let mut out = format!(
        "#{from} {} → #{to} {}\n",
        one.issued.earliest.date(),
        other.issued.earliest.date()
    );
    let changes = canary_dialects::judge::changes(one, other);
    for change in &changes {
        let _ = writeln!(out, "  {}", finding_line(change));
    }
    if changes.is_empty() {
        out.push_str("  the same statements\n");
    }
    let names = |issue: &Judged| issue.persons.join(", ");
    if names(one) != names(other) {
        let _ = writeln!(out, "  signed by {} → {}", names(one), names(other));
    }
    Some(out)
}

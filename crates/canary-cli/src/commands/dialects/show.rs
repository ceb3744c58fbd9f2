//! Histories and reports of other formats, for people and as JSON.

use std::fmt::Write as _;
use std::process::ExitCode;

use canary_dialects::import::LeftOut;
use canary_dialects::judge::{History, Judged};
use canary_format::time::Timestamp;
use canary_verifier::report::{FactState, Finding, Report, Severity};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Failure, Kind};
use crate::output::{self, line};

/// Why a file is no issue.
pub(crate) fn left_out(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Accompanies => "accompanies an issue",
        LeftOut::NotSigned => "not signed, or no canary, beside issues that are",
        LeftOut::Unrecognised => "of no dialect, or of several",
        _ => "not a text",
    }
}

fn headline(report: &Report) -> String {
    let mut line = format!("{} ({})", report.state, report.severity);
    if let Some(issue) = &report.issue {
        let _ = write!(line, "; newest issue dated {}", issue.as_of.date());
        if issue.next_due < Timestamp::MAX {
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

/// The fact that is asked for, where any issue affirms it.
pub(crate) fn known(history: &History, fact: Option<&str>) -> Result<(), Failure> {
    match fact {
        Some(id) if history.facts.iter().all(|one| one.id != id) => {
            let known: Vec<&str> = history.facts.iter().map(|one| one.id.as_str()).collect();
            Err(no_such_fact(id, &known))
        }
        _ => Ok(()),
    }
}

/// No issue has this fact.
pub(crate) fn no_such_fact(id: &str, known: &[&str]) -> Failure {
    let failure = Failure::new(Kind::Data, format!("no issue affirms a fact of this id: {id}"));
    match known {
        [] => failure.hint("there is no fact at all: see `canary history`"),
        known => failure.hint(format!("the ids are {}", line(&known.join(", ")))),
    }
}

/// The whole history: issues, facts, gaps, and what it all comes to now.
fn text(history: &History, fact: Option<&str>, left_out: &[String]) -> String {
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

/// Prints a history. Its status is the report's where no issue is authentic, as for a native one.
pub(crate) fn print(
    history: &History,
    fact: Option<&str>,
    left_out: &[String],
    json: bool,
) -> ExitCode {
    if json {
        output::json(&history_json(history, fact, left_out));
    } else {
        output::result(&output::inert(&text(history, fact, left_out)));
    }
    if history.issues.iter().any(|one| one.authentic) {
        return ExitCode::SUCCESS;
    }
    ExitCode::from(history.report.severity.exit_status())
}

/// The same as one JSON document.
fn history_json(history: &History, fact: Option<&str>, left_out: &[String]) -> Value {
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
        "facts": history.facts.iter().filter(|one| fact.is_none_or(|id| one.id == id)).map(|one| json!({
            "id": one.id, "text": one.text, "state": one.state, "first_affirmed": one.first, "last_affirmed": one.last, "last_issue": one.last_issue,
        })).collect::<Vec<_>>(),
        "gaps": history.gaps,
        "left_out": left_out,
        "report": history.report,
    })
}

/// What changed between two issues.
#[derive(Serialize)]
pub(crate) struct Difference {
    from: u64,
    to: u64,
    from_date: Timestamp,
    to_date: Timestamp,
    changes: Vec<Finding>,
    signed_before: Vec<String>,
    signed_after: Vec<String>,
}

/// Two issues of a history side by side.
pub(crate) fn difference(history: &History, from: u64, to: u64) -> Result<Difference, Failure> {
    let find = |number: u64| {
        history.issues.iter().find(|issue| issue.number == number).ok_or_else(|| {
            let hint = match history.issues.len() {
                0 => "there is no issue at all: see `canary history`".to_owned(),
                count => format!("there are issues 1 to {count}"),
            };
            Failure::new(Kind::Data, format!("no issue has this number: {number}")).hint(hint)
        })
    };
    let (one, other) = (find(from)?, find(to)?);
    Ok(Difference {
        from,
        to,
        from_date: one.issued.earliest,
        to_date: other.issued.earliest,
        changes: canary_dialects::judge::changes(one, other),
        signed_before: one.persons.clone(),
        signed_after: other.persons.clone(),
    })
}

/// The same for people.
pub(crate) fn diff(difference: &Difference) -> String {
    let mut out = format!(
        "#{} {} → #{} {}\n",
        difference.from,
        difference.from_date.date(),
        difference.to,
        difference.to_date.date()
    );
    for change in &difference.changes {
        let _ = writeln!(out, "  {}", finding_line(change));
    }
    if difference.changes.is_empty() {
        out.push_str("  the same statements\n");
    }
    if difference.signed_before != difference.signed_after {
        let _ = writeln!(
            out,
            "  signed by {} → {}",
            difference.signed_before.join(", "),
            difference.signed_after.join(", ")
        );
    }
    out
}

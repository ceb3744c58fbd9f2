//! What changed between two issues, in words that name no cause.

use std::fmt::Write as _;
use std::process::ExitCode;

use canary_format::issue::{Scope, Tense};
use canary_verifier::diff::{Difference, MemberChange, Side, Words};
use canary_verifier::report::{Code, Report};
use serde_json::Value;

use crate::output::{self, inert, line};
use crate::report;

/// One line for each change.
pub(crate) fn summary(difference: &Difference) -> Vec<String> {
    let mut said = Vec::new();
    for absence in &difference.absent {
        let announced = match absence.retiring_after {
            Some(after) => format!(" (announced for {after})"),
            None => String::new(),
        };
        said.push(format!("not affirmed: {}{announced}", line(&absence.fact.id)));
    }
    for fact in &difference.added {
        said.push(format!("affirmed anew: {}", line(&fact.id)));
    }
    for change in &difference.changed {
        if change.words.is_some() {
            said.push(format!("other words: {}", line(&change.id)));
        }
        if let Some(scope) = &change.scope {
            said.push(format!("scope {}: {}", scope.change, line(&change.id)));
        }
    }
    said.extend(
        difference.members.iter().map(|change| format!("differs: {}", line(&change.member))),
    );
    said
}

/// Every change with both sides.
pub(crate) fn text(difference: &Difference) -> String {
    let mut out = String::new();
    side(&mut out, "from", &difference.from);
    side(&mut out, "to", &difference.to);
    if difference.is_empty() {
        out.push_str("\nThe same facts, words and members; number, dates and signatures apart.\n");
    }
    for absence in &difference.absent {
        let announced = match absence.retiring_after {
            Some(after) => format!("announced for {after}"),
            None => format!("not announced in issue {}", difference.from.number),
        };
        let _ = writeln!(out, "\nNot affirmed: {} ({announced})", line(&absence.fact.id));
        words(&mut out, &Words::of(&absence.fact), "  - ");
    }
    for fact in &difference.added {
        let _ = writeln!(out, "\nAffirmed anew: {}", line(&fact.id));
        words(&mut out, &Words::of(fact), "  + ");
        scope(&mut out, &fact.scope, "  + ");
    }
    for change in &difference.changed {
        if let Some(both) = &change.words {
            let _ = writeln!(out, "\nOther words: {}", line(&change.id));
            words(&mut out, &both.before, "  - ");
            words(&mut out, &both.after, "  + ");
        }
        if let Some(difference) = &change.scope {
            let _ = writeln!(out, "\nScope {}: {}", difference.change, line(&change.id));
            scope(&mut out, &difference.scopes.before, "  - ");
            scope(&mut out, &difference.scopes.after, "  + ");
        }
    }
    for change in &difference.members {
        member(&mut out, change);
    }
    out
}

fn side(out: &mut String, name: &str, side: &Side) {
    let by: Vec<String> = side.affirmed_by.iter().map(|name| line(name)).collect();
    let _ = writeln!(
        out,
        "{name:<4}  issue {}, as of {}, next due {}, expires {}, by {}",
        side.number,
        side.as_of,
        side.next_due,
        side.expires,
        by.join(", ")
    );
}

/// The words of a fact in every language.
pub(crate) fn words(out: &mut String, words: &Words, prefix: &str) {
    for (language, text) in words.text.iter() {
        let indent = format!("\n{}", " ".repeat(prefix.len() + language.len() + 2));
        let _ = writeln!(out, "{prefix}{}: {}", line(language), inert(text).replace('\n', &indent));
    }
    let tense = match (words.tense, words.since) {
        (Tense::Never, _) => "never".to_owned(),
        (Tense::Current, _) => "current".to_owned(),
        (Tense::Since, Some(date)) => format!("since {date}"),
        (Tense::Since, None) => "since".to_owned(),
    };
    let _ = writeln!(out, "{prefix}tense: {tense}");
}

/// A scope, one line for each of its lists.
pub(crate) fn scope(out: &mut String, scope: &Scope, prefix: &str) {
    let empty = Vec::new();
    for (name, list) in [
        ("entities", &scope.entities),
        ("services", &scope.services),
        ("roles", &scope.roles),
        ("layers", &scope.layers),
        ("jurisdictions", &scope.jurisdictions),
        ("excludes", scope.excludes.as_ref().unwrap_or(&empty)),
    ] {
        if !list.is_empty() {
            let _ = writeln!(out, "{prefix}{name}: {}", line(&list.join(", ")));
        }
    }
}

fn member(out: &mut String, change: &MemberChange) {
    let shown = |value: &Value| match value {
        Value::String(text) => line(text),
        other => line(&other.to_string()),
    };
    let _ = writeln!(out, "\nDiffers: {}", line(&change.member));
    if !change.before.is_null() {
        let _ = writeln!(out, "  - {}", shown(&change.before));
    }
    if !change.after.is_null() {
        let _ = writeln!(out, "  + {}", shown(&change.after));
    }
}

/// Where there is no authentic issue there is nothing to show: the report says why, on standard
/// error, and gives the exit status.
pub(crate) fn nothing_authentic(report: &Report, json: bool) -> ExitCode {
    if json {
        output::json(report);
    } else {
        output::progress(&report::text(report));
    }
    ExitCode::from(report.severity.exit_status())
}

/// Says so where what is shown is not, or not all, what is served now: the series seen before stands in for it.
pub(crate) fn warn(report: &Report) {
    let is_of_what_is_served = |code: Code| {
        let unread =
            matches!(code, Code::Malformed | Code::TooLarge | Code::Missing | Code::Unreachable);
        unread || code.is_authenticity()
    };
    let findings = report.findings.iter().filter(|finding| is_of_what_is_served(finding.code));
    let mut codes: Vec<String> = findings.map(|finding| finding.code.to_string()).collect();
    codes.dedup();
    if !codes.is_empty() {
        let codes = codes.join(", ");
        output::progress(&format!(
            "warning: what is served now is not what is shown ({codes}): `canary verify` says more"
        ));
    }
}

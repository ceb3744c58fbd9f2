//! The report for people: one line to act on, the findings, the facts, the limits.

use std::fmt::Write as _;

use canary_format::time::Timestamp;
use canary_verifier::report::{Code, FactState, Finding, Person, Report, Severity, State};

use crate::error::Kind;
use crate::output::{Colour, count, line, painted, wrapped};

const WIDTH: usize = 88;

/// As many facts as fit on one screen beside the rest.
const FACTS_SHOWN: usize = 12;

/// The whole report.
pub(crate) fn text(report: &Report) -> String {
    let mut out = String::new();
    let word = painted(&report.severity.to_string().to_uppercase(), colour(report.severity));
    let _ = writeln!(out, "{word} {}: {}", report.state, standing(report));
    let _ = writeln!(out, "{}\n", wrapped(&next_step(report), WIDTH, ""));
    for (name, value) in [
        ("series", report.subject.origin.clone()),
        ("from", report.subject.url.clone()),
        ("pin", report.subject.pin.as_ref().map(ToString::to_string)),
        ("judged as of", Some(report.at.to_string())),
        ("log", log(report)),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "  {name:<13} {}", line(&value));
        }
    }
    findings(&mut out, report);
    facts(&mut out, report);
    for gap in &report.gaps {
        let _ = writeln!(out, "\nGap after issue {}: {} to {}", gap.after_issue, gap.from, gap.to);
    }
    let _ = writeln!(out, "\n{}", wrapped(report.limits, WIDTH, ""));
    out
}

/// What forbids to build on what was examined, though issues of it are known: the log does not verify, or what was
/// fetched is not what is known. Of what could not be fetched another time may tell more.
pub(crate) fn hindrance(report: &Report) -> Option<(Kind, &Finding)> {
    report.findings.iter().find_map(|finding| match finding.code {
        Code::CheckpointUnsigned
        | Code::LogInconsistent
        | Code::Rollback
        | Code::Fork
        | Code::PinMismatch
        | Code::Missing => Some((Kind::Data, finding)),
        Code::Unreachable => Some((Kind::Later, finding)),
        _ => None,
    })
}

/// State, newest affirmation and what is due, in one line.
pub(crate) fn standing(report: &Report) -> String {
    let Some(issue) = &report.issue else {
        return match report.state {
            State::Missing => "there is no canary at this place".to_owned(),
            State::Unreachable => "the canary could not be fetched".to_owned(),
            _ => "what was found is not an authentic canary".to_owned(),
        };
    };
    let now = report.at;
    let affirmed = format!("issue {} affirmed {}", issue.number, when(issue.as_of, now));
    let by = match people(&report.affirmed_by) {
        names if names.is_empty() => String::new(),
        names => format!(" by {names}"),
    };
    let due = if issue.next_due == Timestamp::MAX {
        // What a canary of another format has that gives no deadline (`docs/spec/dialects.md` §2).
        "no deadline is given".to_owned()
    } else if report.state == State::Lapsed && now <= issue.expires {
        format!("lapsed {}, by a verified instant later than this clock's", issue.expires)
    } else if report.state == State::Overdue && now <= issue.next_due {
        format!("was due {}, by a verified instant later than this clock's", issue.next_due)
    } else if now <= issue.next_due {
        format!("next due {}", when(issue.next_due, now))
    } else if now <= issue.expires {
        format!("was due {}, lapses {}", when(issue.next_due, now), when(issue.expires, now))
    } else {
        format!("lapsed {}", when(issue.expires, now))
    };
    let reached = match report.state {
        State::Missing => "; no canary is at this place now",
        State::Unreachable => "; as far as seen: it could not be fetched now",
        _ => "",
    };
    format!("{affirmed}{by}; {due}{reached}")
}

/// What to do, which names no cause.
fn next_step(report: &Report) -> String {
    match (report.severity, &report.issue) {
        (Severity::Alive, Some(issue)) => {
            format!("Everything checked holds. Nothing to do before {}.", issue.next_due.date())
        }
        (Severity::Alive, None) => "Everything checked holds.".to_owned(),
        (Severity::Attention, _) if report.findings.iter().any(|f| f.code == Code::Unpinned) => {
            "It is authentic only on its own word. Get its pin from the publisher by another way, and \
             keep it with `canary trust add`."
                .to_owned()
        }
        (Severity::Attention, _) => {
            "Nothing has fallen silent unexpectedly. Read the findings, and acknowledge them with \
             `canary trust ack` or ask the publisher."
                .to_owned()
        }
        (Severity::Unknown, _) => {
            "Nothing can be concluded now: not reachable is not silence. Check again later.".to_owned()
        }
        (Severity::Alarm, _) => {
            "The canary, or part of it, is silent, altered or not authentic. Read the findings, keep \
             what was served, and do not rely on what is not affirmed."
                .to_owned()
        }
    }
}

fn findings(out: &mut String, report: &Report) {
    if report.findings.is_empty() {
        let _ = writeln!(out, "\nNo findings.");
        return;
    }
    let _ = write!(out, "\nFindings, worst first:\n{}", remarks(&report.findings));
}

/// Findings, one after the other.
pub(crate) fn remarks<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let mut out = String::new();
    for finding in findings {
        let severity = format!("{:<9}", finding.severity.to_string());
        let head = format!("{} {}", finding.code, about(finding));
        let text = line(&format!("{}: {}", head.trim_end(), finding.message));
        let indent = " ".repeat(12);
        let _ = writeln!(
            out,
            "  {} {}",
            painted(&severity, colour(finding.severity)),
            wrapped(&text, WIDTH, &indent)
        );
    }
    out
}

/// What a finding is about, in brackets.
fn about(finding: &Finding) -> String {
    let parts: Vec<String> = [
        finding.issue.map(|number| format!("issue {number}")),
        finding.fact.clone(),
        finding.signer.clone(),
        finding.since.map(|since| format!("since {since}")),
        finding.url.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
}

fn facts(out: &mut String, report: &Report) {
    let count = |state| report.facts.iter().filter(|fact| fact.state == state).count();
    if report.facts.is_empty() {
        return;
    }
    let mut heading = format!("{} affirmed", count(FactState::Affirmed));
    for (state, word) in [(FactState::Absent, "absent"), (FactState::Retired, "retired")] {
        if count(state) > 0 {
            let _ = write!(heading, ", {} {word}", count(state));
        }
    }
    let _ = writeln!(out, "\nFacts: {heading}");
    let mut facts: Vec<_> = report.facts.iter().collect();
    facts.sort_by_key(|fact| match fact.state {
        FactState::Absent => 0,
        FactState::Retired => 1,
        FactState::Affirmed => 2,
    });
    for fact in facts.iter().take(FACTS_SHOWN) {
        let (word, ink) = match fact.state {
            FactState::Affirmed => ("affirmed", Colour::Green),
            FactState::Absent => ("absent", Colour::Red),
            FactState::Retired => ("retired", Colour::Yellow),
        };
        let _ = writeln!(
            out,
            "  {} {} to {}  {}",
            painted(&format!("{word:<9}"), ink),
            fact.first_affirmed.date(),
            fact.last_affirmed.date(),
            line(&fact.id)
        );
    }
    if facts.len() > FACTS_SHOWN {
        let _ = writeln!(out, "  and {} more: see `canary history`", facts.len() - FACTS_SHOWN);
    }
}

fn log(report: &Report) -> Option<String> {
    let log = report.log.as_ref()?;
    let mut said = count(log.size, "issue");
    if let Some(at) = log.heartbeat_at {
        let _ = write!(said, ", heartbeat {}", when(at, report.at));
    }
    if !log.witnesses.is_empty() {
        let names: Vec<&str> = log.witnesses.iter().map(|witness| witness.name.as_str()).collect();
        let _ = write!(said, ", cosigned by {}", names.join(", "));
    }
    Some(said)
}

/// The names of people, inert.
pub(crate) fn people(people: &[Person]) -> String {
    people.iter().map(|person| line(&person.name)).collect::<Vec<_>>().join(", ")
}

/// An instant to the minute, and how far it is from now.
pub(crate) fn when(at: Timestamp, now: Timestamp) -> String {
    let text = at.to_string();
    let minute = text.get(11..16).unwrap_or_default();
    let away = match now.since(at) {
        0.. => format!("{} ago", span(now.since(at))),
        _ => format!("in {}", span(at.since(now))),
    };
    format!("{} {minute} UTC ({away})", at.date())
}

/// A span of time in its greatest unit.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "days"),
        7_200.. => (seconds / 3_600, "hours"),
        120.. => (seconds / 60, "minutes"),
        1 => (1, "second"),
        _ => (seconds, "seconds"),
    };
    format!("{count} {unit}")
}

pub(crate) fn colour(severity: Severity) -> Colour {
    match severity {
        Severity::Alive => Colour::Green,
        Severity::Attention => Colour::Yellow,
        Severity::Unknown => Colour::Magenta,
        Severity::Alarm => Colour::Red,
    }
}

/// One line of a Nagios plugin: the word, what a person needs, and performance data.
pub(crate) fn nagios(report: &Report) -> String {
    let worst = report.findings.first().filter(|finding| finding.severity > Severity::Alive);
    let mut said = format!("{}: {}", report.state, standing(report));
    if let Some(finding) = worst {
        let head = format!("{} {}", finding.code, about(finding));
        let _ = write!(said, "; {}: {}", head.trim_end(), finding.message);
    }
    // The bar begins performance data, and more than one line would be read as long output.
    let said = line(&said).replace('|', "/");
    let mut data = Vec::new();
    if let Some(issue) = &report.issue {
        let (due, end) = (issue.next_due.since(issue.as_of), issue.expires.since(issue.as_of));
        if let Some(age) = report.ages.human {
            data.push(format!("human_age={age}s;{due};{end};0"));
        }
        data.push(format!("due_in={}s", issue.next_due.since(report.at)));
        data.push(format!("expires_in={}s", issue.expires.since(report.at)));
        data.push(format!("issue={}", issue.number));
    }
    if let Some(age) = report.ages.heartbeat {
        data.push(format!("heartbeat_age={age}s"));
    }
    let count = |state| report.facts.iter().filter(|fact| fact.state == state).count();
    data.push(format!("facts={}", count(FactState::Affirmed)));
    data.push(format!("facts_absent={}", count(FactState::Absent)));
    format!("CANARY {} - {said} | {}\n", report.severity.nagios_word(), data.join(" "))
}

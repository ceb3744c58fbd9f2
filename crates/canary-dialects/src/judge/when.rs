//! The time of an issue, and what its dates say at an instant.

use canary_verifier::report::{Code, Finding, Severity, State};

use crate::Timestamp;
use crate::dates::{Due, Span};
use crate::judge::DAY;
use crate::reading::Issue;

/// How far the date of issue and the time of signing may lie apart without a word.
const APART: i64 = 7 * DAY;

/// The date of issue, and where it comes from if not from the words.
pub(crate) fn issued(issue: &Issue, now: Timestamp) -> (Span, Option<&'static str>) {
    let signed = issue.signed_at();
    if let Some(span) = issue.dates.issued {
        let one = issue.dates.strokes.and_then(|(one, other)| {
            let at = signed.or(issue.seen);
            at.and_then(|at| plain(one, other, at)).or_else(|| not_ahead(one, other, now))
        });
        return (one.unwrap_or(span), None);
    }
    if let Some(span) = issue
        .dates
        .yearless
        .as_ref()
        .and_then(|rule| rule.near(signed.or(issue.seen).unwrap_or(now)))
    {
        return (span, None);
    }
    match (signed, issue.seen) {
        (Some(at), _) => (Span::instant(at), Some("the time that its signature states")),
        (None, Some(at)) => (Span::instant(at), Some("when it was seen")),
        (None, None) => (Span::instant(now), Some("now")),
    }
}

/// Of two readings of a date the one that the time of publication bears out: close to it, where the other is not.
fn plain(one: Span, other: Span, at: Timestamp) -> Option<Span> {
    let close = |span: Span| span.earliest.since(at) <= DAY && at.since(span.latest) <= 2 * APART;
    match (close(one), close(other)) {
        (true, false) => Some(one),
        (false, true) => Some(other),
        _ => None,
    }
}

/// Of two readings of a date the one that does not lie ahead, where the other does.
fn not_ahead(one: Span, other: Span, now: Timestamp) -> Option<Span> {
    let ahead = |span: Span| span.earliest.since(now) > DAY;
    match (ahead(one), ahead(other)) {
        (false, true) => Some(one),
        (true, false) => Some(other),
        _ => None,
    }
}

/// Findings of one issue's dates that hold at any time.
pub(crate) fn dates(
    number: u64,
    issue: &Issue,
    issued: Span,
    basis: Option<&'static str>,
    due: &Due,
    findings: &mut Vec<Finding>,
) {
    if let Some(basis) = basis {
        let message = format!("the words give no date of issue; it is counted from {basis}");
        findings
            .push(Finding::new(Code::DateUndefined, Severity::Attention, message).issue(number));
    } else if let Some(signed) = issue.signed_at() {
        let apart = if signed < issued.earliest {
            issued.earliest.since(signed)
        } else {
            signed.since(issued.latest)
        };
        if apart > APART {
            let message =
                format!("dated {}, signed {signed}: {} days apart", words(issued), apart / DAY);
            findings.push(
                Finding::new(Code::DatesDisagree, Severity::Attention, message)
                    .issue(number)
                    .since(signed),
            );
        }
    }
    match due {
        Due::Stated { .. } => {}
        Due::Vague { earliest: Some(earliest), latest: Some(latest), words } => {
            let message = format!(
                "the deadline can be read as early as {earliest} and as late as {latest}: \"{words}\""
            );
            findings.push(
                Finding::new(Code::DeadlineUndefined, Severity::Attention, message)
                    .issue(number)
                    .since(*earliest),
            );
        }
        Due::Vague { words, .. } => {
            let message = format!("the words promise a next issue and no time for it: \"{words}\"");
            findings.push(
                Finding::new(Code::DeadlineUndefined, Severity::Attention, message).issue(number),
            );
        }
        Due::Unstated => {
            let message = "no time is given for the next issue; name one for this target to be told of silence";
            findings.push(
                Finding::new(Code::DeadlineUndefined, Severity::Attention, message).issue(number),
            );
        }
    }
}

/// The deadline and the end as two instants. Where the words leave them open these are the earliest and the latest
/// reading; where there is no reading at all, the last instant that the format can write.
pub(crate) fn bounds(due: &Due) -> (Timestamp, Timestamp) {
    match due {
        Due::Stated { next_due, expires, .. } => (*next_due, (*expires).max(*next_due)),
        Due::Vague { earliest, latest, .. } => {
            let latest = latest.unwrap_or(Timestamp::MAX);
            (earliest.unwrap_or(latest), latest)
        }
        Due::Unstated => (Timestamp::MAX, Timestamp::MAX),
    }
}

/// The state at an instant, and the finding that repeats it.
pub(crate) fn state(number: u64, due: &Due, now: Timestamp) -> (State, Option<Finding>) {
    let (next_due, expires) = bounds(due);
    if now > expires {
        let message = format!(
            "issue {number} ended at {expires}, {} ago, and nothing newer is here",
            length(now.since(expires))
        );
        return (
            State::Lapsed,
            Some(Finding::new(Code::Lapsed, Severity::Alarm, message).issue(number).since(expires)),
        );
    }
    if now > next_due {
        let message =
            format!("the next issue was due at {next_due}, {} ago", length(now.since(next_due)));
        return (
            State::Overdue,
            Some(
                Finding::new(Code::Overdue, Severity::Attention, message)
                    .issue(number)
                    .since(next_due),
            ),
        );
    }
    (State::Live, None)
}

/// How this issue stands to the window that the one before announced, and the lapse between them if there was one.
pub(crate) fn follows(
    number: u64,
    before: &Due,
    issued: Span,
    findings: &mut Vec<Finding>,
) -> Option<(Timestamp, Timestamp)> {
    let (next_due, expires) = bounds(before);
    if issued.earliest > next_due {
        let days = (issued.earliest.since(next_due) + DAY - 1) / DAY;
        let message = format!(
            "dated {}, {days} {} after {next_due}, when it was due",
            words(issued),
            if days == 1 { "day" } else { "days" }
        );
        findings.push(
            Finding::new(Code::IssuedLate, Severity::Attention, message)
                .issue(number)
                .since(next_due),
        );
    }
    if let Due::Stated { opens: Some(opens), .. } = before
        && issued.latest < *opens
    {
        let days = (opens.since(issued.latest) + DAY - 1) / DAY;
        let message = format!(
            "dated {}, {days} {} before the announced window, which opens at {opens}",
            words(issued),
            if days == 1 { "day" } else { "days" }
        );
        findings.push(
            Finding::new(Code::IssuedEarly, Severity::Alive, message)
                .issue(number)
                .since(issued.earliest),
        );
    }
    if issued.earliest <= expires {
        return None;
    }
    let message = format!(
        "nothing stood from {expires} to {}; this gap stays in the history",
        issued.earliest
    );
    findings.push(
        Finding::new(Code::Resumed, Severity::Attention, message).issue(number).since(expires),
    );
    Some((expires, issued.earliest))
}

pub(crate) fn words(span: Span) -> String {
    let (first, last) = (span.earliest.date(), span.latest.date());
    if span.earliest == span.latest {
        span.earliest.to_string()
    } else if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

fn length(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} seconds"),
        120..=7199 => format!("{} minutes", seconds / 60),
        7200..=172_799 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / DAY),
    }
}

//! State, lapses, and what the dates themselves show (`verdicts.md` §2 and §3).

use canary_format::time::Timestamp;

use super::findings::Findings;
use super::series::VerifiedIssue;
use super::{CLOCK_TOLERANCE, DAY};
use crate::evidence::{Silence, Trust};
use crate::report::{Code, Finding, Gap, Severity, State};

/// The state of a canary whose newest authentic issue is this.
pub(super) fn state(newest: &VerifiedIssue, now: Timestamp) -> State {
    let issue = newest.issue();
    if now <= issue.next_due {
        State::Live
    } else if now <= issue.expires {
        State::Overdue
    } else {
        State::Lapsed
    }
}

/// The state repeated as a finding, where it is `OVERDUE` or `LAPSED`. `newer` says where an authentic issue
/// after this one was found.
pub(super) fn state_finding(
    newest: &VerifiedIssue,
    state: State,
    newer: Option<&str>,
) -> Option<Finding> {
    let issue = newest.issue();
    let number = issue.number;
    match state {
        State::Overdue => {
            let message = format!("the issue after {number} was due at {}", issue.next_due);
            Some(
                Finding::new(Code::Overdue, Severity::Attention, message)
                    .issue(number)
                    .since(issue.next_due),
            )
        }
        State::Lapsed => {
            let found = newer.map_or("nothing newer was found", |newer| newer);
            let message = format!("issue {number} lapsed at {} and {found}", issue.expires);
            Some(
                Finding::new(Code::Lapsed, Severity::Alarm, message)
                    .issue(number)
                    .since(issue.expires),
            )
        }
        _ => None,
    }
}

/// `FUTURE_DATED`, unless a verified beacon lies as far ahead: then the clock is suspect.
pub(super) fn future(
    newest: &VerifiedIssue,
    beacon: Option<Timestamp>,
    now: Timestamp,
    findings: &mut Findings,
) {
    let issue = newest.issue();
    let ahead = |at: Timestamp| at.since(now) > CLOCK_TOLERANCE;
    if ahead(issue.as_of) && !beacon.is_some_and(ahead) {
        let message =
            format!("as_of of issue {}, {}, is later than now, {now}", issue.number, issue.as_of);
        findings
            .push(Finding::new(Code::FutureDated, Severity::Alarm, message).issue(issue.number));
    }
}

/// The instant that deadlines are judged by: now, unless a vouched instant shows that the clock is
/// behind.
pub(super) fn later_of(now: Timestamp, vouched: Option<Timestamp>) -> Timestamp {
    vouched.filter(|at| at.since(now) > CLOCK_TOLERANCE).unwrap_or(now)
}

/// `CLOCK_SUSPECT`, where any verified instant lies ahead of now, or where time servers bear out that
/// it is earlier. Deadlines keep to the later instant: that can only make silence show sooner.
pub(super) fn clock(
    newest_instant: Option<Timestamp>,
    latest: Option<Timestamp>,
    now: Timestamp,
    findings: &mut Findings,
) {
    let mut suspect = |at: Timestamp, message: String| {
        findings.push(Finding::new(Code::ClockSuspect, Severity::Attention, message).since(at));
    };
    if let Some(at) = newest_instant.filter(|at| at.since(now) > CLOCK_TOLERANCE) {
        suspect(
            at,
            format!(
                "a verified instant, {at}, is later than now, {now}: check this machine's clock"
            ),
        );
    }
    if let Some(at) = latest.filter(|at| now.since(*at) > CLOCK_TOLERANCE) {
        suspect(
            at,
            format!(
                "by the time servers it is not later than {at}, and this machine's clock says {now}: check it"
            ),
        );
    }
}

/// `LONG_INTERVAL`, of the newest issue against the verifier's limit and twice the baseline's.
pub(super) fn interval(since_baseline: &[VerifiedIssue], trust: &Trust, findings: &mut Findings) {
    let (Some(baseline), Some(newest)) = (since_baseline.first(), since_baseline.last()) else {
        return;
    };
    let life = |verified: &VerifiedIssue| verified.issue().expires.since(verified.issue().as_of);
    let number = newest.issue().number;
    let days = life(newest) / DAY;
    let limit = trust.max_interval_days;
    let message = if life(newest) > limit.saturating_mul(DAY) {
        format!("issue {number} is valid for {days} days, more than {limit}")
    } else if life(newest) > 2 * life(baseline) {
        format!(
            "issue {number} is valid for {days} days, more than twice as long as the baseline issue"
        )
    } else {
        return;
    };
    findings.push(Finding::new(Code::LongInterval, Severity::Attention, message).issue(number));
}

/// Every lapse in the series, from its dates and from fetches on record. Those that a clock ahead of this one
/// put there say nothing yet.
pub(super) fn gaps(
    series: &[VerifiedIssue],
    silences: &[Silence],
    obtained_at: Timestamp,
) -> Vec<Gap> {
    let gap = |pair: &[VerifiedIssue]| {
        let (before, issue) = (pair[0].issue(), pair[1].issue());
        let silence = silences.iter().find(|silence| silence.after_issue == before.number);
        let silence = silence.filter(|silence| silence.first <= obtained_at);
        // A date before a fetch, the last of them, that found nothing newer is not when the issue came.
        let to = match silence.filter(|silence| issue.as_of <= silence.last.min(obtained_at)) {
            Some(silence) => silence.ended.unwrap_or(obtained_at).max(issue.as_of),
            None => issue.as_of,
        };
        (to > before.expires).then_some(Gap {
            from: before.expires,
            to,
            after_issue: before.number,
        })
    };
    series.windows(2).filter_map(gap).collect()
}

/// `RESUMED`, for each gap since the baseline issue.
pub(super) fn resumed(gaps: &[Gap], since_baseline: &[VerifiedIssue], findings: &mut Findings) {
    for pair in since_baseline.windows(2) {
        let (before, issue) = (pair[0].issue(), pair[1].issue());
        let Some(gap) = gaps.iter().find(|gap| gap.after_issue == before.number) else { continue };
        let (number, from, to) = (issue.number, gap.from, gap.to);
        // Of a gap that a reader's own fetches show, its end is when that reader looked again.
        let message = match to > issue.as_of {
            true => format!(
                "nothing newer was found from {from} to {to}, before issue {number} as of {}",
                issue.as_of
            ),
            false => format!("nothing was affirmed from {from} to {to}, before issue {number}"),
        };
        findings.push(
            Finding::new(Code::Resumed, Severity::Attention, message).issue(number).since(gap.from),
        );
    }
}

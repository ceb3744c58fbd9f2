//! One supplier of a stack, and how its canary stands at an instant.

use canary_format::issue::Issue;
use canary_format::time::Timestamp;
use canary_verifier::judge::{Judgement, VerifiedIssue};
use canary_verifier::report::{Code, Finding, Severity, State};
use serde::Serialize;

use crate::profile::Profile;
use crate::stack::Entry;
use crate::watch::WatchRecord;

/// What a report takes for one supplier.
#[derive(Debug, Clone, Copy)]
pub struct Supplier<'a> {
    /// What the stack says about it.
    pub entry: &'a Entry,
    /// Who is responsible for what.
    pub profile: &'a Profile,
    /// Its canary.
    pub canary: Canary<'a>,
    /// The watcher's own record, where there is one.
    pub watch: Option<&'a WatchRecord>,
}

/// A supplier's canary, as far as it could be judged.
#[derive(Debug, Clone, Copy)]
pub enum Canary<'a> {
    /// Of this format.
    Native(&'a Judgement),
    /// Of another format, named here. Its facts have no scope: they never cover a layer.
    Other(&'a str),
}

/// Whether a supplier's facts speak at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaking {
    /// Its newest issue is in force and the next is not due.
    Live,
    /// Its newest issue is in force; the next was due.
    Overdue,
    /// Its newest issue has expired.
    Lapsed,
    /// There is no canary where it was asked for.
    Missing,
    /// It could not be reached, and nothing seen before is in force.
    Unreachable,
    /// What was served is not an authentic canary.
    Unverified,
    /// The series as a whole has a finding of severity alarm: its facts are not counted.
    Findings,
    /// The instant lies before the first issue.
    NotYet,
    /// There is none of this format.
    NoNativeCanary,
}

impl Speaking {
    /// Whether facts count.
    pub fn speaks(self) -> bool {
        matches!(self, Self::Live | Self::Overdue)
    }
}

/// How a canary stands at an instant.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    pub(crate) speaking: Speaking,
    /// The issues as of this instant or earlier; the newest is last.
    pub(crate) series: &'a [VerifiedIssue],
    /// What was seen before, since nothing could be fetched.
    pub(crate) as_far_as_seen: bool,
    /// Findings worth attention that were already so.
    pub(crate) findings: Vec<&'a Finding>,
    pub(crate) severity: Option<Severity>,
}

impl<'a> Standing<'a> {
    /// How the supplier's canary stands at `at`, which is not later than the judging instant.
    pub(crate) fn of(supplier: &Supplier<'a>, at: Timestamp) -> Self {
        let judgement = match supplier.canary {
            Canary::Native(judgement) => judgement,
            Canary::Other(_) => {
                return Self {
                    speaking: Speaking::NoNativeCanary,
                    series: &[],
                    as_far_as_seen: false,
                    findings: Vec::new(),
                    severity: None,
                };
            }
        };
        let report = &judgement.report;
        let until = judgement.series.partition_point(|issue| issue.issue().as_of <= at);
        let series = &judgement.series[..until];
        let newest = series.last().map(VerifiedIssue::issue);
        let now = at == report.at;
        let findings: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Alive)
            .filter(|finding| now || was_so(finding, newest, at))
            .collect();
        let faulted =
            findings.iter().any(|finding| finding.severity == Severity::Alarm && voids(finding));
        let speaking = match (newest, report.state) {
            (None, State::Missing) => Speaking::Missing,
            (None, State::Unreachable) => Speaking::Unreachable,
            (None, _) if judgement.series.is_empty() => Speaking::Unverified,
            (None, _) => Speaking::NotYet,
            (Some(newest), _) if at > newest.expires => Speaking::Lapsed,
            (Some(_), State::Missing) if now => Speaking::Missing,
            (Some(_), _) if faulted => Speaking::Findings,
            (Some(newest), _) if at > newest.next_due => Speaking::Overdue,
            (Some(_), _) => Speaking::Live,
        };
        let as_far_as_seen = now && report.state == State::Unreachable && newest.is_some();
        Self { speaking, series, as_far_as_seen, findings, severity: Some(report.severity) }
    }

    pub(crate) fn newest(&self) -> Option<&'a Issue> {
        self.series.last().map(VerifiedIssue::issue)
    }

    /// The newest issue in which a thing is found, and the thing.
    pub(crate) fn last_with<T>(
        &self,
        find: impl Fn(&'a Issue) -> Option<T>,
    ) -> Option<(&'a Issue, T)> {
        self.series
            .iter()
            .rev()
            .map(VerifiedIssue::issue)
            .find_map(|issue| Some((issue, find(issue)?)))
    }

    /// Whether there is a finding of this code on this fact.
    pub(crate) fn has(&self, code: Code, fact: &str) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.code == code && finding.fact.as_deref() == Some(fact))
    }

    /// The codes of the findings on a fact.
    pub(crate) fn codes_on(&self, fact: &str) -> Vec<Code> {
        let on = self.findings.iter().filter(|finding| finding.fact.as_deref() == Some(fact));
        let mut codes: Vec<Code> = on.map(|finding| finding.code).collect();
        codes.sort();
        codes.dedup();
        codes
    }
}

/// Whether a finding made later already held at an instant: it is about an issue that was there.
/// Faults of what was served are held against every instant.
fn was_so(finding: &Finding, newest: Option<&Issue>, at: Timestamp) -> bool {
    let state = matches!(
        finding.code,
        Code::Overdue | Code::Lapsed | Code::Missing | Code::Unreachable | Code::FutureDated
    );
    let number = newest.map_or(0, |issue| issue.number);
    !state
        && finding.issue.is_none_or(|issue| issue <= number)
        && finding.since.is_none_or(|since| since <= at)
}

/// Whether an alarm is about the series as a whole, so that no fact of it counts. A heartbeat is the
/// machine's, and changed particulars are shown beside what they change.
fn voids(finding: &Finding) -> bool {
    finding.fact.is_none()
        && (finding.code.is_authenticity()
            || matches!(
                finding.code,
                Code::Malformed | Code::TooLarge | Code::FutureDated | Code::FreshnessInvalid
            ))
}

//! From evidence to the same report that native canaries get. Pure: time is an argument.
//!
//! Each issue is judged at its own time, the series at the time of judging. Nothing is concluded from an issue
//! that is not authentic except that it is not.

mod facts;
mod said;
mod series;
mod signatures;
pub(crate) mod when;

use canary_verifier::report::{Finding, Gap, Report, Severity, Subject};

use crate::Timestamp;
use crate::dates::{Due, Span};
use crate::reading::Issue;
use crate::trust::Trust;

pub use facts::FactLife;

/// What to judge by, beside keys.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// What the report names as judged.
    pub subject: Subject,
    /// The first issue whose changes still raise findings, counted from 1; everything before it is history.
    pub baseline: usize,
    /// When the newest publication was obtained.
    pub obtained_at: Option<Timestamp>,
}

/// A whole history, judged.
#[derive(Debug, Clone)]
pub struct History {
    /// Every issue in order, each with the verdict at its own time.
    pub issues: Vec<Judged>,
    /// Every fact ever affirmed.
    pub facts: Vec<FactLife>,
    /// Lapses between issues.
    pub gaps: Vec<Gap>,
    /// The verdict on the series at the time of judging.
    pub report: Report,
}

/// One issue of a history.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Its place in the history, from 1.
    pub number: u64,
    /// What was read.
    pub issue: Issue,
    /// Its date of issue, from its words or, failing these, from its signatures or from when it was seen.
    pub issued: Span,
    /// When the next is due.
    pub due: Due,
    /// Whether a quorum signed it; for an unsigned dialect, whether no keys were asked for.
    pub authentic: bool,
    /// The persons whose signatures count.
    pub persons: Vec<String>,
    /// What was found about it, at its own time.
    pub findings: Vec<Finding>,
    /// The worst of these.
    pub severity: Severity,
}

/// Judges a series of issues in the order in which they were published.
///
/// Issues that state their date are put in the order of their dates; equal dates keep the order given.
pub fn judge(
    issues: &[Issue],
    remarks: &[crate::reading::Remark],
    trust: &Trust,
    context: &Context,
    now: Timestamp,
) -> History {
    series::judge(issues, remarks, trust, context, now)
}

/// What changed in the statements from one issue to another, which need not be the next.
pub fn changes(from: &Judged, to: &Judged) -> Vec<Finding> {
    let (mut life, mut findings) = (Vec::new(), Vec::new());
    facts::follow(
        &mut life,
        from.number,
        from.issued.earliest,
        &from.issue.statements,
        &mut Vec::new(),
    );
    facts::follow(&mut life, to.number, to.issued.earliest, &to.issue.statements, &mut findings);
    findings
}

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Alive)
}

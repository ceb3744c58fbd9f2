//! A series of issues, judged one by one and as a whole.

use std::collections::BTreeSet;

use canary_verifier::report::{
    Ages, Code, FactState, FactSummary, Finding, Gap, IssueSummary, LIMITS, Person, REPORT_TYPE,
    Report, Severity, State,
};

use crate::Timestamp;
use crate::dates::Span;
use crate::judge::{Context, FactLife, History, Judged, facts, said, signatures, when, worst};
use crate::reading::{Issue, Kind, Remark};
use crate::trust::Trust;

/// How far a date of issue may lie ahead of the clock.
const AHEAD: i64 = 600;

pub(crate) fn judge(
    issues: &[Issue],
    remarks: &[Remark],
    trust: &Trust,
    context: &Context,
    now: Timestamp,
) -> History {
    let mut order: Vec<usize> = (0..issues.len()).collect();
    order.sort_by_key(|at| when::issued(&issues[*at], now).0.earliest);
    let mut judged: Vec<Judged> = Vec::with_capacity(issues.len());
    let mut life: Vec<FactLife> = Vec::new();
    let mut gaps = Vec::new();
    let mut before: Option<usize> = None;
    let mut signers: Option<BTreeSet<String>> = None;
    for (place, at) in order.into_iter().enumerate() {
        let (number, issue) = (place as u64 + 1, &issues[at]);
        let mut findings: Vec<Finding> =
            issue.remarks.iter().map(|remark| said::finding(remark).issue(number)).collect();
        let (issued, basis) = when::issued(issue, now);
        let own = own_time(issue, issued, now);
        let quorum = signatures::quorum(number, issue, trust, own, own, &mut findings);
        let due = issue.dates.due(issued, trust.cadence);
        said::letters(number, issue, &mut findings);
        if quorum.authentic {
            when::dates(number, issue, issued, basis, &due, &mut findings);
            findings.extend(said::announcement(number, issue).filter(|_| {
                before.is_none_or(|before: usize| {
                    judged[before].issue.announcement != issue.announcement
                })
            }));
            if let Some(previous) = before {
                compare(number, &judged[previous], issue, issued, &mut findings, &mut gaps);
            }
            roster(number, signers.as_ref(), issue, &mut findings);
            splice(number, &judged, issue, &mut findings);
            facts::follow(&mut life, number, issued.earliest, &issue.statements, &mut findings);
            // An absent code is said once: with its history where it has one.
            let told: Vec<String> = findings
                .iter()
                .filter(|one| one.code == Code::FactAbsent && one.since.is_some())
                .filter_map(|one| one.fact.clone())
                .collect();
            findings.retain(|one| {
                one.code != Code::FactAbsent
                    || one.since.is_some()
                    || one.fact.as_ref().is_none_or(|fact| !told.contains(fact))
            });
            signers = Some(signatures::signers(issue));
            before = Some(place);
        }
        if issued.earliest > now.plus(AHEAD) {
            let message = format!("dated {}, which lies ahead of {now}", when::words(issued));
            findings.push(
                Finding::new(Code::FutureDated, Severity::Alarm, message)
                    .issue(number)
                    .since(issued.earliest),
            );
        }
        sort(&mut findings);
        judged.push(Judged {
            number,
            issue: issue.clone(),
            issued,
            due,
            authentic: quorum.authentic,
            persons: quorum.persons.into_iter().collect(),
            severity: worst(&findings),
            findings,
        });
    }
    let report = report(&judged, before, &life, &gaps, remarks, trust, context, now);
    History { issues: judged, facts: life, gaps, report }
}

/// The time of an issue itself: the end of its day, or the time of signing where that is later; never later
/// than the clock.
fn own_time(issue: &Issue, issued: Span, now: Timestamp) -> Timestamp {
    issued.latest.max(issue.signed_at().unwrap_or(Timestamp::MIN)).min(now)
}

fn compare(
    number: u64,
    previous: &Judged,
    issue: &Issue,
    issued: Span,
    findings: &mut Vec<Finding>,
    gaps: &mut Vec<Gap>,
) {
    let same_date = previous.issued == issued && previous.issue.dates.issued.is_some();
    if same_date && previous.issue.digest != issue.digest {
        let message = format!("replaces issue {}, which bears the same date", previous.number);
        findings.push(Finding::new(Code::Corrected, Severity::Attention, message).issue(number));
        return;
    }
    if let Some((from, to)) = when::follows(number, &previous.due, issued, findings) {
        gaps.push(Gap { from, to, after_issue: previous.number });
    }
}

fn roster(
    number: u64,
    before: Option<&BTreeSet<String>>,
    issue: &Issue,
    findings: &mut Vec<Finding>,
) {
    let now = signatures::signers(issue);
    let Some(before) = before.filter(|before| **before != now) else { return };
    let list = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(", ");
    let (gone, new) =
        (list(before.difference(&now).collect()), list(now.difference(before).collect()));
    let mut message = String::from("the signers differ from those of the issue before:");
    if !new.is_empty() {
        message += &format!(" {new} new");
    }
    if !gone.is_empty() {
        message += &format!("{} {gone} not among them", if new.is_empty() { "" } else { "," });
    }
    findings.push(Finding::new(Code::RosterChanged, Severity::Attention, message).issue(number));
}

fn splice(number: u64, judged: &[Judged], issue: &Issue, findings: &mut Vec<Finding>) {
    if issue.kind != Kind::CanaryTail {
        return;
    }
    let earlier: Vec<&Issue> = judged
        .iter()
        .filter(|one| one.authentic && one.issue.kind == Kind::CanaryTail)
        .map(|one| &one.issue)
        .collect();
    if let Some(what) = crate::canarytail::spliced(&earlier, issue) {
        findings.push(Finding::new(Code::FieldsSpliced, Severity::Alarm, what).issue(number));
    }
}

#[allow(clippy::too_many_arguments, reason = "the parts of one report, each made once above")]
fn report(
    judged: &[Judged],
    newest: Option<usize>,
    life: &[FactLife],
    gaps: &[Gap],
    remarks: &[Remark],
    trust: &Trust,
    context: &Context,
    now: Timestamp,
) -> Report {
    let baseline = context.baseline.max(1) as u64;
    let mut findings: Vec<Finding> = remarks.iter().map(said::finding).collect();
    let newest = newest.map(|at| &judged[at]);
    for one in judged.iter().filter(|one| one.number >= baseline) {
        // What came after the newest authentic issue is as new as it is.
        let is_newest = newest.is_none_or(|newest| one.number >= newest.number);
        findings.extend(
            one.findings.iter().filter(|finding| lasting(finding, is_newest, life)).cloned(),
        );
    }
    let mut state = State::Unverified;
    let mut summary = None;
    if let Some(newest) = newest {
        // Signatures are looked at again as of now: a key may have ended since.
        findings.retain(|finding| {
            !(finding.issue == Some(newest.number) && of_signatures(finding.code))
        });
        let own = own_time(&newest.issue, newest.issued, now);
        signatures::quorum(newest.number, &newest.issue, trust, own, now, &mut findings);
        let mut letters = Vec::new();
        said::letters(newest.number, &newest.issue, &mut letters);
        findings.extend(letters.into_iter().filter(|finding| of_signatures(finding.code)));
        findings.extend(
            newest
                .issue
                .remarks
                .iter()
                .map(|remark| said::finding(remark).issue(newest.number))
                .filter(|finding| of_signatures(finding.code)),
        );
        let (now_state, repeated) = when::state(newest.number, &newest.due, now);
        state = now_state;
        findings.extend(repeated);
        let (next_due, expires) = when::bounds(&newest.due);
        summary = Some(IssueSummary {
            number: newest.number,
            digest: newest.issue.digest,
            as_of: newest.issued.earliest,
            next_due,
            expires,
        });
        if remarks.iter().any(|remark| matches!(remark, Remark::Withdrawn(_))) {
            state = State::Missing;
        }
    } else if judged.is_empty() && findings.is_empty() {
        findings.push(Finding::new(
            Code::Malformed,
            Severity::Alarm,
            "no canary in what was given",
        ));
    }
    sort(&mut findings);
    findings.dedup();
    Report {
        report: REPORT_TYPE,
        at: now,
        subject: context.subject.clone(),
        severity: worst(&findings),
        state,
        issue: summary,
        affirmed_by: newest
            .map(|newest| {
                newest
                    .persons
                    .iter()
                    .map(|name| Person {
                        name: name.clone(),
                        role: String::new(),
                        jurisdiction: String::new(),
                    })
                    .collect()
            })
            .unwrap_or_default(),
        ages: Ages {
            human: newest.map(|newest| now.since(newest.issued.earliest)),
            heartbeat: None,
            observation: context.obtained_at.map(|at| now.since(at)),
        },
        facts: life
            .iter()
            .map(|fact| FactSummary {
                id: fact.id.clone(),
                state: fact.state,
                first_affirmed: fact.first,
                last_affirmed: fact.last,
                digest: fact.digest(),
            })
            .collect(),
        log: None,
        gaps: gaps.to_vec(),
        limits: LIMITS,
        findings,
    }
}

/// Which findings of an issue are still findings about the series. What is only about the issue itself passes with it;
/// absence is judged in the newest.
fn lasting(finding: &Finding, is_newest: bool, life: &[FactLife]) -> bool {
    match finding.code {
        Code::FactAbsent => {
            is_newest
                || life.iter().any(|fact| {
                    Some(fact.id.as_str()) == finding.fact.as_deref()
                        && fact.state == FactState::Absent
                        && Some(fact.last) == finding.since
                })
        }
        Code::FactReworded
        | Code::FactReaffirmed
        | Code::Resumed
        | Code::RosterChanged
        | Code::FieldsSpliced
        | Code::FactAdded
        | Code::BadSignature
        | Code::Corrected
        | Code::CounterChanged
        | Code::PanicKeySigned
        | Code::FutureDated => true,
        // An issue without a quorum is no part of the series, but that it stood there is.
        Code::QuorumShort | Code::Malformed | Code::SignerKeyRevoked => true,
        _ => is_newest,
    }
}

fn of_signatures(code: Code) -> bool {
    matches!(
        code,
        Code::Unsigned
            | Code::UnknownSigner
            | Code::SignatureWeakHash
            | Code::SignatureRefused
            | Code::SignatureExpired
            | Code::SignaturePurpose
            | Code::SignerKeyExpired
            | Code::SignerKeyExpiredSince
            | Code::SignerKeyRevoked
            | Code::SignerKeyRevokedSince
            | Code::SignerKeyInvalid
            | Code::BadSignature
            | Code::QuorumShort
    )
}

/// Worst first, then by issue and id.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then(a.issue.cmp(&b.issue))
            .then_with(|| a.fact.cmp(&b.fact))
            .then(a.code.cmp(&b.code))
    });
}

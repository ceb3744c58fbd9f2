//! Evidence that issues were not signed in advance (`format.md` §2.5, `verdicts.md` §3).

use canary_format::beacon::{Beacon, Chain, verify_all};
use canary_format::issue::NotBefore;
use canary_format::time::Timestamp;

use super::findings::Findings;
use super::in_parallel::in_shares;
use super::series::VerifiedIssue;
use super::{CLOCK_TOLERANCE, HOUR};
use crate::evidence::{Freshness, Trust};
use crate::report::{Code, Finding, Severity};

/// The newest evidence may be so much older than `as_of`, in seconds.
const STALE_AFTER: i64 = 72 * HOUR;

/// Judges the evidence of every issue since the baseline, inclusive, and gives the newest verified
/// instant of the newest issue and of all.
pub(super) fn judge(
    since_baseline: &[VerifiedIssue],
    trust: &Trust,
    findings: &mut Findings,
) -> Option<Timestamp> {
    let mut newest_of_all = None;
    let mut of_newest_issue = None;
    let mut some_before = false;
    let pieces: Vec<_> =
        since_baseline.iter().flat_map(|issue| issue.issue().not_before.iter().flatten()).collect();
    let mut beacons = verify_shared(&pieces, &trust.chains).into_iter();
    for verified in since_baseline {
        some_before |= of_newest_issue.is_some();
        of_newest_issue = evidence(verified, &mut beacons, findings);
        newest_of_all = newest_of_all.max(of_newest_issue);
    }
    let newest = since_baseline.last()?.issue();
    let number = newest.number;
    match of_newest_issue {
        None => {
            let expected = some_before || trust.freshness == Freshness::Required;
            let severity = if expected { Severity::Attention } else { Severity::Alive };
            let message = format!(
                "issue {number} has no verifiable evidence of not having been signed in advance"
            );
            findings.push(Finding::new(Code::FreshnessMissing, severity, message).issue(number));
        }
        Some(at) if newest.as_of.since(at) > STALE_AFTER => {
            let message = format!(
                "the newest evidence in issue {number}, {at}, is more than 72 hours before its as_of, {}",
                newest.as_of
            );
            findings.push(
                Finding::new(Code::FreshnessStale, Severity::Attention, message)
                    .issue(number)
                    .since(at),
            );
        }
        Some(_) => {}
    }
    newest_of_all
}

/// The newest verified instant of one issue, whose beacons are the next ones.
fn evidence(
    verified: &VerifiedIssue,
    beacons: &mut impl Iterator<Item = Beacon>,
    findings: &mut Findings,
) -> Option<Timestamp> {
    let issue = verified.issue();
    let mut newest = None;
    for (evidence, beacon) in issue.not_before.iter().flatten().zip(beacons) {
        let mut invalid = |message: String| {
            let finding = Finding::new(Code::FreshnessInvalid, Severity::Alarm, message);
            findings.push(finding.issue(issue.number));
        };
        let round = evidence.round;
        match beacon {
            Beacon::Verified(at) => {
                if at.since(issue.as_of) > CLOCK_TOLERANCE {
                    invalid(format!(
                        "the beacon of round {round}, {at}, is later than as_of, {}",
                        issue.as_of
                    ));
                }
                newest = newest.max(Some(at));
            }
            Beacon::Invalid => invalid(format!("the beacon of round {round} does not verify")),
            Beacon::UnknownChain => {}
        }
    }
    newest
}

/// A series with this many beacons gains from more than one core.
const WORTH_SHARING: usize = 128;

/// Verifies in order. The result does not depend on how the work is shared out.
fn verify_shared(pieces: &[&NotBefore], chains: &[Chain]) -> Vec<Beacon> {
    match pieces.len() < WORTH_SHARING {
        true => verify_all(pieces, chains),
        false => in_shares(pieces, |_, share| verify_all(share, chains)),
    }
}

//! The log: consistency with what was seen, the checkpoint's signatures, heartbeat and witnesses
//! (`format.md` §5, `verdicts.md` §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::issue::Issue;
use canary_format::time::Timestamp;

use super::findings::Findings;
use super::obtained::Served;
use super::{CLOCK_TOLERANCE, HOUR};
use crate::evidence::{Seen, Trust};
use crate::report::{Code, LogSummary, Severity, WitnessSummary};

/// How what is served stands to what was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was seen before, or there is nothing to compare.
    New,
    /// It extends, or is, the tree seen before.
    Extends,
    /// A cache still catching up: ignored in favour of what was seen.
    CatchingUp,
    /// It ends earlier than the tree seen before.
    Rollback,
    /// It differs from the tree seen before.
    Inconsistent,
}

impl Standing {
    pub(super) fn of(
        served: &Served<'_>,
        seen: Option<&Seen>,
        now: Timestamp,
        findings: &mut Findings,
    ) -> Self {
        let (Some(seen), Some(leaves)) =
            (seen, served.leaves().filter(|leaves| leaves.offset == 0))
        else {
            return Self::New;
        };
        let common = leaves.bytes.len().min(seen.leaves.len());
        if leaves.bytes[..common] != seen.leaves[..common] {
            let message = "the log does not extend the tree seen before";
            findings.add(Code::LogInconsistent, Severity::Alarm, message);
        }
        let standing = match leaves.bytes[..common] == seen.leaves[..common] {
            true if common == seen.leaves.len() => return Self::Extends,
            true if is_catching_up(served, seen, now) => return Self::CatchingUp,
            true => Self::Rollback,
            false => Self::Inconsistent,
        };
        if common < seen.leaves.len() {
            let (size, before) = (common, seen.leaves.len());
            let message =
                format!("issue {size} is the newest here, issue {before} was seen before");
            findings.add(Code::Rollback, Severity::Alarm, message).issue = Some(size as u64);
        }
        standing
    }
}

/// A consistent smaller tree whose heartbeat is not later than the one seen, within an hour of first
/// seeing the larger.
fn is_catching_up(served: &Served<'_>, seen: &Seen, now: Timestamp) -> bool {
    let newest = seen.leaves.last().and_then(|leaf| newest_issue(leaf));
    let key = newest.and_then(|issue| issue.log.heartbeat).map(|heartbeat| heartbeat.key);
    let heartbeat = match (&served.checkpoint, key) {
        (Some(checkpoint), Some(key)) => match checkpoint.check_cosignature(&key) {
            LineCheck::Verifies(times) => times.into_iter().max(),
            _ => None,
        },
        _ => None,
    };
    heartbeat <= seen.heartbeat_at && seen.grown_at.is_some_and(|grown| now.since(grown) <= HOUR)
}

fn newest_issue(leaf: &[u8]) -> Option<Issue> {
    let envelope = canary_format::envelope::Envelope::parse(leaf).ok()?;
    Issue::parse(envelope.payload()).ok()
}

/// Whether the log's key signed the checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    No,
}

/// The checkpoint's origin line and the signature of the newest authentic issue's log key.
pub(super) fn signature(
    checkpoint: &Checkpoint,
    newest: &Issue,
    findings: &mut Findings,
) -> Signed {
    if checkpoint.origin() != newest.origin {
        let message = format!(
            "the checkpoint's origin is {}, the issue's {}",
            checkpoint.origin(),
            newest.origin
        );
        findings.add(Code::ChainBroken, Severity::Alarm, message).issue = Some(newest.number);
    }
    let message = match checkpoint.check_signature(&newest.log.key) {
        LineCheck::Verifies(()) => return Signed::Yes,
        LineCheck::Absent => {
            format!("the log key of issue {} did not sign the checkpoint", newest.number)
        }
        LineCheck::Fails => {
            format!("a line of the log key of issue {} does not verify", newest.number)
        }
    };
    findings.add(Code::CheckpointUnsigned, Severity::Alarm, message).issue = Some(newest.number);
    Signed::No
}

/// Every verified cosignature time of the newest issue's heartbeat key.
pub(super) fn heartbeats(checkpoint: &Checkpoint, newest: &Issue) -> Vec<Timestamp> {
    match newest
        .log
        .heartbeat
        .as_ref()
        .map(|heartbeat| checkpoint.check_cosignature(&heartbeat.key))
    {
        Some(LineCheck::Verifies(times)) => times,
        _ => Vec::new(),
    }
}

/// The newest of these times that does not lie ahead of now.
pub(super) fn newest_present(times: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
    times.iter().copied().filter(|at| at.since(now) <= CLOCK_TOLERANCE).max()
}

/// `HEARTBEAT_MISSING` and `HEARTBEAT_STALE`.
pub(super) fn heartbeat(
    newest: &Issue,
    at: Option<Timestamp>,
    now: Timestamp,
    findings: &mut Findings,
) {
    let Some(declared) = &newest.log.heartbeat else {
        return;
    };
    let Some(at) = at else {
        let message =
            format!("issue {} declares a heartbeat and there is none that verifies", newest.number);
        findings.add(Code::HeartbeatMissing, Severity::Alarm, message).issue = Some(newest.number);
        return;
    };
    let age = now.since(at);
    if age > declared.max_age {
        let severity = match age > (2 * declared.max_age).max(48 * HOUR) {
            true => Severity::Alarm,
            false => Severity::Attention,
        };
        let message =
            format!("the newest heartbeat, {at}, is older than {} seconds", declared.max_age);
        findings.add(Code::HeartbeatStale, severity, message).since = Some(at);
    }
}

/// The witnesses of the verifier's policy that cosigned, and `WITNESS_SHORT`.
pub(super) fn witnesses(
    checkpoint: Option<&Checkpoint>,
    trust: &Trust,
    now: Timestamp,
    findings: &mut Findings,
) -> Vec<WitnessSummary> {
    let Some(policy) = &trust.witnesses else {
        return Vec::new();
    };
    let cosigned = |key| match checkpoint.map(|checkpoint| checkpoint.check_cosignature(key)) {
        Some(LineCheck::Verifies(times)) => newest_present(&times, now),
        _ => None,
    };
    let witnesses: Vec<WitnessSummary> = policy
        .witnesses
        .iter()
        .filter_map(|key| Some(WitnessSummary { name: key.name().to_owned(), at: cosigned(key)? }))
        .collect();
    if witnesses.len() < policy.threshold {
        let message = format!("{} of {} witnesses cosigned", witnesses.len(), policy.threshold);
        findings.add(Code::WitnessShort, Severity::Attention, message);
    }
    witnesses
}

pub(super) fn summary(
    checkpoint: &Checkpoint,
    heartbeat_at: Option<Timestamp>,
    witnesses: Vec<WitnessSummary>,
) -> LogSummary {
    LogSummary {
        size: checkpoint.size(),
        root: STANDARD.encode(checkpoint.root().0),
        heartbeat_at,
        witnesses,
    }
}

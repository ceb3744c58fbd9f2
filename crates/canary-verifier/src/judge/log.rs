//! The log: consistency with what was seen, the checkpoint's signatures, heartbeat and witnesses
//! (`format.md` §5, `verdicts.md` §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::cosigner::Cosigner;
use canary_format::issue::Issue;
use canary_format::key::PublicKey;
use canary_format::merkle::{leaf_hash, root};
use canary_format::time::Timestamp;

use super::findings::Findings;
use super::obtained::Served;
use super::series::VerifiedIssue;
use super::{CLOCK_TOLERANCE, HOUR};
use crate::evidence::{Seen, Trust};
use crate::report::{Code, LogSummary, Severity, WitnessSummary};
use crate::witness::{Quorum, Witness};

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
        let newest = leaves.bytes.last().and_then(|leaf| newest_issue(leaf));
        let standing = match leaves.bytes[..common] == seen.leaves[..common] {
            true if common == seen.leaves.len() => return Self::Extends,
            true if is_catching_up(served.checkpoint.as_ref(), newest.as_ref(), seen, now) => {
                return Self::CatchingUp;
            }
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
///
/// `newest` is the newest issue of the smaller tree: its heartbeat key may be another than the one now.
fn is_catching_up(
    checkpoint: Option<&Checkpoint>,
    newest: Option<&Issue>,
    seen: &Seen,
    now: Timestamp,
) -> bool {
    let times = checkpoint.zip(newest).map(|(checkpoint, newest)| heartbeats(checkpoint, newest));
    let heartbeat = times.and_then(|times| times.into_iter().max());
    // One that was first seen ahead of now was seen under a clock that was ahead: for how long is not known.
    let lately = -CLOCK_TOLERANCE..=HOUR;
    heartbeat <= seen.heartbeat_at
        && seen.grown_at.is_some_and(|grown| lately.contains(&now.since(grown)))
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
    origin(checkpoint, newest, findings);
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

fn origin(checkpoint: &Checkpoint, newest: &Issue, findings: &mut Findings) {
    if checkpoint.origin() != newest.origin {
        let message = format!(
            "the checkpoint's origin is {}, the issue's {}",
            checkpoint.origin(),
            newest.origin
        );
        findings.add(Code::ChainBroken, Severity::Alarm, message).issue = Some(newest.number);
    }
}

/// A checkpoint whose leaves could not be had, held against the series seen before: it can contradict
/// that by itself. Of a larger tree nothing is known, not even whose key should have signed it.
///
/// Whether the log's key put its name to another tree than the one seen.
pub(super) fn alone(
    checkpoint: &Checkpoint,
    seen: &Seen,
    series: &[VerifiedIssue],
    now: Timestamp,
    findings: &mut Findings,
) -> Standing {
    let (size, before) = (checkpoint.size(), seen.leaves.len());
    let at = usize::try_from(size).ok().filter(|at| (1..=before).contains(at));
    let is_whole = series.first().is_some_and(|first| first.issue().number == 1);
    let Some((at, issue)) = at.and_then(|at| Some((at, series.get(at - 1)?))).filter(|_| is_whole)
    else {
        if let Some(newest) = series.last() {
            origin(checkpoint, newest.issue(), findings);
        }
        return Standing::New;
    };
    if signature(checkpoint, issue.issue(), findings) == Signed::No {
        return Standing::New;
    }
    let hashes: Vec<_> = seen.leaves[..at].iter().map(|leaf| leaf_hash(leaf)).collect();
    let is_same = root(&hashes) == checkpoint.root();
    if is_same && (at == before || is_catching_up(Some(checkpoint), Some(issue.issue()), seen, now))
    {
        return Standing::New;
    }
    if !is_same {
        let message = "the log does not extend the tree seen before";
        findings.add(Code::LogInconsistent, Severity::Alarm, message);
    }
    if at < before {
        let message = format!("the checkpoint ends at issue {at}, issue {before} was seen before");
        findings.add(Code::Rollback, Severity::Alarm, message).issue = Some(size);
    }
    if is_same { Standing::Rollback } else { Standing::Inconsistent }
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

/// What the witnesses of the verifier's policy show.
#[derive(Debug, Default)]
pub(super) struct Witnessed {
    /// Those that cosigned, as the report names them.
    pub(super) summaries: Vec<WitnessSummary>,
    /// The newest instant of a verified cosignature, ahead of now or not.
    pub(super) newest: Option<Timestamp>,
    /// The newest instant that a quorum of them vouches for, ahead of now or not.
    pub(super) quorum_at: Option<Timestamp>,
}

/// The witnesses of the verifier's policy that cosigned, and `WITNESS_SHORT`.
///
/// A key of the publisher's own is no witness, whatever the policy calls it. A cosignature ahead of
/// now does not count towards the policy.
pub(super) fn witnesses(
    checkpoint: Option<&Checkpoint>,
    newest: Option<&Issue>,
    trust: &Trust,
    now: Timestamp,
    findings: &mut Findings,
) -> Witnessed {
    let Some(policy) = &trust.witnesses else {
        return Witnessed::default();
    };
    let mut own: Vec<PublicKey> = Vec::new();
    if let Some(issue) = newest {
        own.extend(issue.roster.signers.iter().flat_map(|signer| &signer.keys));
        own.push(issue.log.key.key());
        own.extend(issue.log.heartbeat.as_ref().map(|heartbeat| heartbeat.key.key()));
    }
    let times = |witness: &Witness| match (&witness.key, checkpoint) {
        (Cosigner::Ed25519(key), _) if own.contains(&key.key()) => Vec::new(),
        (key, Some(checkpoint)) => match key.check(checkpoint) {
            LineCheck::Verifies(times) => times,
            _ => Vec::new(),
        },
        (_, None) => Vec::new(),
    };
    let times: Vec<_> = policy.witnesses().iter().map(times).collect();
    let present: Vec<_> = times.iter().map(|times| newest_present(times, now)).collect();
    let ahead: Vec<_> = times.iter().map(|times| times.iter().copied().max()).collect();
    let summary = |(witness, (times, at)): (&Witness, (&Vec<Timestamp>, &Option<Timestamp>))| {
        let first = times.iter().copied().min();
        Some(WitnessSummary { name: witness.key.name().to_owned(), first: first?, at: (*at)? })
    };
    let summaries: Vec<_> =
        policy.witnesses().iter().zip(times.iter().zip(&present)).filter_map(summary).collect();
    if !policy.quorum_at(&present).is_met() {
        let (count, known) = (summaries.len(), policy.witnesses().len());
        let message = format!(
            "{count} of {known} witnesses cosigned: the witness policy asks for others or more"
        );
        findings.add(Code::WitnessShort, Severity::Attention, message);
    } else if !checkpoint.is_some_and(|checkpoint| policy.knows_log_of(checkpoint)) {
        let message = "the witness policy lists logs, and none of them signed the checkpoint";
        findings.add(Code::WitnessShort, Severity::Attention, message);
    }
    Witnessed {
        summaries,
        newest: ahead.iter().copied().flatten().max(),
        quorum_at: match policy.quorum_at(&ahead) {
            Quorum::Met(at) => Some(at),
            _ => None,
        },
    }
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

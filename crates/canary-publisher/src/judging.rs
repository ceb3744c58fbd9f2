//! The verifier's word on what is about to be published, and on what was.

use canary_format::checkpoint::Checkpoint;
use canary_format::time::Timestamp;
use canary_verifier::code::Code;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::{Judgement, judge};
use canary_verifier::report::Finding;

use crate::series::Series;

/// The verifier does not call a series authentic as it stands.
#[derive(Debug, thiserror::Error)]
#[error("the verifier does not call this authentic: {}", said(findings))]
#[non_exhaustive]
pub struct NotAuthentic {
    /// What it found.
    pub findings: Vec<Finding>,
}

/// Judges a series with its checkpoint, from memory.
pub(crate) fn judge_series(
    series: &Series,
    checkpoint: &Checkpoint,
    now: Timestamp,
) -> Result<Judgement, NotAuthentic> {
    let leaves = series.envelopes().iter().map(|envelope| envelope.bytes().to_vec()).collect();
    let checkpoint = Obtained::Got(checkpoint.to_string().into_bytes());
    judge_site(Site { checkpoint, leaves: Obtained::Got(leaves) }, series, now)
}

/// Judges what a place holds, which has to be this series and all of it.
pub(crate) fn judge_site(
    site: Site,
    series: &Series,
    now: Timestamp,
) -> Result<Judgement, NotAuthentic> {
    let source = Source::Site(site);
    let evidence = Evidence { url: None, obtained_at: now, source, mirrors: Vec::new() };
    let judgement = judge(&evidence, &Trust::default(), None, now);
    let newest = series.size();
    let against = |finding: &Finding| is_refused(finding, newest);
    let findings: Vec<Finding> =
        judgement.report.findings.iter().filter(|f| against(f)).cloned().collect();
    let digest = series.newest().map(|envelope| envelope.digest());
    let whole = judgement.series.len() as u64 == newest
        && judgement.report.issue.as_ref().map(|issue| issue.digest) == digest;
    if whole && findings.is_empty() { Ok(judgement) } else { Err(NotAuthentic { findings }) }
}

/// Findings that no publisher wants to cause. Facts that fall silent, late issues, gaps and rotations
/// are a publisher's own affair: they are published as they are. What can no longer be mended in
/// issues that are already published does not stand in the way of the next one.
fn is_refused(finding: &Finding, newest: u64) -> bool {
    match finding.code {
        Code::Malformed
        | Code::TooLarge
        | Code::BadSignature
        | Code::QuorumShort
        | Code::PinMismatch
        | Code::ChainBroken
        | Code::LogInconsistent
        | Code::CheckpointUnsigned
        | Code::Rollback
        | Code::Fork
        | Code::HeartbeatMissing
        | Code::Missing
        | Code::Unreachable => true,
        Code::FutureDated | Code::FreshnessInvalid => finding.issue == Some(newest),
        _ => false,
    }
}

fn said(findings: &[Finding]) -> String {
    let said: Vec<String> =
        findings.iter().map(|finding| format!("{} ({})", finding.message, finding.code)).collect();
    if said.is_empty() { "it ends before the newest issue".to_owned() } else { said.join("; ") }
}

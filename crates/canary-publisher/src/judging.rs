//! The verifier's word on what is about to be published, and on what was.

use std::collections::BTreeSet;

use canary_format::checkpoint::Checkpoint;
use canary_format::digest::Digest;
use canary_format::issue::Issue;
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_format::tlog_proof::TlogProof;
use canary_verifier::code::Code;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::{Judgement, judge};
use canary_verifier::report::Finding;

use crate::series::{Series, SeriesError};

/// The verifier does not call a series authentic as it stands.
#[derive(Debug, thiserror::Error)]
#[error("the verifier does not call this authentic: {}", said(findings))]
#[non_exhaustive]
pub struct NotAuthentic {
    /// What it found.
    pub findings: Vec<Finding>,
}

/// Judges a series with its checkpoint: from issue 1 on, or from the newest one that an earlier run
/// called authentic.
pub(crate) fn judge_series(
    series: &Series,
    checkpoint: &Checkpoint,
    known: Option<Known>,
    now: Timestamp,
) -> Result<Judgement, JudgingError> {
    let from = known.map_or(1, |known| known.number);
    let leaf = |number| {
        let envelope = series.envelope(number)?;
        Ok(envelope.map(|envelope| envelope.bytes().to_vec()).unwrap_or_default())
    };
    let leaves: Vec<_> = (from..=series.size()).map(leaf).collect::<Result<_, SeriesError>>()?;
    let judgement = match known {
        Some(known) => judge_growth(leaves, checkpoint, series, known, now)?,
        None => {
            let checkpoint = Obtained::Got(checkpoint.to_string().into_bytes());
            judge_site(Site { checkpoint, leaves: Obtained::Got(leaves) }, series, now)?
        }
    };
    Ok(judgement)
}

/// The newest issue that an earlier run called authentic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) number: u64,
    /// Of its payload.
    pub(crate) digest: Digest,
}

/// Whether what is new of a series is held against more than the issue before it (`verdicts.md` §3): a fact
/// or counter that comes may be back with other words or values, one that goes may have been announced long
/// enough before, and a longer life counts from the baseline. A report on it takes the whole series.
pub(crate) fn reaches_back(series: &Series, known: Known) -> Result<bool, SeriesError> {
    let mut before: Option<Issue> = None;
    for number in known.number..=series.size() {
        // What is no issue is refused when it is judged.
        let envelope = series.envelope(number)?;
        let Some(issue) = envelope.and_then(|envelope| Issue::parse(envelope.payload()).ok())
        else {
            break;
        };
        if before.is_some_and(|before| {
            statements(&before) != statements(&issue) || life(&before) < life(&issue)
        }) {
            return Ok(true);
        }
        before = Some(issue);
    }
    Ok(false)
}

/// The ids of facts and of counters.
fn statements(issue: &Issue) -> [BTreeSet<&str>; 2] {
    let facts = issue.facts.iter().map(|fact| fact.id.as_str());
    let counters = issue.counters.iter().flatten().map(|counter| counter.id.as_str());
    [facts.collect(), counters.collect()]
}

/// For how many seconds an issue is in force.
fn life(issue: &Issue) -> i64 {
    issue.expires.since(issue.as_of)
}

/// Why there is no judgement, or not the one that publishing needs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JudgingError {
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    #[error(transparent)]
    Series(#[from] SeriesError),
}

/// Judges the newest issues of a series as a `.canary` file holds them, with the newest known one as
/// the pin (`format.md` §8.1). The first leaf is that one's.
pub(crate) fn judge_growth(
    leaves: Vec<Vec<u8>>,
    checkpoint: &Checkpoint,
    series: &Series,
    known: Known,
    now: Timestamp,
) -> Result<Judgement, NotAuthentic> {
    let proofs = (known.number - 1..).zip(leaves).map(|(index, leaf)| TlogProof {
        extra: Some(leaf),
        index,
        hashes: series.proof(index),
        checkpoint: checkpoint.clone(),
    });
    let proofs: Vec<String> = proofs.map(|proof| proof.to_string()).collect();
    let file = proofs.into_iter().rev().collect::<String>().into_bytes();
    let pin = Pin { url: String::new(), number: known.number, digest: known.digest };
    let trust = Trust { pin: Some(pin), ..Trust::default() };
    judge_source(Source::Proof(Obtained::Got(file)), &trust, known.number, series, now)
}

/// Judges what a place holds, which has to be this series and all of it.
pub(crate) fn judge_site(
    site: Site,
    series: &Series,
    now: Timestamp,
) -> Result<Judgement, NotAuthentic> {
    judge_source(Source::Site(site), &Trust::default(), 1, series, now)
}

/// Judges evidence that has to hold the series from an issue on to its end.
fn judge_source(
    source: Source,
    trust: &Trust,
    from: u64,
    series: &Series,
    now: Timestamp,
) -> Result<Judgement, NotAuthentic> {
    let evidence = Evidence { url: None, obtained_at: now, source, mirrors: Vec::new() };
    let judgement = judge(&evidence, trust, None, now);
    let newest = series.size();
    let against = |finding: &Finding| is_refused(finding, newest);
    let findings: Vec<Finding> =
        judgement.report.findings.iter().filter(|f| against(f)).cloned().collect();
    let digest = series.newest().map(|envelope| envelope.digest());
    let whole = judgement.series.len() as u64 == newest + 1 - from
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
        | Code::HeartbeatMissing
        | Code::Missing
        | Code::Unreachable => true,
        Code::FutureDated | Code::FreshnessInvalid => finding.issue == Some(newest),
        code => code.is_authenticity(),
    }
}

fn said(findings: &[Finding]) -> String {
    let said: Vec<String> =
        findings.iter().map(|finding| format!("{} ({})", finding.message, finding.code)).collect();
    if said.is_empty() { "it ends before the newest issue".to_owned() } else { said.join("; ") }
}

#[cfg(test)]
mod tests;

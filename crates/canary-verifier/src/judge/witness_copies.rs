//! Witnesses' own copies of a log's checkpoint, beside what was judged (`verdicts.md` §3, `FORK`).

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::cosigner::Cosigner;
use canary_format::merkle::{TreeHash, leaf_hash, root};
use canary_format::time::Timestamp;

use super::contradiction::Side;
use super::findings::Findings;
use super::{HOUR, Judgement};
use crate::evidence::Obtained;
use crate::report::{Code, Finding, Severity};

/// A log's newest checkpoint as a witness serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessCopy {
    /// The witness's key.
    pub key: Cosigner,
    /// Where it was asked for.
    pub url: String,
    /// What was obtained there.
    pub checkpoint: Obtained<Vec<u8>>,
}

impl Judgement {
    /// The same judgement beside the witnesses' copies. Only a copy that the witness cosigned and a
    /// log key of the series signed says anything; a witness that cannot be read does not.
    ///
    /// Another root for a size at hand is a `FORK`; a larger tree, cosigned more than an hour before
    /// now, means that what was judged is older than what others were shown: a `ROLLBACK`.
    #[must_use]
    pub fn beside_witness_copies(mut self, copies: &[WitnessCopy], now: Timestamp) -> Self {
        let mut findings = Findings::default();
        findings.extend(std::mem::take(&mut self.report.findings));
        for copy in copies {
            let Some((checkpoint, at)) = self.credible(copy) else { continue };
            let (size, held) = (checkpoint.size(), self.series.len() as u64);
            let (name, url) = (copy.key.name(), &copy.url);
            if size > held {
                if now.since(at) > HOUR {
                    let message = format!(
                        "the witness {name} cosigned a tree of {size} issues at {at}, and {held} are here"
                    );
                    findings.push(
                        Finding::new(Code::Rollback, Severity::Alarm, message).url(url).since(at),
                    );
                }
            } else if self.root_at(size).is_some_and(|root| root != checkpoint.root()) {
                let message =
                    format!("the witness {name} cosigned another tree of {size} issues at {at}");
                findings.push(
                    Finding::new(Code::Fork, Severity::Alarm, message)
                        .issue(size)
                        .url(url)
                        .since(at),
                );
                let theirs = Side {
                    checkpoint: Some(checkpoint.to_string().into_bytes()),
                    ..Side::default()
                };
                let ours = Side::of(&self.series, self.checkpoint.as_ref());
                self.contradictions.push([ours, theirs]);
            }
        }
        self.report.findings = findings.in_order();
        let worst = self.report.findings.iter().map(|finding| finding.severity).max();
        self.report.severity = worst.unwrap_or(Severity::Alive);
        self
    }

    /// Whether a copy says anything about the series that was judged.
    pub fn hears(&self, copy: &WitnessCopy) -> bool {
        self.credible(copy).is_some()
    }

    /// The copy and its newest cosignature, where both witness and log put their name to it.
    fn credible(&self, copy: &WitnessCopy) -> Option<(Checkpoint, Timestamp)> {
        let Obtained::Got(bytes) = &copy.checkpoint else { return None };
        let checkpoint = Checkpoint::parse(bytes).ok()?;
        let LineCheck::Verifies(times) = copy.key.check(&checkpoint) else { return None };
        let signed = self.series.iter().any(|issue| {
            issue.issue().origin == checkpoint.origin()
                && checkpoint.check_signature(&issue.issue().log.key) == LineCheck::Verifies(())
        });
        signed.then(|| Some((checkpoint, times.into_iter().max()?)))?
    }

    /// The root over the first issues, where they are at hand from the first on.
    fn root_at(&self, size: u64) -> Option<TreeHash> {
        let is_whole = self.series.first().is_some_and(|first| first.issue().number == 1);
        let issues = self.series.get(..usize::try_from(size).ok()?).filter(|_| is_whole)?;
        let hashes: Vec<_> =
            issues.iter().map(|issue| leaf_hash(issue.envelope().bytes())).collect();
        Some(root(&hashes))
    }
}

//! The first steps: what was obtained, as a checkpoint and leaves (`verdicts.md` §6).

use std::borrow::Cow;
use std::sync::Arc;

use canary_format::checkpoint::{Checkpoint, MAX_LEAVES};
use canary_format::merkle::{TreeHash, leaf_hash, root};
use canary_format::refusal::{Refusal, Rule};
use canary_format::tlog_proof::TlogProof;

use super::findings::{Findings, refused};
use super::in_parallel::in_parallel;
use super::series::{Leaves, Parsed, VerifiedTree};
use crate::evidence::{Obtained, Seen, Site, Source};
use crate::report::{Code, Severity};

/// What was obtained, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Served<'a> {
    pub(super) reach: Reach,
    pub(super) checkpoint: Option<Checkpoint>,
    /// The first leaf is that after `offset` others.
    pub(super) offset: u64,
    pub(super) leaves: Option<Cow<'a, [Vec<u8>]>>,
    /// The only leaf, where it had to be parsed to know its number.
    parsed: Option<Arc<Parsed>>,
    /// Of the leaves of a site.
    hashes: Vec<TreeHash>,
    /// Of so many leaves, from the first on, the signatures verified before.
    verified: usize,
    /// Whether the leaves, or the one leaf and its proof, give the checkpoint's root.
    pub(super) root: RootCheck,
}

/// Whether anything was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reach {
    #[default]
    Obtained,
    Missing,
    Unreachable,
}

/// Whether leaves and checkpoint fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum RootCheck {
    /// There is nothing to check.
    #[default]
    None,
    Fits,
    Differs,
}

impl<'a> Served<'a> {
    pub(super) fn read(source: &'a Source, findings: &mut Findings) -> Self {
        match source {
            Source::Site(site) => Self::site(site, findings),
            Source::Proof(bytes) => Self::file(bytes, findings, Self::proof),
            Source::Envelope(bytes) => Self::file(bytes, findings, Self::envelope),
        }
    }

    pub(super) fn leaves(&self) -> Option<Leaves<'_>> {
        let bytes = self.leaves.as_deref()?;
        let (offset, parsed, verified) = (self.offset, self.parsed.as_ref(), self.verified);
        Some(Leaves { offset, bytes, parsed, verified })
    }

    /// Where the leaves of a site begin with those of this tree, its signatures stand.
    pub(super) fn begin_with(&mut self, tree: &VerifiedTree) {
        self.verified = tree.size_within(&self.hashes);
    }

    /// The tree of a site of which so many issues, from the first on, were found authentic: where that
    /// is all of them.
    pub(super) fn verified_tree(&self, issues: usize) -> Option<VerifiedTree> {
        let is_all = issues == self.hashes.len() && self.root == RootCheck::Fits && issues > 0;
        is_all.then(|| VerifiedTree::over(&self.hashes))
    }

    /// A file holds the newest issues; what was seen before supplies the ones before them. Together they
    /// must give the checkpoint's root: the proofs in the file say nothing of a leaf that is not in it.
    pub(super) fn after_seen(&mut self, seen: &Seen, findings: &mut Findings) {
        let known = usize::try_from(self.offset).ok().and_then(|offset| seen.leaves.get(..offset));
        let (Some(known @ [_, ..]), Some(leaves)) = (known, &self.leaves) else { return };
        let whole = [known, leaves].concat();
        if let Some(checkpoint) = &self.checkpoint {
            let hashes = in_parallel(&whole, |(), _, leaf| leaf_hash(leaf));
            if checkpoint.size() == whole.len() as u64 && checkpoint.root() != root(&hashes) {
                self.root = RootCheck::Differs;
                let message = "the log does not extend the tree seen before";
                findings.add(Code::LogInconsistent, Severity::Alarm, message);
            }
        }
        self.leaves = Some(Cow::Owned(whole));
        self.offset = 0;
        self.parsed = None;
    }

    pub(super) fn site(site: &'a Site, findings: &mut Findings) -> Self {
        let mut served = Self::default();
        let Some(bytes) = served.take(&site.checkpoint, "the checkpoint", findings) else {
            return served;
        };
        let checkpoint = match Checkpoint::parse(bytes) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => {
                findings.push(refused(&refusal));
                return served;
            }
        };
        let size = checkpoint.size();
        served.checkpoint = Some(checkpoint);
        match size {
            0 => {
                let none = Rule::Form("at least one leaf");
                findings.push(refused(&Refusal::malformed("checkpoint line 2", none)));
                return served;
            }
            1..=MAX_LEAVES => {}
            _ => {
                let message = format!("the log has {size} leaves, more than {MAX_LEAVES}");
                findings.add(Code::TooLarge, Severity::Alarm, message);
                return served;
            }
        }
        // Where the checkpoint is there and its leaves are not, they are unreachable (§6).
        let leaves = match &site.leaves {
            Obtained::Missing => {
                served.unreachable("the leaves that the checkpoint covers are not there", findings);
                return served;
            }
            leaves => served.take(leaves, "the leaves", findings),
        };
        if let (Some(leaves), Some(checkpoint)) = (leaves, &served.checkpoint) {
            let hashes = in_parallel(leaves, |(), _, leaf| leaf_hash(leaf));
            served.root = RootCheck::Fits;
            if leaves.len() as u64 != size || root(&hashes) != checkpoint.root() {
                served.root = RootCheck::Differs;
                let message = "the leaves do not give the checkpoint's root";
                findings.add(Code::LogInconsistent, Severity::Alarm, message);
            }
            served.leaves = Some(Cow::Borrowed(leaves));
            served.hashes = hashes;
        }
        served
    }

    fn file(
        bytes: &'a Obtained<Vec<u8>>,
        findings: &mut Findings,
        read: impl Fn(&mut Self, &[u8], &mut Findings) -> Result<(), Refusal>,
    ) -> Self {
        let mut served = Self::default();
        if let Some(bytes) = served.take(bytes, "the file", findings)
            && let Err(refusal) = read(&mut served, bytes, findings)
        {
            findings.push(refused(&refusal));
        }
        served
    }

    fn proof(&mut self, bytes: &[u8], findings: &mut Findings) -> Result<(), Refusal> {
        let proofs = TlogProof::parse_all(bytes)?;
        let mut leaves = Vec::with_capacity(proofs.len());
        self.root = RootCheck::Fits;
        for proof in proofs.into_iter().rev() {
            let missing = || Refusal::malformed("proof", Rule::MissingMember("extra"));
            let leaf = proof.extra.as_ref().ok_or_else(missing)?;
            if let Err(error) = proof.verify(leaf) {
                self.root = RootCheck::Differs;
                let message =
                    format!("the envelope is not the leaf that the proof speaks of: {error}");
                findings.add(Code::LogInconsistent, Severity::Alarm, message);
            }
            if leaves.is_empty() {
                self.offset = proof.index;
            }
            leaves.extend(proof.extra);
            self.checkpoint = Some(proof.checkpoint);
        }
        let newest = self.offset + leaves.len() as u64;
        let covered = self.checkpoint.as_ref().map(Checkpoint::size);
        if let Some(size) = covered.filter(|size| *size > newest) {
            let message = format!(
                "issue {newest} is the newest in the file, and its checkpoint covers {size} issues"
            );
            findings.add(Code::Rollback, Severity::Alarm, message).issue = Some(newest);
        }
        self.leaves = Some(Cow::Owned(leaves));
        Ok(())
    }

    fn envelope(&mut self, bytes: &[u8], _: &mut Findings) -> Result<(), Refusal> {
        let parsed = Parsed::parse(bytes)?;
        self.offset = parsed.issue.number - 1;
        self.parsed = Some(Arc::new(parsed));
        self.leaves = Some(Cow::Owned(vec![bytes.to_vec()]));
        Ok(())
    }

    /// What was obtained, or the finding that says why it was not.
    fn take<'t, T>(
        &mut self,
        obtained: &'t Obtained<T>,
        what: &str,
        findings: &mut Findings,
    ) -> Option<&'t T> {
        match obtained {
            Obtained::Got(value) => return Some(value),
            Obtained::Missing => {
                self.reach = Reach::Missing;
                findings.add(Code::Missing, Severity::Alarm, format!("{what} is not there"));
            }
            Obtained::Unreachable(how) => {
                self.unreachable(&format!("{what} could not be read: {how}"), findings)
            }
            Obtained::Refused(refusal) => findings.push(refused(refusal)),
        }
        None
    }

    fn unreachable(&mut self, message: &str, findings: &mut Findings) {
        self.reach = Reach::Unreachable;
        findings.add(Code::Unreachable, Severity::Unknown, message);
    }
}

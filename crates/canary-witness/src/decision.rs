//! Whether a submission extends what was cosigned before (`tlog-witness`, add-checkpoint).

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::merkle::{ProofError, TreeHash, root, verify_consistency};
use canary_format::note::{NoteSignature, VerifierKey};

use crate::request::Submission;

/// The newest tree cosigned for an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) size: u64,
    pub(crate) root: TreeHash,
}

/// Why a submission is not cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 403: no trusted key signed, or one of its lines does not verify.
    Signature,
    /// 400: the old size is greater than the new.
    OldBeyondNew,
    /// 409: the old size is not the one recorded, which is this.
    OldSize(u64),
    /// 422: the proof or the root does not hold.
    Proof,
}

/// The lines of trusted keys, where there is one and every such line verifies.
pub(crate) fn trusted_lines(
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
) -> Result<Vec<NoteSignature>, Refused> {
    let mut lines = Vec::new();
    for key in keys {
        match checkpoint.check_signature(key) {
            LineCheck::Absent => {}
            LineCheck::Fails => return Err(Refused::Signature),
            LineCheck::Verifies(()) => lines.extend(checkpoint.note().lines_of(key).cloned()),
        }
    }
    if lines.is_empty() { Err(Refused::Signature) } else { Ok(lines) }
}

/// What can be refused without the record.
pub(crate) fn check_sizes(submission: &Submission) -> Result<(), Refused> {
    match submission.old > submission.checkpoint.size() {
        true => Err(Refused::OldBeyondNew),
        false => Ok(()),
    }
}

/// Judges a submission whose signature and sizes were checked against what is on record.
pub(crate) fn extends(submission: &Submission, before: Option<Recorded>) -> Result<(), Refused> {
    let empty = Recorded { size: 0, root: root(&[]) };
    let recorded = before.unwrap_or(empty);
    let (size, new_root) = (submission.checkpoint.size(), submission.checkpoint.root());
    if submission.old != recorded.size {
        return Err(Refused::OldSize(recorded.size));
    }
    if size == 0 && new_root != empty.root {
        return Err(Refused::Proof);
    }
    verify_consistency(recorded.size, size, &submission.proof, recorded.root, new_root)
        .map_err(|_: ProofError| Refused::Proof)
}

/// Whether the log signed another root for the size on record: both checkpoints together prove it.
pub(crate) fn is_two_faced(submission: &Submission, before: Option<Recorded>) -> bool {
    let checkpoint = &submission.checkpoint;
    before
        .is_some_and(|record| record.size == checkpoint.size() && record.root != checkpoint.root())
}

#[cfg(test)]
mod tests {
    use canary_format::merkle::{consistency_proof, leaf_hash};

    use super::*;

    fn leaves(count: u8) -> Vec<TreeHash> {
        (0..count).map(|n| leaf_hash(&[n])).collect()
    }

    fn submission(old: u64, size: u8) -> Submission {
        let leaves = leaves(size);
        let proof = consistency_proof(&leaves, usize::try_from(old).unwrap().min(leaves.len()));
        let checkpoint = Checkpoint::new("example.com/log", u64::from(size), root(&leaves));
        Submission { old, proof: proof.unwrap(), checkpoint }
    }

    fn recorded(size: u8) -> Option<Recorded> {
        Some(Recorded { size: u64::from(size), root: root(&leaves(size)) })
    }

    #[test]
    fn what_extends_the_record_is_cosigned() {
        assert_eq!(extends(&submission(0, 0), None), Ok(()));
        assert_eq!(extends(&submission(0, 5), None), Ok(()));
        assert_eq!(extends(&submission(0, 5), recorded(0)), Ok(()));
        assert_eq!(extends(&submission(3, 5), recorded(3)), Ok(()));
        assert_eq!(extends(&submission(5, 5), recorded(5)), Ok(()), "the same tree, a later time");
    }

    #[test]
    fn another_old_size_is_answered_with_the_recorded_one() {
        assert_eq!(extends(&submission(0, 5), recorded(3)), Err(Refused::OldSize(3)));
        assert_eq!(extends(&submission(2, 5), recorded(3)), Err(Refused::OldSize(3)));
        assert_eq!(extends(&submission(1, 5), None), Err(Refused::OldSize(0)));
        assert_eq!(extends(&submission(0, 2), recorded(3)), Err(Refused::OldSize(3)));
        assert_eq!(check_sizes(&submission(6, 5)), Err(Refused::OldBeyondNew));
        assert_eq!(check_sizes(&submission(5, 5)), Ok(()));
    }

    #[test]
    fn proofs_and_roots_that_do_not_hold_are_refused() {
        let mut cut = submission(3, 5);
        cut.proof.pop();
        assert_eq!(extends(&cut, recorded(3)), Err(Refused::Proof));
        let mut longer = submission(0, 5);
        longer.proof.push(leaf_hash(b""));
        assert_eq!(extends(&longer, None), Err(Refused::Proof));
        let mut other = submission(3, 5);
        other.checkpoint = Checkpoint::new("example.com/log", 5, leaf_hash(b"x"));
        assert_eq!(extends(&other, recorded(3)), Err(Refused::Proof));
        let mut empty = submission(0, 0);
        empty.checkpoint = Checkpoint::new("example.com/log", 0, leaf_hash(b"x"));
        assert_eq!(extends(&empty, None), Err(Refused::Proof));
        let mut same = submission(5, 5);
        same.checkpoint = Checkpoint::new("example.com/log", 5, leaf_hash(b"x"));
        assert_eq!(extends(&same, recorded(5)), Err(Refused::Proof));
        assert!(is_two_faced(&same, recorded(5)));
        same.old = 3;
        assert!(is_two_faced(&same, recorded(5)), "whatever its old size");
        assert!(!is_two_faced(&submission(5, 5), recorded(5)));
        assert!(!is_two_faced(&same, None));
    }
}

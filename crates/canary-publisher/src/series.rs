//! A series as the publisher holds it: every envelope, in order, and the tree over them
//! (`format.md` §5).

use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::merkle::{TreeHash, inclusion_proof, leaf_hash, root};
use canary_format::refusal::Refusal;

/// Every envelope of a series, in order. Nothing in it has been verified.
#[derive(Debug, Clone, Default)]
pub struct Series {
    envelopes: Vec<Envelope>,
    leaves: Vec<TreeHash>,
}

impl Series {
    /// The series of these envelopes.
    pub fn new(envelopes: Vec<Envelope>) -> Self {
        let leaves = envelopes.iter().map(|envelope| leaf_hash(envelope.bytes())).collect();
        Self { envelopes, leaves }
    }

    /// Adds the next leaf.
    pub fn push(&mut self, envelope: Envelope) {
        self.leaves.push(leaf_hash(envelope.bytes()));
        self.envelopes.push(envelope);
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.envelopes.len() as u64
    }

    /// Every envelope, in order.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// The hashes of the leaves, in order.
    pub fn leaves(&self) -> &[TreeHash] {
        &self.leaves
    }

    /// The root of the tree over the first `size` leaves; `None` where there are not so many.
    pub fn root_at(&self, size: u64) -> Option<TreeHash> {
        Some(root(self.leaves.get(..usize::try_from(size).ok()?)?))
    }

    /// The root of the whole tree.
    pub fn root(&self) -> TreeHash {
        root(&self.leaves)
    }

    /// The envelope of an issue.
    pub fn envelope(&self, number: u64) -> Option<&Envelope> {
        self.envelopes.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The newest envelope.
    pub fn newest(&self) -> Option<&Envelope> {
        self.envelopes.last()
    }

    /// Reads the issue with this number.
    ///
    /// # Errors
    ///
    /// Where its payload breaks a rule of the format. `None` where there is no such envelope.
    pub fn issue(&self, number: u64) -> Option<Result<Issue, Refusal>> {
        self.envelope(number).map(|envelope| Issue::parse(envelope.payload()))
    }

    /// The inclusion proof of the newest leaf, from the leaf's sibling upward.
    pub fn newest_proof(&self) -> Vec<TreeHash> {
        let last = self.leaves.len().saturating_sub(1);
        inclusion_proof(&self.leaves, last).unwrap_or_default()
    }
}

//! The RFC 6962 Merkle tree (`format.md` §5): roots, inclusion and consistency proofs.

use sha2::{Digest as _, Sha256};

/// The hash of a leaf, a node or a whole tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TreeHash(pub [u8; 32]);

/// A proof that does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The sizes or the index admit no proof.
    #[error("no proof exists for these sizes")]
    Sizes,
    /// The proof has too few or too many hashes.
    #[error("the proof has the wrong length")]
    Length,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The hash of one leaf's bytes.
pub fn leaf_hash(leaf: &[u8]) -> TreeHash {
    TreeHash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// The hash of an inner node.
pub fn node_hash(left: TreeHash, right: TreeHash) -> TreeHash {
    let hash = Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0);
    TreeHash(hash.finalize().into())
}

/// The root over these leaf hashes; the hash of nothing where there are none.
pub fn root(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => TreeHash(Sha256::digest([]).into()),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// The inclusion proof of leaf `index` in the tree over `leaves`, from the leaf's sibling upward.
///
/// # Errors
///
/// [`ProofError::Sizes`] where `index` is not in the tree.
pub fn inclusion_proof(leaves: &[TreeHash], index: usize) -> Result<Vec<TreeHash>, ProofError> {
    if index >= leaves.len() {
        return Err(ProofError::Sizes);
    }
    let mut path = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    Ok(path)
}

/// Verifies that the leaf is the one at `index` in a tree of `size` leaves with this root.
///
/// # Errors
///
/// Why the proof does not show it.
pub fn verify_inclusion(
    leaf: TreeHash,
    index: u64,
    size: u64,
    proof: &[TreeHash],
    root: TreeHash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Sizes);
    }
    // RFC 9162 §2.1.3.2.
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*sibling, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    match last {
        0 if hash == root => Ok(()),
        0 => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// The proof that the tree over `leaves` extends the one over its first `old` leaves.
///
/// # Errors
///
/// [`ProofError::Sizes`] where `old` is greater than the tree.
pub fn consistency_proof(leaves: &[TreeHash], old: usize) -> Result<Vec<TreeHash>, ProofError> {
    if old > leaves.len() {
        return Err(ProofError::Sizes);
    }
    let mut path = Vec::new();
    if old == 0 || old == leaves.len() {
        return Ok(path);
    }
    let (mut leaves, mut old, mut known) = (leaves, old, true);
    while old != leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            old -= left.len();
            leaves = right;
            known = false;
        }
    }
    // The old root itself is known to the verifier and left out.
    if !known {
        path.push(root(leaves));
    }
    path.reverse();
    Ok(path)
}

/// Verifies that the tree of `new` leaves with `new_root` extends the one of `old` with `old_root`.
///
/// # Errors
///
/// Why the proof does not show it. A tree of no leaves is extended by any tree, by an empty proof.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[TreeHash],
    old_root: TreeHash,
    new_root: TreeHash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Sizes);
    }
    if old == new || old == 0 {
        return match proof {
            [_, ..] => Err(ProofError::Length),
            [] if old == new && old_root != new_root => Err(ProofError::Root),
            [] if old == 0 && old_root != root(&[]) => Err(ProofError::Root),
            [] => Ok(()),
        };
    }
    // RFC 9162 §2.1.4.2.
    let mut hashes = proof.iter().copied();
    let mut next = || hashes.next().ok_or(ProofError::Length);
    let start = if old.is_power_of_two() { old_root } else { next()? };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (start, start);
    while last != 0 {
        let hash = next()?;
        if node & 1 == 1 || node == last {
            from_old = node_hash(hash, from_old);
            from_new = node_hash(hash, from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(from_new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    match hashes.next() {
        Some(_) => Err(ProofError::Length),
        None if from_old == old_root && from_new == new_root => Ok(()),
        None => Err(ProofError::Root),
    }
}

/// The greatest power of two less than `size`, which is at least 2.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<TreeHash> {
        (0..count).map(|n| leaf_hash(&[n])).collect()
    }

    #[test]
    fn every_proof_of_every_size_verifies_and_no_changed_one_does() {
        let all = leaves(40);
        for size in 0..=all.len() {
            let tree = &all[..size];
            for index in 0..size {
                let mut proof = inclusion_proof(tree, index).unwrap();
                let check = |proof: &[TreeHash]| {
                    verify_inclusion(tree[index], index as u64, size as u64, proof, root(tree))
                };
                assert_eq!(check(&proof), Ok(()));
                proof.push(root(&[]));
                assert_eq!(check(&proof), Err(ProofError::Length));
            }
            for old in 0..=size {
                let proof = consistency_proof(tree, old).unwrap();
                let check = |proof: &[TreeHash], old_root| {
                    verify_consistency(old as u64, size as u64, proof, old_root, root(tree))
                };
                assert_eq!(check(&proof, root(&all[..old])), Ok(()), "{old} {size}");
                assert!(check(&proof, leaf_hash(b"x")).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at].0[0] ^= 1;
                    assert_eq!(check(&changed, root(&all[..old])), Err(ProofError::Root));
                    assert_eq!(check(&proof[..at], root(&all[..old])), Err(ProofError::Length));
                }
            }
        }
    }

    #[test]
    fn no_proof_reaches_outside_the_tree() {
        assert_eq!(inclusion_proof(&leaves(3), 3), Err(ProofError::Sizes));
        assert_eq!(consistency_proof(&leaves(3), 4), Err(ProofError::Sizes));
        let hash = leaf_hash(b"");
        assert_eq!(verify_inclusion(hash, 0, 0, &[], hash), Err(ProofError::Sizes));
        assert_eq!(verify_inclusion(hash, u64::MAX, u64::MAX, &[], hash), Err(ProofError::Sizes));
    }
}

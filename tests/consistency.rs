//! Roots and consistency proofs against another implementation of RFC 6962, the crate `ct-merkle`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use canary_format::merkle::{TreeHash, consistency_proof, leaf_hash, root, verify_consistency};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, RootHash};
use sha2::Sha256;
use sha2::digest::Output;

const MOST: usize = 300;

#[test]
fn every_pair_of_sizes_up_to_300_agrees() {
    let leaves: Vec<_> = (0..MOST).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let roots: Vec<TreeHash> = (0..=MOST).map(|size| root(&leaves[..size])).collect();
    let theirs = |size: usize| {
        let digest: Output<Sha256> = roots[size].0.into();
        RootHash::<Sha256>::new(digest, size as u64)
    };
    let mut tree = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    let mut pairs = 0;
    for new in 1..=MOST {
        tree.push((new - 1).to_be_bytes());
        assert_eq!(tree.root().as_bytes().as_slice(), roots[new].0, "{new}");
        for old in 1..=new {
            let ours = consistency_proof(&leaves[..new], old).unwrap();
            let bytes: Vec<u8> = ours.iter().flat_map(|hash| hash.0).collect();
            // The other implementation proves nothing about a tree and itself.
            if old < new {
                assert_eq!(tree.prove_consistency(new - old).as_bytes(), bytes, "{old} {new}");
                let proof = ConsistencyProof::try_from_bytes(bytes).unwrap();
                theirs(new).verify_consistency(&theirs(old), &proof).unwrap();
            } else {
                assert!(ours.is_empty());
            }
            let verify = |old_root, new_root| {
                verify_consistency(old as u64, new as u64, &ours, old_root, new_root)
            };
            assert_eq!(verify(roots[old], roots[new]), Ok(()));
            assert!(verify(roots[old - 1], roots[new]).is_err());
            assert!(verify(roots[old], roots[new - 1]).is_err());
            pairs += 1;
        }
        assert_eq!(consistency_proof(&leaves[..new], 0), Ok(vec![]));
        assert_eq!(verify_consistency(0, new as u64, &[], roots[0], roots[new]), Ok(()));
    }
    assert_eq!(pairs, MOST * (MOST + 1) / 2);
}

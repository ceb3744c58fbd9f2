//! Many beacons at the price of one pairing check.
//!
//! All of a chain's beacons verify under one key, so a weighted sum of them does too. The weights are
//! 160 bits of a hash over every input: whoever chooses the beacons cannot choose them. A set that
//! holds a beacon which [`Chain::verify`] refuses passes with a chance of at most 2^-160 for each
//! check; a set that does not pass is halved until every such beacon stands alone.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToField, MapToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine};
use sha2::{Digest as _, Sha256};

use super::{Beacon, Chain, DOMAIN, is_product_one};
use crate::issue::NotBefore;

/// A weight, the most significant byte first.
type Weight = [u8; 20];

/// Verifies evidence against the chains that the verifier knows: for each piece what
/// [`NotBefore::verify`] gives, in order.
pub fn verify_all(evidence: &[&NotBefore], chains: &[Chain]) -> Vec<Beacon> {
    let mut results = vec![Beacon::UnknownChain; evidence.len()];
    for chain in chains {
        let mut terms = Vec::new();
        for (index, piece) in evidence.iter().enumerate() {
            if results[index] != Beacon::UnknownChain || piece.chain_bytes() != chain.hash {
                continue;
            }
            results[index] = Beacon::Invalid;
            if let Some(at) = chain.round_time(piece.round)
                && let Some(signature) = point(&piece.signature_bytes())
            {
                terms.push((index, at, piece.round, signature));
            }
        }
        // Decoding the chain's key costs more than all else that an issue without a beacon needs.
        if terms.is_empty() {
            continue;
        }
        let weights = weights(chain, terms.iter().map(|(.., round, point)| (*round, point)));
        let terms: Vec<_> = terms
            .into_iter()
            .zip(weights)
            .map(|((index, at, round, signature), weight)| Term {
                index,
                at,
                round,
                signature,
                weight,
            })
            .collect();
        let Some(key) = chain.key() else {
            continue;
        };
        let hashes: Vec<_> = terms.iter().map(|term| uncleared_hash(term.round)).collect();
        settle(&key, &terms, &hashes, &mut results);
    }
    results
}

/// A beacon whose signature is a point of the group.
struct Term {
    index: usize,
    at: crate::time::Timestamp,
    round: u64,
    signature: G1Affine,
    weight: Weight,
}

/// Accepts all of these, or each half that can be accepted.
fn settle(key: &G2Affine, terms: &[Term], hashes: &[G1Projective], results: &mut [Beacon]) {
    let all_verify = match terms {
        [] => return,
        // What `Chain::verify` does with the same point, hash and key.
        [term] => is_product_one(&term.signature, &hashes[0].clear_h().into(), key),
        _ => {
            let weights: Vec<_> = terms.iter().map(|term| term.weight).collect();
            let signatures: Vec<_> = terms.iter().map(|term| term.signature.into()).collect();
            // Clearing the cofactor is linear: once for the sum is once for each.
            let messages = weighted_sum(hashes, &weights).clear_h();
            let signatures = weighted_sum(&signatures, &weights);
            is_product_one(&signatures.into(), &messages.into(), key)
        }
    };
    if all_verify {
        for term in terms {
            results[term.index] = Beacon::Verified(term.at);
        }
    } else if terms.len() > 1 {
        let half = terms.len() / 2;
        settle(key, &terms[..half], &hashes[..half], results);
        settle(key, &terms[half..], &hashes[half..], results);
    }
}

/// A signature as a point of the prime-order group, other than the identity.
fn point(bytes: &[u8]) -> Option<G1Affine> {
    let point: G1Affine = Option::from(G1Affine::from_compressed(bytes.try_into().ok()?))?;
    (!bool::from(point.is_identity())).then_some(point)
}

/// A round's message on the curve, before its cofactor is cleared.
fn uncleared_hash(round: u64) -> G1Projective {
    let message: [u8; 32] = Sha256::digest(round.to_be_bytes()).into();
    let mut elements = [<G1Projective as MapToCurve>::Field::default(); 2];
    HashToField::hash_to_field::<ExpandMsgXmd<Sha256>, _>([message], DOMAIN, &mut elements);
    G1Projective::map_to_curve(&elements[0]) + G1Projective::map_to_curve(&elements[1])
}

/// One weight for each beacon, of a hash over all of them.
fn weights<'a>(chain: &Chain, beacons: impl Iterator<Item = (u64, &'a G1Affine)>) -> Vec<Weight> {
    let mut hash = Sha256::new();
    hash.update(b"warrant-canary beacon batch\n");
    hash.update(chain.public_key);
    let mut count = 0_u64;
    for (round, signature) in beacons {
        hash.update(round.to_be_bytes());
        hash.update(signature.to_compressed());
        count += 1;
    }
    let seed = hash.finalize();
    let weight = |index: u64| {
        let hash = Sha256::new().chain_update(seed).chain_update(index.to_be_bytes()).finalize();
        *hash.first_chunk().expect("a hash has 32 bytes")
    };
    (0..count).map(weight).collect()
}

/// The sum of the points times their weights, by buckets of equal digits.
fn weighted_sum(points: &[G1Projective], weights: &[Weight]) -> G1Projective {
    // Few points do not pay for many buckets.
    let bits = if points.len() < 128 { 4 } else { 8 };
    let mut sum = G1Projective::identity();
    for digit in 0..160 / bits {
        for _ in 0..bits {
            sum = sum.double();
        }
        let mut buckets = vec![G1Projective::identity(); (1 << bits) - 1];
        for (point, weight) in points.iter().zip(weights) {
            let byte = weight[digit * bits / 8];
            let value = match (bits, digit % 2) {
                (8, _) => byte,
                (_, 0) => byte >> 4,
                _ => byte & 0x0f,
            };
            if let Some(bucket) = usize::from(value).checked_sub(1) {
                buckets[bucket] += point;
            }
        }
        // The bucket of value v counts v times.
        let mut running = G1Projective::identity();
        for bucket in buckets.iter().rev() {
            running += bucket;
            sum += running;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use bls12_381::Scalar;

    use super::*;
    use crate::beacon::QUICKNET_HASH;

    /// A chain whose secret is known, so that any number of beacons can be made.
    struct Mint {
        secret: Scalar,
        chain: Chain,
    }

    impl Mint {
        fn new() -> Self {
            let secret = Scalar::from_raw([3, 1, 4, 1]);
            let key = G2Affine::from(G2Affine::generator() * secret);
            let chain =
                Chain { hash: [9; 32], public_key: key.to_compressed(), ..Chain::quicknet() };
            Self { secret, chain }
        }

        fn beacon(&self, round: u64) -> NotBefore {
            let signature = G1Affine::from(uncleared_hash(round).clear_h() * self.secret);
            self.of(round, &signature.to_compressed())
        }

        fn of(&self, round: u64, signature: &[u8]) -> NotBefore {
            let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            NotBefore::drand(hex(&self.chain.hash), round, hex(signature))
        }
    }

    fn check(mint: &Mint, evidence: &[NotBefore]) -> Vec<Beacon> {
        let chains = [mint.chain.clone(), Chain::quicknet()];
        let evidence: Vec<_> = evidence.iter().collect();
        let batch = verify_all(&evidence, &chains);
        let single: Vec<_> = evidence.iter().map(|piece| piece.verify(&chains)).collect();
        assert_eq!(batch, single);
        batch
    }

    #[test]
    fn a_batch_gives_what_single_verification_gives() {
        let mint = Mint::new();
        let mut evidence: Vec<_> = (1..=20).map(|round| mint.beacon(round)).collect();
        assert!(check(&mint, &evidence).iter().all(|b| matches!(b, Beacon::Verified(_))));
        // One of the wrong round, one cut short, the identity, one of an unknown chain.
        evidence[3].round = 99;
        evidence[7].signature.truncate(90);
        evidence[11].signature = format!("c0{}", "00".repeat(47));
        evidence[15].chain = "ab".repeat(32);
        evidence[16].chain = QUICKNET_HASH.into();
        let batch = check(&mint, &evidence);
        let bad: Vec<_> = (0..20).filter(|n| !matches!(batch[*n], Beacon::Verified(_))).collect();
        assert_eq!(bad, [3, 7, 11, 15, 16]);
        assert!(check(&mint, &[]).is_empty());
    }

    #[test]
    fn errors_that_cancel_out_are_found() {
        let mint = Mint::new();
        let shift = G1Projective::generator();
        let moved = |round, by: G1Projective| {
            let signature = uncleared_hash(round).clear_h() * mint.secret + by;
            mint.of(round, &G1Affine::from(signature).to_compressed())
        };
        let evidence = [mint.beacon(1), moved(2, shift), moved(3, -shift)];
        assert_eq!(check(&mint, &evidence)[1..], [Beacon::Invalid; 2]);
        // The two signatures changed places.
        let (mut a, mut b) = (mint.beacon(4), mint.beacon(5));
        std::mem::swap(&mut a.signature, &mut b.signature);
        assert_eq!(check(&mint, &[a, b]), [Beacon::Invalid; 2]);
    }

    #[test]
    fn many_and_few_points_sum_alike() {
        let points: Vec<_> =
            (1..=130_u64).map(|n| G1Projective::generator() * Scalar::from(n)).collect();
        let generator = G1Affine::generator();
        let weights = weights(&Chain::quicknet(), points.iter().map(|_| (0, &generator)));
        let naive = |count: usize| {
            points[..count].iter().zip(&weights).fold(G1Projective::identity(), |sum, (p, w)| {
                let mut wide = [0; 64];
                wide[..20].copy_from_slice(w);
                wide[..20].reverse();
                sum + p * Scalar::from_bytes_wide(&wide)
            })
        };
        for count in [0, 1, 127, 128, 130] {
            assert_eq!(weighted_sum(&points[..count], &weights[..count]), naive(count), "{count}");
        }
    }
}

//! drand beacons: proof that bytes did not exist before an instant (`format.md` §2.5).

mod batch;

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, Gt, multi_miller_loop};
use sha2::{Digest as _, Sha256};

use crate::issue::NotBefore;
use crate::time::Timestamp;

pub use self::batch::verify_all;

/// The hash-to-curve suite of the scheme `bls-unchained-g1-rfc9380`.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// A drand chain of the scheme `bls-unchained-g1-rfc9380` that a verifier knows.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The chain's hash.
    pub hash: [u8; 32],
    /// The compressed G2 public key.
    pub public_key: [u8; 96],
    /// The instant of round 1, in seconds since 1970.
    pub genesis: i64,
    /// Seconds from one round to the next.
    pub period: i64,
}

/// What a verifier makes of one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beacon {
    /// The beacon verifies: its round's time.
    Verified(Timestamp),
    /// The chain is not known: no evidence either way.
    UnknownChain,
    /// The chain is known and the beacon does not verify.
    Invalid,
}

/// The hash of drand's `quicknet`, in hex.
pub const QUICKNET_HASH: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";

const QUICKNET_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

impl Chain {
    /// drand's `quicknet`, the chain that is built in.
    pub fn quicknet() -> Self {
        let bytes = |hex| crate::digest::hex_decode(hex).expect("constants are hex");
        Self {
            hash: bytes(QUICKNET_HASH).try_into().expect("32 bytes"),
            public_key: bytes(QUICKNET_KEY).try_into().expect("96 bytes"),
            genesis: 1_692_803_367,
            period: 3,
        }
    }

    /// When a round is published: round 1 at genesis.
    pub fn round_time(&self, round: u64) -> Option<Timestamp> {
        let periods = i64::try_from(round.checked_sub(1)?).ok()?;
        let seconds = periods.checked_mul(self.period)?.checked_add(self.genesis)?;
        (seconds <= Timestamp::MAX.unix()).then(|| Timestamp::from_unix(seconds))
    }

    /// The newest round published at an instant; `None` before genesis.
    pub fn round_at(&self, now: Timestamp) -> Option<u64> {
        let elapsed = u64::try_from(now.unix() - self.genesis).ok()?;
        Some(elapsed / self.period.unsigned_abs() + 1)
    }

    /// Whether this is the chain's signature of the round.
    pub fn verify(&self, round: u64, signature: &[u8]) -> bool {
        self.verify_point(round, signature).unwrap_or(false)
    }

    fn verify_point(&self, round: u64, signature: &[u8]) -> Option<bool> {
        let signature: &[u8; 48] = signature.try_into().ok()?;
        let signature: G1Affine = Option::from(G1Affine::from_compressed(signature))?;
        if bool::from(signature.is_identity()) {
            return None;
        }
        let message: [u8; 32] = Sha256::digest(round.to_be_bytes()).into();
        let point =
            <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], DOMAIN);
        Some(is_product_one(&signature, &point.into(), &self.key()?))
    }

    fn key(&self) -> Option<G2Affine> {
        let key: G2Affine = Option::from(G2Affine::from_compressed(&self.public_key))?;
        (!bool::from(key.is_identity())).then_some(key)
    }
}

/// Whether e(signature, g2) = e(message, key), as one product of two pairings.
fn is_product_one(signature: &G1Affine, message: &G1Affine, key: &G2Affine) -> bool {
    let product = multi_miller_loop(&[
        (&-signature, &G2Prepared::from(G2Affine::generator())),
        (message, &G2Prepared::from(*key)),
    ]);
    product.final_exponentiation() == Gt::identity()
}

impl NotBefore {
    /// Verifies this evidence against the chains that the verifier knows.
    pub fn verify(&self, chains: &[Chain]) -> Beacon {
        let hash = self.chain_bytes();
        let Some(chain) = chains.iter().find(|chain| chain.hash == hash[..]) else {
            return Beacon::UnknownChain;
        };
        match chain.round_time(self.round) {
            Some(at) if chain.verify(self.round, &self.signature_bytes()) => Beacon::Verified(at),
            _ => Beacon::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(round: u64, signature: &str) -> Beacon {
        NotBefore::drand(QUICKNET_HASH.into(), round, signature.into()).verify(&[Chain::quicknet()])
    }

    #[test]
    fn rounds_and_instants_correspond() {
        let at = Timestamp::from_unix(1_692_803_367 + 999 * 3);
        assert_eq!(Chain::quicknet().round_time(1_000), Some(at));
        assert_eq!(Chain::quicknet().round_at(at), Some(1_000));
        assert_eq!(Chain::quicknet().round_at(at.plus(-1)), Some(999));
        assert_eq!(Chain::quicknet().round_time(0), None);
        assert_eq!(Chain::quicknet().round_time(u64::MAX), None);
    }

    #[test]
    fn what_is_no_point_or_the_point_at_infinity_is_invalid() {
        let identity = format!("c0{}", "00".repeat(47));
        for signature in ["", "ab", &identity, &"ff".repeat(48), &"00".repeat(48)] {
            assert_eq!(evidence(1_000, signature), Beacon::Invalid, "{signature}");
        }
    }

    #[test]
    fn an_unknown_chain_is_no_evidence() {
        let other = NotBefore::drand("ab".repeat(32), 1_000, "ab".repeat(48));
        assert_eq!(other.verify(&[Chain::quicknet()]), Beacon::UnknownChain);
    }
}

//! Not-before evidence for a draft: a beacon of drand's quicknet as its relays answer it. Fetching
//! it is for the caller; there is no network here.

use canary_format::beacon::{Beacon, Chain, QUICKNET_HASH};
use canary_format::issue::NotBefore;
use canary_format::time::Timestamp;
use serde::Deserialize;

/// The greatest size of a relay's answer, in bytes.
pub const MAX_BEACON: u64 = 16_384;

/// The path, below a relay, of quicknet's newest beacon.
pub fn latest_beacon_path() -> String {
    format!("{QUICKNET_HASH}/public/latest")
}

/// A relay's answer is no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// More bytes than any beacon has.
    #[error("the beacon is larger than {MAX_BEACON} bytes")]
    TooLarge,
    /// Not a beacon's JSON.
    #[error("not a drand beacon")]
    Form(#[from] serde_json::Error),
    /// The signature is not quicknet's for this round.
    #[error("not a beacon of drand's quicknet: round {0} does not verify")]
    Invalid(u64),
}

/// A relay's answer. It may hold more: what is not verified is not used.
#[derive(Deserialize)]
struct Answer {
    round: u64,
    signature: String,
}

/// Reads and verifies a beacon of drand's quicknet: `{"round": n, "signature": "…"}`.
///
/// # Errors
///
/// Bytes that are no beacon, or a beacon that does not verify.
pub fn read_beacon(bytes: &[u8]) -> Result<(NotBefore, Timestamp), EvidenceError> {
    if bytes.len() as u64 > MAX_BEACON {
        return Err(EvidenceError::TooLarge);
    }
    let answer: Answer = serde_json::from_slice(bytes)?;
    let evidence = NotBefore::drand(QUICKNET_HASH.to_owned(), answer.round, answer.signature);
    match evidence.verify(&[Chain::quicknet()]) {
        Beacon::Verified(at) => Ok((evidence, at)),
        Beacon::UnknownChain | Beacon::Invalid => Err(EvidenceError::Invalid(answer.round)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"round":1000,"randomness":"fe29","signature":"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"}"#;

    #[test]
    fn a_relay_s_answer_is_verified() {
        let (evidence, at) = read_beacon(ANSWER.as_bytes()).unwrap();
        assert_eq!(evidence.round, 1_000);
        assert_eq!(at, Timestamp::from_unix(1_692_803_367 + 999 * 3));
        let other = ANSWER.replace("1000", "1001");
        assert!(matches!(read_beacon(other.as_bytes()), Err(EvidenceError::Invalid(1_001))));
        assert!(read_beacon(&ANSWER.as_bytes()[..60]).is_err());
        assert!(matches!(read_beacon(&[b' '; 20_000]), Err(EvidenceError::TooLarge)));
    }
}

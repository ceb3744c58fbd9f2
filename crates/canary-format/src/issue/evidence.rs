//! Evidence that a payload did not exist before an instant (`format.md` §2.5).

use serde::Serialize;

use crate::digest::hex_decode;
use crate::json::At;
use crate::refusal::{Refusal, Rule};

/// A drand beacon, as the issue carries it: not verified yet (see [`crate::beacon`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotBefore {
    kind: &'static str,
    /// The chain's hash, in hex.
    pub chain: String,
    /// The round.
    pub round: u64,
    /// The BLS signature, in hex.
    pub signature: String,
}

impl NotBefore {
    /// A beacon of a drand chain; `chain` and `signature` in hex.
    pub fn drand(chain: String, round: u64, signature: String) -> Self {
        Self { kind: "drand", chain, round, signature }
    }

    /// The bytes of the chain's hash.
    pub fn chain_bytes(&self) -> Vec<u8> {
        hex_decode(&self.chain).unwrap_or_default()
    }

    /// The bytes of the signature.
    pub fn signature_bytes(&self) -> Vec<u8> {
        hex_decode(&self.signature).unwrap_or_default()
    }

    pub(super) fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["kind", "chain", "round", "signature"])?;
        let kind = members.required("kind")?;
        if kind.string()? != "drand" {
            return kind.refuse(Rule::Form("\"drand\""));
        }
        let hex = |at: At<'_, '_>| {
            let text = at.string()?;
            match hex_decode(text) {
                Some(_) => Ok(text.to_owned()),
                None => at.refuse(Rule::Form("bytes in hex")),
            }
        };
        Ok(Self::drand(
            hex(members.required("chain")?)?,
            members.required("round")?.integer(0, super::MAX_SAFE)?.unsigned_abs(),
            hex(members.required("signature")?)?,
        ))
    }
}

//! Which witnesses a verifier asks for.

use canary_format::note::VerifierKey;

/// So many of these witnesses must have cosigned the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPolicy {
    /// The witnesses' keys, of type `0x04`.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them.
    pub threshold: usize,
}

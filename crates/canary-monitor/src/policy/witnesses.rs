//! Which witnesses a target must have.

use std::hash::{Hash, Hasher};

use canary_format::digest::Digest;
use canary_format::refusal::Refusal;
use canary_verifier::witness::WitnessPolicy;

/// A `tlog-policy` file as the user wrote it: two are the same where their bytes are.
#[derive(Debug, Clone)]
pub struct Witnesses {
    policy: WitnessPolicy,
    bytes: Vec<u8>,
    digest: Digest,
}

impl Witnesses {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// The first rule of `tlog-policy` that is broken, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let policy = WitnessPolicy::parse(bytes)?;
        Ok(Self { policy, bytes: bytes.to_vec(), digest: Digest::of(bytes) })
    }

    /// The rule.
    pub fn policy(&self) -> &WitnessPolicy {
        &self.policy
    }

    /// The file as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether it says where any witness is: then its own copy is compared at every check.
    pub fn has_addresses(&self) -> bool {
        self.policy.witnesses().iter().any(|witness| witness.url.is_some())
    }
}

impl PartialEq for Witnesses {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Witnesses {}

impl Hash for Witnesses {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.0.hash(state);
    }
}

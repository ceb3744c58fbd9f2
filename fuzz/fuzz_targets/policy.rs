//! A witness policy and a cosigner's key, as users name them.
#![no_main]

use canary_format::cosigner::Cosigner;
use canary_verifier::witness::WitnessPolicy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = WitnessPolicy::parse(bytes) {
        let nobody = vec![None; policy.witnesses().len()];
        let _ = policy.quorum_at(&nobody);
    }
    if let Some(key) = std::str::from_utf8(bytes).ok().and_then(Cosigner::parse) {
        assert!(!key.name().is_empty());
    }
});

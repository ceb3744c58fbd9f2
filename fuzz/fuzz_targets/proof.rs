//! A `tlog-proof`: what is read is written to the same bytes.
#![no_main]

use canary_format::tlog_proof::TlogProof;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let _ = proof.verify(proof.extra.as_deref().unwrap_or_default());
    }
});

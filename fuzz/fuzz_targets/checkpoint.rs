//! A checkpoint: what is read is written to the same bytes.
#![no_main]

use canary_format::checkpoint::Checkpoint;
use canary_format::note::VerifierKey;

const KEY: &str = "canary.holdout.example/main+bc31a13e+AcrYYqctRraGC4NWshX4Irkj3DzoMjVNfWrF1DmQNb4V";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::parse(bytes) {
        assert_eq!(checkpoint.to_string().as_bytes(), bytes);
        let key = VerifierKey::parse(KEY).expect("a key of its own id");
        let _ = checkpoint.check_signature(&key);
        let _ = checkpoint.check_cosignature(&key);
    }
});

//! A list of time servers, and what one of them answers: nothing passes that its key did not sign.
#![no_main]

use canary_verifier::roughtime::{Question, read_list};

const LIST: &[u8] = br#"{"servers": [{"name": "time.example", "version": 1, "publicKeyType": "ed25519",
  "publicKey": "GX9rI+FshTLGq8g4+s1ep4m+DHaykgM0A5v6iz02jWE=",
  "addresses": [{"protocol": "udp", "address": "time.example:2002"}]}]}"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = read_list(bytes);
    let servers = read_list(LIST).expect("the list reads");
    assert!(Question::new(&servers[0], [7; 32]).verify(bytes).is_err());
});

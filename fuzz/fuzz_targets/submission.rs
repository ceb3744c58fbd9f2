//! The body of `add-checkpoint`: a witness takes it from anyone.
#![no_main]

use canary_witness::Submission;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(submission) = Submission::parse(bytes) {
        assert!(submission.proof.len() <= 63);
        assert!(bytes.ends_with(submission.checkpoint.to_string().as_bytes()));
    }
});

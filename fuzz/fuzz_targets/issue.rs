//! A payload: what is read is encoded to something that reads back the same.
#![no_main]

use canary_format::issue::Issue;

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    if let Ok(issue) = Issue::parse(payload) {
        assert_eq!(Issue::parse(&issue.encode()), Ok(issue));
    }
});

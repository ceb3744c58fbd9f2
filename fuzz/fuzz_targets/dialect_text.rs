//! A published text in every dialect: nothing panics, and what counts is within what was given.
#![no_main]

use std::sync::LazyLock;

use canary_dialects::Timestamp;
use canary_dialects::dialect::{DIALECTS, recognise};
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Outcome, Published};
use canary_dialects::trust::{Key, Trust};

/// The words that the only signature by the named key covers.
const SIGNED: &str = "Date: 2024-02-01\nNext update: 2024-04-01\n\n- We have never received a gag order.";

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let mut trust = Trust::default();
    trust.add("fuzz", Key::read(include_bytes!("../dialect-openpgp.asc")).expect("a certificate"));
    trust
});

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let now = Timestamp::from_unix(1_710_000_000);
    let published = Published { source: "fuzz", body, beside: &[], seen: Some(now) };
    let _ = recognise(&published);
    for dialect in DIALECTS {
        let reading = dialect.read(&published, &TRUST);
        for issue in &reading.issues {
            if issue.signatures.iter().any(|signed| signed.outcome == Outcome::Good) {
                assert_eq!(issue.text.trim_end_matches('\n'), SIGNED);
            }
        }
        let _ = judge(&reading.issues, &reading.remarks, &TRUST, &Context::default(), now);
    }
});

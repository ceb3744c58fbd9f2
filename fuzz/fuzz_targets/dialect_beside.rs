//! A detached signature of any kind over fixed words that no named key has signed.
#![no_main]

use canary_dialects::Timestamp;
use canary_dialects::dialect::DIALECTS;
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Outcome, Published};
use canary_dialects::trust::{Key, Trust};

libfuzzer_sys::fuzz_target!(|signature: &[u8]| {
    let mut trust = Trust::default();
    trust.add("fuzz", Key::read(include_bytes!("../dialect-openpgp.asc")).expect("a certificate"));
    let now = Timestamp::from_unix(1_710_000_000);
    let beside = [("fuzz.sig", signature)];
    let published = Published { source: "fuzz", body: b"other words\n", beside: &beside, seen: None };
    for dialect in DIALECTS {
        let reading = dialect.read(&published, &trust);
        let good = |signed: &canary_dialects::reading::Signed| signed.outcome == Outcome::Good;
        assert!(!reading.issues.iter().any(|issue| issue.signatures.iter().any(good)));
        let _ = judge(&reading.issues, &reading.remarks, &trust, &Context::default(), now);
    }
});

//! Two observations of a page, at any time: dates, statements and what changed; time makes nothing better.
#![no_main]

use canary_dialects::Timestamp;
use canary_dialects::dialect::dialect;
use canary_dialects::judge::{Context, judge};
use canary_dialects::reading::{Kind, Published};
use canary_dialects::trust::Trust;
use canary_verifier::report::State;

libfuzzer_sys::fuzz_target!(|input: (&str, &str, u32, u32)| {
    let (one, other, now, later) = input;
    let trust = Trust::default();
    let read = |text: &str| {
        let published = Published { source: "fuzz", body: text.as_bytes(), beside: &[], seen: Some(Timestamp::from_unix(0)) };
        dialect(Kind::Plain).read(&published, &trust).issues
    };
    let issues = [read(one), read(other)].concat();
    let order = |seconds: u64| {
        let at = Timestamp::from_unix(i64::try_from(seconds).expect("33 bits"));
        match judge(&issues, &[], &trust, &Context::default(), at).report.state {
            State::Live => 0,
            State::Overdue => 1,
            _ => 2,
        }
    };
    assert!(order(u64::from(now)) <= order(u64::from(now) + u64::from(later)));
});

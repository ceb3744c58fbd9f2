//! A whole site and what was seen before: judging never panics, and what is not signed by the keys of
//! a series never comes alive.
#![no_main]

use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Seen, Site, Source, Trust};
use canary_verifier::judge::judge;
use canary_verifier::report::Severity;

const PIN: &str = "https://canary.example.net/edge/#1:sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

libfuzzer_sys::fuzz_target!(|input: (&[u8], Vec<&[u8]>, Vec<&[u8]>, i64, bool)| {
    let (checkpoint, leaves, seen, now, pinned) = input;
    let owned = |leaves: Vec<&[u8]>| leaves.into_iter().take(8).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let now = Timestamp::from_unix(now);
    let site = Site {
        checkpoint: Obtained::Got(checkpoint.to_vec()),
        leaves: Obtained::Got(owned(leaves)),
    };
    let evidence = Evidence { url: None, obtained_at: now, source: Source::Site(site), mirrors: vec![] };
    let seen = Seen { leaves: owned(seen), checkpoint: checkpoint.to_vec(), ..Seen::default() };
    let pin = pinned.then(|| Pin::parse(PIN).expect("a pin"));
    let trust = Trust { pin, ..Trust::default() };
    for seen in [None, Some(&seen)] {
        let judged = judge(&evidence, &trust, seen, now);
        assert!(!pinned || judged.report.severity >= Severity::Unknown);
        serde_check(&judged.report);
    }
});

/// The report is printable whatever it holds.
fn serde_check(report: &canary_verifier::report::Report) {
    assert!(report.findings.iter().all(|finding| !finding.message.is_empty()));
}

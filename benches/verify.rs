//! What judging costs beside its raw signature checks. Figures: `docs/benchmarks.md`.
//!
//! `cargo bench -p canary-verifier --bench verify`

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "its result")]

#[path = "../tests/build/mod.rs"]
mod build;
mod pair;

use std::hint::black_box;

use build::{Series, at, public};
use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::{judge, judge_again};
use ed25519_dalek::{Signature, VerifyingKey};
use pair::pair;

/// Daily for ten years.
const ISSUES: u64 = 3_650;

fn daily() -> Series {
    let mut series = Series::new();
    while (series.leaves.len() as u64) < ISSUES {
        let before = series.newest.as_of;
        let as_of = before.plus(86_400);
        let content = canary_format::issue::IssueContent {
            number: series.newest.number + 1,
            previous: Some(series.digest(series.newest.number)),
            as_of,
            next_due: as_of.plus(86_400),
            expires: as_of.plus(2 * 86_400),
            ..series.newest.clone()
        };
        series.push(content, &["Ada", "Bo"]);
    }
    series
}

/// What a raw verifier of one envelope holds: the signed bytes, and each signature with its key.
struct Raw {
    signed: Vec<u8>,
    signatures: Vec<([u8; 32], VerifyingKey, Signature)>,
}

impl Raw {
    fn of(leaf: &[u8]) -> Self {
        let envelope = Envelope::parse(leaf).unwrap();
        let keys = ["Ada", "Bo"].map(|name| public(name).0);
        let signature = |(key, entry): ([u8; 32], &EnvelopeSignature)| {
            let signature = Signature::from_bytes(&entry.signature.0);
            (key, VerifyingKey::from_bytes(&key).unwrap(), signature)
        };
        let signatures = keys.into_iter().zip(envelope.signatures()).map(signature).collect();
        Self { signed: envelope.signed_bytes(), signatures }
    }

    /// With keys as they are published.
    fn check(&self) {
        for (key, _, signature) in &self.signatures {
            let key = VerifyingKey::from_bytes(black_box(key)).unwrap();
            key.verify_strict(&self.signed, signature).unwrap();
        }
    }

    /// With keys decoded once for all issues.
    fn check_with_decoded_keys(&self) {
        for (_, key, signature) in &self.signatures {
            key.verify_strict(&self.signed, signature).unwrap();
        }
    }
}

fn evidence(source: Source, now: Timestamp) -> Evidence {
    Evidence { url: None, obtained_at: now, source, mirrors: vec![] }
}

fn trust(pin: Pin) -> Trust {
    Trust { pin: Some(pin), ..Trust::default() }
}

fn one_envelope() {
    let series = Series::new();
    let now = at("2026-01-02");
    let raw = Raw::of(&series.leaves[0]);
    let judged = evidence(Source::Envelope(Obtained::Got(series.leaves[0].clone())), now);
    let trust = trust(series.pin(1));
    pair(
        "one envelope, two signatures",
        5_000,
        ("raw", || black_box(&raw).check()),
        ("judged", || drop(judge(black_box(&judged), &trust, None, now))),
    );
}

fn ten_daily_years() {
    let series = daily();
    let now = series.newest.as_of.plus(86_000);
    let raw: Vec<_> = series.leaves.iter().map(|leaf| Raw::of(leaf)).collect();
    let site = Site {
        checkpoint: Obtained::Got(series.checkpoint().to_string().into_bytes()),
        leaves: Obtained::Got(series.leaves.clone()),
    };
    let trust = trust(series.pin(1));
    let judged = evidence(Source::Site(site), now);
    pair(
        "3650 issues, two signatures each",
        21,
        ("raw", || raw.iter().for_each(Raw::check_with_decoded_keys)),
        ("judged", || drop(judge(black_box(&judged), &trust, None, now))),
    );
    let verified = judge(&judged, &trust, None, now).verified;
    pair(
        "the same again",
        21,
        ("judged", || drop(judge(black_box(&judged), &trust, None, now))),
        ("judged again", || drop(judge_again(&judged, &trust, None, verified.as_ref(), now))),
    );
}

fn main() {
    one_envelope();
    ten_daily_years();
}

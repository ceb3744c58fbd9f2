//! What judging costs beside its raw signature checks. Figures: `docs/benchmarks.md`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark fails by panicking")]

#[path = "../tests/build/mod.rs"]
mod build;

use std::hint::black_box;

use build::{Series, at, public};
use canary_format::envelope::Envelope;
use canary_format::key::{ExpandedKey, Signature};
use canary_format::pin::Pin;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::judge;
use criterion::{Criterion, criterion_group, criterion_main};

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

/// The signatures of one envelope with their keys, as a raw verifier would take them.
fn raw(leaf: &[u8]) -> (Vec<u8>, Vec<(ExpandedKey, Signature)>) {
    let envelope = Envelope::parse(leaf).unwrap();
    let keys = ["Ada", "Bo"].map(|name| public(name).expand().unwrap());
    let signatures = envelope.signatures().iter().map(|entry| entry.signature);
    (envelope.signed_bytes(), keys.into_iter().zip(signatures).collect())
}

fn check(raw: &(Vec<u8>, Vec<(ExpandedKey, Signature)>)) {
    for (key, signature) in &raw.1 {
        assert!(key.verify(&raw.0, signature));
    }
}

fn evidence(source: Source, now: Timestamp) -> Evidence {
    Evidence { url: None, obtained_at: now, source, mirrors: vec![] }
}

fn trust(pin: Pin) -> Trust {
    Trust { pin: Some(pin), ..Trust::default() }
}

fn one_envelope(c: &mut Criterion) {
    let series = Series::new();
    let now = at("2026-01-02");
    let signed = raw(&series.leaves[0]);
    let judged = evidence(Source::Envelope(Obtained::Got(series.leaves[0].clone())), now);
    let trust = trust(series.pin(1));
    let mut group = c.benchmark_group("one envelope, two signatures");
    group.bench_function("raw", |b| b.iter(|| check(black_box(&signed))));
    group.bench_function("judged", |b| b.iter(|| judge(black_box(&judged), &trust, None, now)));
    group.finish();
}

fn ten_daily_years(c: &mut Criterion) {
    let series = daily();
    let now = series.newest.as_of.plus(86_000);
    let signed: Vec<_> = series.leaves.iter().map(|leaf| raw(leaf)).collect();
    let site = Site {
        checkpoint: Obtained::Got(series.checkpoint().to_string().into_bytes()),
        leaves: Obtained::Got(series.leaves.clone()),
    };
    let trust = trust(series.pin(1));
    let judged = evidence(Source::Site(site), now);
    let mut group = c.benchmark_group("3650 issues, two signatures each");
    group.sample_size(10);
    group.bench_function("raw", |b| b.iter(|| signed.iter().for_each(check)));
    group.bench_function("judged", |b| b.iter(|| judge(black_box(&judged), &trust, None, now)));
    group.finish();
}

criterion_group!(benches, one_envelope, ten_daily_years);
criterion_main!(benches);

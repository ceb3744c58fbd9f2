//! What it costs to judge one file with five witnesses and a beacon, beside its raw cryptography; and
//! what many beacons cost, one by one and together.
//!
//! `cargo bench -p canary-verifier --bench road_file`

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, reason = "its result")]

#[path = "../tests/build/mod.rs"]
mod build;
mod pair;

use std::hint::black_box;
use std::time::{Duration, Instant};

use build::{Series, at, cosign, first, public};
use canary_format::beacon::{Chain, QUICKNET_HASH, verify_all};
use canary_format::checkpoint::Checkpoint;
use canary_format::envelope::Envelope;
use canary_format::issue::NotBefore;
use canary_format::note::{KeyKind, VerifierKey};
use canary_verifier::evidence::{Evidence, Obtained, Source, Trust};
use canary_verifier::judge::judge;
use canary_verifier::report::Severity;
use canary_verifier::witness::WitnessPolicy;
use ed25519_dalek::{Signature, VerifyingKey};
use pair::pair;

/// Round 1000 of quicknet, public.
const ROUND_1000: &str = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

fn main() {
    road_file();
    beacons();
}

fn road_file() {
    let beacon = NotBefore::drand(QUICKNET_HASH.into(), 1_000, ROUND_1000.into());
    let mut content = first();
    (content.as_of, content.next_due, content.expires) =
        (at("2023-08-24"), at("2023-09-24"), at("2023-10-01"));
    content.not_before = Some(vec![beacon.clone()]);
    let series = Series::of(content, &["Ada", "Bo"]);
    let now = at("2023-08-25");
    let witness = |n: u32| {
        let name = format!("w{n}.example");
        VerifierKey::new(&name, KeyKind::Cosignature, public(&name)).unwrap()
    };
    let witnesses: Vec<_> = (1..=5).map(witness).collect();
    let mut proof = series.proof(1);
    let mut policy = String::new();
    for key in &witnesses {
        cosign(&mut proof.checkpoint, key, key.name(), now);
        policy += &format!("witness {} {key}\n", key.name());
    }
    policy += "group g 3 w1.example w2.example w3.example w4.example w5.example\nquorum g\n";
    let trust = Trust {
        pin: Some(series.pin(1)),
        witnesses: Some(WitnessPolicy::parse(policy.as_bytes()).unwrap()),
        ..Trust::default()
    };
    let file = proof.to_string().into_bytes();
    // Two persons, the log, the heartbeat, five witnesses, one beacon: what no judge can leave out.
    let envelope = Envelope::parse(&series.leaves[0]).unwrap();
    let signed = envelope.signed_bytes();
    let mut checks: Vec<([u8; 32], Vec<u8>, Signature)> = ["Ada", "Bo"]
        .iter()
        .zip(envelope.signatures())
        .map(|(name, entry)| {
            (public(name).0, signed.clone(), Signature::from_bytes(&entry.signature.0))
        })
        .collect();
    let checkpoint: &Checkpoint = &proof.checkpoint;
    for line in checkpoint.note().signatures() {
        let by = ["log", "heartbeat"].into_iter().find(|name| {
            line.name == build::ORIGIN && *name == "log" || line.name.ends_with(&format!("/{name}"))
        });
        let key = public(by.unwrap_or(&line.name));
        let (message, signature) = match line.signature.split_last_chunk::<64>().unwrap() {
            ([], signature) => (checkpoint.note().text().as_bytes().to_vec(), signature),
            (seconds, signature) => {
                let seconds = i64::from_be_bytes(seconds.try_into().unwrap());
                let at = canary_format::time::Timestamp::from_unix(seconds);
                (checkpoint.cosigned_bytes(at), signature)
            }
        };
        checks.push((key.0, message, Signature::from_bytes(signature)));
    }
    assert_eq!(checks.len(), 9);
    let chain = Chain::quicknet();
    let raw = || {
        for (key, message, signature) in &checks {
            let key = VerifyingKey::from_bytes(key).unwrap();
            key.verify_strict(message, signature).unwrap();
        }
        assert!(chain.verify(beacon.round, &beacon.signature_bytes()));
    };
    let judged = || {
        let source = Source::Proof(Obtained::Got(file.clone()));
        let evidence = Evidence { url: None, obtained_at: now, source, mirrors: vec![] };
        let report = judge(&evidence, &trust, None, now).report;
        assert_eq!(report.severity, Severity::Alive);
    };
    pair("one file, five witnesses, one beacon", 200, ("raw", raw), ("judged", judged));
}

fn beacons() {
    let chains = [Chain::quicknet()];
    let beacon = NotBefore::drand(QUICKNET_HASH.into(), 1_000, ROUND_1000.into());
    let single = time(50, || {
        let _ = black_box(beacon.verify(&chains));
    });
    println!("one beacon alone: {single:?}");
    for count in [2, 16, 128, 1_024, 3_650] {
        let many = vec![&beacon; count];
        let took = time(3, || drop(black_box(verify_all(&many, &chains))));
        println!("{count} beacons together: {took:?}, {:?} each", took / count as u32);
    }
    let mut bad = beacon.clone();
    bad.round = 1_001;
    let mut many = vec![&beacon; 3_650];
    many[1_234] = &bad;
    let took = time(1, || drop(black_box(verify_all(&many, &chains))));
    println!("3650 beacons of which one fails: {took:?}");
}

/// The median of so many runs.
fn time(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

//! The judge alone over the one-fault sites: what a directory holds, its pin and its instant.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use canary_format::checkpoint::Checkpoint;
use canary_format::pin::Pin;
use canary_format::tile::{Tile, parse_bundle};
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::{Judgement, VerifiedTree, judge_again};
use serde_json::Value;

#[test]
fn every_site_gives_the_report_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let mut cases: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("expect.json").exists());
    cases.sort();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| run(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What was verified before, here or in another site, saves work and changes no judgement.
#[test]
fn judging_again_changes_no_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let alive =
        judged(&folder.join("alive"), None).verified.expect("every issue of it is authentic");
    let mut verified = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        if !case.join("expect.json").exists() {
            continue;
        }
        let first = judged(&case, None);
        verified += usize::from(first.verified.is_some());
        for tree in [Some(&alive), first.verified.as_ref()].into_iter().flatten() {
            let again = judged(&case, Some(tree));
            assert_eq!(again.report, first.report, "{}", case.display());
            assert_eq!(again.series, first.series, "{}", case.display());
            assert_eq!(again.verified, first.verified, "{}", case.display());
        }
    }
    assert!(verified > 30, "only {verified} are verified whole");
}

fn expected(case: &Path) -> Value {
    serde_json::from_slice(&fs::read(case.join("expect.json")).unwrap()).unwrap()
}

fn judged(case: &Path, verified: Option<&VerifiedTree>) -> Judgement {
    let expect = expected(case);
    let at = Timestamp::parse(expect["at"].as_str().unwrap()).unwrap();
    let pin = expect["pin"].as_str().map(|pin| Pin::parse(pin).unwrap());
    let site = read_site(&case.join("site"));
    let evidence =
        Evidence { url: None, obtained_at: at, source: Source::Site(site), mirrors: vec![] };
    judge_again(&evidence, &Trust { pin, ..Trust::default() }, None, verified, at)
}

fn run(case: &Path) -> Result<(), String> {
    let expect = expected(case);
    let report: Value = serde_json::to_value(judged(case, None).report).unwrap();
    let codes: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    let list = |name: &str| expect[name].as_array().cloned().unwrap_or_default();
    let holds = report["severity"] == expect["severity"]
        && (expect["state"].is_null() || report["state"] == expect["state"])
        && list("codes").iter().all(|code| codes.contains(&code))
        && !list("never").iter().any(|code| codes.contains(&code));
    if holds { Ok(()) } else { Err(format!("{}: {expect:#} got {report:#}", case.display())) }
}

fn read_site(folder: &Path) -> Site {
    let checkpoint = fs::read(folder.join("checkpoint")).unwrap();
    let size = Checkpoint::parse(&checkpoint).map_or(0, |checkpoint| checkpoint.size());
    let mut leaves = Vec::new();
    for tile in Tile::of_level(size, 0) {
        let Ok(bytes) = fs::read(folder.join(tile.entries_path())) else {
            return Site { checkpoint: Obtained::Got(checkpoint), leaves: Obtained::Missing };
        };
        match parse_bundle(&bytes, tile.width, "bundle") {
            Ok(entries) => leaves.extend(entries),
            Err(refusal) => {
                return Site {
                    checkpoint: Obtained::Got(checkpoint),
                    leaves: Obtained::Refused(refusal),
                };
            }
        }
    }
    let leaves = Obtained::Got(leaves);
    Site { checkpoint: Obtained::Got(checkpoint), leaves }
}

//! The project's own example series, `canaries/`: signed once, never edited.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use canary_format::key::PublicKey;
use canary_format::pin::Pin;
use canary_format::tile::parse_bundle;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Site, Source, Trust};
use canary_verifier::judge::judge;
use canary_verifier::report::{Code, FactState, Severity, State};

#[test]
fn the_series_verifies_and_tells_its_history() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read(home.join(path)).unwrap();
    let bundle = read("canaries/site/tile/entries/000.p/9");
    let leaves = parse_bundle(&bundle, 9, "bundle").unwrap();
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(&read(&format!("canaries/{:04}.json", index + 1)), leaf);
        assert_eq!(&read(&format!("canaries/site/issues/{:04}.json", index + 1)), leaf);
    }
    let pin = String::from_utf8(read("canaries/PIN")).unwrap();
    let trust = Trust { pin: Some(Pin::parse(pin.trim_end()).unwrap()), ..Trust::default() };
    let now = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
    let site = Site {
        checkpoint: Obtained::Got(read("canaries/site/checkpoint")),
        leaves: Obtained::Got(leaves),
    };
    let evidence =
        Evidence { url: None, obtained_at: now, source: Source::Site(site), mirrors: vec![] };
    let judged = judge(&evidence, &trust, None, now);

    assert_eq!((judged.report.severity, judged.report.state), (Severity::Attention, State::Live));
    let codes: BTreeSet<Code> = judged.report.findings.iter().map(|finding| finding.code).collect();
    let expected = [
        Code::FactRetired,
        Code::RosterChanged,
        Code::Resumed,
        Code::CounterChanged,
        Code::FreshnessMissing,
    ];
    assert_eq!(codes, expected.into_iter().collect());
    let retired = judged.report.facts.iter().find(|fact| fact.id == "hw.not-seized").unwrap();
    assert_eq!(retired.state, FactState::Retired);
    assert_eq!(judged.report.gaps.len(), 1);
    assert_eq!(judged.report.gaps[0].after_issue, 5);

    let rosters =
        judged.series.iter().flat_map(|issue| issue.issue().roster.keys().collect::<Vec<_>>());
    let signed: BTreeSet<PublicKey> = rosters.collect();
    let kept: BTreeSet<PublicKey> = fs::read_dir(home.join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
        .map(|path| {
            let line = fs::read_to_string(path).unwrap();
            let key = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            PublicKey::from_openssh(&key).unwrap()
        })
        .collect();
    assert_eq!(signed, kept, "keys/ holds the public keys of every roster, and no others");
}

//! The reports as people see them, held as snapshots; the pack, byte for byte the same each time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use canary_format::time::{Date, Timestamp};
use canary_report::coverage::Coverage;
use canary_report::edpb::Edpb;
use canary_report::profile::Profile;
use canary_report::stack::{Declaration, Entry};
use canary_report::supplier::{Canary, Supplier};
use canary_report::tia::{Exhibit, Pack, Tia};
use canary_report::watch::WatchRecord;
use canary_report::words::Language;
use canary_verifier::evidence::Evidence;
use canary_verifier::judge::Judgement;

use fixture::{DAY, Series, at, fact, list};

const WATCH: &str = r#"{"record":"warrant-canary/watch/v1","watcher":"monitor.customer.example",
"origin":"notes.example/.well-known/canary","url":"https://notes.example/.well-known/canary/",
"from":"2026-03-01T10:00:00Z","to":"2026-03-15T09:00:00Z","interval":3600,"looks":331,
"gaps":[{"from":"2026-03-04T02:00:00Z","to":"2026-03-04T07:00:00Z"}]}"#;

fn start() -> Timestamp {
    at("2026-03-01T09:00:00Z")
}

/// A SaaS vendor on an IaaS host, and an old supplier with a canary of another format.
struct Stack {
    now: Timestamp,
    entries: Vec<Entry>,
    judgements: Vec<Judgement>,
    evidence: Vec<Evidence>,
    watch: WatchRecord,
    profiles: Vec<Profile>,
}

impl Stack {
    fn new() -> Self {
        let now = start().plus(14 * DAY + 3_600);
        let mut regional = fact("host.no-access", "processor", &["physical", "resource", "os"]);
        regional.scope.jurisdictions = list(&["DE", "SE"]);
        regional.scope.excludes = Some(list(&["the test laboratory"]));
        let host = Series::new("host", 10, &[("compute", "iaas")], start())
            .facts(vec![regional, fact("data.no-bulk", "controller", &["data.access"])])
            .issues(15);
        let sentences = || {
            vec![
                fact("code.not-compelled", "processor", &["os", "application"]),
                fact("keys.own", "processor", &["data.storage", "data.transfer", "iam"]),
            ]
        };
        let notes = Series::new("notes", 60, &[("notes", "saas")], start())
            .facts(sentences())
            .issues(5)
            .then_after(3 * DAY)
            .issues(4)
            .facts(sentences().split_off(1))
            .issues(4);
        let mut entries = vec![
            Entry::new("host", "https://host.example/.well-known/canary/"),
            Entry::new("notes", "https://notes.example/.well-known/canary/"),
            Entry::new("old", "https://old.example/canary.txt"),
        ];
        entries[0].pin = Some(host.pin().to_string());
        entries[1].pin = Some(notes.pin().to_string());
        entries[1].third_country = Some("US".into());
        entries[1].legality = Some(Declaration {
            by: "Counsel".into(),
            place: "memo of 2026-02-01".into(),
            text: "The law named there permits it.".into(),
        });
        entries[2].model = Some("saas".into());
        entries[2].format = Some("OpenPGP".into());
        let profiles = vec![
            Profile::shipped("yd-t-4060-2022").unwrap(),
            Profile::shipped("yd-t-4060-2022").unwrap(),
            Profile::shipped("azure").unwrap(),
        ];
        Self {
            now,
            entries,
            judgements: vec![host.judged(now), notes.judged(now)],
            evidence: vec![host.evidence(now), notes.evidence(now)],
            watch: WatchRecord::parse(WATCH.as_bytes()).unwrap(),
            profiles,
        }
    }

    fn suppliers(&self) -> Vec<Supplier<'_>> {
        let supplier = |index: usize| Supplier {
            entry: &self.entries[index],
            profile: &self.profiles[index],
            canary: match self.judgements.get(index) {
                Some(judgement) => Canary::Native(judgement),
                None => Canary::Other("OpenPGP"),
            },
            watch: (index == 1).then_some(&self.watch),
        };
        (0..3).map(supplier).collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let suppliers = self.suppliers().into_iter().enumerate();
        suppliers
            .map(|(index, supplier)| Exhibit {
                evidence: self.evidence.get(index),
                watch_file: supplier.watch.map(|_| WATCH.as_bytes()),
                profile_file: Profile::shipped_file(&supplier.profile.id).unwrap(),
                supplier,
            })
            .collect()
    }

    fn coverage(&self) -> Coverage {
        Coverage::of(Some("Example Hospital"), &self.suppliers(), self.now).unwrap()
    }

    fn edpb(&self) -> Edpb {
        Edpb::of(Some("Example Hospital"), &self.suppliers(), None, None, self.now).unwrap()
    }

    fn tia(&self) -> (Tia, Pack) {
        let days = (Date::parse("2026-03-02"), Date::parse("2026-03-14"));
        Tia::of(Some("Example Hospital"), &self.exhibits(), days.0, days.1, self.now).unwrap()
    }
}

#[test]
fn coverage_reads_so() {
    let coverage = Stack::new().coverage();
    insta::assert_snapshot!("coverage.en", coverage.document(Language::English).to_text(110));
    insta::assert_snapshot!("coverage.zh", coverage.document(Language::Chinese).to_text(110));
    insta::assert_snapshot!("coverage.json", serde_json::to_string_pretty(&coverage).unwrap());
}

#[test]
fn the_conditions_read_so() {
    let edpb = Stack::new().edpb();
    insta::assert_snapshot!("edpb.en", edpb.document(Language::English).to_text(110));
    insta::assert_snapshot!("edpb.zh", edpb.document(Language::Chinese).to_text(110));
    insta::assert_snapshot!("edpb.json", serde_json::to_string_pretty(&edpb).unwrap());
}

#[test]
fn the_evidence_reads_so() {
    let (tia, _) = Stack::new().tia();
    insta::assert_snapshot!("tia.en", tia.document(Language::English).to_text(110));
}

#[test]
fn a_pack_is_the_same_each_time_and_whole() {
    let stack = Stack::new();
    let (_, pack) = stack.tia();
    assert_eq!(stack.tia().1, pack);
    let mut exhibits = stack.exhibits();
    exhibits.reverse();
    let days = (Date::parse("2026-03-02"), Date::parse("2026-03-14"));
    let (_, other) =
        Tia::of(Some("Example Hospital"), &exhibits, days.0, days.1, stack.now).unwrap();
    assert_eq!(other, pack);
    let names: Vec<&str> = pack.files.keys().map(String::as_str).collect();
    insta::assert_snapshot!("pack", names.join("\n"));
    // Every other file is in the manifest, with the digest of its bytes.
    let manifest = String::from_utf8(pack.files[Pack::MANIFEST].clone()).unwrap();
    assert_eq!(manifest.lines().count(), pack.files.len() - 1);
    for line in manifest.lines() {
        let (digest, path) = line.split_once("  ").unwrap();
        let of = canary_format::digest::Digest::of(&pack.files[path]).to_string();
        assert_eq!(of, format!("sha256:{digest}"), "{path}");
    }
}

/// Pages have no script, no style of their own, and nothing is fetched; no word of theirs says more
/// than a canary can.
#[test]
fn pages_are_inert_and_say_no_more_than_they_may() {
    let (_, pack) = Stack::new().tia();
    let texts = pack.files.iter().filter(|(path, _)| {
        [".html", ".json", ".txt"].iter().any(|end| path.ends_with(end)) && !path.contains("site/")
    });
    for (path, bytes) in texts {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if path.ends_with(".html") {
            for never in ["<script", " style=", " on", "<img", "<link", "src="] {
                let tags = text.split('<').skip(1).filter_map(|tag| tag.split_once('>'));
                for (tag, _) in tags {
                    assert!(!format!("<{tag}").contains(never), "{path}: {tag}");
                }
            }
            assert!(text.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
        }
        let lower = text.to_lowercase();
        for never in
            ["compliant", " safe ", "safe.", "合规", "安全可靠", "gag", "compromis", "subpoena"]
        {
            assert!(!lower.contains(never), "{path} says {never}");
        }
    }
}

/// Nothing that a publisher, a stack or a record says becomes markup.
#[test]
fn hostile_words_stay_words() {
    let hostile = "</style><script>alert(1)</script>";
    let mut series = Series::new("host", 10, &[("compute", "iaas")], start());
    series.content.publisher.name = hostile.into();
    series.content.facts = vec![fact("keys.own", "processor", &["os"])];
    series.content.facts[0].text = fixture::localised(hostile, hostile);
    let series = series.issue();
    let judgement = series.judged(start());
    let entry = Entry::new("host", hostile);
    let profile = Profile::shipped("azure").unwrap();
    let canary = Canary::Native(&judgement);
    let supplier = Supplier { entry: &entry, profile: &profile, canary, watch: None };
    let coverage = Coverage::of(Some(hostile), &[supplier], start()).unwrap();
    let edpb = Edpb::of(Some(hostile), &[supplier], None, None, start()).unwrap();
    for language in Language::ALL {
        for page in [coverage.document(language).to_html(), edpb.document(language).to_html()] {
            assert!(!page.contains("<script"));
            assert_eq!(page.matches("</style>").count(), 1);
        }
    }
}

/// Writes the pack where `CANARY_REPORT_PACK` names a folder: to look at it.
#[test]
fn the_paper_is_a_pdf() {
    let (_, pack) = Stack::new().tia();
    for language in ["en", "zh"] {
        let pdf = &pack.files[&format!("evidence.{language}.pdf")];
        assert!(pdf.starts_with(b"%PDF-1.7"));
        assert!(pdf.len() < 400_000, "{}", pdf.len());
    }
    if let Some(folder) = std::env::var_os("CANARY_REPORT_PACK") {
        for (path, bytes) in &pack.files {
            let path = std::path::Path::new(&folder).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

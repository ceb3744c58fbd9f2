//! The files for people, over a series made to break them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::envelope::{Envelope, EnvelopeSignature};
use canary_format::issue::{Issue, Retiring};
use canary_format::key::Signature;
use sha2::{Digest as _, Sha256};

use super::words::{self, EN, ZH, tense};
use super::{FOR_PEOPLE, History, Series, Shown, render};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&amp;<!--";

fn issue(number: u64, languages: &[&str], text: &str, facts: usize) -> Issue {
    let words: serde_json::Map<String, serde_json::Value> =
        languages.iter().map(|tag| ((*tag).to_owned(), text.into())).collect();
    let fact = |n: usize| {
        serde_json::json!({"id": format!("fact.{n}"), "text": words, "tense": "never", "scope": {
            "entities": ["all"], "services": ["all"], "roles": ["processor"],
            "layers": ["iam"], "jurisdictions": ["all"], "excludes": [text]}})
    };
    let previous = (number > 1).then(|| format!("sha256:{}", "0".repeat(64)));
    let payload = serde_json::json!({
        "type": "warrant-canary/issue/v1", "origin": "canary.holdout.example/main",
        "number": number, "previous": previous, "as_of": format!("2026-0{number}-01T09:00:00Z"),
        "next_due": format!("2026-0{}-01T09:00:00Z", number + 1),
        "expires": format!("2026-0{}-08T09:00:00Z", number + 1),
        "publisher": {"name": text, "languages": languages, "canonical_url": "https://e.example/c/",
            "services": [{"id": "s", "name": text, "model": "iaas"}],
            "entities": [{"id": "e", "name": text, "jurisdiction": "DE"}]},
        "facts": (0..facts).map(fact).collect::<Vec<_>>(),
        "promises": [{"id": "p", "text": words}],
        "counters": [{"id": "c", "text": words, "from": "2026-01-01", "to": "2026-02-01",
            "value": {"band": [0, 249]}}],
        "roster": {"threshold": 1, "signers": [{"name": text, "role": text, "jurisdiction": "DE",
            "keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIENiFXsSd2iOwjNBM9C0l8LaQ7/ybQyJIXfLS1M+Gjaa"]}]},
        "log": {"key": "canary.holdout.example/main+bc31a13e+AcrYYqctRraGC4NWshX4Irkj3DzoMjVNfWrF1DmQNb4V"},
    });
    Issue::parse(payload.to_string().as_bytes()).unwrap()
}

fn files(issues: &[Issue]) -> Vec<(String, String)> {
    let envelope = |issue: &Issue| {
        let keyid = issue.roster.signers[0].keys[0].fingerprint();
        let signature = EnvelopeSignature { keyid, signature: Signature([0; 64]) };
        Envelope::write(&issue.encode(), &[signature]).unwrap()
    };
    let envelopes: Vec<Envelope> = issues.iter().map(envelope).collect();
    let shown: Vec<Shown<'_>> =
        issues.iter().zip(&envelopes).map(|(issue, envelope)| Shown { issue, envelope }).collect();
    let history = History::of(&shown).unwrap();
    let newest = *shown.last().unwrap();
    let checkpoint = "origin\n1\nroot\n\n";
    let series = Series { history: &history, newest, carried: &envelopes, checkpoint };
    let text = |(path, bytes)| (path, String::from_utf8(bytes).unwrap());
    render(&series).into_iter().map(text).collect()
}

fn file(issues: &[Issue], path: &str) -> String {
    files(issues).into_iter().find(|(name, _)| name == path).unwrap().1
}

#[test]
fn every_file_for_people_is_known_by_its_path() {
    let files = files(&[issue(1, &["en"], "Example", 1)]);
    assert_eq!(files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), FOR_PEOPLE);
}

#[test]
fn signed_text_never_becomes_markup() {
    let series = [issue(1, &["en"], HOSTILE, 2), issue(2, &["en"], HOSTILE, 1)];
    for (path, text) in files(&series) {
        if path == "canary.txt" || path == "canary.ics" || path == "feed.json" {
            continue; // no markup there
        }
        assert!(!text.contains("<img"), "{path}");
        assert!(!text.contains("onerror=alert(1)>"), "{path}");
    }
    let page = file(&series, "index.html");
    assert_eq!(page.matches("</script>").count(), 3);
    assert_eq!(page.matches("<script").count(), 3);
}

#[test]
fn the_policy_names_exactly_the_script_and_style_of_the_page() {
    let series = [issue(1, &["en", "zh-Hans"], "text", 1)];
    for path in ["index.html", "verifier.html"] {
        let page = file(&series, path);
        let between = |from: &str, to: &str| {
            let start = page.rfind(from).unwrap() + from.len();
            page[start..][..page[start..].find(to).unwrap()].to_owned()
        };
        for (kind, content) in [
            ("script", between("<script>", "</script>")),
            ("style", between("<style>", "</style>")),
        ] {
            let hash = STANDARD.encode(Sha256::digest(&content));
            assert!(
                page.contains(&format!("{kind}-src &#39;sha256-{hash}&#39;"))
                    || page.contains(&format!("{kind}-src 'sha256-{hash}'")),
                "{path} {kind}"
            );
        }
        assert!(!page.contains("unsafe-"), "{path}");
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{path}");
        for third_party in ["src=\"http", "@import", "url(http"] {
            assert!(!page.contains(third_party), "{path} {third_party}");
        }
    }
}

#[test]
fn the_page_without_history_stays_below_100_kib() {
    let page = file(&[issue(1, &["en", "zh-Hans"], "text", 4)], "index.html");
    let between =
        |from: &str, to: &str| page.split(from).nth(1).unwrap().split(to).next().unwrap().len();
    let history = between("id=\"evidence\">", "</script>")
        + between("<section id=\"history\">", "</section>");
    let weight = page.len() - history;
    assert!(weight < 100 * 1024, "{weight} bytes");
}

#[test]
fn the_same_series_gives_the_same_bytes() {
    let series = [issue(1, &["en"], "text", 2), issue(2, &["en"], "text", 2)];
    assert_eq!(files(&series), files(&series));
}

#[test]
fn feeds_and_badge_say_the_same_whatever_an_issue_affirms() {
    let full = [issue(1, &["en"], "text", 3), issue(2, &["en"], "text", 3)];
    let less = [issue(1, &["en"], "text", 3), issue(2, &["en"], "text", 1)];
    for path in ["feed.atom", "feed.json", "canary.ics", "badge.svg"] {
        assert_eq!(file(&full, path), file(&less, path), "{path}");
    }
}

#[test]
fn what_feeds_call_an_issue_stays_where_the_url_changes() {
    let series = [issue(1, &["en"], "text", 1), issue(2, &["en"], "text", 1)];
    let mut moved = series.clone();
    moved[1].publisher.canonical_url = "https://elsewhere.example/".to_owned();
    let ids = |issues: &[Issue]| {
        let feed = file(issues, "feed.atom");
        let ids = feed.split("<id>").skip(1).map(|rest| rest.split("</id>").next().unwrap());
        let json: serde_json::Value = serde_json::from_str(&file(issues, "feed.json")).unwrap();
        let items = json["items"].as_array().unwrap().iter();
        let items = items.map(|item| item["id"].as_str().unwrap().to_owned());
        ids.map(str::to_owned).chain(items).collect::<Vec<_>>()
    };
    assert_eq!(ids(&series), ids(&moved));
    assert_eq!(ids(&series)[1], "https://canary.holdout.example/main/issues/0002.json");
    assert!(
        file(&moved, "feed.atom").contains("href=\"https://elsewhere.example/issues/0002.json")
    );
}

#[test]
fn the_plain_text_says_what_the_page_says_in_each_language() {
    let mut series = [issue(1, &["en", "zh-Hans", "fr"], "text", 2)];
    let (id, after) = ("fact.1".to_owned(), series[0].expires);
    series[0].retiring = Some(vec![Retiring { id, after }]);
    let plain = file(&series, "canary.txt");
    for words in [&EN, &ZH] {
        let ends = format!("  {} {after}\n", words.ends);
        assert_eq!(plain.matches(&ends).count(), 1, "{plain}");
        let tense = format!("  {}\n", tense(words, &series[0].facts[0]));
        assert_eq!(plain.matches(&tense).count(), 2, "{plain}");
        let scope = words::scope(words, &series[0], &series[0].facts[0]);
        for (name, value) in scope {
            assert!(plain.contains(&format!("  {name}: {value}\n")), "{name}: {plain}");
        }
    }
    let english = file(&[issue(1, &["en"], "text", 1)], "canary.txt");
    assert!(!english.contains("截至"), "{english}");
}

#[test]
fn right_to_left_languages_set_their_direction() {
    let page = file(&[issue(1, &["ar", "en"], "text", 1)], "index.html");
    assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">"));
    assert!(page.contains("lang=\"ar\" dir=\"rtl\" data-fact=\"fact.0\">"));
    assert!(page.contains("lang=\"en\" dir=\"ltr\" data-fact=\"fact.0\">"));
}

#[test]
fn gaps_and_ends_stay_in_the_history() {
    let series = [issue(1, &["en"], "text", 2), issue(4, &["en"], "text", 1)];
    let page = file(&series, "index.html");
    assert!(page.contains("class=\"gap\""));
    assert!(page.contains("no longer affirmed from issue"));
    assert!(page.contains("<code dir=\"ltr\">fact.1</code>"));
}

#[test]
fn nothing_says_how_the_canary_stands() {
    let page = file(&[issue(1, &["en", "zh-Hans"], "text", 1)], "index.html");
    let shown = page.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
    for word in ["valid", "all clear", "safe", "warning", "gag", "order", "compromise"] {
        assert!(!shown.to_lowercase().contains(&word.to_lowercase()), "{word}");
    }
}

#[test]
fn a_quote_in_the_url_cannot_end_the_quoted_command() {
    let pin = canary_format::pin::Pin {
        url: "https://e.example/';reboot;'/".to_owned(),
        number: 1,
        digest: canary_format::digest::Digest([0; 32]),
    };
    let command = super::command(&pin);
    assert!(command.starts_with(r"canary verify 'https://e.example/'\'';reboot;'\''/#1:sha256:"));
}

//! A first `canary.toml` of the native format, drafted from a history.
//!
//! What the history says is filled in; what only the publisher knows is marked with `FILL IN`. Nobody's old words
//! are signed by this: it is a text to edit.

use std::fmt::Write as _;

use canary_verifier::report::FactState;

use crate::judge::{DAY, History};

/// Drafts the configuration. `threshold` is the quorum that the history was judged by.
pub fn draft(history: &History, name: &str, url: &str, threshold: usize) -> String {
    let prefix = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
    let origin = prefix
        .split_once("://")
        .map_or(prefix.as_str(), |(_, rest)| rest)
        .trim_end_matches('/')
        .to_owned();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line("# Drafted from a published history. Lines marked FILL IN need words that only the publisher has.".into());
    line(format!("origin = {}", quoted(&origin)));
    line(String::new());
    line("[publisher]".into());
    line(format!("name = {}", quoted(name)));
    line("languages = [\"en\"]".into());
    line(format!("canonical_url = {}", quoted(&prefix)));
    line("services = [{ id = \"service\", name = \"FILL IN\", model = \"saas\" }]".into());
    line(
        "entities = [{ id = \"entity\", name = \"FILL IN\", jurisdiction = \"ZZ\" }] # FILL IN"
            .into(),
    );
    line(String::new());
    line("[cadence]".into());
    line(format!("profile = \"{}\"", profile(history)));
    line(String::new());
    line("[scope]".into());
    line("entities = [\"all\"]".into());
    line("services = [\"all\"]".into());
    line("roles = [\"controller\"] # FILL IN: controller, processor, sub-processor or joint-controller".into());
    line("layers = [\"application\"] # FILL IN".into());
    line("jurisdictions = [\"all\"]".into());
    for fact in history.facts.iter().filter(|fact| fact.state == FactState::Affirmed) {
        line(String::new());
        line(format!("# affirmed from {} to {}", fact.first.date(), fact.last.date()));
        if fact.text.chars().count() > 2000 {
            line("# too long for one fact of the native format: part it".into());
        }
        line("[[facts]]".into());
        line(format!("id = {}", quoted(&fact.id)));
        line(format!("tense = \"{}\"", tense(&fact.text)));
        line(format!("text = {{ en = {} }}", quoted(&fact.text)));
    }
    line(String::new());
    line("[roster]".into());
    let persons: Vec<&String> = history
        .issues
        .iter()
        .rev()
        .find(|issue| issue.authentic)
        .map(|issue| issue.persons.iter().collect())
        .unwrap_or_default();
    line(format!("threshold = {}", threshold.clamp(1, persons.len().max(1))));
    for person in persons {
        line("[[roster.signers]]".into());
        line(format!("name = {}", quoted(person)));
        line("role = \"FILL IN\"".into());
        line("jurisdiction = \"ZZ\" # FILL IN".into());
        line(format!(
            "keys = [{}] # an OpenSSH Ed25519 key",
            quoted(&format!("keys/{}.pub", file_name(person)))
        ));
    }
    if history.issues.iter().all(|issue| issue.persons.is_empty()) {
        line("[[roster.signers]]".into());
        line("name = \"FILL IN\"\nrole = \"FILL IN\"\njurisdiction = \"ZZ\" # FILL IN\nkeys = [\"keys/signer.pub\"] # an OpenSSH Ed25519 key".into());
    }
    line(String::new());
    line("[log]".into());
    line("key = \"FILL IN\" # canary init writes it".into());
    out
}

/// The native cadence that is closest from below to how often issues appeared.
fn profile(history: &History) -> &'static str {
    let times: Vec<i64> = history
        .issues
        .iter()
        .filter(|issue| issue.authentic)
        .map(|issue| issue.issued.earliest.unix())
        .collect();
    let mut steps: Vec<i64> =
        times.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    match steps.get(steps.len() / 2).map(|step| step / DAY) {
        Some(..=1) => "daily",
        Some(2..=10) => "weekly",
        Some(11..=45) => "monthly",
        _ => "quarterly",
    }
}

fn tense(text: &str) -> &'static str {
    let lower = text.to_lowercase();
    let never =
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "never" | "ever"));
    if never { "never" } else { "current" }
}

/// A TOML basic string: JSON's escapes are a part of TOML's, but for U+007F.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007F")
}

fn file_name(person: &str) -> String {
    person.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

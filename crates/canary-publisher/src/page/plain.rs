//! `canary.txt`: the newest issue for a terminal.

use super::words::{self, LIMITS, Words};
use super::{Series, Shown, command};

const RULE: &str = "------------------------------------------------------------------------";

/// The newest issue in full, in every language, with pins and the limits.
pub(super) fn render(series: &Series<'_>) -> String {
    let shown = series.newest;
    let issue = shown.issue;
    let url = &issue.publisher.canonical_url;
    let mut lines = vec![
        format!("Warrant canary of {}", issue.publisher.name),
        format!("Issue {} of {}", issue.number, issue.origin),
        String::new(),
        format!("Affirmed as of  {}", issue.as_of),
        format!("Next due        {}", issue.next_due),
        format!("Expires         {}", issue.expires),
        String::new(),
        format!("FACTS ({})", issue.facts.len()),
        RULE.to_owned(),
    ];
    for fact in &issue.facts {
        lines.push(format!("[{}]", fact.id));
        lines.extend(fact.text.iter().flat_map(|(tag, text)| texts(tag, text)));
        for words in spoken(&issue.publisher.languages) {
            lines.push(format!("  {}", words::tense(words, fact)));
            for (name, value) in words::scope(words, issue, fact) {
                lines.push(format!("  {name}: {value}"));
            }
            if let Some(after) = issue.retires(&fact.id) {
                lines.push(format!("  {} {after}", words.ends));
            }
        }
        lines.push(String::new());
    }
    lines.push(format!("AFFIRMED BY ({} must sign)", issue.roster.threshold));
    lines.push(RULE.to_owned());
    let people = shown.signers();
    lines.extend(people.iter().map(|s| format!("{}, {} ({})", s.name, s.role, s.jurisdiction)));
    lines.push(String::new());
    lines.extend(apart(&shown));
    lines.push("VERIFY".to_owned());
    lines.push(RULE.to_owned());
    lines.push(command(&series.first_pin()));
    lines.push(format!("newest issue: {}", shown.pin(url)));
    lines.push("This text is a copy for reading; what counts is the signed issue.".to_owned());
    lines.push(String::new());
    lines.push("LIMITS".to_owned());
    lines.push(RULE.to_owned());
    lines.push(LIMITS.0.to_owned());
    lines.join("\n") + "\n"
}

/// The words of each language that the page has some of, once.
fn spoken(languages: &[String]) -> Vec<&'static Words> {
    let mut spoken: Vec<&'static Words> = Vec::new();
    for words in languages.iter().map(|tag| words::of(tag)) {
        if spoken.iter().all(|other| other.tag != words.tag) {
            spoken.push(words);
        }
    }
    spoken
}

/// Promises and counters, apart from the facts; nothing where there are none.
fn apart(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let promises = shown.issue.promises.as_deref().unwrap_or_default();
    if !promises.is_empty() {
        lines.extend(["PROMISES (about the future; no verdict rests on them)".into(), RULE.into()]);
        for promise in promises {
            lines.push(format!("[{}]", promise.id));
            lines.extend(promise.text.iter().flat_map(|(tag, text)| texts(tag, text)));
        }
        lines.push(String::new());
    }
    let counters = shown.issue.counters.as_deref().unwrap_or_default();
    if !counters.is_empty() {
        lines.extend(["COUNTERS".into(), RULE.into()]);
        for counter in counters {
            let value = words::counter(counter.value);
            lines.push(format!("[{}] {} to {}: {value}", counter.id, counter.from, counter.to));
            lines.extend(counter.text.iter().flat_map(|(tag, text)| texts(tag, text)));
        }
        lines.push(String::new());
    }
    lines
}

/// A text with its language, continued lines indented so that none looks like a heading.
fn texts(tag: &str, text: &str) -> Vec<String> {
    let indent = " ".repeat(tag.len() + 4);
    let mut lines = text.split('\n');
    let first = format!("  {tag}: {}", lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines.map(|line| format!("{indent}{line}"))).collect()
}

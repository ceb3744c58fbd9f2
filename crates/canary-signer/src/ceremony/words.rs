//! What the ceremony shows. Text from the draft is shown as it is signed, language by language.

use std::fmt::Write as _;

use canary_format::issue::{
    Fact, Issue, TENSE_IN_CHINESE, TENSE_IN_ENGLISH, is_simplified_chinese,
};
use canary_format::key::Fingerprint;
use canary_format::roster::{Roster, Signer};
use canary_format::time::Timestamp;

use super::scope;
use crate::changes::{Change, Part, changes as between, counter_words, language_words};
use crate::draft::Draft;
use crate::lint::{Warning, evidence_instant, is_reworded};
use crate::past::Past;

pub(super) fn opening(
    draft: &Draft,
    signer: &Signer,
    keyid: Fingerprint,
    now: Timestamp,
) -> String {
    let issue = draft.issue();
    let mut out =
        format!("\n{} — issue {} of {}\n", issue.publisher.name, issue.number, issue.origin);
    push(&mut out, "you sign as", &person(signer));
    push(&mut out, "with", &keyid.to_string());
    push(&mut out, "as of", &issue.as_of.to_string());
    push(&mut out, "next due", &issue.next_due.to_string());
    push(&mut out, "expires", &issue.expires.to_string());
    let evidence = evidence_instant(issue);
    push(
        &mut out,
        "not before",
        &evidence.map_or("no verified evidence".to_owned(), |at| at.to_string()),
    );
    for (name, signatures) in signed_so_far(draft) {
        push(&mut out, "signed by", &format!("{name}{signatures}"));
    }
    if now > issue.next_due {
        push(&mut out, "note", "next_due of this draft has passed: consider making it anew");
    }
    out
}

/// Who signed, and whether it is the same person as another signature's.
fn signed_so_far(draft: &Draft) -> Vec<(String, &'static str)> {
    let mut names: Vec<(String, &'static str)> = Vec::new();
    for signature in draft.signatures() {
        let name = draft.signer(signature.keyid).map_or_else(String::new, |s| s.name.clone());
        match names.iter_mut().find(|(other, _)| *other == name) {
            Some((_, note)) => *note = " (several keys, one person)",
            None => names.push((name, "")),
        }
    }
    names
}

pub(super) fn changes(draft: &Draft, past: &Past) -> String {
    let mut out = String::new();
    match draft.previous() {
        Some(previous) => {
            let _ = writeln!(out, "\nChanges since issue {}:", previous.number);
            list(&mut out, between(previous, draft.issue()), past);
        }
        None => out.push_str("\nThis is the first issue of the series.\n"),
    }
    if let Some(first) = draft.first_signed() {
        out.push_str(
            "\nChanges since the first signature, which was made over an earlier draft:\n",
        );
        list(&mut out, between(first, draft.issue()), &Past::default());
    } else if !draft.signatures().is_empty() {
        out.push_str("\nChanges since the first signature:\n  none\n");
    }
    out
}

/// A fact that was affirmed before the issues compared is not new.
fn list(out: &mut String, changes: Vec<Change>, past: &Past) {
    if changes.is_empty() {
        out.push_str("  none but dates and evidence\n");
    }
    for change in changes {
        let change = match change {
            Change::Added(Part::Fact, id) => match past.last(&id) {
                Some((number, _)) => Change::Again(id, number),
                None => Change::Added(Part::Fact, id),
            },
            other => other,
        };
        let _ = writeln!(out, "  {change}");
    }
}

pub(super) fn warnings(warnings: &[Warning]) -> String {
    let mut out = String::new();
    if !warnings.is_empty() {
        out.push_str("\nWorth a second look:\n");
    }
    for warning in warnings {
        let _ = writeln!(out, "  {warning}");
    }
    out
}

pub(super) fn fact(draft: &Draft, past: &Past, index: usize, fact: &Fact) -> String {
    let issue = draft.issue();
    let seen = match (draft.previous().map(|previous| previous.number), past.last(&fact.id)) {
        (None, _) => String::new(),
        (Some(number), None) => format!("  (not in issue {number})"),
        (_, Some((number, before))) => format!("  ({} issue {number})", beside(before, fact)),
    };
    let mut out = format!("\nFact {} of {}: {}{seen}\n", index + 1, issue.facts.len(), fact.id);
    texts(&mut out, &fact.text);
    tense(&mut out, issue, fact);
    for (member, words) in scope::in_words(issue, fact) {
        push(&mut out, member, &words);
    }
    if let Some(after) = issue.retires(&fact.id) {
        push(&mut out, "announced", &format!("it will no longer be affirmed after {after}"));
    }
    if let Some(id) = &fact.supersedes {
        push(&mut out, "supersedes", id);
    }
    out
}

/// How a fact compares with its last affirmation, in words that the issue's number follows.
fn beside(before: &Fact, fact: &Fact) -> String {
    let mut differs = Vec::new();
    if is_reworded(before, fact) {
        differs.push("other words".to_owned());
    }
    differs.extend(language_words(before, fact));
    if before.scope != fact.scope {
        differs.push("another scope".to_owned());
    }
    if differs.is_empty() { "as in".to_owned() } else { differs.join("; ") + " since" }
}

/// The words that the page gives for the tense, in each language that it has words of.
fn tense(out: &mut String, issue: &Issue, fact: &Fact) {
    let mut shown = Vec::new();
    for tag in &issue.publisher.languages {
        let words = if is_simplified_chinese(tag) { TENSE_IN_CHINESE } else { TENSE_IN_ENGLISH };
        let words = words.of(fact);
        if !shown.contains(&words) {
            push(out, if shown.is_empty() { "when" } else { "" }, &words);
            shown.push(words);
        }
    }
}

/// What is signed besides the facts.
pub(super) fn rest(draft: &Draft) -> String {
    let issue = draft.issue();
    let mut out = String::new();
    for promise in issue.promises.iter().flatten() {
        let _ = writeln!(out, "\nPromise: {}", promise.id);
        texts(&mut out, &promise.text);
    }
    for counter in issue.counters.iter().flatten() {
        let _ = writeln!(out, "\nCounter: {}", counter.id);
        texts(&mut out, &counter.text);
        push(&mut out, "value", &counter_words(counter));
    }
    let _ = writeln!(out, "\nPublisher: {}", issue.publisher.name);
    push(&mut out, "languages", &issue.publisher.languages.join(", "));
    push(&mut out, "at", &issue.publisher.canonical_url);
    for mirror in issue.publisher.mirrors.iter().flatten() {
        push(&mut out, "mirror", mirror);
    }
    if let Some(contact) = &issue.publisher.contact {
        push(&mut out, "contact", contact);
    }
    for entity in &issue.publisher.entities {
        push(&mut out, "entity", &format!("{} ({})", entity.name, entity.jurisdiction));
    }
    for service in &issue.publisher.services {
        push(&mut out, "service", &format!("{} ({})", service.name, service.model));
    }
    roster(&mut out, &issue.roster);
    out.push_str("\nMachines' keys, which can sign no issue:\n");
    push(&mut out, "log", &issue.log.key.to_string());
    if let Some(heartbeat) = &issue.log.heartbeat {
        push(&mut out, "heartbeat", &heartbeat.key.to_string());
        push(&mut out, "", &format!("at most {} hours old", heartbeat.max_age / 3_600));
    }
    out
}

fn roster(out: &mut String, roster: &Roster) {
    let _ = writeln!(
        out,
        "\nWho may sign the next issue: {} persons of {}, from {} jurisdictions",
        roster.threshold,
        roster.signers.len(),
        roster.min_jurisdictions.unwrap_or(1)
    );
    for signer in &roster.signers {
        push(out, "", &person(signer));
        for key in &signer.keys {
            push(out, "", &format!("  {}", key.fingerprint()));
        }
    }
}

/// The last words before the signature: how many facts, and what becomes of earlier signatures.
pub(super) fn closing(draft: &Draft, signed: &Draft) -> String {
    let issue = signed.issue();
    let mut out = format!("\nIssue {} affirms {}:\n", issue.number, facts(issue.facts.len()));
    for fact in &issue.facts {
        let _ = writeln!(out, "  {}", fact.id);
    }
    if signed.signatures().len() < draft.signatures().len() {
        let names: Vec<String> = signed_so_far(draft).into_iter().map(|(name, _)| name).collect();
        let _ = writeln!(
            out,
            "\nThis is another payload than the one signed so far. Earlier signatures do not count\nfor it; these persons sign again: {}",
            names.join(", ")
        );
    }
    out.push('\n');
    out
}

fn facts(count: usize) -> String {
    if count == 1 { "1 fact".to_owned() } else { format!("{count} facts") }
}

/// Who still can sign, roster by roster.
pub(super) fn standing(draft: &Draft) -> String {
    let mut out = String::new();
    for standing in draft.standing() {
        let (of, count) = (standing.of, standing.count);
        let _ = write!(
            out,
            "{of}: {} of {} persons, {} of {} jurisdictions",
            count.persons, count.threshold, count.jurisdictions, count.min_jurisdictions
        );
        if count.is_quorum() {
            out.push_str(": a quorum\n");
        } else if standing.missing().is_none() {
            out.push_str(": no quorum can be reached\n");
        } else {
            let names: Vec<&str> = standing.helpful().iter().map(|s| s.name.as_str()).collect();
            let _ = writeln!(out, "; can still sign: {}", names.join(", "));
        }
    }
    out
}

fn texts(out: &mut String, text: &canary_format::issue::Localised) {
    for (tag, text) in text.iter() {
        let _ = writeln!(out, "  [{tag}]");
        for line in text.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
}

fn person(signer: &Signer) -> String {
    format!("{}, {}, {}", signer.name, signer.role, signer.jurisdiction)
}

fn push(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "  {name:<12}{value}");
}

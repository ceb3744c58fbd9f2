//! What makes two sentences the same statement.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::dates::{Expression, Word, expressions, words};
use crate::prose::Tone;

/// The most bytes of one statement.
const MAX_STATEMENT: usize = 4096;

/// One statement of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// A name for it, of the form that the native format uses for ids: its first words and a digest.
    pub id: String,
    /// Its words as published, white space made single.
    pub text: String,
    /// What kind of statement it is.
    pub tone: Tone,
    /// Its words made comparable, dates and counters replaced.
    pub(crate) key: String,
    /// The counters in it, in order.
    pub(crate) counters: Vec<u64>,
}

impl Statement {
    /// A statement read from prose.
    pub(crate) fn new(text: &str, tone: Tone) -> Self {
        let mut end = text.len().min(MAX_STATEMENT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let (key, counters) = comparable(text);
        Self { id: name(&key), text: text.to_owned(), tone, key, counters }
    }

    /// A statement whose name the format itself gives: a code or a field.
    pub(crate) fn named(id: &str, text: &str, tone: Tone) -> Self {
        let mut id: String = id
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(64)
            .collect();
        while id.contains("--") {
            id = id.replace("--", "-");
        }
        let id = id.trim_matches('-').to_owned();
        let (key, counters) = comparable(text);
        Self {
            key: format!("{id}: {key}"),
            id: if id.is_empty() { name(&key) } else { id },
            text: text.to_owned(),
            tone,
            counters,
        }
    }
}

/// How alike two statements are, from 0 (no word shared) to 1: twice the words in common over all words.
pub fn likeness(one: &Statement, other: &Statement) -> f64 {
    let mut counts: HashMap<&str, i32> = HashMap::new();
    let (mut all, mut shared) = (0, 0);
    for word in one.key.split(' ') {
        *counts.entry(word).or_default() += 1;
        all += 1;
    }
    for word in other.key.split(' ') {
        all += 1;
        if let Some(left) = counts.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            shared += 2;
        }
    }
    f64::from(shared) / f64::from(all.max(1))
}

/// The words that carry identity, and the counters taken out of them.
///
/// Zero is no counter: "0 orders" and "3 orders" are different statements, "3" and "4" are the same one.
pub(crate) fn comparable(text: &str) -> (String, Vec<u64>) {
    let unmarked = unmarked(text);
    let all = words(&unmarked);
    let dates = expressions(&all);
    let mut dates =
        dates.iter().filter(|one| !one.rule.is_habit() && !a_number_only(&all, one)).peekable();
    let (mut out, mut counters) = (Vec::<String>::new(), Vec::new());
    let mut at = 0;
    while at < all.len() {
        if let Some(one) = dates.next_if(|one| one.from == at) {
            // "in <date>", "on <date>" and "<date>" name the same slot.
            while matches!(out.last().map(String::as_str), Some("in" | "on")) {
                out.pop();
            }
            if out.last().map(String::as_str) != Some("<date>") {
                out.push("<date>".into());
            }
            at = one.to;
            continue;
        }
        let fingerprint = run_of_hex(&all[at..]);
        if fingerprint >= 4 {
            out.extend(all[at..at + fingerprint].iter().map(|word| word.text.clone()));
            at += fingerprint;
            continue;
        }
        let word = all[at].text.as_str();
        at += 1;
        if let Some(number) = counter(word) {
            // "0 (zero)" says it twice.
            let again = all.get(at).is_some_and(|next| in_words(&next.text) == Some(number));
            at += usize::from(again);
            if number == 0 {
                out.push("0".into());
            } else {
                counters.push(number);
                out.push("<n>".into());
            }
            continue;
        }
        // Articles come and go without a change of meaning.
        if !matches!(word, "the" | "a" | "an") {
            out.push(person(word).to_owned());
        }
    }
    let mut key = out.join(" ");
    // Phrases that differ in nothing but the grammar of their preposition.
    for (from, to) in [
        ("with regards to", "with regard to"),
        ("in regards to", "with regard to"),
        ("in regard to", "with regard to"),
    ] {
        key = key.replace(from, to);
    }
    (key, counters)
}

/// Quotes straightened, emphasis and footnote marks taken off.
fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '‘' | '’' | '‛' | 'ʼ' | '`' | '´' => out.push('\''),
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => out.push(' '),
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            '*' | '_' => {}
            '[' => {
                // Footnote marks are numbered anew as footnotes come and go.
                let note = rest.find(']').filter(|end| {
                    *end <= 3 && rest[..*end].bytes().all(|byte| byte.is_ascii_digit())
                });
                match note {
                    Some(end) => rest = &rest[end + 1..],
                    None => out.push(' '),
                }
            }
            '/' => out.push_str(" / "),
            _ => out.push(c),
        }
    }
    // Strokes part words ("and/or") but belong to dates and addresses.
    if text.contains("://")
        || text.chars().zip(text.chars().skip(1)).any(|(a, b)| a.is_ascii_digit() && b == '/')
    {
        out = out.replace(" / ", "/");
    }
    out
}

/// One person and many, first and third: the signers speak of themselves in all of these.
fn person(word: &str) -> &str {
    match word.trim_end_matches("'s") {
        "we" | "they" | "i" => "we",
        "us" | "them" | "me" => "us",
        "our" | "their" | "my" => "our",
        "ours" | "theirs" | "mine" => "ours",
        "ourselves" | "themselves" | "myself" => "ourselves",
        "we've" | "they've" | "i've" => "we have",
        "haven't" => "have not",
        "hasn't" => "has not",
        "don't" => "do not",
        "aren't" => "are not",
        "isn't" => "is not",
        _ => word,
    }
}

/// A count: digits with thousands parted or not. Long figures are block numbers or fingerprints and stay as they are.
fn counter(word: &str) -> Option<u64> {
    let bare: String = word.chars().filter(|c| !matches!(c, ',' | '\'')).collect();
    let plain = bare.strip_prefix('#').unwrap_or(&bare);
    if let Some(number) = in_words(word).filter(|number| *number == 0) {
        return Some(number);
    }
    (!plain.is_empty() && plain.len() <= 7 && plain.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| plain.parse().ok())?
}

fn in_words(word: &str) -> Option<u64> {
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ]
    .iter()
    .position(|name| *name == word)
    .map(|at| at as u64)
}

/// How many words from here on are groups of a fingerprint.
fn run_of_hex(words: &[Word<'_>]) -> usize {
    words
        .iter()
        .take_while(|word| {
            matches!(word.text.len(), 2 | 4 | 8)
                && word.text.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
        .count()
}

fn a_number_only(all: &[Word<'_>], one: &Expression) -> bool {
    one.to == one.from + 1 && all[one.from].text.len() <= 2
}

/// The first words that say something, and four bytes of the digest of all of them.
fn name(key: &str) -> String {
    const DULL: [&str; 26] = [
        "the", "a", "an", "of", "to", "in", "on", "and", "or", "we", "us", "our", "have", "has",
        "been", "be", "is", "are", "that", "any", "for", "with", "this", "by", "was", "were",
    ];
    let mut id = String::new();
    for word in key
        .split(' ')
        .filter(|word| !DULL.contains(word))
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .take(5)
    {
        if id.len() + word.len() > 44 {
            break;
        }
        if !id.is_empty() {
            id.push('-');
        }
        id.push_str(word);
    }
    let digest = crate::bytes::hex(&Sha256::digest(key.as_bytes())[..4]);
    if id.is_empty() { format!("s-{digest}") } else { format!("{id}-{digest}") }
}

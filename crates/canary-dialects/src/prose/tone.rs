//! Which statements are facts, and which are promises, dates or plain talk.

use crate::prose::Statement;
use crate::prose::layout::{Piece, Section, sentences};

/// What kind of statement it is. Only facts can fall silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Affirms that something has not happened, or that something holds.
    Fact,
    /// A pledge about the future.
    Promise,
    /// Says when this issue or the next is.
    Date,
    /// Anything else: explanations, disclaimers, footnotes.
    Talk,
}

/// Words that deny.
const DENIALS: &[&str] = &[
    "no", "not", "never", "none", "neither", "nor", "zero", "0", "without", "haven't", "hasn't",
    "nobody", "nothing", "cannot", "isn't", "aren't", "don't", "kein", "keine", "keinen", "keiner",
    "nie", "niemals", "nicht", "weder", "aucun", "aucune", "jamais", "ningún", "ninguna", "nunca",
    "jamás", "nessun", "nessuna", "geen", "nooit", "nenhum", "nenhuma",
];
/// Stems of what a canary denies.
const EVENTS: &[&str] = &[
    "warrant",
    "subpoena",
    "order",
    "gag",
    "nsl",
    "letter",
    "request",
    "search",
    "seiz",
    "backdoor",
    "back-door",
    "key",
    "compel",
    "compromis",
    "disclos",
    "served",
    "receiv",
    "raid",
    "court",
    "fisa",
    "demand",
    "surveil",
    "intercept",
    "tap",
    "log",
    "weaken",
    "breach",
    "coerc",
    "duress",
    "forc",
    "direct",
    "hand",
    "turned",
    "provid",
    "access",
    "govern",
    "police",
    "law",
    "agency",
    "legal",
    "tamper",
    "modif",
    "install",
    "monitor",
    "contact",
    "approach",
    "subject",
    "data",
    "user",
    "private",
    "incident",
    "attack",
    "injunct",
    "process",
    "inquir",
    "visit",
    "arrest",
    "detain",
    "threat",
    "custod",
    "wiretap",
    "notice",
    "placed",
    "given",
    "shared",
    "sold",
    "known",
    "aware",
    // Other languages in which canaries are written.
    "beschl",
    "beschluss",
    "anordnung",
    "durchsuch",
    "hintert",
    "schlüssel",
    "behörd",
    "mandat",
    "perquis",
    "ordre",
    "dérobée",
    "saisie",
    "demande",
    "orden",
    "órden",
    "citaci",
    "requerim",
    "registro",
    "puerta",
];
/// Denials of languages that do not part words, and what they deny.
const DENIED: &[&str] =
    &["没有", "从未", "未曾", "不曾", "未收到", "并未", "沒有", "從未", "尚未", "未被", "受けてい"];
const DENIED_EVENTS: &[&str] = &[
    "收到",
    "搜查",
    "命令",
    "后门",
    "後門",
    "传票",
    "披露",
    "密钥",
    "金鑰",
    "要求",
    "数据",
    "监控",
    "植入",
    "令",
    "交出",
    "提供",
    "设备",
    "設備",
    "调查",
    "調查",
    "国家安全",
];
/// What proves that a text is not older: no statement, and its dates are not the text's.
const FRESH: &[&str] = &[
    "headline",
    "block hash",
    "bitcoin block",
    "hash of block",
    "latest block",
    "block height",
    "blockhash",
    "monero block",
    "ethereum block",
    "front page of",
    "proof of freshness",
];
/// Affirmations that hold without denying anything.
const AFFIRMED: &[&str] = &[
    "in control",
    "in full control",
    "full control",
    "sole control",
    "under our control",
    "remain in control",
    "remains in our",
    "in our possession",
    "sole possession",
    "in possession",
    "full possession",
    "alive and",
    "alive",
    "is intact",
    "are intact",
    "integrity of our",
    "integrity of the",
    "is sound",
    "positively confirm",
    "are secure",
    "is secure",
    "free will",
    "not under duress",
    "uncompromised",
    "master signing key",
    "fingerprint is",
    "have control",
    "retain control",
    "complete control",
    "all clear",
    "in good standing",
    "safe and",
];
/// What makes a sentence a condition or a possibility.
const CONDITIONS: &[&str] = &[
    "if", "unless", "should", "would", "may", "might", "could", "can", "cannot", "whether", "when",
];
/// What makes a sentence a promise.
const PROMISES: &[&str] =
    &["will", "shall", "plan", "plans", "planned", "intend", "promise", "commit", "pledge"];

/// The most sentences of one paragraph that are read as statements.
const MAX_SENTENCES: usize = 512;

/// The statements of one list item or paragraph.
pub(crate) fn statements(piece: &Piece) -> Vec<Statement> {
    let whole = sentences(&piece.text);
    let mut found = Vec::new();
    for (at, sentence) in whole.iter().take(MAX_SENTENCES).enumerate() {
        // A list item under the statements is one, whatever its words; what follows its first sentence must earn it.
        let listed = piece.listed && at == 0;
        let tone = match piece.section {
            Section::Notes => Tone::Talk,
            _ => tone(sentence, listed),
        };
        found.push(Statement::new(sentence, tone));
    }
    found
}

/// What a sentence is.
pub(crate) fn tone(sentence: &str, listed: bool) -> Tone {
    let lower = sentence.to_lowercase().replace(['’', '‘'], "'");
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if is_date(&lower, &words) {
        return Tone::Date;
    }
    if is_fresh(&lower) || is_request(&words) {
        return Tone::Talk;
    }
    if lower.contains("http://") || lower.contains("https://") {
        let links = words.len() <= 6;
        if links {
            return Tone::Talk;
        }
    }
    if lower.trim_start_matches(['*', '_']).starts_with("status:") {
        return Tone::Fact;
    }
    let event = words.iter().any(|word| EVENTS.iter().any(|stem| word.starts_with(stem)));
    let affirmed = AFFIRMED.iter().any(|phrase| lower.contains(phrase));
    let perfect = has(&[
        "have", "has", "had", "haven't", "hasn't", "was", "were", "received", "been", "are", "is",
        "am",
    ]);
    // "We have never been asked to plan …" speaks of the past, whatever verbs it holds.
    let past = has(&["never", "not", "no"]) && perfect;
    let opens = words.first().is_some_and(|word| PROMISES.contains(word));
    let going_to = words.windows(2).any(|pair| pair == ["going", "to"]);
    if (has(PROMISES) || going_to) && (!past || opens || lower.contains(" will ")) {
        return Tone::Promise;
    }
    let conditional = words
        .first()
        .is_some_and(|word| matches!(*word, "if" | "unless" | "should" | "whether" | "when"));
    if has(CONDITIONS)
        && (!listed || conditional)
        && !lower.starts_with("as of")
        && !(has(DENIALS)
            && event
            && has(&["have", "has", "been"])
            && !has(&["if", "should", "would", "unless"]))
    {
        return Tone::Talk;
    }
    let contains = |list: &[&str]| list.iter().any(|part| lower.contains(part));
    if contains(DENIED) && contains(DENIED_EVENTS) {
        return Tone::Fact;
    }
    let denied = has(DENIALS)
        && (event || perfect)
        && !(lower.contains("not infallible")
            || lower.contains("does not prevent")
            || lower.contains("legally"));
    if denied && event || affirmed || listed {
        return Tone::Fact;
    }
    Tone::Talk
}

/// Whether a sentence quotes what proves that the text is not older.
pub(crate) fn is_fresh(lower: &str) -> bool {
    FRESH.iter().any(|mark| lower.contains(mark))
}

/// What the reader is asked to do or not to do.
fn is_request(words: &[&str]) -> bool {
    match words {
        ["please", ..] | ["don't", ..] | ["do", "not", ..] => true,
        ["never", verb, ..] => matches!(
            *verb,
            "send" | "share" | "trust" | "give" | "use" | "rely" | "accept" | "open" | "click"
        ),
        _ => false,
    }
}

/// Labels and sentences that only carry a date of this issue or the next.
fn is_date(lower: &str, words: &[&str]) -> bool {
    const PHRASES: [&str; 14] = [
        "date of issue",
        "issue date",
        "last updated",
        "last update",
        "next update",
        "next canary",
        "next statement",
        "valid until",
        "expires",
        "date issued",
        "today is",
        "publish the next",
        "next of these",
        "next such canary",
    ];
    if PHRASES.iter().any(|phrase| lower.contains(phrase)) && words.len() <= 40 {
        return true;
    }
    let label = lower.split_once(':').map(|(name, _)| name.trim_matches(['*', ' ', '_']));
    matches!(
        label,
        Some(
            "date"
                | "issued"
                | "published"
                | "updated"
                | "signed"
                | "expires"
                | "expiry"
                | "valid"
                | "released"
                | "release"
                | "last updated (utc)"
                | "frequency"
                | "update frequency"
                | "canonical-url"
                | "previous-canary"
                | "verification"
                | "contact"
                | "organization"
                | "bitcoin block"
                | "block hash"
                | "latest bitcoin block hash"
        )
    ) || !words.is_empty() && words.len() <= 6 && only_a_date(lower)
}

pub(crate) fn only_a_date(text: &str) -> bool {
    let all = crate::dates::words(text);
    let dates = crate::dates::expressions(&all);
    let covered: usize =
        dates.iter().filter(|one| !one.rule.is_habit()).map(|one| one.to - one.from).sum();
    covered > 0 && covered + 2 >= all.len()
}

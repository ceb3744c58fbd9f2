//! What a series shows of each fact's life: when it was affirmed, changed, announced, absent.
//!
//! It grows issue by issue, and its size is that of what happened, not of the number of issues: kept
//! beside the series, it lets one more issue be shown without reading the ones before.

use std::collections::VecDeque;

use canary_format::digest::Digest;
use canary_format::issue::{Fact, Issue};
use canary_format::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Shown, stored};

/// The newest issues that are kept one by one, for feeds and lists.
const RECENT: usize = 100;

/// The most bytes of envelopes that are carried inside the page. A longer history is read from the
/// site, or by the verifier page from the folder.
const MAX_CARRIED: u64 = 512 * 1024;

/// The history of a series, as far as it was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The first issue, and the digest of its payload.
    pub(super) first: Mark,
    #[serde(with = "stored::digest")]
    pub(super) first_digest: Digest,
    /// The newest issues, oldest first; never empty.
    pub(super) recent: VecDeque<Listed>,
    /// In the order of their first affirmation.
    pub(super) lives: Vec<Life>,
    /// When no issue was in force.
    pub(super) gaps: Vec<Span>,
    /// The bytes of all envelopes.
    bytes: u64,
}

/// An issue that something happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) number: u64,
    #[serde(with = "stored::instant")]
    pub(super) as_of: Timestamp,
}

/// An issue as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) number: u64,
    #[serde(with = "stored::instant")]
    pub(super) as_of: Timestamp,
    #[serde(with = "stored::instant")]
    pub(super) next_due: Timestamp,
    #[serde(with = "stored::instant")]
    pub(super) expires: Timestamp,
    pub(super) signers: Vec<String>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    #[serde(with = "stored::instant")]
    pub(super) from: Timestamp,
    #[serde(with = "stored::instant")]
    pub(super) to: Timestamp,
}

/// One fact over the whole series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Life {
    pub(super) id: String,
    /// The words of the newest affirmation, by language.
    pub(super) text: Vec<(String, String)>,
    /// Its tense, date and scope, in a form that is equal exactly where they are.
    particulars: String,
    pub(super) first: Mark,
    pub(super) last: Mark,
    /// The first issue after `last`, where the newest issue does not affirm it.
    pub(super) absent_from: Option<Mark>,
    /// When an issue that affirms it was in force.
    pub(super) spans: Vec<Span>,
    /// The issues in which its words, tense or scope are not those of the affirmation before.
    pub(super) changes: Vec<Mark>,
    /// The issue that first announced its end.
    pub(super) announced: Option<Mark>,
}

impl History {
    /// The history of a series of issues from 1 on; `None` where there is none.
    pub fn of(issues: &[Shown<'_>]) -> Option<Self> {
        let (first, rest) = issues.split_first()?;
        let mut history = Self {
            first: Mark::of(first.issue),
            first_digest: first.envelope.digest(),
            recent: VecDeque::new(),
            lives: Vec::new(),
            gaps: Vec::new(),
            bytes: 0,
        };
        history.enter(first);
        rest.iter().for_each(|shown| history.add(shown));
        Some(history)
    }

    /// Adds the next issue.
    pub fn add(&mut self, shown: &Shown<'_>) {
        let (before, after) = (self.newest().clone(), shown.issue.as_of);
        if before.expires < after {
            self.gaps.push(Span { from: before.expires, to: after });
        }
        for life in self.lives.iter_mut().filter(|life| life.last.number == before.number) {
            if let Some(span) = life.spans.last_mut() {
                span.to = before.expires.min(after);
            }
            life.absent_from = Some(Mark::of(shown.issue));
        }
        self.enter(shown);
    }

    /// How many issues were added.
    pub fn size(&self) -> u64 {
        self.newest().number
    }

    /// Whether the page carries every envelope, so that it can be checked where it is opened as a file.
    pub fn is_carried(&self) -> bool {
        self.bytes <= MAX_CARRIED
    }

    pub(super) fn newest(&self) -> &Listed {
        self.recent.back().expect("a history begins with an issue")
    }

    /// From the first affirmation to the newest issue's end.
    pub(super) fn whole(&self) -> Span {
        Span { from: self.first.as_of, to: self.newest().expires }
    }

    fn enter(&mut self, shown: &Shown<'_>) {
        let issue = shown.issue;
        for fact in &issue.facts {
            match self.lives.iter_mut().find(|life| life.id == fact.id) {
                Some(life) => life.affirm(fact, issue),
                None => self.lives.push(Life::begin(fact, issue)),
            }
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Listed {
            number: issue.number,
            as_of: issue.as_of,
            next_due: issue.next_due,
            expires: issue.expires,
            signers: shown.signers().iter().map(|signer| signer.name.clone()).collect(),
        });
        self.bytes += shown.envelope.bytes().len() as u64;
    }
}

impl Mark {
    fn of(issue: &Issue) -> Self {
        Self { number: issue.number, as_of: issue.as_of }
    }
}

impl Life {
    fn begin(fact: &Fact, issue: &Issue) -> Self {
        Self {
            id: fact.id.clone(),
            text: words(fact),
            particulars: particulars(fact),
            first: Mark::of(issue),
            last: Mark::of(issue),
            absent_from: None,
            spans: vec![Span { from: issue.as_of, to: issue.expires }],
            changes: Vec::new(),
            announced: issue.retires(&fact.id).map(|_| Mark::of(issue)),
        }
    }

    fn affirm(&mut self, fact: &Fact, issue: &Issue) {
        let (text, particulars) = (words(fact), particulars(fact));
        if self.particulars != particulars || !self.has_words(&text) {
            self.changes.push(Mark::of(issue));
        }
        match self.spans.last_mut() {
            Some(last) if last.to == issue.as_of => last.to = issue.expires,
            _ => self.spans.push(Span { from: issue.as_of, to: issue.expires }),
        }
        self.announced =
            issue.retires(&fact.id).map(|_| self.announced.unwrap_or_else(|| Mark::of(issue)));
        (self.text, self.particulars) = (text, particulars);
        self.last = Mark::of(issue);
        self.absent_from = None;
    }

    /// Whether these are its words, in the languages that both have.
    fn has_words(&self, text: &[(String, String)]) -> bool {
        let known = |tag: &str| self.text.iter().find(|(other, _)| other == tag);
        text.iter().all(|(tag, words)| known(tag).is_none_or(|(_, before)| before == words))
    }
}

fn words(fact: &Fact) -> Vec<(String, String)> {
    fact.text.iter().map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect()
}

fn particulars(fact: &Fact) -> String {
    serde_json::json!([fact.tense, fact.since, fact.scope]).to_string()
}

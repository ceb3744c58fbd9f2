//! The jurisdiction gate: some statements wait for a named review before anyone signs them.
//!
//! The rules are data. A review is recorded in `reviews.toml`, outside the issue: nothing of it is
//! ever signed or published. It holds for the exact words that were reviewed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use canary_format::digest::Digest;
use canary_format::issue::{Issue, Scope};
use canary_format::text::{is_id, is_jurisdiction};
use canary_format::time::Date;
use serde::{Deserialize, Serialize};

static GATES: LazyLock<Gates> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/gates.toml")).expect("the built-in data is well-formed")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gates {
    gate: Vec<Gate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    jurisdictions: Vec<String>,
    law: String,
    statements: Vec<String>,
    words: Vec<String>,
}

/// A statement that waits for a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The id of the fact or counter.
    pub statement: String,
    /// The jurisdiction whose law is in question, or `all`.
    pub jurisdiction: String,
    /// The question, in words.
    pub question: &'static str,
    /// The digest of the statement with its words and scope: what a review has to name.
    pub words: Digest,
}

/// The reviews that were recorded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviews {
    #[serde(default, rename = "review")]
    reviews: Vec<Review>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    statement: String,
    jurisdiction: String,
    words: String,
    reviewer: String,
    date: String,
}

/// `reviews.toml` could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewsError {
    /// The file is not of its form.
    #[error("reviews.toml is not of its form: {}", .0.message())]
    Form(#[from] toml::de::Error),
    /// An entry lacks a part.
    #[error("reviews.toml: the review of {statement:?} has no valid {member}")]
    Member {
        /// The statement.
        statement: String,
        /// Which part.
        member: &'static str,
    },
}

impl Reviews {
    /// Reads the text of a `reviews.toml`.
    ///
    /// # Errors
    ///
    /// The first entry that does not name a statement, a jurisdiction, the words, a reviewer and a
    /// date.
    pub fn parse(text: &str) -> Result<Self, ReviewsError> {
        let reviews: Self = toml::from_str(text)?;
        for review in &reviews.reviews {
            let wrong =
                |member| Err(ReviewsError::Member { statement: review.statement.clone(), member });
            if !is_id(&review.statement) {
                return wrong("statement");
            }
            if review.jurisdiction != "all" && !is_jurisdiction(&review.jurisdiction) {
                return wrong("jurisdiction");
            }
            if Digest::parse(&review.words).is_none() {
                return wrong("words");
            }
            if review.reviewer.trim().is_empty() {
                return wrong("reviewer");
            }
            if Date::parse(&review.date).is_none() {
                return wrong("date");
            }
        }
        Ok(reviews)
    }

    fn cover(&self, waiting: &Waiting) -> bool {
        self.reviews.iter().any(|review| {
            review.statement == waiting.statement
                && review.jurisdiction == waiting.jurisdiction
                && Digest::parse(&review.words) == Some(waiting.words)
        })
    }
}

/// The statements of an issue that no review covers yet. While there is one, nobody signs.
pub fn waiting(issue: &Issue, reviews: &Reviews) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for statement in statements(issue) {
        for gate in &GATES.gate {
            if !gate.concerns(&statement) {
                continue;
            }
            let jurisdictions = match gate.jurisdictions.as_slice() {
                [all] if all == "all" => statement.named.clone(),
                named => statement
                    .reached
                    .intersection(&named.iter().map(String::as_str).collect())
                    .copied()
                    .collect(),
            };
            waiting.extend(jurisdictions.into_iter().map(|jurisdiction| Waiting {
                statement: statement.id.to_owned(),
                jurisdiction: jurisdiction.to_owned(),
                question: &gate.law,
                words: statement.words,
            }));
        }
    }
    waiting.retain(|entry| !reviews.cover(entry));
    waiting
}

impl Waiting {
    /// The entry of `reviews.toml` that would cover it, with the reviewer left to be named.
    pub fn entry(&self) -> String {
        format!(
            "[[review]]\nstatement = \"{}\"\njurisdiction = \"{}\"\nwords = \"{}\"\nreviewer = \"\"\ndate = \"\"\n",
            self.statement, self.jurisdiction, self.words
        )
    }
}

/// A fact or counter, and the jurisdictions that it concerns.
struct Statement<'a> {
    id: &'a str,
    texts: Vec<String>,
    words: Digest,
    /// Those that its scope names.
    named: BTreeSet<&'a str>,
    /// Those, and where the scope says all, the ones of its entities and of the signers.
    reached: BTreeSet<&'a str>,
}

fn statements(issue: &Issue) -> Vec<Statement<'_>> {
    let digest = |json: serde_json::Result<Vec<u8>>| {
        Digest::of(&json.expect("statements have string keys and integers only"))
    };
    let lower = |text: &str| text.to_lowercase();
    let fact = |fact| {
        let fact: &canary_format::issue::Fact = fact;
        Statement {
            id: &fact.id,
            texts: fact.text.iter().map(|(_, text)| lower(text)).collect(),
            words: digest(serde_json::to_vec(fact)),
            named: fact.scope.jurisdictions.iter().map(String::as_str).collect(),
            reached: reached(issue, &fact.scope),
        }
    };
    let counter = |counter| {
        let counter: &canary_format::issue::Counter = counter;
        // The number changes from issue to issue; what is counted is what a review is about.
        Statement {
            id: &counter.id,
            texts: counter.text.iter().map(|(_, text)| lower(text)).collect(),
            words: digest(serde_json::to_vec(&(&counter.id, &counter.text))),
            named: BTreeSet::from(["all"]),
            reached: everywhere(issue, |_| true),
        }
    };
    let facts = issue.facts.iter().map(fact);
    facts.chain(issue.counters.iter().flatten().map(counter)).collect()
}

fn reached<'a>(issue: &'a Issue, scope: &'a Scope) -> BTreeSet<&'a str> {
    if scope.jurisdictions != ["all"] {
        return scope.jurisdictions.iter().map(String::as_str).collect();
    }
    everywhere(issue, |entity| scope.entities == ["all"] || scope.entities.contains(entity))
}

/// Where the entities are of whom it is said, and the persons who say it.
fn everywhere(issue: &Issue, concerned: impl Fn(&String) -> bool) -> BTreeSet<&str> {
    let entities = issue.publisher.entities.iter().filter(|entity| concerned(&entity.id));
    let entities = entities.map(|entity| entity.jurisdiction.as_str());
    let signers = issue.roster.signers.iter().map(|signer| signer.jurisdiction.as_str());
    entities.chain(signers).collect()
}

impl Gate {
    fn concerns(&self, statement: &Statement<'_>) -> bool {
        let named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => statement.id.starts_with(start),
            None => statement.id == pattern,
        };
        let worded =
            |word: &String| statement.texts.iter().any(|text| text.contains(word.as_str()));
        self.statements.iter().any(named) || self.words.iter().any(worded)
    }
}

#[cfg(test)]
mod tests {
    use canary_format::issue::IssueContent;

    use super::*;
    use crate::fixture::{content, fact};

    fn issue(id: &str, en: &str, jurisdictions: &[&str]) -> Issue {
        let mut fact = fact(id, en, "没有。");
        fact.scope.jurisdictions = jurisdictions.iter().map(|&code| code.to_owned()).collect();
        Issue::compose(IssueContent { facts: vec![fact], ..content() }).unwrap().0
    }

    fn gated(issue: &Issue) -> Vec<String> {
        waiting(issue, &Reviews::default()).into_iter().map(|w| w.jurisdiction).collect()
    }

    #[test]
    fn a_statement_waits_where_a_law_may_forbid_it() {
        assert_eq!(gated(&issue("order.transfer", "None.", &["AU", "DE"])), ["AU"]);
        assert_eq!(gated(&issue("own.words", "We had no warrant.", &["AU"])), ["AU"]);
        assert_eq!(gated(&issue("keys.own", "None.", &["AU"])), [""; 0]);
        assert_eq!(gated(&issue("order.transfer", "None.", &["DE"])), [""; 0]);
        assert_eq!(gated(&issue("order.class", "None.", &["FR"])), ["FR"]);
    }

    #[test]
    fn all_jurisdictions_are_those_of_entities_and_signers() {
        assert_eq!(gated(&issue("data.no-bulk", "None.", &["all"])), [""; 0]);
        let mut content = content();
        content.facts = vec![fact("data.no-bulk", "None.", "没有。")];
        content.roster.signers[2].jurisdiction = "AU".into();
        assert_eq!(gated(&Issue::compose(content).unwrap().0), ["AU"]);
    }

    #[test]
    fn a_review_covers_the_words_it_was_made_of() {
        let before = issue("order.transfer", "None.", &["AU"]);
        let entry = waiting(&before, &Reviews::default())[0].entry();
        assert!(Reviews::parse(&entry).is_err(), "a reviewer has to be named");
        let named = entry
            .replace("reviewer = \"\"", "reviewer = \"R. Viewer\"")
            .replace("date = \"\"", "date = \"2026-02-01\"");
        let reviews = Reviews::parse(&named).unwrap();
        assert_eq!(waiting(&before, &reviews), []);
        let after = issue("order.transfer", "Other words.", &["AU"]);
        assert_eq!(waiting(&after, &reviews).len(), 1);
        let elsewhere = Reviews::parse(&named.replace("\"AU\"", "\"NZ\"")).unwrap();
        assert_eq!(waiting(&before, &elsewhere).len(), 1);
        assert!(Reviews::parse(&format!("{named}note = \"\"\n")).is_err());
    }
}

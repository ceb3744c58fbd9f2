//! Warnings before signing: wording (R29), and what a verifier would remark on.

use std::fmt;
use std::sync::LazyLock;

use canary_format::beacon::{Beacon, Chain};
use canary_format::issue::{Fact, Issue};
use canary_format::time::Timestamp;
use serde::Deserialize;

use crate::template::templates;

/// The longest `expires − as_of` that a verifier takes without a remark, in seconds.
const LONG_INTERVAL: i64 = 100 * 86_400;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/lint.toml")).expect("the built-in data is well-formed")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<WordRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordRule {
    kind: WordingKind,
    en: Vec<String>,
    zh: Vec<String>,
}

/// What about a wording is worth a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WordingKind {
    /// Two sentences in one: when half of it is no longer affirmed, all of it is gone.
    Compound,
    /// It says more than anyone can know.
    Broad,
    /// It speaks of the future: a promise, not a fact.
    Future,
    /// It speaks to one reader.
    AudienceOfOne,
    /// It leaves open when or how much.
    Vague,
}

/// Something to look at before anyone signs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A wording.
    Wording {
        /// The fact.
        id: String,
        /// In which language.
        language: String,
        /// The word.
        word: String,
        /// What about it.
        kind: WordingKind,
    },
    /// The previous issue affirms this id in other words: an id never gets other words (R10).
    Reworded(String),
    /// The previous issue affirms a fact that this one does not, and did not announce it.
    AbsentUnannounced(String),
    /// A fact is still affirmed after the instant at which it was to retire.
    RetirementPassed(String),
    /// The instant of a retirement leaves less than a full interval of notice (R12).
    ShortNotice(String),
    /// No not-before evidence: nobody can tell that the issue was not signed long before (R9).
    NoEvidence,
    /// Not-before evidence that a verifier would not accept.
    BadEvidence,
    /// The issue lives longer than verifiers take without a remark.
    LongInterval,
    /// There is no fact.
    NoFacts,
}

impl Warning {
    /// Whether no draft is made while this stands: an id with other words is an error in the file,
    /// and every reader would be alarmed.
    pub fn refuses(&self) -> bool {
        matches!(self, Self::Reworded(_) | Self::BadEvidence)
    }
}

/// Looks at a new issue beside the previous one.
pub fn lint(issue: &Issue, previous: Option<&Issue>) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = issue.facts.iter().flat_map(wording).collect();
    if issue.facts.is_empty() {
        warnings.push(Warning::NoFacts);
    }
    if let Some(previous) = previous {
        let reworded = |fact: &&Fact| {
            let before = previous.fact(&fact.id);
            before.is_some_and(|before| is_reworded(before, fact))
        };
        let ids = |fact: &Fact| fact.id.clone();
        warnings.extend(issue.facts.iter().filter(reworded).map(ids).map(Warning::Reworded));
        let absent = |fact: &&Fact| {
            issue.fact(&fact.id).is_none()
                && previous.retires(&fact.id).is_none_or(|after| after > issue.as_of)
        };
        let absent = previous.facts.iter().filter(absent);
        warnings.extend(absent.map(ids).map(Warning::AbsentUnannounced));
    }
    for retiring in issue.retiring.iter().flatten() {
        if retiring.after <= issue.as_of {
            warnings.push(Warning::RetirementPassed(retiring.id.clone()));
        } else if retiring.after < issue.next_due
            && previous.is_none_or(|previous| previous.retires(&retiring.id).is_none())
        {
            warnings.push(Warning::ShortNotice(retiring.id.clone()));
        }
    }
    if issue.expires.since(issue.as_of) > LONG_INTERVAL {
        warnings.push(Warning::LongInterval);
    }
    warnings.extend(evidence(issue));
    warnings
}

/// Whether one id has two wordings: in a language that both have, or by tense or date.
pub(crate) fn is_reworded(before: &Fact, after: &Fact) -> bool {
    let mut both = before.text.iter().filter_map(|(tag, text)| Some((text, after.text.get(tag)?)));
    both.any(|(before, after)| before != after)
        || (before.tense, before.since) != (after.tense, after.since)
}

fn evidence(issue: &Issue) -> Option<Warning> {
    let chains = [Chain::quicknet()];
    let verdicts: Vec<Beacon> =
        issue.not_before.iter().flatten().map(|evidence| evidence.verify(&chains)).collect();
    let bad = |beacon: &Beacon| match beacon {
        Beacon::Invalid => true,
        Beacon::Verified(at) => at.since(issue.as_of) > 600,
        Beacon::UnknownChain => false,
    };
    if verdicts.iter().any(bad) {
        return Some(Warning::BadEvidence);
    }
    let newest = evidence_instant(issue);
    let fresh = newest.is_some_and(|at| issue.as_of.since(at) <= 72 * 3_600);
    (!fresh).then_some(Warning::NoEvidence)
}

/// The newest instant before which the issue did not exist, by its verified evidence.
pub fn evidence_instant(issue: &Issue) -> Option<Timestamp> {
    let chains = [Chain::quicknet()];
    let verified = |beacon| match beacon {
        Beacon::Verified(at) => Some(at),
        Beacon::UnknownChain | Beacon::Invalid => None,
    };
    let evidence = issue.not_before.iter().flatten();
    evidence.filter_map(|evidence| verified(evidence.verify(&chains))).max()
}

/// The templates' own words were chosen with care, and are passed over.
fn wording(fact: &Fact) -> Vec<Warning> {
    let template = templates().fact(&fact.id);
    let own = |(tag, text): &(&str, &str)| {
        template.and_then(|template| template.text(tag)) != Some(*text)
    };
    let found = |(tag, text): (&str, &str)| {
        let (tag, text) = (tag.to_owned(), text.to_lowercase());
        let rules = RULES.rule.iter();
        let found = rules.filter_map(move |rule| {
            let word = rule.found_in(&tag, &text)?.to_owned();
            Some((tag.clone(), word, rule.kind))
        });
        found.collect::<Vec<_>>()
    };
    let found = fact.text.iter().filter(own).flat_map(found);
    found
        .map(|(language, word, kind)| Warning::Wording {
            id: fact.id.clone(),
            language,
            word,
            kind,
        })
        .collect()
}

impl WordRule {
    fn found_in(&self, tag: &str, text: &str) -> Option<&str> {
        let words = match tag.split('-').next() {
            Some("en") => self.en.iter().find(|word| holds_word(text, word)),
            Some("zh") => self.zh.iter().find(|word| text.contains(word.as_str())),
            _ => None,
        };
        words.map(String::as_str)
    }
}

fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(before) && edge(after)
    })
}

impl fmt::Display for WordingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compound => "may be two facts in one: two can be renewed apart",
            Self::Broad => "is broad: a narrow sentence can be renewed longer",
            Self::Future => "speaks of the future: that is a promise, not a fact",
            Self::AudienceOfOne => "speaks to one reader",
            Self::Vague => "leaves open when or how much",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wording { id, language, word, kind } => {
                write!(f, "{id} [{language}]: {word:?} {kind}")
            }
            Self::Reworded(id) => write!(
                f,
                "{id}: other words than in the previous issue; give the new words a new id, with supersedes"
            ),
            Self::AbsentUnannounced(id) => {
                write!(
                    f,
                    "{id}: in the previous issue, not in this draft, and not announced before"
                )
            }
            Self::RetirementPassed(id) => {
                write!(f, "{id}: still among the facts, after the instant announced for it")
            }
            Self::ShortNotice(id) => write!(
                f,
                "{id}: the retirement is announced for before next_due: less than a full interval of notice"
            ),
            Self::NoEvidence => f.write_str(
                "no fresh not-before evidence: give --evidence FILE, a beacon of drand's quicknet",
            ),
            Self::BadEvidence => {
                f.write_str("the not-before evidence does not verify, or is later than as_of")
            }
            Self::LongInterval => f.write_str(
                "expires is more than 100 days after as_of: verifiers will remark on it",
            ),
            Self::NoFacts => f.write_str("there is no fact"),
        }
    }
}

#[cfg(test)]
mod tests {
    use canary_format::issue::{IssueContent, NotBefore, Retiring};

    use super::*;
    use crate::fixture::{content, fact};

    fn issue(content: IssueContent) -> Issue {
        Issue::compose(content).unwrap().0
    }

    fn wordings(en: &str, zh: &str) -> Vec<(String, WordingKind)> {
        let facts = vec![fact("own.words", en, zh)];
        let warnings = lint(&issue(IssueContent { facts, ..content() }), None);
        let wording = |warning| match warning {
            Warning::Wording { word, kind, .. } => Some((word, kind)),
            _ => None,
        };
        warnings.into_iter().filter_map(wording).collect()
    }

    #[test]
    fn each_kind_of_wording_is_found() {
        use WordingKind::{AudienceOfOne, Broad, Compound, Future};
        for (en, zh, word, kind) in [
            ("We moved no keys or data.", "没有。", "or", Compound),
            ("We gave it to no one.", "没有交出密钥或数据。", "或", Compound),
            ("We have not done so in any way.", "没有。", "any", Broad),
            ("None.", "没有交给任何人。", "任何", Broad),
            ("We will not do so.", "没有。", "will", Future),
            ("None.", "我们不会这样做。", "不会", Future),
            ("Your data is safe.", "没有。", "your", AudienceOfOne),
            ("None.", "您的数据没有。", "您", AudienceOfOne),
        ] {
            assert_eq!(wordings(en, zh), [(word.to_owned(), kind)], "{en} {zh}");
        }
        assert_eq!(wordings("Orders from the forum were many.", "没有。"), []);
    }

    #[test]
    fn the_templates_own_words_are_passed_over() {
        let template = templates().fact("keys.own").unwrap();
        let (en, zh) = (template.text("en").unwrap(), template.text("zh").unwrap());
        let facts = vec![fact("keys.own", en, zh)];
        let warnings = lint(&issue(IssueContent { facts, ..content() }), None);
        assert_eq!(warnings, [Warning::NoEvidence]);
    }

    #[test]
    fn differences_from_the_previous_issue_are_told() {
        let first = issue(content());
        let mut next = content();
        next.facts[0].text.0[0].1 = "Other words.".into();
        next.facts.remove(1);
        let warnings = lint(&issue(next), Some(&first));
        assert!(warnings.contains(&Warning::Reworded("keys.own".into())));
        assert!(warnings.contains(&Warning::AbsentUnannounced("net.no-feed".into())));
        assert!(warnings.iter().any(Warning::refuses));
    }

    #[test]
    fn a_retirement_gives_a_full_interval_of_notice() {
        let with = |after: Timestamp| {
            let retiring = Some(vec![Retiring { id: "keys.own".into(), after }]);
            lint(&issue(IssueContent { retiring, ..content() }), None)
        };
        let base = content();
        assert!(with(base.as_of).contains(&Warning::RetirementPassed("keys.own".into())));
        assert!(with(base.as_of.plus(60)).contains(&Warning::ShortNotice("keys.own".into())));
        assert_eq!(with(base.next_due), [Warning::NoEvidence]);
    }

    #[test]
    fn evidence_is_verified_before_anyone_signs() {
        const ROUND_1000: &str = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
        let with = |round, at: i64| {
            let chain = canary_format::beacon::QUICKNET_HASH.to_owned();
            let as_of = Timestamp::from_unix(1_692_803_367 + 999 * 3 + at);
            let beacon = NotBefore::drand(chain, round, ROUND_1000.into());
            lint(
                &issue(IssueContent {
                    as_of,
                    next_due: as_of.plus(86_400),
                    expires: as_of.plus(86_400),
                    not_before: Some(vec![beacon]),
                    ..content()
                }),
                None,
            )
        };
        assert_eq!(with(1_000, 60), []);
        assert_eq!(with(1_000, -601), [Warning::BadEvidence]);
        assert_eq!(with(1_001, 60), [Warning::BadEvidence]);
        assert_eq!(with(1_000, 73 * 3_600), [Warning::NoEvidence]);
    }
}

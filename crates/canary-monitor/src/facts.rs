//! The life of each fact of a target: kept beside its evidence, by the digest of the list.

use canary_format::digest::Digest;
use canary_verifier::report::{FactState, FactSummary};
use serde::{Deserialize, Serialize};

use crate::memory::Memory;
use crate::observe::{Body, Observation, Outcome};
use crate::store::{Store, StoreError};

/// So many facts of one target are listed at most: those affirmed first, then those that were last.
const MOST: usize = 256;
/// What follows a target's URL where the list is noted in the store. It is not served: it is derived.
const MARK: &str = "#facts";

/// The facts of a target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FactList {
    /// Those that are listed.
    pub facts: Vec<FactLine>,
    /// How many more there are.
    pub more: usize,
}

/// One fact's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactLine {
    /// Its id.
    pub id: String,
    /// The `as_of` of the first issue that affirms it.
    pub first: i64,
    /// The `as_of` of the last issue that affirms it.
    pub last: i64,
    /// Whether the newest issue affirms it.
    pub now: Standing,
}

/// Whether the newest issue affirms a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It does.
    Affirmed,
    /// It does not.
    Absent,
    /// It does not, as was announced.
    Retired,
}

impl Standing {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Affirmed => "affirmed",
            Self::Absent => "absent",
            Self::Retired => "retired",
        }
    }
}

impl FactList {
    /// The list of a report's facts.
    pub fn of(facts: &[FactSummary]) -> Self {
        let line = |fact: &FactSummary| FactLine {
            id: fact.id.clone(),
            first: fact.first_affirmed.unix(),
            last: fact.last_affirmed.unix(),
            now: match fact.state {
                FactState::Affirmed => Standing::Affirmed,
                FactState::Absent => Standing::Absent,
                FactState::Retired => Standing::Retired,
            },
        };
        let mut lines: Vec<FactLine> = facts.iter().map(line).collect();
        lines.sort_by(|a, b| {
            (a.now, std::cmp::Reverse(a.last), &a.id).cmp(&(
                b.now,
                std::cmp::Reverse(b.last),
                &b.id,
            ))
        });
        lines.truncate(MOST);
        Self { more: facts.len() - lines.len(), facts: lines }
    }

    /// The list that is kept of a target; empty where none is.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn read<S: Store>(store: &S, memory: &Memory) -> Result<Self, StoreError> {
        let digest = memory.said.as_ref().and_then(|said| said.fact_list.as_deref());
        let Some(digest) = digest.and_then(Digest::parse) else { return Ok(Self::default()) };
        let list = store.bodies(vec![digest.0]).await?.pop().flatten().unwrap_or_default();
        Ok(serde_json::from_slice(&list).unwrap_or_default())
    }
}

/// Whether what is noted under this URL is derived from what was served, and was not served itself.
pub fn is_derived(url: &str) -> bool {
    url.contains('#')
}

/// Notes the facts of what was judged, and keeps their list where it is another one.
pub(crate) fn note(seen: &mut Observation, memory: &Memory, url: &str, facts: &[FactSummary]) {
    let Outcome::Said(said) = &mut seen.outcome else { return };
    if facts.is_empty() {
        return;
    }
    let Ok(bytes) = serde_json::to_vec(&FactList::of(facts)) else { return };
    let digest = Digest::of(&bytes).to_string();
    let before = memory.said.as_ref().and_then(|said| said.fact_list.as_ref());
    if before != Some(&digest) {
        seen.bodies.push(Body { url: format!("{url}{MARK}"), bytes });
    }
    said.fact_list = Some(digest);
}

#[cfg(test)]
mod tests {
    use canary_format::time::Timestamp;

    use super::*;

    #[test]
    fn those_affirmed_come_first_and_the_list_has_an_end() {
        let fact = |n: i64| FactSummary {
            id: format!("f{n:04}"),
            state: match n % 3 {
                0 => FactState::Retired,
                1 => FactState::Absent,
                _ => FactState::Affirmed,
            },
            first_affirmed: Timestamp::from_unix(n),
            last_affirmed: Timestamp::from_unix(1_000 + n),
            digest: Digest::of(b""),
        };
        let facts: Vec<FactSummary> = (0..600).map(fact).collect();
        let list = FactList::of(&facts);
        assert_eq!((list.facts.len(), list.more), (256, 344));
        assert!(list.facts[..200].iter().all(|line| line.now == Standing::Affirmed));
        assert!(list.facts[200..].iter().all(|line| line.now == Standing::Absent));
        assert_eq!((list.facts[200].id.as_str(), list.facts[200].last), ("f0598", 1_598));
    }
}

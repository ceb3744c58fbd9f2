//! One object at a URL that the user named, for canaries of other formats.

use canary_format::refusal::Refusal;
use tokio::time::Instant;
use url::Url;

use super::request::{Answer, Ask, Visit};
use super::{Fetcher, Hints};
use crate::evidence::Obtained;
use crate::state::Validators;

/// What came of asking for one object again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The object, or how asking failed.
    pub answer: Again,
    /// To ask with the next time; empty where nothing was received.
    pub validators: Validators,
    /// What the server said about asking again.
    pub hints: Hints,
}

/// Whether an object is the one that was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// The server says that it is.
    Unchanged,
    /// What was obtained.
    Obtained(Obtained<Vec<u8>>),
}

impl Fetcher {
    /// Fetches the object at `url`, of at most `limit` bytes, unless the server says that it is the
    /// one that `known` stands for. `named` are all URLs that the user named.
    pub async fn object_again(
        &self,
        url: &Url,
        named: &[Url],
        limit: u64,
        known: &Validators,
    ) -> Object {
        let visit = Visit {
            fetcher: self,
            named,
            deadline: Instant::now() + self.limits.deadline,
            budget: self.limits.site_bytes.into(),
        };
        let ask = match known {
            Validators { etag: None, last_modified: None } => Ask::Plain,
            known => Ask::IfChanged(known),
        };
        let answer = visit.get(url.clone(), limit, ask).await;
        let hints = answer.hints();
        let (obtained, validators) = match answer {
            Answer::Body { bytes, validators, .. } => (Obtained::Got(bytes), validators),
            Answer::Unchanged { .. } => {
                return Object { answer: Again::Unchanged, validators: known.clone(), hints };
            }
            Answer::Missing => (Obtained::Missing, Validators::default()),
            Answer::TooLarge | Answer::BudgetSpent => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                let refusal = Refusal::TooLarge { what: "the text", limit };
                (Obtained::Refused(refusal), Validators::default())
            }
            Answer::Unreachable { words, .. } => {
                (Obtained::Unreachable(words), Validators::default())
            }
        };
        Object { answer: Again::Obtained(obtained), validators, hints }
    }

    /// Fetches the object at `url`, of at most `limit` bytes, within this fetcher's limits.
    pub async fn object(&self, url: &Url, limit: u64) -> Obtained<Vec<u8>> {
        let visit = Visit {
            fetcher: self,
            named: std::slice::from_ref(url),
            deadline: Instant::now() + self.limits.deadline,
            budget: self.limits.site_bytes.into(),
        };
        match visit.get(url.clone(), limit, Ask::Plain).await {
            Answer::Body { bytes, .. } => Obtained::Got(bytes),
            Answer::Missing => Obtained::Missing,
            Answer::TooLarge | Answer::BudgetSpent => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Obtained::Refused(Refusal::TooLarge { what: "the text", limit })
            }
            Answer::Unreachable { words, .. } => Obtained::Unreachable(words),
            Answer::Unchanged { .. } => Obtained::Unreachable("an answer out of turn".to_owned()),
        }
    }
}

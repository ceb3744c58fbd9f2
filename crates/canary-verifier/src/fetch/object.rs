//! One object at a URL that the user named, for canaries of other formats.

use canary_format::refusal::Refusal;
use tokio::time::Instant;
use url::Url;

use super::Fetcher;
use super::request::{Answer, Ask, Visit};
use crate::evidence::Obtained;

impl Fetcher {
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

//! Single exchanges with servers that the user named: a beacon's relay, a witness.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use tokio::time::{Instant, timeout};

use super::Fetcher;
use super::request::{Answer, Ask, Visit};
use crate::evidence::Obtained;
use crate::target::Prefix;
use canary_format::refusal::Refusal;

/// What a server answered to a post, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// The value of `Content-Type`, or nothing.
    pub content_type: String,
    /// The body, within the limit asked for.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// Asks each of these servers, at once, for the object of at most `limit` bytes at this path
    /// below it, past caches; all within one deadline. The answers are in order.
    pub async fn objects(
        &self,
        servers: &[Prefix],
        path: &str,
        limit: u64,
    ) -> Vec<Obtained<Vec<u8>>> {
        self.objects_within(servers, path, limit, self.limits.deadline).await
    }

    pub(super) async fn objects_within(
        &self,
        servers: &[Prefix],
        path: &str,
        limit: u64,
        wait: Duration,
    ) -> Vec<Obtained<Vec<u8>>> {
        let deadline = Instant::now() + wait;
        let one = async |server: &Prefix| {
            let named = [server.as_url().clone()];
            let visit = Visit { fetcher: self, named: &named, deadline, budget: limit.into() };
            match visit.get(server.join(path), limit, Ask::PastCaches).await {
                Answer::Body { bytes, .. } => Obtained::Got(bytes),
                Answer::Missing => Obtained::Missing,
                Answer::TooLarge | Answer::BudgetSpent => {
                    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    Obtained::Refused(Refusal::TooLarge { what: "the answer", limit })
                }
                Answer::Unchanged { .. } => Obtained::Unreachable("no answer".to_owned()),
                Answer::Unreachable { words, .. } => Obtained::Unreachable(words),
            }
        };
        join_all(servers.iter().map(one)).await
    }

    /// Posts text to a path below a server and reads an answer of at most `limit` bytes, within the
    /// deadline. A redirect is an answer, not followed: what is posted goes where the user said.
    ///
    /// # Errors
    ///
    /// How it failed, in words.
    pub async fn post(
        &self,
        server: &Prefix,
        path: &str,
        body: String,
        limit: u64,
    ) -> Result<Posted, String> {
        let exchange = async {
            let request = self.named.post(server.join(path)).header(ACCEPT_ENCODING, "identity");
            let request = request.header(CONTENT_TYPE, "text/plain; charset=utf-8").body(body);
            let sent = request.send().await;
            let mut response = sent.map_err(|error| self.words("could not connect", &error))?;
            let content_type = response.headers().get(CONTENT_TYPE);
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().chars().take(100).collect();
            let status = response.status().as_u16();
            let mut body = Vec::new();
            let broke_off = |error| self.words("the answer broke off", &error);
            while let Some(chunk) = response.chunk().await.map_err(broke_off)? {
                if body.len() as u64 + chunk.len() as u64 > limit {
                    return Err(format!("answered with more than {limit} bytes"));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Posted { status, content_type, body })
        };
        match timeout(self.limits.deadline, exchange).await {
            Ok(posted) => posted,
            Err(_) => {
                let seconds = self.limits.deadline.as_secs_f32();
                Err(format!("no complete answer within {seconds} s"))
            }
        }
    }
}

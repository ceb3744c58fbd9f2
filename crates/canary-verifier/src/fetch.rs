//! Fetches a canary over HTTP within limits: evidence for the judge (`verdicts.md` §6).
//!
//! # Guarantees
//!
//! - Only URLs that the user named, and where they redirect to, are fetched.
//! - Every object, the whole site, time, redirects and concurrency are bounded. What a peer
//!   announces allocates nothing; reading stops at the limit.
//! - An address that is not public is connected to only where the user named it.
//! - A request carries no credentials and no cookies.
//!
//! # What it does not prove
//!
//! Nothing: evidence is judged by [`crate::judge`].

mod address;
mod exchange;
mod object;
mod request;
mod site;
pub mod time_servers;
mod witnesses;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use canary_format::time::Timestamp;
use futures_util::future::{join, join_all};
use reqwest::Client;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::Instant;
use url::Url;

pub use self::address::Network;
use self::address::{Reach, Resolver, Vouched};
pub use self::exchange::Posted;
pub use self::object::{Again, Object};
use self::request::{Answer, Visit};
use crate::evidence::{Evidence, Mirror, Seen};
use crate::state::CachedCheckpoint;
use crate::target::Prefix;

/// What a fetch may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Over a whole fetch, mirrors included.
    pub deadline: Duration,
    /// Over making one connection, TLS included.
    pub connect: Duration,
    /// How many redirects are followed for one object.
    pub redirects: u32,
    /// How many objects of one site are asked for at once.
    pub concurrency: usize,
    /// How many bytes are read from one site.
    pub site_bytes: u64,
    /// How many idle connections are kept for each host.
    pub idle_per_host: usize,
    /// For how many hosts a TLS session is kept, so that the next connection is made with less work.
    pub sessions: usize,
}

impl Default for Limits {
    /// 30 s, of which 10 s to connect, 5 redirects, 8 objects at once, 256 MiB, 256 sessions.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            redirects: 5,
            concurrency: 8,
            site_bytes: 256 << 20,
            idle_per_host: 8,
            sessions: 256,
        }
    }
}

/// rustls keeps up to so many tickets of each host, and counts those.
const TICKETS: usize = 8;

/// What a server said about asking again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// How long `Retry-After` asks to wait.
    pub retry_after: Option<Duration>,
    /// The server's own clock, from `Date`: no verdict rests on it.
    pub date: Option<Timestamp>,
}

/// What is known of a target before a fetch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Leaves that need not be fetched again where the checkpoint's root shows that they still hold.
    pub seen: Option<&'a Seen>,
    /// To make the request for the checkpoint conditional.
    pub checkpoint: Option<&'a CachedCheckpoint>,
}

/// The answer to the first question of a fetch: for the checkpoint.
#[derive(Debug)]
pub struct First {
    answer: Answer,
    is_known: bool,
    deadline: Instant,
    budget: u64,
}

impl First {
    /// Whether the checkpoint is byte for byte the known one.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// What the server said about asking again.
    pub fn hints(&self) -> Hints {
        self.answer.hints()
    }
}

/// What a fetch gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// For the judge.
    pub evidence: Evidence,
    /// To keep for the next fetch; `None` where nothing was received.
    pub checkpoint: Option<CachedCheckpoint>,
    /// Whether the checkpoint is byte for byte the known one.
    pub change: Change,
    /// What the server said about asking again.
    pub hints: Hints,
}

/// Whether a checkpoint differs from the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is byte for byte the known one.
    None,
    /// It differs, is new, or was not received.
    Some,
}

/// Fetches canaries. One serves any number of fetches at once; connections are shared.
#[derive(Debug, Clone)]
pub struct Fetcher {
    limits: Limits,
    network: Arc<Network>,
    vouched: Vouched,
    /// How often a connection failed because this machine had no descriptor for it.
    lacks: Arc<AtomicU64>,
    /// Connects to public addresses only.
    public: Client,
    /// Connects anywhere: used only for what the user named. The two never share a connection.
    named: Client,
    roots: Roots,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roots {
    Platform,
    /// The platform has none: every https request fails, http works.
    NoneFound,
}

/// Why no fetcher could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetcherError {
    /// The TLS configuration was refused.
    #[error("could not set up TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be made.
    #[error("could not set up HTTP")]
    Http(#[source] reqwest::Error),
}

impl Fetcher {
    /// A fetcher with these limits, for public addresses and what each fetch names.
    ///
    /// # Errors
    ///
    /// Where TLS or HTTP cannot be set up on this machine.
    pub fn new(limits: Limits) -> Result<Self, FetcherError> {
        Self::with_network(limits, Network::default())
    }

    /// A fetcher with these limits, and what the user says about hosts.
    ///
    /// # Errors
    ///
    /// Where TLS or HTTP cannot be set up on this machine.
    pub fn with_network(limits: Limits, network: Network) -> Result<Self, FetcherError> {
        let network = Arc::new(network);
        let (mut tls, roots) = tls_config().map_err(FetcherError::Tls)?;
        tls.resumption = Resumption::in_memory_sessions(limits.sessions.saturating_mul(TICKETS));
        let client = |reach| {
            Client::builder()
                .user_agent(concat!("canary/", env!("CARGO_PKG_VERSION")))
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Resolver { network: network.clone(), reach })
                // Through a proxy the address connected to would be out of sight.
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(limits.connect)
                .pool_max_idle_per_host(limits.idle_per_host)
                .build()
                .map_err(FetcherError::Http)
        };
        let (public, named) = (client(Reach::Public)?, client(Reach::Named)?);
        let (vouched, lacks) = (Vouched::Listed, Arc::default());
        Ok(Self { limits, network, vouched, lacks, public, named, roots })
    }

    /// The same for what the user says may be private: the names that a fetch is given may lead to any
    /// address, at the port that they are given with. Where they redirect to is not vouched for.
    #[must_use]
    pub fn danger_private_where_named(&self) -> Self {
        Self { vouched: Vouched::Named, ..self.clone() }
    }

    /// How often a connection failed because this machine had no descriptor left for it: no fault of the
    /// other side's. Counted over all copies of this fetcher.
    pub fn lacks(&self) -> u64 {
        self.lacks.load(Ordering::Relaxed)
    }

    /// Fetches a site and its mirrors, all within one deadline. `now` is recorded as the instant of
    /// the fetch.
    ///
    /// A failure is part of the evidence, not an error.
    pub async fn fetch(
        &self,
        target: &Prefix,
        known: Known<'_>,
        mirrors: &[Prefix],
        now: Timestamp,
    ) -> Fetched {
        let named: Vec<_> =
            [target].into_iter().chain(mirrors).map(|prefix| prefix.as_url().clone()).collect();
        let deadline = Instant::now() + self.limits.deadline;
        let visit = || self.visit(&named, deadline, self.limits.site_bytes);
        let mirror = async |prefix: &Prefix| {
            let site = visit().site(prefix, Known::default()).await.site;
            Mirror { url: prefix.to_string(), site }
        };
        let main = visit();
        let (visited, mirrors) =
            join(main.site(target, known), join_all(mirrors.iter().map(mirror))).await;
        visited.fetched(target, mirrors, now)
    }

    /// Asks a site for its checkpoint alone: where it is the known one there may be nothing more to ask.
    pub async fn ask(&self, target: &Prefix, known: Option<&CachedCheckpoint>) -> First {
        let named = [target.as_url().clone()];
        let deadline = Instant::now() + self.limits.deadline;
        let visit = self.visit(&named, deadline, self.limits.site_bytes);
        let answer = visit.first(target, known).await;
        let is_known = known.is_some_and(|known| answer.is(known));
        First { answer, is_known, deadline, budget: visit.budget.into_inner() }
    }

    /// Goes on after [`Fetcher::ask`] to what [`Fetcher::fetch`] gives, within the same limits. `known`
    /// holds the checkpoint that was asked with.
    pub async fn fetch_rest(
        &self,
        first: First,
        target: &Prefix,
        known: Known<'_>,
        now: Timestamp,
    ) -> Fetched {
        let named = [target.as_url().clone()];
        let visit = self.visit(&named, first.deadline, first.budget);
        visit.rest(target, known, first.answer).await.fetched(target, Vec::new(), now)
    }

    fn visit<'a>(&'a self, named: &'a [Url], deadline: Instant, budget: u64) -> Visit<'a> {
        Visit { fetcher: self, named, deadline, budget: budget.into() }
    }
}

fn tls_config() -> Result<(ClientConfig, Roots), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()
    };
    match builder()?.with_platform_verifier() {
        Ok(config) => Ok((config.with_no_client_auth(), Roots::Platform)),
        Err(_) => {
            let none = rustls::RootCertStore::empty();
            let config = builder()?.with_root_certificates(none).with_no_client_auth();
            Ok((config, Roots::NoneFound))
        }
    }
}

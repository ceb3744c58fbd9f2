//! Reading back what visitors see: the public URL, with the verifier's own fetch and judge.

use std::time::Duration;

use canary_format::time::Timestamp;
use canary_verifier::evidence::{Obtained, Source};
use canary_verifier::fetch::{Fetcher, Known};
use canary_verifier::target::Prefix;

use crate::judging::judge_site;
use crate::publish::Publication;

/// What a public URL shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// The publication, and it verifies.
    Newest,
    /// An older tree of the series, or nothing yet: a cache or a host that is catching up.
    Behind {
        /// How many issues it shows.
        issues: u64,
    },
    /// Nobody answers: how it failed.
    Unreachable(String),
    /// Something else: the verifier's words.
    Otherwise(String),
}

/// How long to wait for a public URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// In all.
    pub at_most: Duration,
    /// Between two looks.
    pub between: Duration,
}

/// Looks at a public URL until it shows the publication or the time has passed; says what it shows
/// then. `now` gives the instant of each look.
pub async fn until_shown(
    fetcher: &Fetcher,
    url: &Prefix,
    publication: &Publication,
    patience: Patience,
    now: impl Fn() -> Timestamp,
) -> Shown {
    let end = tokio::time::Instant::now() + patience.at_most;
    loop {
        let shown = look(fetcher, url, publication, now()).await;
        if shown == Shown::Newest || tokio::time::Instant::now() + patience.between > end {
            return shown;
        }
        // No host says when its caches have caught up: the URL is asked again until `end`.
        tokio::time::sleep(patience.between).await;
    }
}

async fn look(fetcher: &Fetcher, url: &Prefix, publication: &Publication, now: Timestamp) -> Shown {
    let fetched = fetcher.fetch(url, Known::default(), &[], now).await;
    let Source::Site(site) = fetched.evidence.source else {
        return Shown::Otherwise("it is no site".to_owned());
    };
    if let Obtained::Unreachable(said) = &site.checkpoint {
        return Shown::Unreachable(said.clone());
    }
    if let Obtained::Unreachable(said) = &site.leaves {
        return Shown::Unreachable(said.clone());
    }
    if let Some(issues) = publication.shows_older(&site) {
        return Shown::Behind { issues };
    }
    match judge_site(site, publication.series(), now) {
        Ok(_) => Shown::Newest,
        Err(error) => Shown::Otherwise(error.to_string()),
    }
}

//! Evidence of a built series, and what the judge says of it, for tests of the judge.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

use canary_format::time::Timestamp;
use canary_verifier::evidence::{Evidence, Obtained, Seen, Site, Source, Trust};
use canary_verifier::judge::{Judgement, judge};
use canary_verifier::report::Code;

use crate::build::{self, Series};

pub fn site(series: &Series) -> Site {
    Site {
        checkpoint: Obtained::Got(series.checkpoint().to_string().into_bytes()),
        leaves: Obtained::Got(series.leaves.clone()),
    }
}

pub fn of_source(source: Source, now: Timestamp) -> Evidence {
    Evidence { url: Some(build::URL.into()), obtained_at: now, source, mirrors: vec![] }
}

pub fn of_site(series: &Series, now: Timestamp) -> Evidence {
    of_source(Source::Site(site(series)), now)
}

pub fn pinned(series: &Series, number: u64) -> Trust {
    Trust { pin: Some(series.pin(number)), ..Trust::default() }
}

pub fn codes(judgement: &Judgement) -> Vec<Code> {
    judgement.report.findings.iter().map(|finding| finding.code).collect()
}

/// What is seen after a first look at a series, at its heartbeat.
pub fn seen(series: &Series) -> Seen {
    let now = series.heartbeat.as_ref().unwrap().1;
    judge(&of_site(series, now), &pinned(series, 1), None, now).seen.unwrap()
}

pub fn three() -> Series {
    Series::new().and(|_| {}).and(|_| {})
}

pub fn until(series: &Series, count: usize) -> Series {
    let mut shorter = series.clone();
    shorter.leaves.truncate(count);
    shorter
}

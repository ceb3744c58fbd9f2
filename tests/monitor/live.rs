//! Native series that are live now, and pages that serve them.

#![allow(dead_code, reason = "each test binary uses a part")]

use canary_format::pin::Pin;

use crate::build::{Series, first};
use crate::monitor::{Pages, now};

pub(crate) const DAY: i64 = 86_400;

/// A native series that is live now, at this URL.
pub(crate) fn live(url: &str, issues: u64) -> Series {
    let mut content = first();
    content.as_of = now().plus(-DAY - 3_600 * i64::try_from(issues).unwrap());
    (content.next_due, content.expires) = (now().plus(7 * DAY), now().plus(14 * DAY));
    content.publisher.canonical_url = url.to_owned();
    let mut series = Series::of(content, &["Ada", "Bo"]);
    for _ in 1..issues {
        let mut next = series.next();
        (next.next_due, next.expires) = (now().plus(7 * DAY), now().plus(14 * DAY));
        next.as_of = series.newest.as_of.plus(3_600);
        series.push(next, &["Ada", "Bo"]);
    }
    series.heartbeat_at(now().plus(-600))
}

/// Its pin, at this URL.
pub(crate) fn pin(series: &Series, url: &str) -> Pin {
    Pin { url: url.to_owned(), ..series.pin(1) }
}

/// Serves its site below a path.
pub(crate) fn publish(pages: &Pages, below: &str, series: &Series) {
    let folder = tempfile::tempdir().unwrap();
    series.write(folder.path());
    pages.folder(below, folder.path());
}

//! One object over HTTP: redirects, status, size and time within limits.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use canary_format::time::Timestamp;
use reqwest::header::{
    ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, DATE, ETAG, HeaderMap, HeaderName,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::address::{NotPublic, Reach};
use super::{Fetcher, Hints};
use crate::state::{CachedCheckpoint, Validators};

/// One fetch: what the user named, and what is left of its limits.
pub(super) struct Visit<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) named: &'a [Url],
    pub(super) deadline: Instant,
    /// Bytes that may still be read for this site.
    pub(super) budget: AtomicU64,
}

/// What came of asking for one object.
#[derive(Debug)]
pub(super) enum Answer {
    Body { bytes: Vec<u8>, validators: Validators, hints: Hints },
    Unchanged { hints: Hints },
    Missing,
    TooLarge,
    BudgetSpent,
    Unreachable { words: String, hints: Hints },
}

impl Answer {
    /// Whether it is byte for byte what is known: only a conditional request is answered so without a body.
    pub(super) fn is(&self, known: &CachedCheckpoint) -> bool {
        match self {
            Self::Unchanged { .. } => true,
            Self::Body { bytes, .. } => *bytes == known.bytes,
            _ => false,
        }
    }

    pub(super) fn hints(&self) -> Hints {
        match self {
            Self::Body { hints, .. } | Self::Unchanged { hints } => *hints,
            Self::Unreachable { hints, .. } => *hints,
            Self::Missing | Self::TooLarge | Self::BudgetSpent => Hints::default(),
        }
    }
}

/// How to ask.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    Plain,
    /// Only where it differs from what these stand for.
    IfChanged(&'a Validators),
    /// Past every cache on the way.
    PastCaches,
}

impl Visit<'_> {
    /// Asks for an object of at most `limit` bytes.
    pub(super) async fn get(&self, url: Url, limit: u64, ask: Ask<'_>) -> Answer {
        match timeout_at(self.deadline, self.follow(url, limit, ask)).await {
            Ok(answer) => answer,
            Err(_) => unreachable_for(format!(
                "no complete answer within {} s",
                self.fetcher.limits.deadline.as_secs_f32()
            )),
        }
    }

    async fn follow(&self, mut url: Url, limit: u64, ask: Ask<'_>) -> Answer {
        for _ in 0..=self.fetcher.limits.redirects {
            let response = match self.send(&url, ask).await {
                Ok(response) => response,
                Err(words) => return unreachable_for(words),
            };
            if !is_redirect(response.status()) {
                return self.read(response, limit, ask).await;
            }
            let location = header(response.headers(), LOCATION, 8_192);
            let Some(next) = location.and_then(|location| url.join(&location).ok()) else {
                return unreachable_for("redirected without a place to go to".to_owned());
            };
            match (url.scheme(), next.scheme()) {
                ("https", "http") => {
                    return unreachable_for(format!("redirected from https to http: {next}"));
                }
                (_, "http" | "https") => {}
                _ => return unreachable_for(format!("redirected to another scheme: {next}")),
            }
            if !next.username().is_empty() || next.password().is_some() {
                return unreachable_for("redirected to a URL with a user name or password".into());
            }
            url = next;
        }
        unreachable_for(format!("more than {} redirects", self.fetcher.limits.redirects))
    }

    async fn send(&self, url: &Url, ask: Ask<'_>) -> Result<Response, String> {
        let fetcher = self.fetcher;
        let client = match fetcher.network.reach(url, self.named, fetcher.vouched) {
            Reach::Public => &self.fetcher.public,
            Reach::Named => &self.fetcher.named,
            Reach::Refused => {
                return Err(format!("redirected to an address that is not public: {url}"));
            }
        };
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        match ask {
            Ask::Plain => {}
            Ask::PastCaches => request = request.header(CACHE_CONTROL, "no-cache"),
            Ask::IfChanged(validators) => {
                if let Some(etag) = &validators.etag {
                    request = request.header(IF_NONE_MATCH, etag);
                } else if let Some(modified) = &validators.last_modified {
                    request = request.header(IF_MODIFIED_SINCE, modified);
                }
            }
        }
        request.send().await.map_err(|error| self.fetcher.words("could not connect", &error))
    }

    async fn read(&self, mut response: Response, limit: u64, ask: Ask<'_>) -> Answer {
        let headers = response.headers();
        let hints = Hints { retry_after: retry_after(headers), date: date(headers) };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Answer::Missing,
            StatusCode::NOT_MODIFIED if matches!(ask, Ask::IfChanged(_)) => {
                return Answer::Unchanged { hints };
            }
            status => {
                let words = format!("answered with status {}", status.as_u16());
                return Answer::Unreachable { words, hints };
            }
        }
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
            && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            let words = "answered in a content encoding that was not asked for".to_owned();
            return Answer::Unreachable { words, hints };
        }
        let validators = Validators {
            etag: header(response.headers(), ETAG, 1_024),
            last_modified: last_modified(response.headers()),
        };
        let mut bytes = Vec::new();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Answer::Body { bytes, validators, hints },
                Err(error) => {
                    let words = self.fetcher.words("the answer broke off", &error);
                    return Answer::Unreachable { words, hints };
                }
            };
            if bytes.len() as u64 + chunk.len() as u64 > limit {
                return Answer::TooLarge;
            }
            if !self.spend(chunk.len() as u64) {
                return Answer::BudgetSpent;
            }
            bytes.extend_from_slice(&chunk);
        }
    }

    fn spend(&self, count: u64) -> bool {
        let left = |left: u64| left.checked_sub(count);
        self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

impl Fetcher {
    /// What a transport error says: what was being done, and the innermost cause.
    pub(super) fn words(&self, doing: &str, error: &reqwest::Error) -> String {
        if lacks_descriptors(error) {
            self.lacks.fetch_add(1, Ordering::Relaxed);
        }
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            if cause.is::<NotPublic>() {
                return cause.to_string();
            }
            cause = source;
        }
        if cause.is::<NotPublic>() {
            return cause.to_string();
        }
        let doing = if error.is_timeout() { "no connection in time" } else { doing };
        let doing = if error.is_connect() || error.is_body() || error.is_timeout() {
            doing
        } else {
            "the answer broke off"
        };
        let hint = match &self.roots {
            super::Roots::Platform => "",
            super::Roots::NoneFound => {
                " (this machine has no certificate authorities; set SSL_CERT_FILE)"
            }
        };
        format!("{doing}: {cause}{hint}")
    }
}

/// Whether this process or machine may open no more files, and so no connection either. A resolver that lacks
/// them says only that it failed: then one is tried.
fn lacks_descriptors(error: &reqwest::Error) -> bool {
    let mut cause = Some(error as &dyn Error);
    while let Some(one) = cause {
        if one.downcast_ref().is_some_and(is_lack) {
            return true;
        }
        cause = one.source();
    }
    let tried = || std::net::UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0));
    error.is_connect() && tried().is_err_and(|error| is_lack(&error))
}

/// Of the process: `EMFILE` on Unix, `WSAEMFILE` on Windows; of the machine: `ENFILE`.
fn is_lack(error: &std::io::Error) -> bool {
    let codes: &[i32] = if cfg!(windows) { &[10_024] } else { &[23, 24] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// After so many seconds a date of one second's precision tells one version from the next.
const SETTLED: i64 = 60;

fn unreachable_for(words: String) -> Answer {
    Answer::Unreachable { words, hints: Hints::default() }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn header(headers: &HeaderMap, name: HeaderName, limit: usize) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= limit).then(|| value.to_owned())
}

/// `Last-Modified`, where it is old enough to tell what came after it: a site published twice within its
/// second looks unchanged (RFC 9110 §8.8.2.2).
fn last_modified(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, LAST_MODIFIED, 64)?;
    let age = date(headers)?.since(instant(&text)?);
    (age >= SETTLED).then_some(text)
}

/// Seconds; or a date, which counts from the server's own clock and means nothing without it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = header(headers, RETRY_AFTER, 64)?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = instant(&text)?.since(date(headers)?);
    u64::try_from(wait).ok().map(Duration::from_secs)
}

/// The server's own clock: an answer out of a cache was made `Age` seconds before it was sent.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let made = instant(&header(headers, DATE, 64)?)?;
    let age: Option<u32> = header(headers, AGE, 16).and_then(|age| age.trim().parse().ok());
    Some(Timestamp::from_unix(made.unix().saturating_add(age.unwrap_or(0).into())))
}

fn instant(text: &str) -> Option<Timestamp> {
    let instant = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_unix(instant.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_to_come_back_at_counts_from_the_servers_own_clock() {
        let wait = |retry: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let (noon, later) = ("Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:05:00 GMT");
        assert_eq!(wait("120", None), Some(120));
        assert_eq!(wait(later, Some(noon)), Some(300));
        assert_eq!(wait(noon, Some(later)), None, "it has passed");
        assert_eq!(wait(later, None), None);
        assert_eq!(wait("soon", Some(noon)), None);
    }

    #[test]
    fn an_answer_out_of_a_cache_tells_the_time_at_which_it_was_sent() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sun, 22 Nov 2026 12:00:00 GMT".parse().unwrap());
        let noon = date(&headers).unwrap().unix();
        for (age, later) in [("3600", 3_600), ("-1", 0), ("99999999999", 0), ("", 0)] {
            headers.insert(AGE, age.parse().unwrap());
            assert_eq!(date(&headers).unwrap().unix() - noon, later, "{age:?}");
        }
    }
}

//! One HTTP client for every sink: no redirects, bounded time, no answer bodies kept.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, header, redirect};

use super::SendError;

pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Another part of the program may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .user_agent(concat!("canary/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends; only a 2xx counts.
pub(super) async fn deliver(request: RequestBuilder) -> Result<(), SendError> {
    let answer = request.send().await.map_err(|error| SendError::Http(error.without_url()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after =
        answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Err(SendError::Refused { status: status.as_u16(), retry_after: retry_after.and_then(seconds) })
}

/// `Retry-After` as seconds; the form with a date counts from now and is read as a minute.
fn seconds(value: &str) -> Option<i64> {
    match value.trim().parse::<u32>() {
        Ok(seconds) => Some(i64::from(seconds)),
        Err(_) if value.contains("GMT") => Some(60),
        Err(_) => None,
    }
}

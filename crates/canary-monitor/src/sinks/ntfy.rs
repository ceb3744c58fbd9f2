//! An ntfy topic, published to as JSON at the server's root.

use canary_verifier::report::Severity;
use reqwest::Client;
use serde_json::json;

use super::http::deliver;
use super::{Secret, SendError};
use crate::notice::Notice;

/// A message has 4,096 bytes at most, and the request twice that: its JSON, quotes and line breaks escaped,
/// is what is measured.
const MESSAGE: usize = 4_000;

pub(super) async fn send(
    client: &Client,
    url: &Secret,
    token: Option<&Secret>,
    notice: &Notice,
) -> Result<(), SendError> {
    let url = url.reveal()?;
    let (root, topic) = root_and_topic(&url).ok_or(SendError::Server)?;
    let priority = match notice.severity {
        Severity::Alarm => 5,
        Severity::Unknown | Severity::Attention => 3,
        Severity::Alive => 2,
    };
    let body = json!({
        "topic": topic,
        "title": notice.title,
        "message": notice.text_within(MESSAGE, |text| json!(text).to_string().len()),
        "priority": priority,
        "tags": [notice.severity.to_string()],
    });
    let mut request = client.post(format!("{root}/")).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.bearer_auth(token.reveal()?);
    }
    deliver(request.body(body.to_string())).await
}

/// A topic's URL is the server's, and the topic behind it.
pub(crate) fn root_and_topic(url: &str) -> Option<(&str, &str)> {
    let (root, topic) = url.trim_end_matches('/').rsplit_once('/')?;
    (!topic.is_empty() && !root.ends_with('/')).then_some((root, topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_alone_is_no_topic() {
        assert_eq!(root_and_topic("https://ntfy.sh/ops"), Some(("https://ntfy.sh", "ops")));
        assert_eq!(
            root_and_topic("https://a.example/n/ops/"),
            Some(("https://a.example/n", "ops"))
        );
        for none in ["https://ntfy.sh", "https://ntfy.sh/", "https://", "ops"] {
            assert_eq!(root_and_topic(none), None, "{none}");
        }
    }
}

//! Incoming webhooks as Slack, Mattermost and Discord (`/slack`) accept them.

use reqwest::Client;
use serde_json::json;

use super::http::deliver;
use super::{Secret, SendError};
use crate::notice::Notice;

pub(super) async fn send(client: &Client, url: &Secret, notice: &Notice) -> Result<(), SendError> {
    let text = format!("*{}*\n{}", escape(&notice.title), escape(&notice.text));
    let body = json!({ "text": text }).to_string();
    deliver(client.post(url.reveal()?).header("content-type", "application/json").body(body)).await
}

/// The three characters with which a text could make links or mention people, and `@`.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{2060}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_is_mentioned_by_text_from_outside() {
        assert_eq!(
            super::escape("<!channel> @here & co"),
            "&lt;!channel&gt; @\u{2060}here &amp; co"
        );
    }
}

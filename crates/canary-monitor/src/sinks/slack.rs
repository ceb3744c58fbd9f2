//! Incoming webhooks as Slack, Mattermost and Discord (`/slack`) accept them.

use reqwest::Client;
use serde_json::json;

use super::http::deliver;
use super::{Secret, SendError};
use crate::notice::Notice;

/// Discord refuses a message over 2,000 characters; its URLs end in `/slack`.
const DISCORD: usize = 2_000;
/// Slack and Mattermost take more than anyone reads in a channel.
const CHAT: usize = 12_000;

pub(super) async fn send(client: &Client, url: &Secret, notice: &Notice) -> Result<(), SendError> {
    let url = url.reveal()?;
    let body = json!({ "text": message(&url, notice) }).to_string();
    deliver(client.post(url).header("content-type", "application/json").body(body)).await
}

fn message(url: &str, notice: &Notice) -> String {
    let most = if url.trim_end_matches('/').ends_with("/slack") { DISCORD } else { CHAT };
    let whole = |text: &str| format!("*{}*\n{}", escape(&notice.title), escape(text));
    whole(&notice.text_within(most, |text| whole(text).encode_utf16().count()))
}

/// The three characters with which a text could make links or mention people, and `@`.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{2060}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::dropped;

    #[test]
    fn no_message_is_longer_than_the_chat_takes() {
        let notice = dropped(298, "& <");
        for (url, most) in [
            ("https://discord.example/api/webhooks/1/x/slack", 2_000),
            ("https://hooks.example/services/x", 12_000),
        ] {
            let message = message(url, &notice);
            let length = message.encode_utf16().count();
            assert!(length <= most && length > most / 3, "{length}");
            assert!(message.contains("FACT_ABSENT"), "{message}");
            assert!(message.contains(" more: see the status page"), "{message}");
        }
    }

    #[test]
    fn nobody_is_mentioned_by_text_from_outside() {
        assert_eq!(
            super::escape("<!channel> @here & co"),
            "&lt;!channel&gt; @\u{2060}here &amp; co"
        );
    }
}

//! A Matrix room. The transaction id is the notice's key: the server drops what comes twice.

use reqwest::Client;
use serde_json::json;

use super::http::deliver;
use super::{Secret, SendError};
use crate::notice::Notice;

pub(super) async fn send(
    client: &Client,
    homeserver: &str,
    room: &str,
    token: &Secret,
    notice: &Notice,
) -> Result<(), SendError> {
    let url = format!(
        "{}/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
        homeserver.trim_end_matches('/'),
        percent(room),
        notice.key
    );
    let body = json!({
        "msgtype": "m.text",
        "body": format!("{}\n\n{}", notice.title, notice.text),
        "m.mentions": {},
    });
    let request = client.put(url).bearer_auth(token.reveal()?);
    deliver(request.header("content-type", "application/json").body(body.to_string())).await
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

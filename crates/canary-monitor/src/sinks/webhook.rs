//! JSON by POST, signed as Standard Webhooks does it: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use reqwest::Client;
use sha2::Sha256;

use super::http::deliver;
use super::{Secret, SendError};
use crate::store::Outgoing;

pub(super) async fn send(
    client: &Client,
    url: &Secret,
    secret: Option<&Secret>,
    outgoing: &Outgoing,
    body: String,
) -> Result<(), SendError> {
    // Of this attempt: receivers refuse what is older than a few minutes.
    let at = crate::worker::wall_clock().to_string();
    let mut request = client
        .post(url.reveal()?)
        .header("content-type", "application/json")
        .header("idempotency-key", &outgoing.key)
        .header("webhook-id", &outgoing.key);
    if let Some(secret) = secret {
        let signature = sign(&secret.reveal()?, &outgoing.key, &at, &body);
        request = request.header("webhook-signature", signature);
    }
    deliver(request.header("webhook-timestamp", at).body(body)).await
}

/// `v1,` and the base64 of the MAC. A secret with the prefix `whsec_` is base64; any other is taken as it
/// is.
pub(crate) fn sign(secret: &str, id: &str, at: &str, body: &str) -> String {
    let key = match secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()) {
        Some(key) => key,
        None => secret.as_bytes().to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    for part in [id, ".", at, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_standard_webhooks() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signature =
            sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

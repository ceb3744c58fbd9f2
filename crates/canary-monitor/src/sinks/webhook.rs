//! JSON by POST, signed as Standard Webhooks does it: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use reqwest::Client;
use sha2::Sha256;

use super::http::deliver;
use super::{Secret, SecretError, SendError};
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
        let signature = sign(&key(&secret.reveal()?)?, &outgoing.key, &at, &body);
        request = request.header("webhook-signature", signature);
    }
    deliver(request.header("webhook-timestamp", at).body(body)).await
}

/// The key in a secret. One with the prefix `whsec_` is base64, padded or not; any other is taken as it is.
pub(crate) fn key(secret: &str) -> Result<Vec<u8>, SecretError> {
    let Some(text) = secret.strip_prefix("whsec_") else { return Ok(secret.as_bytes().to_vec()) };
    let key = STANDARD_NO_PAD.decode(text.trim_end_matches('='));
    match key.map_err(|_| SecretError::Base64)? {
        key if key.is_empty() => Err(SecretError::Empty),
        key => Ok(key),
    }
}

/// `v1,` and the base64 of the MAC.
fn sign(key: &[u8], id: &str, at: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
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
        for secret in
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw="]
        {
            let key = key(secret).expect("it is base64");
            let signature =
                sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
            assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        }
    }

    #[test]
    fn a_secret_is_the_key_that_the_other_side_has_or_none() {
        assert_eq!(key("word").expect("it is taken as it is"), b"word");
        assert_eq!(key("whsec_AQI").expect("padding is left out"), [1, 2]);
        assert_eq!(key("whsec_AQI=").expect("padding is there"), [1, 2]);
        assert!(matches!(key("whsec_"), Err(SecretError::Empty)));
        assert!(matches!(key("whsec_not base64"), Err(SecretError::Base64)));
    }
}

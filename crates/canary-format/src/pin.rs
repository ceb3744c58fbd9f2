//! Pins: what a customer keeps to recognise a series for ever (`format.md` §7).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

use crate::checkpoint::parse_decimal;
use crate::digest::Digest;
use crate::refusal::{Refusal, Rule};
use crate::text::is_url_prefix;

/// `<url prefix>#<number>:sha256:<base64url of the payload digest>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin {
    /// Where the series is published: ends in `/`.
    pub url: String,
    /// The number of the pinned issue, from 1.
    pub number: u64,
    /// The digest of its payload.
    pub digest: Digest,
}

impl Pin {
    /// Reads a pin.
    ///
    /// # Errors
    ///
    /// Which part is not of its form.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |place: &str, form| Err(Refusal::malformed(place, Rule::Form(form)));
        let Some((url, rest)) = text.split_once('#') else {
            return refuse("pin", "<url>#<number>:sha256:<digest>");
        };
        if !is_url_prefix(url) {
            return refuse("pin url", "an https or http URL prefix ending in '/'");
        }
        let Some((number, digest)) = rest.split_once(":sha256:") else {
            return refuse("pin", "<url>#<number>:sha256:<digest>");
        };
        let Some(number) = parse_decimal(number).filter(|number| *number >= 1) else {
            return refuse("pin number", "the number of an issue, from 1");
        };
        let digest = URL_SAFE_NO_PAD.decode(digest).ok().and_then(|digest| digest.try_into().ok());
        match digest {
            Some(digest) => Ok(Self { url: url.to_owned(), number, digest: Digest(digest) }),
            None => refuse("pin digest", "a SHA-256 digest in unpadded base64url, 43 characters"),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = URL_SAFE_NO_PAD.encode(self.digest.0);
        write!(f, "{}#{}:sha256:{digest}", self.url, self.number)
    }
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_reads_back_and_no_near_form_does() {
        let text = "https://canary.holdout.example/main/#1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
        assert_eq!(Pin::parse(text).map(|pin| pin.to_string()).as_deref(), Ok(text));
        for (from, to) in [
            ("main/#", "main#"),
            ("#1:", "#0:"),
            ("#1:", "#01:"),
            ("#1:", "#:"),
            ("sha256", "sha512"),
            ("_pm", "/pm"),
            ("SfY", "SfY="),
            ("SfY", "SfZ"),
            ("SfY", "Sf"),
            ("https", "ftp"),
        ] {
            assert!(Pin::parse(&text.replacen(from, to, 1)).is_err(), "{from} {to}");
        }
    }
}

//! The DSSE envelope (`format.md` §3): the exact bytes, the payload and unchecked signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::digest::Digest;
use crate::json::{At, parse};
use crate::key::{Fingerprint, Signature};
use crate::refusal::{Refusal, Rule};

/// The greatest size of an envelope, in bytes.
pub const MAX_ENVELOPE: usize = 65_535;

/// The greatest size of a payload, in bytes.
pub const MAX_PAYLOAD: usize = 40_960;

/// The DSSE payload type of an issue.
pub const PAYLOAD_TYPE: &str = "application/vnd.warrant-canary.issue.v1+json";

/// An envelope as it was received. Nothing about its signatures has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// One entry of `signatures`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// The fingerprint of the key that is said to have signed.
    pub keyid: Fingerprint,
    /// The signature over [`pae`] of the payload.
    pub signature: Signature,
}

impl Envelope {
    /// Reads an envelope of at most 65,535 bytes with a payload of at most 40,960 (§3).
    ///
    /// # Errors
    ///
    /// The first rule of the envelope that is broken. The payload's own rules are not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_ENVELOPE {
            let what = "the envelope";
            return Err(Refusal::TooLarge { what, limit: MAX_ENVELOPE });
        }
        let json = parse(bytes, "envelope")?;
        let envelope = At::root(&json, "envelope");
        let members = envelope.object(&["payloadType", "payload", "signatures"])?;
        let payload_type = members.required("payloadType")?;
        if payload_type.string()? != PAYLOAD_TYPE {
            return payload_type
                .refuse(Rule::Form("\"application/vnd.warrant-canary.issue.v1+json\""));
        }
        let payload = members.required("payload")?.base64()?;
        if payload.len() > MAX_PAYLOAD {
            let what = "the payload";
            return Err(Refusal::TooLarge { what, limit: MAX_PAYLOAD });
        }
        let list = members.required("signatures")?;
        let signatures = list.list(1, 64, EnvelopeSignature::read)?;
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = signatures.iter().find(|signature| !seen.insert(signature.keyid)) {
            return list.refuse(Rule::Repeated(twice.keyid.to_string()));
        }
        Ok(Self { bytes: bytes.to_vec(), payload, signatures })
    }

    /// Writes an envelope around payload bytes; they are kept exactly.
    ///
    /// # Errors
    ///
    /// Where the result would not read back: too large, no signature, or a key twice.
    pub fn write(payload: &[u8], signatures: &[EnvelopeSignature]) -> Result<Self, Refusal> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            payload_type: &'static str,
            payload: String,
            signatures: Vec<WrittenSignature>,
        }
        #[derive(Serialize)]
        struct WrittenSignature {
            keyid: Fingerprint,
            sig: String,
        }
        let written = Written {
            payload_type: PAYLOAD_TYPE,
            payload: STANDARD.encode(payload),
            signatures: signatures
                .iter()
                .map(|s| WrittenSignature { keyid: s.keyid, sig: STANDARD.encode(s.signature.0) })
                .collect(),
        };
        Self::parse(&serde_json::to_vec(&written).expect("strings always serialise"))
    }

    /// The envelope's bytes as they were received: a leaf of the log.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The payload's bytes as they were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The digest of the payload: what `previous` and pins name.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.payload)
    }

    /// The signatures, unchecked, in the order received.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// The bytes that each signature signs.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, &self.payload)
    }
}

impl EnvelopeSignature {
    fn read(entry: At<'_, '_>) -> Result<Self, Refusal> {
        let members = entry.object(&["keyid", "sig"])?;
        let keyid = members.required("keyid")?;
        let fingerprint = Fingerprint::parse(keyid.string()?).map_or_else(
            || keyid.refuse(Rule::Form("an OpenSSH fingerprint, SHA256: and unpadded base64")),
            Ok,
        )?;
        let sig = members.required("sig")?;
        let signature = <[u8; 64]>::try_from(sig.base64()?)
            .or_else(|_| sig.refuse(Rule::Form("a signature of 64 bytes in base64")))?;
        Ok(Self { keyid: fingerprint, signature: Signature(signature) })
    }
}

impl At<'_, '_> {
    fn base64(&self) -> Result<Vec<u8>, Refusal> {
        STANDARD
            .decode(self.string()?)
            .or_else(|_| self.refuse(Rule::Form("base64, padded and canonical")))
    }
}

/// The DSSE v1 pre-authentication encoding (§3).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dsse_specification_s_example_encodes() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn an_envelope_reads_back_and_any_other_shape_is_refused() {
        let signature =
            EnvelopeSignature { keyid: Fingerprint([1; 32]), signature: Signature([2; 64]) };
        let envelope = Envelope::write(b"{}", &[signature]).unwrap();
        assert_eq!(Envelope::parse(envelope.bytes()), Ok(envelope.clone()));
        let text = String::from_utf8(envelope.bytes().to_vec()).unwrap();
        for (from, to) in [
            ("vnd.warrant", "vnd.other"),
            ("\"e30=\"", "\"e30\""),
            ("\"e30=\"", "\"e31=\""),
            ("\"e30=\"", "\"e3 0=\""),
            ("\"keyid\"", "\"reason\""),
            ("SHA256:", "MD5:"),
            ("\"sig\":\"Ag", "\"sig\":\"AgIC"),
            ("{\"keyid\"", "{\"note\":1,\"keyid\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Envelope::parse(changed.as_bytes()).is_err(), "{changed}");
        }
        assert!(Envelope::write(b"{}", &[signature, signature]).is_err());
        assert!(Envelope::write(b"{}", &[]).is_err());
        let too_large = Envelope::write(&[b' '; MAX_PAYLOAD + 1], &[signature]);
        assert_eq!(too_large, Err(Refusal::TooLarge { what: "the payload", limit: MAX_PAYLOAD }));
    }
}

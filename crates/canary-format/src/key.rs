//! Ed25519 public keys, as OpenSSH writes them, and strict verification (`format.md`, first table).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::VerifyingKey;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "ssh-ed25519";

/// An Ed25519 public key. The bytes need not be a point of the curve: such a key verifies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads `ssh-ed25519 AAAA…` without a comment; `None` for any other form.
    pub fn from_openssh(text: &str) -> Option<Self> {
        let blob = STANDARD.decode(text.strip_prefix(ALGORITHM)?.strip_prefix(' ')?).ok()?;
        Self::from_blob(&blob)
    }

    /// Reads the key in SSH's wire form, as agents speak it; `None` for any other form.
    pub fn from_blob(blob: &[u8]) -> Option<Self> {
        let key = blob.strip_prefix(&field_header(ALGORITHM.len()))?;
        let key = key.strip_prefix(ALGORITHM.as_bytes())?;
        let key = key.strip_prefix(&field_header(32))?;
        key.try_into().ok().map(Self)
    }

    /// `ssh-ed25519 AAAA…`, without a comment.
    pub fn to_openssh(&self) -> String {
        format!("{ALGORITHM} {}", STANDARD.encode(self.blob()))
    }

    /// The fingerprint that `ssh-keygen -lf` prints.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.blob()).into())
    }

    /// Verifies strictly: S, A and R canonical, A and R not of small order, without the cofactor.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        self.expand().is_some_and(|key| key.verify(message, signature))
    }

    /// The key ready for many verifications; `None` where it can verify nothing.
    pub fn expand(&self) -> Option<ExpandedKey> {
        // `verify_strict` decodes A and R without asking that their encoding be the canonical one.
        let key = is_canonical(&self.0).then(|| VerifyingKey::from_bytes(&self.0).ok())??;
        (!key.is_weak()).then_some(ExpandedKey(key))
    }

    /// The key in SSH's wire form: what OpenSSH writes in base64 and agents speak.
    pub fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(51);
        for field in [ALGORITHM.as_bytes(), &self.0] {
            blob.extend_from_slice(&field_header(field.len()));
            blob.extend_from_slice(field);
        }
        blob
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_openssh())
    }
}

/// A public key whose point is already decoded.
#[derive(Debug, Clone)]
pub struct ExpandedKey(VerifyingKey);

impl ExpandedKey {
    /// As [`PublicKey::verify`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        is_canonical(signature.r_bytes()) && self.0.verify_strict(message, &signature).is_ok()
    }
}

/// A 64-byte Ed25519 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Reads a signature in padded base64; `None` for any other form.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// The SHA-256 fingerprint of an OpenSSH public key, written `SHA256:` and unpadded base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Reads `SHA256:` and 43 characters of base64; `None` for any other form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD.decode(text.strip_prefix("SHA256:")?).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The length that goes before each field of an OpenSSH key.
fn field_header(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("fields of a key are short").to_be_bytes()
}

/// Whether an encoded point's y coordinate, read without the sign bit, is less than 2^255 − 19.
/// The other non-canonical encodings (x = 0 with the sign bit set) are of small order.
fn is_canonical(point: &[u8; 32]) -> bool {
    let (last, rest) = (point[31] & 0x7f, &point[1..31]);
    point[0] < 0xed || last != 0x7f || rest.iter().any(|byte| *byte != 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIENiFXsSd2iOwjNBM9C0l8LaQ7/ybQyJIXfLS1M+Gjaa";

    #[test]
    fn an_openssh_key_reads_back() {
        let key = PublicKey::from_openssh(KEY).unwrap();
        assert_eq!(key.to_openssh(), KEY);
        let fingerprint = key.fingerprint();
        assert_eq!(fingerprint.to_string(), "SHA256:j9KEocNhyI3aS5u2QUOS7zuYBQjAwIUHZt8TACEalRk");
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
    }

    #[test]
    fn any_other_form_of_key_is_refused() {
        for text in [
            &format!("{KEY} comment"),
            &format!(" {KEY}"),
            &KEY.replace("ssh-ed25519 ", "ssh-rsa "),
            &KEY[..70],
            &KEY.replace("C3Nz", "C3NzC3Nz"),
            "ssh-ed25519",
            "",
        ] {
            assert_eq!(PublicKey::from_openssh(text), None, "{text}");
        }
    }

    #[test]
    fn the_least_and_greatest_encodings_are_told_apart() {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        assert!(!is_canonical(&p));
        p[31] = 0xff;
        assert!(!is_canonical(&p));
        p[0] = 0xec;
        assert!(is_canonical(&p));
        assert!(is_canonical(&[0; 32]));
    }
}

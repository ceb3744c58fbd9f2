//! Ed25519 public keys, as OpenSSH writes them, and strict verification (`format.md`, first table).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Verifier as _, VerifyingKey};
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
        // The library decodes A without asking that its encoding be the canonical one.
        let may_sign = is_canonical(&self.0) && !is_small_order(&self.0);
        may_sign.then(|| VerifyingKey::from_bytes(&self.0).ok().map(ExpandedKey))?
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
        // What `verify_strict` does, without decoding R to learn its order: the encoding tells. The
        // computed R is encoded and compared, so an R that is no point or not canonical fails.
        !is_small_order(signature.r_bytes()) && self.0.verify(message, &signature).is_ok()
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

/// The y coordinates of the points of order 1, 2, 4 and 8; x and −x share one.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    y("0100000000000000000000000000000000000000000000000000000000000000"),
    y("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    y("0000000000000000000000000000000000000000000000000000000000000000"),
    y("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    y("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

/// Whether a canonical encoding is that of a point of small order.
fn is_small_order(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// The bytes of a constant.
const fn y(hex: &str) -> [u8; 32] {
    const fn nibble(digit: u8) -> u8 {
        if digit < b'a' { digit - b'0' } else { digit - b'a' + 10 }
    }
    let (hex, mut bytes, mut index) = (hex.as_bytes(), [0; 32], 0);
    while index < bytes.len() {
        bytes[index] = nibble(hex[2 * index]) << 4 | nibble(hex[2 * index + 1]);
        index += 1;
    }
    bytes
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

    #[test]
    fn the_points_of_small_order_are_those_of_the_library() {
        let mut found = std::collections::BTreeSet::new();
        for encoding in SMALL_ORDER_Y {
            for sign in [0, 0x80] {
                let mut encoding = encoding;
                encoding[31] |= sign;
                assert!(is_small_order(&encoding));
                assert!(PublicKey(encoding).expand().is_none());
                let point = VerifyingKey::from_bytes(&encoding).unwrap();
                assert!(point.is_weak());
                found.insert(point.to_edwards().compress().to_bytes());
            }
        }
        assert_eq!(found.len(), 8, "as many as there are");
        assert!(!is_small_order(&PublicKey::from_openssh(KEY).unwrap().0));
    }

    proptest::proptest! {
        #[test]
        fn what_verifies_is_what_the_library_s_strict_check_takes(
            seed: [u8; 32], message: Vec<u8>, flip in 0..600_usize,
        ) {
            use ed25519_dalek::Signer as _;
            let key = ed25519_dalek::SigningKey::from_bytes(&seed);
            let mut signature = key.sign(&message).to_bytes();
            // Some of them past the end: those stay good.
            if let Some(byte) = signature.get_mut(flip / 8) {
                *byte ^= 1 << (flip % 8);
            }
            let strict = key.verifying_key().verify_strict(
                &message,
                &ed25519_dalek::Signature::from_bytes(&signature),
            );
            let public = PublicKey(key.verifying_key().to_bytes());
            proptest::prop_assert_eq!(public.verify(&message, &Signature(signature)), strict.is_ok());
        }
    }
}

//! Whose signatures count. Keys are named by the user; none is ever taken from a text or fetched.

use crate::dates::Cadence;
use crate::openpgp::Certificate;

/// The keys, the quorum and the habits that a user states for one target.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The persons whose signatures count.
    pub persons: Vec<Person>,
    /// How many distinct persons must have signed.
    pub threshold: usize,
    /// The purpose that SSH signatures must name.
    pub namespace: String,
    /// How often an issue is due, where the user knows better than the text says.
    pub cadence: Option<Cadence>,
}

impl Default for Trust {
    fn default() -> Self {
        Self { persons: Vec::new(), threshold: 1, namespace: "file".into(), cadence: None }
    }
}

/// One person and their keys. Several keys of one person count once.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name that reports use.
    pub name: String,
    /// Their keys.
    pub keys: Vec<Key>,
}

/// A key that the user named.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Key {
    /// An OpenPGP certificate.
    OpenPgp(Box<Certificate>),
    /// A signify or minisign key: the two share one form.
    Numbered(crate::signify::NumberedKey),
    /// An OpenSSH key, perhaps bound to purposes and times.
    Ssh(Box<crate::sshsig::SshKey>),
    /// A bare Ed25519 key, for CanaryTail and signed JSON.
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

/// Why bytes are not a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No known form of public key.
    #[error("not a public key of a known form")]
    Unknown,
    /// A form that is known, but damaged.
    #[error("a damaged {form} key: {why}")]
    Damaged {
        /// The form.
        form: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A private key: it belongs nowhere near a verifier.
    #[error("a private key; give the public one")]
    Private,
    /// Larger than any key.
    #[error("larger than a key can be")]
    TooLarge,
}

/// The most bytes of a key file.
pub const MAX_KEY_FILE: usize = 1 << 20;

impl Trust {
    /// Adds keys for a person; the same name adds to the same person.
    pub fn add(&mut self, name: &str, keys: Vec<Key>) {
        match self.persons.iter_mut().find(|person| person.name == name) {
            Some(person) => person.keys.extend(keys),
            None => self.persons.push(Person { name: name.to_owned(), keys }),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = (&Person, &Key)> {
        self.persons.iter().flat_map(|person| person.keys.iter().map(move |key| (person, key)))
    }
}

impl Key {
    /// Reads a public key file: OpenPGP (armoured or not), signify, minisign, OpenSSH, or an Ed25519 key in
    /// base64 or hex. The forms exclude one another, so nothing is guessed.
    ///
    /// # Errors
    /// Where the bytes are no public key, or a damaged one.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, KeyError> {
        if bytes.len() > MAX_KEY_FILE {
            return Err(KeyError::TooLarge);
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Certificate::read(bytes)
                .map(|all| all.into_iter().map(|one| Self::OpenPgp(Box::new(one))).collect());
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.contains("PRIVATE KEY") || text.contains("secret key") {
            return Err(KeyError::Private);
        }
        if text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            return Certificate::read(text.as_bytes())
                .map(|all| all.into_iter().map(|one| Self::OpenPgp(Box::new(one))).collect());
        }
        if text.starts_with("untrusted comment:") || text.len() == 56 {
            return crate::signify::NumberedKey::read(text).map(|key| vec![Self::Numbered(key)]);
        }
        if ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| text.starts_with(prefix)) {
            return text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| crate::sshsig::SshKey::read(line).map(|key| Self::Ssh(Box::new(key))))
                .collect();
        }
        ed25519(text).map(|key| vec![Self::Ed25519(Box::new(key))])
    }
}

/// A bare Ed25519 key: base64 (standard or URL, padded or not) or hex of 32 bytes, or a PEM `PUBLIC KEY`.
pub(crate) fn ed25519(text: &str) -> Result<ed25519_dalek::VerifyingKey, KeyError> {
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect::<String>()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let bytes = crate::bytes::hex_or_base64(&body).ok_or(KeyError::Unknown)?;
    // RFC 8410: the DER of an Ed25519 public key is a fixed prefix and the 32 bytes.
    const DER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let raw = bytes.strip_prefix(&DER).unwrap_or(&bytes);
    let raw: &[u8; 32] = raw.try_into().map_err(|_| KeyError::Unknown)?;
    ed25519_dalek::VerifyingKey::from_bytes(raw)
        .map_err(|_| KeyError::Damaged { form: "Ed25519", why: "not a point of the curve".into() })
}

//! OpenSSH Ed25519 private keys: made, read and used. Their secret never leaves this module.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use canary_format::key::{PublicKey, Signature};
use ed25519_dalek::{Signer, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::rand_core::OsRng;
use ssh_key::{Kdf, LineEnding};
use zeroize::Zeroizing;

use crate::durable::{self, Access, WriteError};

/// The greatest size of a private key file, in bytes.
const MAX_KEY_FILE: u64 = 65_536;

/// The most rounds of `bcrypt-pbkdf` that a key file may ask for: `ssh-keygen` uses 16 to 24, and
/// a thousand take about half a minute.
const MAX_ROUNDS: u32 = 1_000;

/// A passphrase, wiped from memory when it is dropped. It has no `Debug`.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are the same.
    pub fn matches(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

/// What protects a new private key's file besides its mode.
pub enum Protection {
    /// The key is encrypted under a passphrase.
    Passphrase(Passphrase),
    /// Nothing: for keys of machines, which can sign no issue, and for trials.
    DangerNone,
}

/// How a private key lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Under a passphrase.
    Encrypted,
    /// For whoever can read the file.
    Unencrypted,
}

/// An Ed25519 private key, wiped from memory when it is dropped.
pub struct PrivateKey {
    key: SigningKey,
    stored: Stored,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().fingerprint())
    }
}

/// A private key could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateKeyError {
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The comment cannot stand in a public key file.
    #[error("the comment holds control characters")]
    Comment,
    /// The key could not be encoded.
    #[error("cannot encode the key")]
    Encode(#[source] ssh_key::Error),
    /// The file could not be written, or is there already.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A private key could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenKeyError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than the owner can read the file.
    #[error("{} can be read by others than its owner: mode {mode:04o}", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is larger than any key.
    #[error("{} is larger than {MAX_KEY_FILE} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not an OpenSSH private key.
    #[error("{} is not an OpenSSH private key", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the reader said; it holds nothing of the key.
        source: ssh_key::Error,
    },
    /// The key is of another algorithm.
    #[error("{} is not an Ed25519 key", path.display())]
    NotEd25519 {
        /// The file.
        path: PathBuf,
    },
    /// Deriving the key from the passphrase would take too long.
    #[error("{} asks for {rounds} rounds of key derivation, more than {MAX_ROUNDS}", path.display())]
    TooManyRounds {
        /// The file.
        path: PathBuf,
        /// How many.
        rounds: u32,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// No passphrase was given.
    #[error("no passphrase was given for {}", path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PrivateKey {
    /// Makes a key and writes it to a new file, mode 0600 from its creation, with the public key
    /// beside it under the suffix `.pub`.
    ///
    /// # Errors
    ///
    /// A refused passphrase or comment, or a file that is there already or cannot be written.
    pub fn create(
        path: &Path,
        comment: &str,
        protection: Protection,
    ) -> Result<Self, CreateKeyError> {
        if comment.chars().any(char::is_control) {
            return Err(CreateKeyError::Comment);
        }
        let pair = Ed25519Keypair::random(&mut OsRng);
        let key = SigningKey::from(&pair.private);
        let file = ssh_key::PrivateKey::new(KeypairData::Ed25519(pair), comment)
            .map_err(CreateKeyError::Encode)?;
        let (file, stored) = match protection {
            Protection::DangerNone => (file, Stored::Unencrypted),
            Protection::Passphrase(passphrase) if passphrase.is_empty() => {
                return Err(CreateKeyError::EmptyPassphrase);
            }
            Protection::Passphrase(passphrase) => {
                let file = file.encrypt(&mut OsRng, passphrase.0.as_bytes());
                (file.map_err(CreateKeyError::Encode)?, Stored::Encrypted)
            }
        };
        let text = file.to_openssh(LineEnding::LF).map_err(CreateKeyError::Encode)?;
        let created = Self { key, stored };
        let public = format!("{} {comment}", created.public().to_openssh());
        // Another key's public part may lie there without its private one.
        let beside = public_path(path);
        if beside.exists() {
            let source = io::ErrorKind::AlreadyExists.into();
            return Err(WriteError { path: beside, source }.into());
        }
        durable::create(path, text.as_bytes(), Access::Private)?;
        let line = format!("{}\n", public.trim_end());
        durable::create(&beside, line.as_bytes(), Access::Shared).inspect_err(|_| {
            // Nobody has the key yet: without its public part it would only stand in the way.
            let _ = std::fs::remove_file(path);
        })?;
        Ok(created)
    }

    /// Opens a key file; `ask` is called for the passphrase where the key is encrypted.
    ///
    /// # Errors
    ///
    /// A file that others can read, that is no OpenSSH Ed25519 private key, or that the passphrase
    /// does not open.
    pub fn open(
        path: &Path,
        ask: impl FnOnce() -> io::Result<Passphrase>,
    ) -> Result<Self, OpenKeyError> {
        let text = read_private(path)?;
        let at = || path.to_owned();
        let malformed = |source| OpenKeyError::Malformed { path: at(), source };
        let file = ssh_key::PrivateKey::from_openssh(&text).map_err(malformed)?;
        let stored = match file.is_encrypted() {
            true => Stored::Encrypted,
            false => Stored::Unencrypted,
        };
        let file = if stored == Stored::Encrypted {
            match file.kdf() {
                Kdf::Bcrypt { rounds, .. } if *rounds > MAX_ROUNDS => {
                    return Err(OpenKeyError::TooManyRounds { path: at(), rounds: *rounds });
                }
                _ => {}
            }
            let passphrase =
                ask().map_err(|source| OpenKeyError::NoPassphrase { path: at(), source })?;
            // After a wrong passphrase the decoded bytes break one rule or another.
            file.decrypt(passphrase.0.as_bytes())
                .map_err(|_| OpenKeyError::WrongPassphrase { path: at() })?
        } else {
            file
        };
        match file.key_data() {
            KeypairData::Ed25519(pair) => Ok(Self { key: SigningKey::from(&pair.private), stored }),
            _ => Err(OpenKeyError::NotEd25519 { path: at() }),
        }
    }

    /// The key of this seed, for tests.
    #[cfg(test)]
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(&seed), stored: Stored::Unencrypted }
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// How it lies in its file.
    pub fn stored(&self) -> Stored {
        self.stored
    }

    /// Signs exactly these bytes.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

/// The public key of a private key file, which is in it in the clear: no passphrase is asked for.
///
/// # Errors
///
/// As [`PrivateKey::open`].
pub fn public_of(path: &Path) -> Result<PublicKey, OpenKeyError> {
    let text = read_private(path)?;
    let malformed = |source| OpenKeyError::Malformed { path: path.to_owned(), source };
    let file = ssh_key::PrivateKey::from_openssh(&text).map_err(malformed)?;
    match file.public_key().key_data().ed25519() {
        Some(key) => Ok(PublicKey(key.0)),
        None => Err(OpenKeyError::NotEd25519 { path: path.to_owned() }),
    }
}

/// Where the public key of a private key file lies.
pub fn public_path(private: &Path) -> PathBuf {
    let mut name = private.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Reads the first key of a public key file: `ssh-ed25519 AAAA…` and perhaps a comment.
/// `None` for any other form.
pub fn parse_public(text: &str) -> Option<PublicKey> {
    let line =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let mut words = line.split_ascii_whitespace();
    PublicKey::from_openssh(&format!("{} {}", words.next()?, words.next()?))
}

fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, OpenKeyError> {
    let failed = |source| OpenKeyError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    // The mode is that of the open file: nobody can exchange it in between.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(OpenKeyError::Readable { path: path.to_owned(), mode });
        }
    }
    let limit = usize::try_from(MAX_KEY_FILE).expect("64 KiB fit");
    // Room for all that is ever read: a buffer that grew would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 2));
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(OpenKeyError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &'static str) -> impl FnOnce() -> io::Result<Passphrase> {
        move || Ok(Passphrase::new(text.into()))
    }

    fn none() -> io::Result<Passphrase> {
        panic!("no passphrase is asked for")
    }

    #[test]
    fn a_key_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada");
        let protection = Protection::Passphrase(Passphrase::new("correct horse".into()));
        let made = PrivateKey::create(&path, "ada", protection).unwrap();
        let opened = PrivateKey::open(&path, ask("correct horse")).unwrap();
        assert_eq!(opened.public(), made.public());
        assert_eq!(opened.stored(), Stored::Encrypted);
        assert_eq!(public_of(&path).unwrap(), made.public());
        assert!(opened.public().verify(b"message", &opened.sign(b"message")));
        let wrong = PrivateKey::open(&path, ask("wrong")).unwrap_err();
        assert!(matches!(wrong, OpenKeyError::WrongPassphrase { .. }));
        let public = std::fs::read_to_string(public_path(&path)).unwrap();
        assert_eq!(public, format!("{} ada\n", made.public().to_openssh()));
        assert_eq!(parse_public(&public), Some(made.public()));
    }

    #[test]
    fn no_key_is_made_over_another_or_under_an_empty_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada");
        let empty = Protection::Passphrase(Passphrase::new(String::new()));
        assert!(matches!(
            PrivateKey::create(&path, "", empty),
            Err(CreateKeyError::EmptyPassphrase)
        ));
        let first = PrivateKey::create(&path, "", Protection::DangerNone).unwrap();
        assert!(PrivateKey::create(&path, "", Protection::DangerNone).is_err());
        let opened = PrivateKey::open(&path, none).unwrap();
        assert_eq!((opened.public(), opened.stored()), (first.public(), Stored::Unencrypted));
        // A public key whose private one lies elsewhere is not written over either.
        let elsewhere = folder.path().join("bo");
        std::fs::write(public_path(&elsewhere), "ssh-ed25519 another").unwrap();
        assert!(PrivateKey::create(&elsewhere, "", Protection::DangerNone).is_err());
        assert!(!elsewhere.exists());
        let public = std::fs::read_to_string(public_path(&elsewhere)).unwrap();
        assert_eq!(public, "ssh-ed25519 another");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada");
        PrivateKey::create(&path, "", Protection::DangerNone).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        for mode in [0o640, 0o604, 0o660, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = PrivateKey::open(&path, none).unwrap_err();
            assert!(matches!(refused, OpenKeyError::Readable { mode: m, .. } if m == mode));
        }
    }

    #[test]
    fn nothing_of_a_key_is_in_its_debug_form_or_in_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada");
        let key = PrivateKey::create(&path, "", Protection::DangerNone).unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey({})", key.public().fingerprint()));
        let text = std::fs::read_to_string(&path).unwrap();
        let cut = text.replacen("AAAA", "AAAB", 1);
        durable::replace(&path, cut.as_bytes(), Access::Private).unwrap();
        let refused = PrivateKey::open(&path, none).unwrap_err();
        let line = text.lines().nth(3).unwrap();
        assert!(!format!("{refused:?} {refused}").contains(&line[..16]));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada");
        for bytes in [&b""[..], b"-----BEGIN OPENSSH PRIVATE KEY-----\n", &[0xff; 70_000]] {
            durable::replace(&path, bytes, Access::Private).unwrap();
            assert!(PrivateKey::open(&path, none).is_err());
        }
        assert!(PrivateKey::open(folder.path(), none).is_err());
        assert!(PrivateKey::open(&folder.path().join("none"), none).is_err());
    }
}

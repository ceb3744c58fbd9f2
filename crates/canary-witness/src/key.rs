//! The witness's key.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use canary_durable::Access;
use canary_format::checkpoint::Checkpoint;
use canary_format::key::{PublicKey, Signature};
use canary_format::note::{KeyKind, NoteSignature, VerifierKey};
use canary_format::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

/// More than any private key without a passphrase.
const MAX_FILE: u64 = 16_384;

/// The key that cosigns, and its name.
pub struct WitnessKey {
    verifier: VerifierKey,
    secret: SigningKey,
}

/// Why there is no key to cosign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system refused.
    #[error("could not {doing} the key {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others can read the file.
    #[error("others than its owner can read the key {}: set its mode to 0600", path.display())]
    Readable {
        /// Which file.
        path: PathBuf,
    },
    /// The file is no such key.
    #[error("not an OpenSSH Ed25519 private key without a passphrase: {}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// The name cannot be that of a key.
    #[error("a key's name has no space and no '+': {0:?}")]
    Name(String),
}

impl WitnessKey {
    /// Reads an OpenSSH Ed25519 private key without a passphrase, that its owner alone can read.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is another kind of file, or others can read it.
    pub fn read(path: &Path, name: &str) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { doing: "read", path: path.to_owned(), source };
        let form = || KeyError::Form { path: path.to_owned() };
        let file = File::open(path).map_err(io)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
                return Err(KeyError::Readable { path: path.to_owned() });
            }
        }
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text).map_err(io)?;
        let key = PrivateKey::from_openssh(text).map_err(|_| form())?;
        let KeypairData::Ed25519(pair) = key.key_data() else {
            return Err(form());
        };
        Self::from_seed(name, &pair.private.to_bytes())
    }

    /// The key of this seed.
    ///
    /// # Errors
    ///
    /// Where the name cannot be that of a key.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = SigningKey::from_bytes(seed);
        let public = PublicKey(secret.verifying_key().to_bytes());
        let verifier = VerifierKey::new(name, KeyKind::Cosignature, public);
        let verifier = verifier.ok_or_else(|| KeyError::Name(name.to_owned()))?;
        Ok(Self { verifier, secret })
    }

    /// Makes a new key and writes it, for its owner alone; a file that is there is left alone.
    ///
    /// # Errors
    ///
    /// Where the file is there, or cannot be written.
    pub fn create(path: &Path, name: &str) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { doing: "write", path: path.to_owned(), source };
        let pair = Ed25519Keypair::random(&mut ssh_key::rand_core::OsRng);
        let key = Self::from_seed(name, &pair.private.to_bytes())?;
        let text = PrivateKey::from(pair)
            .to_openssh(LineEnding::LF)
            .map_err(|_| KeyError::Form { path: path.to_owned() })?;
        canary_durable::create(path, text.as_bytes(), Access::Private).map_err(io)?;
        Ok(key)
    }

    /// What verifiers need to know of it.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// This witness's line under a checkpoint, at this instant.
    pub(crate) fn cosign(&self, checkpoint: &Checkpoint, at: Timestamp) -> NoteSignature {
        let signature = Signature(self.secret.sign(&checkpoint.cosigned_bytes(at)).to_bytes());
        Checkpoint::cosignature_line(&self.verifier, at, &signature)
    }
}

impl std::fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WitnessKey({})", self.verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_is_its_owner_s_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = WitnessKey::create(&path, "w.example/1").unwrap();
        let read = WitnessKey::read(&path, "w.example/1").unwrap();
        assert_eq!(made.verifier(), read.verifier());
        assert!(matches!(WitnessKey::create(&path, "w"), Err(KeyError::Io { .. })));
        assert!(matches!(WitnessKey::read(&path, "a+b"), Err(KeyError::Name(_))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(WitnessKey::read(&path, "w"), Err(KeyError::Readable { .. })));
        }
    }
}

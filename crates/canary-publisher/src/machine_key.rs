//! The keys of the publisher's machines: they sign checkpoints, never an issue (`format.md` §1).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use canary_format::key::{PublicKey, Signature};
use ed25519_dalek::{Signer, SigningKey};
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

/// The greatest size of a key file, in bytes.
pub(crate) const MAX_KEY_FILE: u64 = 16_384;

/// A machine's Ed25519 key, from an OpenSSH private key file without a passphrase: a timer has to be
/// able to use it.
pub struct MachineKey {
    key: SigningKey,
    path: PathBuf,
}

/// Why a machine's key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineKeyError {
    /// The file cannot be read.
    #[error("machine key {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner can read or write the file.
    #[error("machine key {} is open to others: its mode is {mode:04o}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no OpenSSH private key.
    #[error("machine key {} is not an OpenSSH private key", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: ssh_key::Error,
    },
    /// The key has a passphrase: it is a person's, or cannot be used by a timer.
    #[error("machine key {} is protected by a passphrase", path.display())]
    Passphrase {
        /// The file.
        path: PathBuf,
    },
    /// The key is of another kind than Ed25519.
    #[error("machine key {} is not an Ed25519 key", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
}

impl MachineKey {
    /// Reads a key file of at most 16,384 bytes that its owner alone can read.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn read(path: &Path) -> Result<Self, MachineKeyError> {
        let at = || path.to_owned();
        let unreadable = |source| MachineKeyError::Unreadable { path: at(), source };
        let file = canary_durable::open_regular(path).map_err(unreadable)?;
        if let Some(mode) = open_to_others(&file).map_err(unreadable)? {
            return Err(MachineKeyError::Open { path: at(), mode });
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(MAX_KEY_FILE).read_to_end(&mut text).map_err(unreadable)?;
        let key = PrivateKey::from_openssh(text.as_slice())
            .map_err(|source| MachineKeyError::Form { path: at(), source })?;
        if key.is_encrypted() {
            return Err(MachineKeyError::Passphrase { path: at() });
        }
        let pair = key.key_data().ed25519().ok_or_else(|| MachineKeyError::Kind { path: at() })?;
        let key = SigningKey::from_bytes(&Zeroizing::new(pair.private.to_bytes()));
        Ok(Self { key, path: at() })
    }

    /// Where it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MachineKey").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The permission bits, where they let anyone but the owner in.
#[cfg(unix)]
fn open_to_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn open_to_others(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs;

    use canary_durable::Access;

    /// Writes a machine key made of a seed byte.
    pub(crate) fn write_key(path: &Path, seed: u8) -> PublicKey {
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&[seed; 32]);
        let key = PrivateKey::from(pair);
        let text = key.to_openssh(ssh_key::LineEnding::LF).unwrap();
        canary_durable::replace(path, text.as_bytes(), Access::Private).unwrap();
        PublicKey(SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes())
    }

    #[test]
    fn a_key_that_its_owner_alone_can_read_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let public = write_key(&path, 7);
        let key = MachineKey::read(&path).unwrap();
        assert_eq!(key.public(), public);
        assert!(public.verify(b"text", &key.sign(b"text")));
        assert!(!format!("{key:?}").contains("7, 7"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_a_group_or_the_world_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        write_key(&path, 7);
        for mode in [0o640, 0o604, 0o620, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = MachineKey::read(&path).unwrap_err();
            assert!(matches!(error, MachineKeyError::Open { mode: found, .. } if found == mode));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert!(matches!(MachineKey::read(&path), Err(MachineKeyError::Unreadable { .. })));
        write_key(&path, 7);
        let text = fs::read(&path).unwrap();
        for length in [0, 10, text.len() / 2] {
            fs::write(&path, &text[..length]).unwrap();
            assert!(matches!(MachineKey::read(&path), Err(MachineKeyError::Form { .. })));
        }
    }
}

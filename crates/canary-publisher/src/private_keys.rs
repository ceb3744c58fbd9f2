//! The search for private keys: no signer's is where publishing happens (`format.md` §6).

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::issue::Issue;
use canary_format::key::PublicKey;
use canary_format::layout::{CANARIES, HEARTBEAT_KEY, LOG_KEY};
use ed25519_dalek::SigningKey;
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use crate::folder::{Folder, FolderError};
use crate::machine_key::MAX_KEY_FILE;
use crate::series::{Series, SeriesError};
use canary_durable as durable;

/// How many files and folders a search looks at.
pub const MAX_SEARCHED: usize = 20_000;

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410): the algorithm's OID, and
/// the octet strings that hold the seed.
const ED25519_SEED: [u8; 11] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The private keys in a publisher's folder, other than the two machine keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKeys {
    /// By their paths.
    pub found: Vec<FoundKey>,
    /// How much of the folder was looked at.
    pub reach: Reach,
}

/// A private key that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// The file.
    pub path: PathBuf,
    /// Its public half, where it is an Ed25519 key that shows it.
    pub public: Option<PublicKey>,
}

/// How much of a folder was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every file.
    Whole,
    /// The first [`MAX_SEARCHED`], those nearest to the folder itself.
    Part,
}

/// Why nothing is published from a folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// It cannot be looked through.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The roster before the newest cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A signer's private key is in it.
    #[error("{} is a private key of the signer {signer}", path.display())]
    SignerKey {
        /// The file.
        path: PathBuf,
        /// Whose it is, as in the roster.
        signer: String,
    },
}

/// Looks for private keys in a publisher's folder, and refuses those of signers: of the newest issue's
/// roster, and of the one before. Gives the others.
pub(crate) fn refuse_signers(
    folder: &Folder,
    series: &Series,
    newest: &Issue,
) -> Result<PrivateKeys, SearchError> {
    let previous = series.envelope(newest.number.saturating_sub(1))?;
    let previous = previous.and_then(|envelope| Issue::parse(envelope.payload()).ok());
    let rosters =
        [Some(newest), previous.as_ref()].into_iter().flatten().map(|issue| &issue.roster);
    let signers: Vec<_> = rosters.flat_map(|roster| &roster.signers).collect();
    let keys = search(folder.root())?;
    for key in &keys.found {
        let is_theirs = |theirs: &PublicKey| Some(*theirs) == key.public;
        if let Some(signer) = signers.iter().find(|signer| signer.keys.iter().any(is_theirs)) {
            let (path, signer) = (key.path.clone(), signer.name.clone());
            return Err(SearchError::SignerKey { path, signer });
        }
    }
    Ok(keys)
}

/// Every private key in the folder and below, those nearest first. Hidden folders are looked into too,
/// save `.git`, and of the series all but its own files.
fn search(root: &Path) -> Result<PrivateKeys, FolderError> {
    let mut keys = PrivateKeys { found: Vec::new(), reach: Reach::Whole };
    let machines = [LOG_KEY, HEARTBEAT_KEY].map(|key| root.join(key));
    let series = root.join(CANARIES);
    let mut searched = 0;
    let mut folders = VecDeque::from([root.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        let failed = |source| FolderError::Io { path: folder.clone(), action: "listed", source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if machines.contains(&path) || (folder == series && is_issue(&entry.file_name())) {
                continue;
            }
            searched += 1;
            if searched > MAX_SEARCHED {
                keys.reach = Reach::Part;
                folders.clear();
                break;
            }
            if !kind.is_dir() {
                let found = private_keys(&path).into_iter();
                keys.found.extend(found.map(|public| FoundKey { path: path.clone(), public }));
            } else if entry.file_name() != ".git" {
                folders.push_back(path);
            }
        }
    }
    keys.found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(keys)
}

/// Whether a name in `canaries/` is that of an issue.
fn is_issue(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The private keys of a file, in the forms of OpenSSH and of PKCS #8: the public half of each, where it
/// is an Ed25519 key that shows it. An OpenSSH key does so without its passphrase.
fn private_keys(path: &Path) -> Vec<Option<PublicKey>> {
    let mut bytes = Zeroizing::new(Vec::new());
    // Whatever is no file is passed over: reading a pipe could take for ever.
    let read = durable::open_regular(path).map(|file| file.take(MAX_KEY_FILE));
    if read.and_then(|mut file| file.read_to_end(&mut bytes)).is_err() {
        return Vec::new();
    }
    if let Some(public) = public_of_pkcs8(&bytes) {
        return vec![Some(public)];
    }
    let text = String::from_utf8_lossy(&bytes);
    let begins = text.match_indices("-----BEGIN ").map(|(at, _)| at);
    let lines = begins.filter(|at| *at == 0 || text[..*at].ends_with(['\n', '\r']));
    let blocks = lines.filter_map(|at| {
        let block = &text[at..];
        let end = block.find("\n-----END ").map_or(block.len(), |end| {
            block[end + 1..].find('\n').map_or(block.len(), |length| end + 1 + length + 1)
        });
        let first = block.lines().next()?;
        first.trim_end().ends_with("PRIVATE KEY-----").then_some(&block[..end])
    });
    blocks.map(public_half).collect()
}

/// The public half of one key in its armour.
fn public_half(block: &str) -> Option<PublicKey> {
    if let Ok(key) = PrivateKey::from_openssh(block.as_bytes()) {
        return key.public_key().key_data().ed25519().map(|public| PublicKey(public.0));
    }
    let lines = block.lines().skip(1).take_while(|line| !line.starts_with("-----"));
    let body: Zeroizing<String> = Zeroizing::new(lines.map(str::trim).collect());
    public_of_pkcs8(&Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?))
}

/// The public half of an Ed25519 key in PKCS #8.
fn public_of_pkcs8(der: &[u8]) -> Option<PublicKey> {
    // A sequence of less than 128 bytes, and in it first a version: four bytes with the length.
    let after_version = der.strip_prefix(&[0x30])?.get(4..)?;
    let seed = after_version.strip_prefix(&ED25519_SEED)?.first_chunk::<32>()?;
    let key = SigningKey::from_bytes(&Zeroizing::new(*seed));
    Some(PublicKey(key.verifying_key().to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine_key::tests::write_key;

    fn pkcs8(seed: u8) -> Vec<u8> {
        let version_1 = [0x30, 0x2e, 0x02, 0x01, 0x00];
        [&version_1[..], &ED25519_SEED, &[seed; 32]].concat()
    }

    #[test]
    fn private_keys_of_every_form_are_found_wherever_they_lie_and_machine_keys_are_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["keys/old", "canaries", "target/debug", ".git"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        write_key(&root.join(LOG_KEY), 1);
        let mut expected = Vec::new();
        for (path, seed) in [("keys/old/ada", 2), ("canaries/bo", 3), ("target/debug/chen", 4)] {
            expected.push((path, Some(write_key(&root.join(path), seed))));
        }
        let public = |seed: u8| SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
        let armour = |text: String| {
            format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
        };
        let dana = format!("a note\n{}", armour(STANDARD.encode(pkcs8(5))));
        fs::write(root.join("dana.pem"), dana).unwrap();
        expected.push(("dana.pem", Some(PublicKey(public(5)))));
        fs::write(root.join("eve.der"), pkcs8(6)).unwrap();
        expected.push(("eve.der", Some(PublicKey(public(6)))));
        fs::write(root.join("other.pem"), "-----BEGIN RSA PRIVATE KEY-----\n").unwrap();
        expected.push(("other.pem", None));
        // None of these is a private key.
        fs::write(root.join("keys/ada.pub"), PublicKey(public(2)).to_openssh()).unwrap();
        fs::write(root.join("said"), "it begins with -----BEGIN PRIVATE KEY-----").unwrap();
        fs::write(root.join("canaries/0001.json"), "{}").unwrap();
        let keys = search(root).unwrap();
        let expected = expected.into_iter().map(|(path, public)| (root.join(path), public));
        let found = keys.found.into_iter().map(|key| (key.path, key.public));
        let sort = |mut keys: Vec<(PathBuf, Option<PublicKey>)>| {
            keys.sort_by(|a, b| a.0.cmp(&b.0));
            keys
        };
        assert_eq!(sort(found.collect()), sort(expected.collect()));
        assert_eq!(keys.reach, Reach::Whole);
    }

    #[test]
    fn of_very_many_files_the_nearest_are_looked_at_and_that_is_said() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/many");
        fs::create_dir_all(&deep).unwrap();
        for number in 0..=MAX_SEARCHED {
            fs::File::create(deep.join(number.to_string())).unwrap();
        }
        fs::create_dir(root.path().join("z")).unwrap();
        write_key(&root.path().join("z/ada"), 2);
        let keys = search(root.path()).unwrap();
        assert_eq!((keys.found.len(), keys.reach), (1, Reach::Part));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(root.path().join("pipe")).status();
        assert!(made.unwrap().success());
        assert_eq!(search(root.path()).unwrap().found, []);
    }
}

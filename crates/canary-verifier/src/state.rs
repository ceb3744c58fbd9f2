//! What was seen of each target, kept durably (`verdicts.md` §3, *State is kept per target URL*).
//!
//! One folder for each target. Envelopes are only ever appended; a small head file says how many of
//! them count, and is replaced whole. A run that is killed leaves the old state or the new one.
//! Runs at once take turns: see [`TargetState::hold`].
//!
//! State that does not read back is an error that names the file. It is never taken for *nothing
//! seen*: that would forget what a rollback is measured against.

mod head;

use std::fs::File;
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT, MAX_LEAVES};
use canary_format::digest::Digest;
use canary_format::merkle::{leaf_hash, root};
use canary_format::tile::{bundle, parse_bundle};

use self::head::{Head, Leaves};
use crate::durable::{self, Content, FileError};
use crate::evidence::Seen;

const HEAD: &str = "head.json";
const LOCK: &str = "lock";
const CHECKPOINT: &str = "checkpoint.json";
const FORKS: &str = "forks";

/// More than the greatest site and the lengths between its leaves (`format.md` §9).
const MAX_LEAF_FILE: u64 = (256 << 20) + 2 * MAX_LEAVES;

/// The state of every target, under one folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The state of one target.
#[derive(Debug, Clone)]
pub struct TargetState {
    key: String,
    folder: PathBuf,
}

/// The state of one target, while no other run can change it.
#[derive(Debug)]
pub struct Held {
    target: TargetState,
    seen: Option<Seen>,
    leaves: Option<Leaves>,
    _lock: File,
}

/// A checkpoint as it was last received, and what to ask again with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedCheckpoint {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the server gave with it.
    pub validators: Validators,
}

/// What a server gave to ask again with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The value of `ETag`.
    pub etag: Option<String>,
    /// The value of `Last-Modified`.
    pub last_modified: Option<String>,
}

/// State could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of the state does not read back.
    #[error("the state does not read back: {what}: {}", path.display())]
    Corrupt {
        /// What is wrong.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// The new state has fewer leaves than the one kept.
    #[error("the state would go back from {kept} leaves to {new}")]
    WouldGoBack {
        /// How many leaves are kept.
        kept: usize,
        /// How many the new state has.
        new: usize,
    },
}

impl Store {
    /// The store in this folder; nothing is made before something is kept.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// How many issues of a series were seen, wherever it was fetched from: the most, of several places.
    ///
    /// # Errors
    ///
    /// Where what is kept cannot be read, or does not read back.
    pub fn seen_of(&self, origin: &str) -> Result<Option<u64>, StateError> {
        let failed = || FileError::of("read", &self.root);
        let folders = match std::fs::read_dir(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            folders => folders.map_err(failed())?,
        };
        let mut most = None;
        for folder in folders {
            let head = folder.map_err(failed())?.path().join(HEAD);
            let Content::Bytes(bytes) = durable::read(&head, head::MAX_HEAD)? else { continue };
            let Some(head) = Head::parse(&bytes) else { continue };
            let Some(seen) = self.target(&head.target).seen()? else { continue };
            let checkpoint = Checkpoint::parse(&seen.checkpoint);
            if checkpoint.is_ok_and(|checkpoint| checkpoint.origin() == origin) {
                most = most.max(Some(seen.leaves.len() as u64));
            }
        }
        Ok(most)
    }

    /// The state of the target with this key: its URL prefix, or the path of a directory or file.
    pub fn target(&self, key: &str) -> TargetState {
        TargetState { key: key.to_owned(), folder: self.root.join(folder_name(key)) }
    }
}

impl TargetState {
    /// The folder of this target.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was seen; `None` where nothing is kept.
    ///
    /// # Errors
    ///
    /// Where what is kept cannot be read, or does not read back.
    pub fn seen(&self) -> Result<Option<Seen>, StateError> {
        let head = self.folder.join(HEAD);
        // What cannot be looked at is not taken for nothing seen.
        if !head.try_exists().map_err(FileError::of("read", &head))? {
            return Ok(None);
        }
        let path = self.folder.join(LOCK);
        let lock = durable::lock_file(&path)?;
        lock.lock_shared().map_err(FileError::of("lock", &path))?;
        Ok(self.read()?.map(|(seen, _)| seen))
    }

    /// Waits until no other run holds this target's state, then reads it. Whoever writes reads
    /// first, under the same lock: two runs at once cannot take the state back.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made or locked, or what is kept does not read back.
    pub fn hold(&self) -> Result<Held, StateError> {
        durable::create_folder(&self.folder)?;
        let path = self.folder.join(LOCK);
        let lock = durable::lock_file(&path)?;
        lock.lock().map_err(FileError::of("lock", &path))?;
        let (seen, leaves) = self.read()?.unzip();
        Ok(Held { target: self.clone(), seen, leaves, _lock: lock })
    }

    /// The checkpoint last received, where one is kept. It saves a transfer and decides nothing.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or does not read back.
    pub fn checkpoint(&self) -> Result<Option<CachedCheckpoint>, StateError> {
        let path = self.folder.join(CHECKPOINT);
        match durable::read(&path, MAX_CHECKPOINT as u64 * 4)? {
            Content::NotThere => Ok(None),
            Content::TooLarge => Err(corrupt("too large", &path)),
            Content::Bytes(bytes) => head::parse_checkpoint(&bytes)
                .map(Some)
                .ok_or_else(|| corrupt("not a checkpoint with its validators", &path)),
        }
    }

    fn read(&self) -> Result<Option<(Seen, Leaves)>, StateError> {
        let path = self.folder.join(HEAD);
        let head = match durable::read(&path, head::MAX_HEAD)? {
            Content::NotThere => return Ok(None),
            Content::TooLarge => return Err(corrupt("too large", &path)),
            Content::Bytes(bytes) => {
                Head::parse(&bytes).ok_or_else(|| corrupt("not a head of state", &path))?
            }
        };
        if head.target != self.key {
            return Err(corrupt("the state of another target", &path));
        }
        let file = self.folder.join(head.leaves.file_name());
        let mut bytes = match durable::read(&file, MAX_LEAF_FILE)? {
            Content::NotThere if head.leaves.count == 0 => Vec::new(),
            Content::NotThere => return Err(corrupt("the envelopes are gone", &file)),
            Content::TooLarge => return Err(corrupt("too large", &file)),
            Content::Bytes(bytes) => bytes,
        };
        // What lies beyond was being appended by a run that ended before it counted.
        let count = usize::try_from(head.leaves.bytes).unwrap_or(usize::MAX);
        if bytes.len() < count {
            return Err(corrupt("envelopes are missing at the end", &file));
        }
        bytes.truncate(count);
        let leaves = parse_bundle(&bytes, head.leaves.count, "state")
            .map_err(|_| corrupt("not the envelopes that the head counts", &file))?;
        let (seen, place) = head.into_seen(leaves);
        if !is_tree(&seen) {
            return Err(corrupt("the envelopes do not give the root of the checkpoint", &file));
        }
        Ok(Some((seen, place)))
    }
}

impl Held {
    /// The folder of this target.
    pub fn folder(&self) -> &Path {
        &self.target.folder
    }

    /// What was seen, as it is now.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// Keeps what was seen, durably: when this returns, it is on the disk.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or has fewer leaves than what is kept.
    pub fn advance(&mut self, new: &Seen) -> Result<(), StateError> {
        if self.seen.as_ref() == Some(new) {
            return Ok(());
        }
        let kept = self.seen.as_ref().map_or(&[][..], |seen| &seen.leaves);
        if new.leaves.len() < kept.len() {
            return Err(StateError::WouldGoBack { kept: kept.len(), new: new.leaves.len() });
        }
        let folder = &self.target.folder;
        let leaves = match self.leaves {
            Some(leaves) if new.leaves.starts_with(kept) => {
                append(folder, leaves, &new.leaves[kept.len()..])?
            }
            old => {
                let generation = old.map_or(0, |old| old.generation + 1);
                append(folder, Leaves { generation, count: 0, bytes: 0 }, &new.leaves)?
            }
        };
        let head = Head::of(&self.target.key, leaves, new);
        durable::write(&folder.join(HEAD), &head.encode())?;
        if let Some(old) = self.leaves.filter(|old| old.generation != leaves.generation) {
            let path = folder.join(old.file_name());
            std::fs::remove_file(&path).map_err(FileError::of("remove", &path))?;
        }
        self.leaves = Some(leaves);
        self.seen = Some(new.clone());
        Ok(())
    }

    /// Keeps the checkpoint last received, for a conditional request.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn keep_checkpoint(&self, cached: &CachedCheckpoint) -> Result<(), StateError> {
        let path = self.target.folder.join(CHECKPOINT);
        match head::encode_checkpoint(cached) {
            Some(bytes) => Ok(durable::write(&path, &bytes)?),
            // Not text: it is no checkpoint, and asking again costs nothing.
            None => Ok(()),
        }
    }

    /// Keeps an envelope that was found under a number beside another: one side of a fork.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn keep_fork(&self, number: u64, envelope: &[u8]) -> Result<(), StateError> {
        let folder = self.target.folder.join(FORKS);
        durable::create_folder(&folder)?;
        let path = folder.join(format!("{number:04}-{}.json", hex(envelope, 32)));
        if !path.exists() {
            durable::write(&path, envelope)?;
        }
        Ok(())
    }
}

/// Appends envelopes after those that count. What a killed run left there is cut off first.
fn append(folder: &Path, leaves: Leaves, new: &[Vec<u8>]) -> Result<Leaves, FileError> {
    if new.is_empty() {
        return Ok(leaves);
    }
    let path = folder.join(leaves.file_name());
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(FileError::of("open", &path))?;
    file.set_len(leaves.bytes).map_err(FileError::of("write", &path))?;
    file.seek(SeekFrom::End(0)).map_err(FileError::of("write", &path))?;
    let mut bytes = leaves.bytes;
    for chunk in new.chunks(256) {
        let chunk = bundle(chunk.iter().map(Vec::as_slice));
        file.write_all(&chunk).map_err(FileError::of("write", &path))?;
        bytes += chunk.len() as u64;
    }
    file.sync_all().map_err(FileError::of("write", &path))?;
    durable::sync_folder(folder)?;
    Ok(Leaves { count: leaves.count + new.len() as u64, bytes, ..leaves })
}

/// Whether the leaves give the root of the checkpoint over them.
fn is_tree(seen: &Seen) -> bool {
    if seen.leaves.is_empty() && seen.checkpoint.is_empty() {
        return true;
    }
    let hashes: Vec<_> = seen.leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    Checkpoint::parse(&seen.checkpoint).is_ok_and(|checkpoint| {
        checkpoint.size() == hashes.len() as u64 && checkpoint.root() == root(&hashes)
    })
}

/// A name that a person recognises, and a digest that no two keys share.
fn folder_name(key: &str) -> String {
    let plain = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let readable: String = plain
        .unwrap_or(key)
        .trim_matches('/')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .take(48)
        .collect();
    format!("{}-{}", readable.trim_matches(['.', '-']), hex(key.as_bytes(), 32))
}

/// The first so many hex digits of the SHA-256.
fn hex(bytes: &[u8], digits: usize) -> String {
    let digest = Digest::of(bytes).to_string();
    digest.trim_start_matches("sha256:").chars().take(digits).collect()
}

fn corrupt(what: &'static str, path: &Path) -> StateError {
    StateError::Corrupt { what, path: path.to_owned() }
}

//! Both sides of a fork in a folder that a third party can verify offline: `canary verify-fork`.
//!
//! ```text
//! README.txt            what this is
//! ours/checkpoint       the tree head of each side, where there was one
//! ours/issues/0001.json the envelopes, as they were received
//! theirs/…
//! ```

use std::path::{Path, PathBuf};

use canary_format::checkpoint::{MAX_CHECKPOINT, MAX_LEAVES};
use canary_format::digest::Digest;
use canary_format::envelope::MAX_ENVELOPE;
use canary_format::layout::{CHECKPOINT, issue_path};

use crate::durable::{self, Content, FileError};
use crate::judge::Side;

const SIDES: [&str; 2] = ["ours", "theirs"];

/// How many bytes are read from one side (`format.md` §9).
const MAX_SIDE: u64 = 256 << 20;

const README: &str = "\
Two sides of one series that cannot both be true, each as it was received.

  ours/     what the one who saved this held to be the series
  theirs/   what was shown elsewhere, or at another time, or what a witness cosigned

Each side holds its checkpoint and its issues (DSSE envelopes, numbered). Nothing here needs a
network or anybody's word:

  canary verify-fork FOLDER

says which keys signed both. The issues' payloads, digests and signatures are as docs/spec/format.md
lays them down, so that any other implementation, or an OpenSSH key and a SHA-256, will do as well.
";

/// Why a folder is no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForkError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A side has neither issues nor a checkpoint.
    #[error("there is nothing in {}", path.display())]
    Empty {
        /// The side's folder.
        path: PathBuf,
    },
    /// A file or a side is larger than the format allows.
    #[error("larger than the format allows: {}", path.display())]
    TooLarge {
        /// The file, or the side's folder.
        path: PathBuf,
    },
}

/// Writes both sides, durably, to a folder below `parent` that is named by what they hold, and gives
/// it. What is there already is left alone.
///
/// # Errors
///
/// Where it cannot be written.
pub fn write(parent: &Path, sides: &[Side; 2]) -> Result<PathBuf, FileError> {
    let mut bytes = Vec::new();
    for side in sides {
        for part in side.envelopes.iter().chain(&side.checkpoint) {
            bytes.extend_from_slice(&Digest::of(part).0);
        }
        bytes.push(0);
    }
    let name = Digest::of(&bytes).to_string();
    let name: String = name.trim_start_matches("sha256:").chars().take(16).collect();
    let folder = parent.join(name);
    // Written last: a folder without it was not finished.
    let readme = folder.join("README.txt");
    if readme.exists() {
        return Ok(folder);
    }
    for (side, name) in sides.iter().zip(SIDES) {
        let root = folder.join(name);
        let issues = root.join("issues");
        durable::create_folder(&issues)?;
        for (number, envelope) in (side.first..).zip(&side.envelopes) {
            durable::write(&root.join(issue_path(number)), envelope)?;
        }
        if let Some(checkpoint) = &side.checkpoint {
            durable::write(&root.join(CHECKPOINT), checkpoint)?;
        }
    }
    durable::write(&readme, README.as_bytes())?;
    durable::sync_folder(parent)?;
    Ok(folder)
}

/// Reads both sides of a folder, within the limits of the format.
///
/// # Errors
///
/// Where a side cannot be read, holds nothing or too much.
pub fn read(folder: &Path) -> Result<[Side; 2], ForkError> {
    let [ours, theirs] = SIDES.map(|name| read_side(&folder.join(name)));
    Ok([ours?, theirs?])
}

fn read_side(root: &Path) -> Result<Side, ForkError> {
    let mut budget = MAX_SIDE;
    let mut file = |path: PathBuf, limit: usize| match durable::read(&path, limit as u64)? {
        Content::Bytes(bytes) if bytes.len() as u64 <= budget => {
            budget -= bytes.len() as u64;
            Ok(Some(bytes))
        }
        Content::NotThere => Ok(None),
        _ => Err(ForkError::TooLarge { path }),
    };
    let checkpoint = file(root.join(CHECKPOINT), MAX_CHECKPOINT)?;
    // The first number at hand: without gaps from there on.
    let first = (1..=MAX_LEAVES).find(|number| root.join(issue_path(*number)).exists());
    let mut envelopes = Vec::new();
    for number in first.unwrap_or(MAX_LEAVES + 1)..=MAX_LEAVES {
        match file(root.join(issue_path(number)), MAX_ENVELOPE)? {
            Some(envelope) => envelopes.push(envelope),
            None => break,
        }
    }
    if envelopes.is_empty() && checkpoint.is_none() {
        return Err(ForkError::Empty { path: root.to_owned() });
    }
    Ok(Side { first: first.unwrap_or(1), envelopes, checkpoint })
}

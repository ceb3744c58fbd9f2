//! What earlier runs verified, kept beside the series: one more issue then costs the same in every
//! year.
//!
//! It holds nothing that the series does not: without the file, the next run reads and judges every
//! issue and writes it anew. Every envelope that is used again is held against its leaf here.

use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_format::digest::Digest;
use canary_format::layout::VERIFIED;
use canary_format::merkle::TreeHash;
use serde::{Deserialize, Serialize};

use crate::page::History;
use canary_durable::{self as durable, Access};

/// The greatest size of the file, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// The first issues of a series, which the verifier called authentic.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) leaves: Vec<TreeHash>,
    /// Of the newest one's payload.
    pub(crate) digest: Digest,
    pub(crate) history: History,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// Another program may see other things in a series.
    program: String,
    digest: String,
    /// Of all, one after the other.
    leaves: String,
    history: History,
}

const PROGRAM: &str = concat!("canary ", env!("CARGO_PKG_VERSION"));

impl Verified {
    /// Reads it; `None` where there is none that this program can use.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = durable::open_regular(&folder.join(VERIFIED)).ok()?;
        file.take(MAX_FILE).read_to_end(&mut text).ok()?;
        let stored: Stored = serde_json::from_slice(&text).ok()?;
        let leaves = STANDARD.decode(&stored.leaves).ok()?;
        let (leaves, rest) = leaves.as_chunks::<32>();
        let whole = rest.is_empty() && leaves.len() as u64 == stored.history.size();
        if stored.program != PROGRAM || leaves.is_empty() || !whole {
            return None;
        }
        let leaves = leaves.iter().map(|leaf| TreeHash(*leaf)).collect();
        Some(Self { leaves, digest: Digest::parse(&stored.digest)?, history: stored.history })
    }

    /// Keeps it, durably, in a folder of its own that says to git that it is none of its business.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let leaves: Vec<u8> = self.leaves.iter().flat_map(|leaf| leaf.0).collect();
        let stored = Stored {
            program: PROGRAM.to_owned(),
            digest: self.digest.to_string(),
            leaves: STANDARD.encode(leaves),
            history: self.history.clone(),
        };
        let path = folder.join(VERIFIED);
        let own = durable::folder_of(&path);
        durable::create_folder(own, Access::Shared)?;
        durable::remove_temporary(own)?;
        let ignored = own.join(".gitignore");
        if !ignored.exists() {
            durable::place(&ignored, b"*\n", Access::Shared)?;
        }
        durable::place(&path, &serde_json::to_vec(&stored)?, Access::Shared)?;
        durable::sync_folder(own)
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }
}

//! A canary from a directory or a file on this machine: the same evidence as a fetch gives, under
//! the same limits, without any network.
//!
//! Only plain files are read. Within a directory, a path that leads out of it is not followed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT, MAX_LEAVES};
use canary_format::envelope::MAX_ENVELOPE;
use canary_format::layout::{CHECKPOINT, issue_path};
use canary_format::refusal::Refusal;
use canary_format::tile::{TILE_WIDTH, Tile, max_bundle, parse_bundle};
use canary_format::time::Timestamp;
use canary_format::tlog_proof::{MAX_FILE, TlogProof};

use crate::evidence::{Evidence, Obtained, Site, Source};

/// How many bytes are read from one site (`format.md` §9).
const MAX_SITE: u64 = 256 << 20;

/// Reads what is at a path: a directory as a site, a file by its first bytes as a `tlog-proof` or
/// an envelope. `now` is recorded as the instant of reading.
///
/// A failure is part of the evidence, not an error.
pub fn read(path: &Path, now: Timestamp) -> Evidence {
    Evidence {
        url: Some(path.display().to_string()),
        obtained_at: now,
        source: source(path),
        mirrors: Vec::new(),
    }
}

/// Reads a directory as a static site.
pub fn read_site(directory: &Path) -> Site {
    match fs::canonicalize(directory) {
        Ok(root) => Directory { root, budget: MAX_SITE }.site(),
        Err(error) => Site { checkpoint: failed(directory, &error), leaves: Obtained::Missing },
    }
}

fn source(path: &Path) -> Source {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Source::Site(read_site(path)),
        // Only what begins as a proof is read further than an envelope can be long.
        _ => match plain_file(path, MAX_ENVELOPE as u64, "the envelope") {
            Obtained::Got(bytes) if TlogProof::is_one(&bytes) => {
                Source::Proof(Obtained::Got(bytes))
            }
            Obtained::Refused(_) if begins_as_proof(path) => {
                Source::Proof(plain_file(path, MAX_FILE as u64, "the file"))
            }
            other => Source::Envelope(other),
        },
    }
}

fn begins_as_proof(path: &Path) -> bool {
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut first));
    read.is_ok() && TlogProof::is_one(&first)
}

struct Directory {
    /// Without symbolic links.
    root: PathBuf,
    /// Bytes that may still be read.
    budget: u64,
}

impl Directory {
    fn site(mut self) -> Site {
        let checkpoint = self.file(CHECKPOINT, MAX_CHECKPOINT as u64, "the checkpoint");
        let leaves = match &checkpoint {
            Obtained::Got(bytes) => match Checkpoint::parse(bytes) {
                Ok(checkpoint) => self.leaves(checkpoint.size()),
                // It says nothing about leaves; the judge names the rule that it breaks.
                Err(_) => Obtained::Got(Vec::new()),
            },
            _ => Obtained::Missing,
        };
        Site { checkpoint, leaves }
    }

    fn leaves(&mut self, size: u64) -> Obtained<Vec<Vec<u8>>> {
        if size > MAX_LEAVES {
            let what = "leaves in the log";
            return Obtained::Refused(Refusal::TooMany { what, limit: MAX_LEAVES });
        }
        let mut leaves = Vec::new();
        for tile in Tile::of_level(size, 0) {
            match self.bundle(tile) {
                Obtained::Got(entries) => leaves.extend(entries),
                Obtained::Missing => {
                    let path = tile.entries_path();
                    let words = format!("the checkpoint covers {path}, which is not there");
                    return Obtained::Unreachable(words);
                }
                other => return other,
            }
        }
        Obtained::Got(leaves)
    }

    /// A bundle: the partial one, or the full one that took its place, or the issues themselves.
    fn bundle(&mut self, tile: Tile) -> Obtained<Vec<Vec<u8>>> {
        for form in [tile, tile.full()] {
            let path = form.entries_path();
            match self.file(&path, max_bundle(form.width), "an entry bundle") {
                Obtained::Got(bytes) => {
                    return match parse_bundle(&bytes, form.width, &path) {
                        Ok(mut entries) => {
                            entries.truncate(usize::try_from(tile.width).unwrap_or(usize::MAX));
                            Obtained::Got(entries)
                        }
                        Err(refusal) => Obtained::Refused(refusal),
                    };
                }
                Obtained::Missing => {}
                Obtained::Unreachable(words) => return Obtained::Unreachable(words),
                Obtained::Refused(refusal) => return Obtained::Refused(refusal),
            }
        }
        let first = tile.index * TILE_WIDTH + 1;
        let mut entries = Vec::new();
        for number in first..first + tile.width {
            match self.file(&issue_path(number), MAX_ENVELOPE as u64, "an envelope") {
                Obtained::Got(bytes) => entries.push(bytes),
                Obtained::Missing => return Obtained::Missing,
                Obtained::Unreachable(words) => return Obtained::Unreachable(words),
                Obtained::Refused(refusal) => return Obtained::Refused(refusal),
            }
        }
        Obtained::Got(entries)
    }

    fn file(&mut self, path: &str, limit: u64, what: &'static str) -> Obtained<Vec<u8>> {
        let real = match fs::canonicalize(self.root.join(path)) {
            Ok(real) => real,
            Err(error) => return failed(Path::new(path), &error),
        };
        if !real.starts_with(&self.root) {
            return Obtained::Unreachable(format!("{path} leads out of the directory"));
        }
        let obtained = if limit <= self.budget {
            plain_file(&real, limit, what)
        } else {
            match plain_file(&real, self.budget, "the site") {
                Obtained::Refused(_) => Obtained::Refused(too_large("the site", MAX_SITE)),
                other => other,
            }
        };
        if let Obtained::Got(bytes) = &obtained {
            self.budget -= bytes.len() as u64;
        }
        obtained
    }
}

/// Reads a plain file of at most `limit` bytes. Pipes, devices and sockets are not opened: reading
/// them could wait for ever or change something.
fn plain_file(path: &Path, limit: u64, what: &'static str) -> Obtained<Vec<u8>> {
    let size = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len().min(limit),
        Ok(_) => return Obtained::Unreachable(format!("not a plain file: {}", path.display())),
        Err(error) => return failed(path, &error),
    };
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    match File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > limit => Obtained::Refused(too_large(what, limit)),
        Ok(_) => Obtained::Got(bytes),
        Err(error) => failed(path, &error),
    }
}

fn failed<T>(path: &Path, error: &std::io::Error) -> Obtained<T> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Obtained::Missing,
        _ => Obtained::Unreachable(format!("could not read {}: {error}", path.display())),
    }
}

fn too_large(what: &'static str, limit: u64) -> Refusal {
    Refusal::TooLarge { what, limit: usize::try_from(limit).unwrap_or(usize::MAX) }
}

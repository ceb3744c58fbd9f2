//! The origins file: which logs a witness serves.
//!
//! One log for each line: its verifier key (type `0x01`), and its origin where that is not the key's
//! name. An origin may have several lines. Lines that are empty or begin with `#` are ignored.
//!
//! ```text
//! # example.com, since March
//! example.com/.well-known/canary+0a1b2c3d+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
//! sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8 go.sum database tree
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use canary_format::note::{KeyKind, VerifierKey};

/// The longest line, in bytes, its line feed included.
const MAX_LINE: u64 = 2_048;

/// A log that the witness serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The origin line of its checkpoints.
    pub origin: String,
    /// A key of its.
    pub key: VerifierKey,
}

/// What adding an origin did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The line is new.
    New,
    /// The file had it already.
    Already,
}

/// Why the origins file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginsError {
    /// The system refused.
    #[error("could not {doing} the origins {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A line is not a log's.
    #[error("{} line {line}: expected a log's verifier key of type 0x01, and perhaps its origin", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
}

impl Origin {
    /// Reads one line; `None` where it is not a log's.
    pub fn parse(line: &str) -> Option<Self> {
        let (key, origin) = match line.split_once(' ') {
            Some((key, origin)) => (key, Some(origin)),
            None => (line, None),
        };
        let key = VerifierKey::parse(key).filter(|key| key.kind() == KeyKind::Note)?;
        let origin = origin.unwrap_or(key.name()).to_owned();
        let is_line = !origin.is_empty() && !origin.contains(char::is_control);
        is_line.then_some(Self { origin, key })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.origin == self.key.name() {
            true => self.key.fmt(f),
            false => write!(f, "{} {}", self.key, self.origin),
        }
    }
}

/// Reads the file line by line: it may be larger than memory.
///
/// # Errors
///
/// Where it cannot be read, or at the first line that is not a log's, or from `each`.
pub fn read<E: From<OriginsError>>(
    path: &Path,
    mut each: impl FnMut(Origin) -> Result<(), E>,
) -> Result<(), E> {
    let io = |source| OriginsError::Io { doing: "read", path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let count = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut text).map_err(io)?;
        if count == 0 {
            break;
        }
        let refused = || OriginsError::Line { path: path.to_owned(), line };
        if count as u64 == MAX_LINE {
            return Err(refused().into());
        }
        let text = std::str::from_utf8(&text).map_err(|_| refused())?.trim_ascii();
        if !text.is_empty() && !text.starts_with('#') {
            each(Origin::parse(text).ok_or_else(refused)?)?;
        }
    }
    Ok(())
}

/// Adds a line, durably, unless it is there.
///
/// # Errors
///
/// Where the file cannot be read or written, or holds a line that is not a log's.
pub fn add(path: &Path, origin: &Origin) -> Result<Added, OriginsError> {
    let io = |doing| move |source| OriginsError::Io { doing, path: path.to_owned(), source };
    // Two commands at once take turns.
    let _lock = canary_durable::lock(path).map_err(io("lock"))?;
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).open(path).map_err(io("open"))?;
    let mut found = Added::New;
    read(path, |other| {
        if other == *origin {
            found = Added::Already;
        }
        Ok::<(), OriginsError>(())
    })?;
    if found == Added::New {
        let ended = ends_with_line_feed(path).map_err(io("read"))?;
        let line = format!("{}{origin}\n", if ended { "" } else { "\n" });
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write"))?;
        canary_durable::sync_folder(canary_durable::folder_of(path)).map_err(io("write"))?;
    }
    Ok(found)
}

/// Whether a line can be appended as it is.
fn ends_with_line_feed(path: &Path) -> io::Result<bool> {
    use std::io::Seek as _;
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(io::SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use canary_format::key::PublicKey;

    use super::*;

    fn origin(n: u8) -> Origin {
        let name = format!("log{n}.example");
        let key = VerifierKey::new(&name, KeyKind::Note, PublicKey([n; 32])).unwrap();
        Origin { origin: name, key }
    }

    fn all(path: &Path) -> Result<Vec<Origin>, OriginsError> {
        let mut all = Vec::new();
        read(path, |origin| {
            all.push(origin);
            Ok::<(), OriginsError>(())
        })?;
        Ok(all)
    }

    #[test]
    fn an_origin_is_added_once_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("origins");
        let named = Origin { origin: "go.sum database tree".into(), ..origin(2) };
        assert_eq!(add(&path, &origin(1)).unwrap(), Added::New);
        assert_eq!(add(&path, &named).unwrap(), Added::New);
        assert_eq!(add(&path, &origin(1)).unwrap(), Added::Already);
        assert_eq!(all(&path).unwrap(), [origin(1), named]);
    }

    #[test]
    fn a_last_line_without_line_feed_stays_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("origins");
        std::fs::write(&path, format!("# ours\n\n{}", origin(1))).unwrap();
        add(&path, &origin(2)).unwrap();
        assert_eq!(all(&path).unwrap(), [origin(1), origin(2)]);
    }

    #[test]
    fn what_is_not_a_log_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("origins");
        let cosigner = VerifierKey::new("w", KeyKind::Cosignature, PublicKey([1; 32])).unwrap();
        for bad in [cosigner.to_string(), "x".into(), "y".repeat(3_000)] {
            std::fs::write(&path, format!("{}\n{bad}\n", origin(1))).unwrap();
            assert!(matches!(all(&path), Err(OriginsError::Line { line: 2, .. })), "{bad}");
        }
    }
}

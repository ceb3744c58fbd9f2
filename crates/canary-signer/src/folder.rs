//! A publisher's folder: the newest envelope, the draft, the reviews.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use canary_format::envelope::{Envelope, MAX_ENVELOPE};
use canary_format::issue::Issue;
use canary_format::layout;
use canary_format::refusal::Refusal;

use crate::draft::{Draft, DraftError, MAX_DRAFT};
use crate::durable::{self, Access, Lock, ReadError, WriteError};
use crate::gate::{Reviews, ReviewsError};
use crate::past::Past;

/// The greatest size of `reviews.toml`, in bytes.
const MAX_REVIEWS: u64 = 1 << 20;

/// No series has more issues (`format.md` §9).
const MAX_ISSUES: u64 = 16_384;

/// The newest issue of a series, as the folder holds it.
#[derive(Debug, Clone)]
pub struct Newest {
    /// The issue.
    pub issue: Issue,
    /// The envelope that carries it. Its signatures were verified when it was published.
    pub envelope: Envelope,
}

/// A publisher's folder could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder of envelopes could not be listed.
    #[error("cannot list {}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The series has a gap: a later issue is there, this one is not.
    #[error("the series has a gap: there is no {}", layout::canary_path(*.0))]
    Gap(u64),
    /// More issues than a series has.
    #[error("the series has more than {MAX_ISSUES} issues")]
    TooMany,
    /// An envelope breaks a rule of the format.
    #[error("{}", path.display())]
    Envelope {
        /// The file.
        path: PathBuf,
        /// Which rule, and where.
        source: Refusal,
    },
    /// An envelope holds an issue of another number than its name says.
    #[error("{} holds issue {number}", path.display())]
    Number {
        /// The file.
        path: PathBuf,
        /// The number inside.
        number: u64,
    },
    /// The draft is not one.
    #[error("{}", path.display())]
    Draft {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DraftError,
    },
    /// The reviews are not of their form.
    #[error(transparent)]
    Reviews(#[from] ReviewsError),
    /// The reviews are not UTF-8.
    #[error("reviews.toml is not UTF-8")]
    ReviewsUtf8,
}

/// A draft could not be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file could not be read back.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The draft in the file is not the one that was shown to the person who signed.
    #[error("{} was changed in the meantime", .0.display())]
    Changed(PathBuf),
}

/// The newest envelope of `canaries/`; `None` before issue 1.
///
/// # Errors
///
/// A series with a gap, or a newest envelope that is not of its form.
pub fn newest(folder: &Path) -> Result<Option<Newest>, FolderError> {
    let canaries = folder.join(layout::CANARIES);
    let failed = |source| FolderError::List { path: canaries.clone(), source };
    let entries = match fs::read_dir(&canaries) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(failed)?,
    };
    let mut numbers = std::collections::BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let Some(number) = name.to_str().and_then(number_of) else {
            continue;
        };
        numbers.insert(number);
        if numbers.len() as u64 > MAX_ISSUES {
            return Err(FolderError::TooMany);
        }
    }
    let Some(number) = numbers.last().copied() else {
        return Ok(None);
    };
    if let Some(gap) = (1..=number).find(|number| !numbers.contains(number)) {
        return Err(FolderError::Gap(gap));
    }
    numbered(folder, number).map(Some)
}

/// One issue of the series, by its number.
///
/// # Errors
///
/// An envelope that is not there or not of its form.
pub fn issue(folder: &Path, number: u64) -> Result<Issue, FolderError> {
    numbered(folder, number).map(|found| found.issue)
}

/// What the series in a folder says of the facts of an issue that follows it.
///
/// # Errors
///
/// An envelope that is not of its form.
pub fn past(folder: &Path, issue: &Issue) -> Result<Past, FolderError> {
    Past::of(issue, (1..issue.number).rev().map(|number| self::issue(folder, number)))
}

fn numbered(folder: &Path, number: u64) -> Result<Newest, FolderError> {
    let path = folder.join(layout::canary_path(number));
    let bytes = durable::read(&path, MAX_ENVELOPE as u64)?;
    let refused = |source| FolderError::Envelope { path: path.clone(), source };
    let envelope = Envelope::parse(&bytes).map_err(refused)?;
    let issue = Issue::parse(envelope.payload()).map_err(refused)?;
    if issue.number != number {
        return Err(FolderError::Number { path, number: issue.number });
    }
    Ok(Newest { issue, envelope })
}

/// `0001.json` is 1; other names are not the series.
fn number_of(name: &str) -> Option<u64> {
    let number: u64 = name.strip_suffix(".json")?.parse().ok()?;
    (format!("{number:04}.json") == name && number > 0).then_some(number)
}

/// The draft in this file; `None` where there is none.
///
/// # Errors
///
/// A file that cannot be read, or holds no draft.
pub fn draft(path: &Path) -> Result<Option<Draft>, FolderError> {
    let Some(bytes) = durable::read_if_there(path, MAX_DRAFT)? else {
        return Ok(None);
    };
    let draft = Draft::parse(&bytes);
    draft.map(Some).map_err(|source| FolderError::Draft { path: path.to_owned(), source })
}

/// The reviews that are recorded in this file; none where there is no file.
///
/// # Errors
///
/// A file that cannot be read, or is not of its form.
pub fn reviews(path: &Path) -> Result<Reviews, FolderError> {
    let Some(bytes) = durable::read_if_there(path, MAX_REVIEWS)? else {
        return Ok(Reviews::default());
    };
    let text = String::from_utf8(bytes).map_err(|_| FolderError::ReviewsUtf8)?;
    Ok(Reviews::parse(&text)?)
}

/// Puts a new draft in place of the one that was there when the run began, or of none.
///
/// # Errors
///
/// The file was changed in the meantime, or cannot be written; then it stays as it was.
pub fn replace_draft(path: &Path, before: Option<&Draft>, new: &Draft) -> Result<(), SaveError> {
    let _lock = Lock::of(path)?;
    if draft(path)?.as_ref() != before {
        return Err(SaveError::Changed(path.to_owned()));
    }
    Ok(durable::replace(path, &new.encode(), Access::Shared)?)
}

/// Saves a draft that a person signed: `before` is what the run began with, `signed` what it made of
/// it. Signatures that others added to the same payload in the meantime are kept.
///
/// Gives the draft as it is now in the file.
///
/// # Errors
///
/// The file holds another payload by now, or cannot be written; then it stays as it was.
pub fn save_signed(path: &Path, before: &Draft, signed: &Draft) -> Result<Draft, SaveError> {
    let _lock = Lock::of(path)?;
    let current = draft(path)?;
    let saved = match current {
        Some(mut current) if current.payload() == signed.payload() => {
            current.merge(signed);
            current
        }
        Some(current) if current == *before => signed.clone(),
        _ => return Err(SaveError::Changed(path.to_owned())),
    };
    durable::replace(path, &saved.encode(), Access::Shared)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{content, sign};

    fn signed(draft: &Draft, seeds: &[u8]) -> Draft {
        let mut signed = draft.clone();
        for seed in seeds {
            signed.add(sign(draft, *seed)).unwrap();
        }
        signed
    }

    #[test]
    fn the_newest_envelope_ends_a_series_without_gaps() {
        let folder = tempfile::tempdir().unwrap();
        assert!(newest(folder.path()).unwrap().is_none());
        let canaries = folder.path().join("canaries");
        fs::create_dir(&canaries).unwrap();
        assert!(newest(folder.path()).unwrap().is_none());
        let draft = signed(&Draft::new(content(), None).unwrap(), &[1, 2]);
        let bytes = draft.to_envelope().unwrap().bytes().to_vec();
        for name in ["1.json", "0000.json", "00001.json", "README.md", ".0002.json.swp"] {
            fs::write(canaries.join(name), b"").unwrap();
        }
        fs::write(canaries.join("0001.json"), &bytes).unwrap();
        assert_eq!(newest(folder.path()).unwrap().unwrap().issue.number, 1);
        fs::write(canaries.join("0003.json"), &bytes).unwrap();
        assert!(matches!(newest(folder.path()), Err(FolderError::Gap(2))));
        fs::write(canaries.join("0002.json"), &bytes).unwrap();
        assert!(matches!(newest(folder.path()), Err(FolderError::Number { number: 1, .. })));
        fs::write(canaries.join("0003.json"), &bytes[..100]).unwrap();
        assert!(matches!(newest(folder.path()), Err(FolderError::Envelope { .. })));
    }

    #[test]
    fn two_signers_at_once_both_keep_their_signatures() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        let base = Draft::new(content(), None).unwrap();
        replace_draft(&path, None, &base).unwrap();
        save_signed(&path, &base, &signed(&base, &[1])).unwrap();
        let saved = save_signed(&path, &base, &signed(&base, &[2])).unwrap();
        assert_eq!(saved.signatures().len(), 2);
        assert_eq!(draft(&path).unwrap(), Some(saved));
    }

    #[test]
    fn a_draft_that_changed_in_the_meantime_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        let base = Draft::new(content(), None).unwrap();
        replace_draft(&path, None, &base).unwrap();
        let first = save_signed(&path, &base, &signed(&base, &[1])).unwrap();
        let without = base.without(&["keys.own".to_owned()].into()).unwrap();
        let recomposed = signed(&without, &[2]);
        assert!(matches!(save_signed(&path, &base, &recomposed), Err(SaveError::Changed(_))));
        assert!(matches!(replace_draft(&path, None, &base), Err(SaveError::Changed(_))));
        assert_eq!(draft(&path).unwrap(), Some(first));
    }
}

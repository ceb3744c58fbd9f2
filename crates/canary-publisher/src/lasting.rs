//! Whether a place still holds what was written there: every issue, bundle and tile of the tree.
//!
//! What an earlier run found as it should be is not read again while the place says that it has not
//! changed since. Everything else is read and held against the series, and what is missing or has
//! other bytes is put back: the checkpoint there covers the bytes of the series and no others.

use std::path::{Path, PathBuf};

use canary_durable::{self as durable, Access};
use canary_format::digest::Digest;
use canary_format::layout::VERIFIED;
use serde::{Deserialize, Serialize};

use crate::series::{Series, SeriesError};
use crate::site::{Known, SiteFile, files_beyond, lasting_files};
use crate::store::{Store, StoreError};

/// How many files are held in memory and read at once.
const AT_ONCE: usize = 64;

/// The greatest size of what is kept of a place, in bytes.
const MAX_KEPT: u64 = 4_096;

/// Why the lasting files of a place are not what they should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LastingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Series(#[from] SeriesError),
    #[error("{0} was put there and reads otherwise")]
    Otherwise(String),
}

/// What a run found in a place, kept for the next one. Without it, every file is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    place: String,
    /// Of how many issues.
    size: u64,
    /// Of the marks of their lasting files, in order.
    marks: String,
}

/// Where what was found in a place is kept.
pub(crate) struct Keeper {
    path: PathBuf,
    place: String,
}

impl Keeper {
    /// Of a place, in a publisher's folder.
    pub(crate) fn of(folder: &Path, place: String) -> Self {
        let name = Digest::of(place.as_bytes()).to_string();
        let name = name.trim_start_matches("sha256:").get(..16).unwrap_or_default();
        let own = durable::folder_of(&folder.join(VERIFIED)).to_owned();
        Self { path: own.join(format!("place-{name}.json")), place }
    }

    fn read(&self) -> Option<Kept> {
        use std::io::Read as _;
        let mut text = Vec::new();
        let file = durable::open_regular(&self.path).ok()?;
        file.take(MAX_KEPT).read_to_end(&mut text).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.place == self.place).then_some(kept)
    }

    /// Not durably: where it is lost, the next run reads every file.
    fn write(&self, size: u64, marks: String) {
        let kept = Kept { place: self.place.clone(), size, marks };
        if self.read().as_ref() != Some(&kept)
            && let Ok(text) = serde_json::to_vec(&kept)
            && durable::create_folder(durable::folder_of(&self.path), Access::Shared).is_ok()
        {
            let _ = durable::replace_unflushed(&self.path, &text, Access::Shared);
        }
    }
}

/// What is read of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looking {
    /// Every file.
    AtEverything,
    /// What the place does not say to be as an earlier run found it.
    AtChanges,
}

/// Looks at every lasting file of a place whose checkpoint covers this series, and puts back what is
/// not as it was published. Gives the paths that were put back. The checkpoint there is `checkpoint`.
pub(crate) fn look_after(
    store: &mut dyn Store,
    series: &Series,
    checkpoint: &[u8],
    keeper: &Keeper,
    looking: Looking,
) -> Result<Vec<String>, LastingError> {
    let size = series.size();
    let (since, paths): (Vec<u64>, Vec<String>) = lasting_files(size).into_iter().unzip();
    // The marks are taken before the files are read: what changes later has another mark.
    let marks = store.marks(&paths)?;
    let kept = if looking == Looking::AtEverything { None } else { keeper.read() };
    let known = match (&marks, kept) {
        (Some(marks), Some(kept)) if kept.size <= size => {
            let then = since.iter().zip(marks).filter(|(since, _)| **since <= kept.size);
            if digest(then.map(|(_, mark)| mark.as_deref()))
                .is_some_and(|digest| digest == kept.marks)
            {
                Known { issues: kept.size, tiles: kept.size }
            } else {
                Known::NOTHING
            }
        }
        // A place that cannot tell: readers take the tiles, so those are read each time.
        (None, Some(kept)) if kept.size <= size => Known { issues: kept.size, tiles: 0 },
        _ => Known::NOTHING,
    };
    let mended = mend(store, series, known, checkpoint)?;
    let marks = if mended.is_empty() { marks } else { store.marks(&paths)? };
    match marks {
        Some(marks) => {
            if let Some(digest) = digest(marks.iter().map(Option::as_deref)) {
                keeper.write(size, digest);
            }
        }
        None => keeper.write(size, String::new()),
    }
    Ok(mended)
}

fn mend(
    store: &mut dyn Store,
    series: &Series,
    known: Known,
    checkpoint: &[u8],
) -> Result<Vec<String>, LastingError> {
    let mut mended = Vec::new();
    let mut again = Vec::new();
    let mut files = files_beyond(series, known);
    loop {
        let some: Vec<SiteFile> = files.by_ref().take(AT_ONCE).collect::<Result<_, _>>()?;
        if some.is_empty() {
            break;
        }
        let unlike = store.unlike(&some)?;
        for (file, _) in some.into_iter().zip(unlike).filter(|(_, unlike)| *unlike) {
            mended.push(file.path.clone());
            again.push(file);
        }
    }
    for some in again.chunks(AT_ONCE) {
        for file in some {
            store.put_copy(file)?;
        }
    }
    if !again.is_empty() {
        store.put_checkpoint(checkpoint, Some(checkpoint))?;
    }
    for some in again.chunks(AT_ONCE) {
        let unlike = store.unlike(some)?;
        if let Some((file, _)) = some.iter().zip(unlike).find(|(_, unlike)| *unlike) {
            return Err(LastingError::Otherwise(file.path.clone()));
        }
    }
    Ok(mended)
}

/// Of all marks; `None` where a file is missing.
fn digest<'a>(marks: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut all = String::new();
    for mark in marks {
        all.push_str(mark?);
        all.push('\n');
    }
    Some(Digest::of(all.as_bytes()).to_string())
}

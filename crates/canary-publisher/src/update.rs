//! Brings a site up to date: immutable files first, `checkpoint` last (`format.md` §6).

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT};
use canary_format::issue::LogKeys;
use canary_format::layout::CHECKPOINT;
use canary_format::note::NoteSignature;
use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;

use crate::checkpoint::{FutureHeartbeat, SignError, not_before_published};
use crate::series::{Series, SeriesError};
use crate::site::{SiteFile, immutable_files, newest_copies};
use crate::store::{Put, Store, StoreError};

/// What a site is brought up to.
#[derive(Debug)]
pub struct Update<'a> {
    /// The whole series, already judged.
    pub series: &'a Series,
    /// The log's keys, as the newest issue declares them.
    pub declared: &'a LogKeys,
    /// The checkpoint over the series, signed at `now`.
    pub checkpoint: &'a Checkpoint,
    /// The files for people.
    pub pages: &'a [SiteFile],
    /// The instant of the heartbeat on `checkpoint`.
    pub now: Timestamp,
    /// What becomes of a heartbeat there that lies ahead of `now`.
    pub future: FutureHeartbeat,
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// How many issues the site held before.
    pub held: u64,
    /// The paths that were written, in order.
    pub written: Vec<String>,
}

/// Why a site was not brought up to date. What it held before is unharmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The place failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is published as a checkpoint is none.
    #[error("what is published as checkpoint is refused")]
    Refused(#[source] Refusal),
    /// Another series is published there.
    #[error("another series is published there: {origin}")]
    OtherSeries {
        /// The origin of that series.
        origin: String,
    },
    /// More issues are published there than the folder holds.
    #[error("{published} issues are published there, and the folder holds {held}")]
    Ahead {
        /// How many are published.
        published: u64,
        /// How many the folder holds.
        held: u64,
    },
    /// The issues published there are not those of the folder.
    #[error("the first {size} issues published there are not those of the folder")]
    Diverged {
        /// How many issues are published there.
        size: u64,
    },
    /// An envelope of the series cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The clock is behind what is published.
    #[error(transparent)]
    Clock(#[from] SignError),
}

/// Brings a site up to date. Killed at any step, it leaves a site that verifies, and the next run
/// finishes the job.
///
/// # Errors
///
/// Why not; nothing that a reader could have seen is changed then.
pub fn bring_up_to_date(
    store: &mut dyn Store,
    update: &Update<'_>,
) -> Result<Updated, UpdateError> {
    let published = Published::read(store, update.series, update.checkpoint.origin())?;
    let held = published.as_ref().map_or(0, |published| published.checkpoint.size());
    let mut checkpoint = update.checkpoint.clone();
    if let Some(published) = &published {
        let Update { declared, now, future, .. } = *update;
        not_before_published(&published.checkpoint, declared, now, future)?;
        keep_other_lines(&mut checkpoint, &published.checkpoint, update.declared);
    }

    let mut written = Vec::new();
    let mut note = |path: &str, put| {
        if put == Put::Written {
            written.push(path.to_owned());
        }
    };
    for file in immutable_files(update.series, held) {
        let file = file?;
        let put = store.put_immutable(&file)?;
        note(&file.path, put);
    }
    let mut copies = update.pages.to_vec();
    copies.extend(newest_copies(update.series, &checkpoint));
    for (file, put) in copies.iter().zip(store.put_copies(&copies)?) {
        note(&file.path, put);
    }
    let bytes = checkpoint.to_string();
    store.put_checkpoint(bytes.as_bytes(), published.as_ref().map(|held| held.bytes.as_slice()))?;
    note(CHECKPOINT, Put::Written);
    Ok(Updated { held, written })
}

/// The checkpoint that a site holds, found to cover issues of the series.
pub(crate) struct Published {
    pub(crate) bytes: Vec<u8>,
    pub(crate) checkpoint: Checkpoint,
}

impl Published {
    /// Reads it; `None` where there is no site yet.
    pub(crate) fn read(
        store: &mut dyn Store,
        series: &Series,
        origin: &str,
    ) -> Result<Option<Self>, UpdateError> {
        let Some(bytes) = store.read(CHECKPOINT, MAX_CHECKPOINT)? else { return Ok(None) };
        let checkpoint = Checkpoint::parse(&bytes).map_err(UpdateError::Refused)?;
        if checkpoint.origin() != origin {
            return Err(UpdateError::OtherSeries { origin: checkpoint.origin().to_owned() });
        }
        let size = checkpoint.size();
        match series.root_at(size) {
            None => Err(UpdateError::Ahead { published: size, held: series.size() }),
            Some(root) if root != checkpoint.root() => Err(UpdateError::Diverged { size }),
            Some(_) => Ok(Some(Self { bytes, checkpoint })),
        }
    }
}

/// Witnesses' cosignatures of the same tree stay. Of one that cosigned anew only the earliest does: it
/// says by when the newest issue existed, and the checkpoint does not grow with every run.
fn keep_other_lines(checkpoint: &mut Checkpoint, published: &Checkpoint, declared: &LogKeys) {
    if checkpoint.note().text() != published.note().text() {
        return;
    }
    let heartbeat = declared.heartbeat.as_ref().map(|heartbeat| heartbeat.key.name());
    let own = |line: &NoteSignature| {
        line.name == declared.key.name() || Some(line.name.as_str()) == heartbeat
    };
    let signatures = published.note().signatures().iter();
    let others: Vec<_> = signatures.filter(|line| !own(line)).collect();
    let anew = checkpoint.note().signatures().to_vec();
    for line in &others {
        let same = |other: &NoteSignature| other.name == line.name && other.id == line.id;
        // A cosignature begins with its time, the most significant byte first.
        let earliest = others.iter().filter(|other| same(other)).min_by_key(|o| &o.signature);
        if !anew.iter().any(same) || earliest == Some(line) {
            checkpoint.note_mut().push((*line).clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canary_format::key::PublicKey;
    use canary_format::merkle::leaf_hash;
    use canary_format::note::{KeyKind, VerifierKey};

    fn line(name: &str, time: u8) -> NoteSignature {
        NoteSignature { name: name.into(), id: [1; 4], signature: vec![time; 72] }
    }

    fn checkpoint(lines: &[NoteSignature]) -> Checkpoint {
        let mut checkpoint = Checkpoint::new("example.com/log", 1, leaf_hash(b"x"));
        lines.iter().for_each(|line| checkpoint.note_mut().push(line.clone()));
        checkpoint
    }

    #[test]
    fn witnesses_lines_stay_and_do_not_pile_up() {
        let key = VerifierKey::new("example.com/log", KeyKind::Note, PublicKey([1; 32])).unwrap();
        let declared = LogKeys { key, heartbeat: None };
        let mut published = checkpoint(&[line("example.com/log", 0), line("quiet", 3)]);
        for time in 4..9 {
            let mut anew = checkpoint(&[line("example.com/log", time), line("w", time)]);
            keep_other_lines(&mut anew, &published, &declared);
            published = anew;
        }
        let mut lines = published.note().signatures().to_vec();
        lines.sort_unstable_by_key(|line| (line.name.clone(), line.signature.clone()));
        let expected = [line("example.com/log", 8), line("quiet", 3), line("w", 4), line("w", 8)];
        assert_eq!(lines, expected);
    }
}

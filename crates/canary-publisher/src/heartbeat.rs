//! The heartbeat: the publisher's machine says that a tree is still its newest (`format.md` §1).
//! It affirms no fact.

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::issue::Issue;
use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;

use crate::checkpoint::{
    FutureHeartbeat, SignError, cosign, not_before_issue, not_before_published,
};
use crate::folder::{Folder, FolderError};
use crate::machine_key::MachineKey;
use crate::page::{self, History, Shown};
use crate::private_keys::{PrivateKeys, SearchError, refuse_signers};
use crate::publish;
use crate::series::{Series, SeriesError};
use crate::site::{SiteFile, newest_copies};
use crate::store::{Store, StoreError};
use crate::update::{Published, UpdateError};
use crate::verified::Verified;

/// Why the heartbeat was not refreshed, or not all that goes with it. What is published is unharmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeartbeatError {
    /// What is published there is not this series.
    #[error(transparent)]
    Published(#[from] UpdateError),
    /// Nothing is published there yet.
    #[error("nothing is published there")]
    Nothing,
    /// The tree published there is not the newest: a heartbeat on it would be false.
    #[error("{published} issues are published there, and the folder holds {held}")]
    Behind {
        /// How many are published.
        published: u64,
        /// How many the folder holds.
        held: u64,
    },
    /// The checkpoint published there is not signed by the log's key.
    #[error("the checkpoint published there is not signed by the log's key")]
    Unsigned,
    /// The heartbeat cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// An envelope of the series cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The place failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The heartbeat is set; a copy of the checkpoint beside it, in the page or the proof, is an older one.
    #[error("the heartbeat is set, and a copy of it is not")]
    Copy(#[source] StoreError),
    /// The place shows another checkpoint than was put there.
    #[error("the place does not show the checkpoint that was put there")]
    NotShown,
}

/// The series of a folder, with what the page shows of it. Nothing in it has been verified: that it is
/// the published one is checked before a heartbeat says so.
#[derive(Debug)]
pub struct Current {
    series: Series,
    newest: Issue,
    history: History,
}

/// Why there is nothing to set a heartbeat on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CurrentError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An envelope of the series cannot be had.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A payload is no issue.
    #[error("an issue of the series is refused")]
    Refused(#[source] Refusal),
    /// There is no issue yet.
    #[error("there is no issue yet")]
    Nothing,
}

impl Current {
    /// Reads a folder; what earlier runs verified is not read again.
    ///
    /// # Errors
    ///
    /// Why there is nothing to set a heartbeat on.
    pub fn read(folder: &Folder) -> Result<Self, CurrentError> {
        if let Some(verified) = Verified::read(folder.root())
            && let Some(series) = folder.series_after(&verified)?
            && series.size() == verified.size()
            && let Some(Ok(newest)) = series.newest_issue()
        {
            return Ok(Self { series, newest, history: verified.history });
        }
        let series = folder.series()?;
        let mut issues = Vec::new();
        for envelope in series.envelopes() {
            let envelope = envelope?.into_owned();
            let issue = Issue::parse(envelope.payload()).map_err(CurrentError::Refused)?;
            issues.push((issue, envelope));
        }
        let shown: Vec<Shown<'_>> =
            issues.iter().map(|(issue, envelope)| Shown { issue, envelope }).collect();
        let history = History::of(&shown).ok_or(CurrentError::Nothing)?;
        let (newest, _) = issues.pop().ok_or(CurrentError::Nothing)?;
        Ok(Self { series, newest, history })
    }

    /// The newest issue.
    pub fn newest(&self) -> &Issue {
        &self.newest
    }

    /// Looks for private keys in the folder: a caller warns of those that are in no roster.
    ///
    /// # Errors
    ///
    /// [`SearchError::SignerKey`] where a signer's is in it.
    pub fn private_keys(&self, folder: &Folder) -> Result<PrivateKeys, SearchError> {
        refuse_signers(folder, &self.series, &self.newest)
    }
}

/// Sets the heartbeat of the published checkpoint to `now`, where that checkpoint covers exactly
/// this series. Every other signature line stays. The page carries the new checkpoint. Where there is
/// space for a checkpoint and none for the page, the heartbeat is set all the same: readers go by it.
///
/// # Errors
///
/// Why not, or [`HeartbeatError::Copy`]. Time never goes back, but from a heartbeat that lies ahead of the clock and is to be replaced.
pub fn refresh(
    store: &mut dyn Store,
    current: &Current,
    key: &MachineKey,
    now: Timestamp,
    future: FutureHeartbeat,
) -> Result<Checkpoint, HeartbeatError> {
    let Current { series, newest, history } = current;
    let published = Published::read(store, series, &newest.origin)?;
    let published = published.ok_or(HeartbeatError::Nothing)?;
    let (size, held) = (published.checkpoint.size(), series.size());
    if size != held {
        return Err(HeartbeatError::Behind { published: size, held });
    }
    if published.checkpoint.check_signature(&newest.log.key) != LineCheck::Verifies(()) {
        return Err(HeartbeatError::Unsigned);
    }
    let mut checkpoint = published.checkpoint;
    not_before_issue(newest.as_of, now)?;
    not_before_published(&checkpoint, &newest.log, now, future)?;
    cosign(&mut checkpoint, &newest.log, key, now)?;
    let text = checkpoint.to_string();
    let bytes = publish::shown(series, newest, history, &text, page::render_index)?;
    let page = SiteFile { path: page::INDEX.to_owned(), bytes };
    // Before the checkpoint, since a store may hold them back until then.
    let mut copies = Ok(());
    for copy in newest_copies(series, &checkpoint).iter().chain([&page]) {
        copies = copies.and(store.put_copy(copy).map(drop));
    }
    let bytes = text.into_bytes();
    store.put_checkpoint(&bytes, Some(&published.bytes))?;
    match store.read(canary_format::layout::CHECKPOINT, bytes.len())? {
        Some(shown) if shown == bytes => copies.map(|()| checkpoint).map_err(HeartbeatError::Copy),
        _ => Err(HeartbeatError::NotShown),
    }
}

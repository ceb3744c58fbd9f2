//! The heartbeat: the publisher's machine says that a tree is still its newest (`format.md` §1).
//! It affirms no fact.

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::issue::Issue;
use canary_format::time::Timestamp;

use crate::checkpoint::{SignError, cosign};
use crate::machine_key::MachineKey;
use crate::series::Series;
use crate::site::newest_copies;
use crate::store::{Store, StoreError};
use crate::update::{Published, UpdateError};

/// Why the heartbeat was not refreshed. What is published is unharmed.
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
    /// The place failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place shows another checkpoint than was put there.
    #[error("the place does not show the checkpoint that was put there")]
    NotShown,
}

/// Sets the heartbeat of the published checkpoint to `now`, where that checkpoint covers exactly
/// this series. Every other signature line stays.
///
/// # Errors
///
/// Why not; time never goes back.
pub fn refresh(
    store: &mut dyn Store,
    series: &Series,
    newest: &Issue,
    key: &MachineKey,
    now: Timestamp,
) -> Result<Checkpoint, HeartbeatError> {
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
    cosign(&mut checkpoint, &newest.log, key, now)?;
    for copy in newest_copies(series, &checkpoint) {
        store.put_copy(&copy)?;
    }
    let bytes = checkpoint.to_string().into_bytes();
    store.put_checkpoint(&bytes, Some(&published.bytes))?;
    match store.read(canary_format::layout::CHECKPOINT, bytes.len())? {
        Some(shown) if shown == bytes => Ok(checkpoint),
        _ => Err(HeartbeatError::NotShown),
    }
}
